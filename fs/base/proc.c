#include "fs/base/proc.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* /proc may be that of another namespace of processes than the one in which the
 * kernel tells us of callers: there a number is somebody else's. */
static gboolean is_ours(void)
{
	g_autofree char *self = g_file_read_link("/proc/self", NULL);

	return self && strtol(self, NULL, 10) == getpid();
}

static char *status_of(pid_t tid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)tid);
	g_autofree char *text = NULL;

	if (tid <= 0 || !is_ours() ||
		!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	return g_steal_pointer(&text);
}

/* The number behind that name in a status; 0: there is none. */
static guint64 field(const char *status, const char *name, guint base)
{
	const char *line = strstr(status, name);

	return line ? g_ascii_strtoull(line + strlen(name), NULL, base) : 0;
}

pid_t proc_process_of(pid_t tid)
{
	g_autofree char *status = status_of(tid);

	return status ? (pid_t)field(status, "\nTgid:", 10) : 0;
}

static guint64 bit(int signal)
{
	return G_GUINT64_CONSTANT(1) << (signal - 1);
}

/* What dumps core when it ends a process. */
static guint64 dumping(void)
{
	static const int signals[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE,
		SIGSEGV, SIGBUS, SIGSYS, SIGXCPU, SIGXFSZ};
	guint64 set = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		set |= bit(signals[i]);
	return set;
}

/*
 * The kernel turns a fatal signal into a pending SIGKILL of each thread, unless
 * it dumps core: that waits for the thread to come back.  So does any signal of a
 * traced process, whose tracer may take it away: it waits for the deadline.
 */
static gboolean is_fatal(const char *status)
{
	/* The first signal is at bit 0. */
	guint64 pending =
		field(status, "\nSigPnd:", 16) | field(status, "\nShdPnd:", 16);
	guint64 borne = field(status, "\nSigBlk:", 16) |
			field(status, "\nSigIgn:", 16) |
			field(status, "\nSigCgt:", 16);

	if (pending & bit(SIGKILL))
		return TRUE;
	return (pending & ~borne & dumping()) &&
	       !field(status, "\nTracerPid:", 10);
}

ProcSignal proc_signal(pid_t tid)
{
	g_autofree char *status = status_of(tid);

	if (!status)
		return PROC_SIGNAL_UNSEEN;
	return is_fatal(status) ? PROC_SIGNAL_FATAL : PROC_SIGNAL_NONE;
}

gboolean proc_is_below(const char *target, const char *path)
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
		if (proc_is_below(target, path))
			return TRUE;
	}
	return FALSE;
}

/* The first of Uid's four is the real one, to whom the kernel counts them. */
static guint64 threads_if_of(uid_t uid, const char *process)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/status", process);
	g_autofree char *status = NULL;

	if (!g_file_get_contents(path, &status, NULL, NULL) ||
		field(status, "\nUid:", 10) != uid)
		return 0;
	return field(status, "\nThreads:", 10);
}

guint64 proc_threads_of(uid_t uid)
{
	g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
	guint64 threads = 0;
	const char *name;

	while (processes && (name = g_dir_read_name(processes)))
		if (g_ascii_isdigit(*name))
			threads += threads_if_of(uid, name);
	return threads;
}
