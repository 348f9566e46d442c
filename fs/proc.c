#include "proc.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *status_of(pid_t tid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)tid);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	return g_steal_pointer(&text);
}

pid_t proc_process_of(pid_t tid)
{
	g_autofree char *status = status_of(tid);
	const char *line = status ? strstr(status, "\nTgid:") : NULL;

	return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : 0;
}

static gboolean line_has_kill(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	if (!line)
		return FALSE;
	return (g_ascii_strtoull(line + strlen(name), NULL, 16) >>
		       (SIGKILL - 1)) &
	       1;
}

/* The kernel turns a fatal signal into a pending SIGKILL of each thread, unless
 * it dumps core or the process is traced: those wait for the deadline. */
gboolean proc_fatal_signal(pid_t tid)
{
	g_autofree char *status = status_of(tid);

	return status && (line_has_kill(status, "\nSigPnd:") ||
				 line_has_kill(status, "\nShdPnd:"));
}

static gboolean is_below(const char *target, const char *path)
{
	gsize len = strlen(path);

	return !strncmp(target, path, len) &&
	       (target[len] == '\0' || target[len] == '/');
}

gboolean proc_works_below(const char *path)
{
	g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
	char target[PATH_MAX];
	const char *name;

	while (processes && (name = g_dir_read_name(processes))) {
		g_autofree char *link = NULL;
		ssize_t len;

		if (!g_ascii_isdigit(*name))
			continue;
		link = g_strdup_printf("/proc/%s/cwd", name);
		len = readlink(link, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (is_below(target, path))
			return TRUE;
	}
	return FALSE;
}
