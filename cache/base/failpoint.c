#include "cache/base/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY_BYTES (64 * 1024)

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

/* Which time is meant by "step:3". */
static int wanted_time(const char *mark)
{
	return *mark == ':' ? (int)g_ascii_strtoull(mark + 1, NULL, 10) : 1;
}

void failpoint_step(const char *what, const char *when)
{
	static gint times;
	g_autofree char *step = g_strconcat(what, ".", when, NULL);
	const char *wanted = setting("SESSIONFS_FAILPOINT_KILL");
	gsize len = strlen(step);

	if (strncmp(wanted, step, len) != 0 ||
		(wanted[len] != '\0' && wanted[len] != ':'))
		return;
	if (g_atomic_int_add(&times, 1) + 1 == wanted_time(wanted + len))
		raise(SIGKILL);
}

static gboolean is_in(const char *name, const char *list)
{
	g_auto(GStrv) names = g_strsplit(list, ";", -1);

	return g_strv_contains((const char *const *)names, name);
}

gboolean failpoint_flaw(const char *name)
{
	return is_in(name, setting("SESSIONFS_FAILPOINT_FLAWS"));
}

void failpoint_hang(const char *where)
{
	if (!is_in(where, setting("SESSIONFS_FAILPOINT_HANG")))
		return;
	g_message("hanging at %s", where);
	while (TRUE)
		g_usleep(G_USEC_PER_SEC);
}

/* ---- faults ---- */

static ssize_t fault(void *cookie, const char *text, size_t size)
{
	/* cppcheck-suppress nullPointer */
	*(volatile int *)cookie = 1;
	return (ssize_t)size;
}

/* malloc_stats writes while it holds the lock of an arena. */
static void fault_in_malloc(void)
{
	stderr =
		fopencookie(NULL, "w", (cookie_io_functions_t){.write = fault});
	setvbuf(stderr, NULL, _IONBF, 0);
	malloc_stats();
}

/* No stack is as large as that. */
#define DEPTH (1 << 20)

static int fill_stack(int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	return depth ? fill_stack(depth - 1) + frame[0] : 0;
}

void failpoint_crash(const char *where)
{
	g_auto(GStrv) wanted =
		g_strsplit(setting("SESSIONFS_FAILPOINT_CRASH"), ":", 2);

	if (!wanted[0] || strcmp(wanted[0], where))
		return;
	if (!strcmp(wanted[1], "malloc"))
		fault_in_malloc();
	else if (!strcmp(wanted[1], "stack"))
		fill_stack(DEPTH);
	else if (!strcmp(wanted[1], "abort"))
		g_error("a failpoint");
	else
		fault(NULL, "", 0);
}

static void copy(int from, int to)
{
	g_autofree char *buffer = g_malloc(COPY_BYTES);
	ssize_t n;

	while ((n = read(from, buffer, COPY_BYTES)) > 0)
		if (write(to, buffer, (size_t)n) != n)
			g_error("a failpoint's medium cannot be written");
}

void failpoint_synced(int dir, const char *name)
{
	const char *medium = setting("SESSIONFS_FAILPOINT_MEDIUM");
	g_autofree char *path = g_build_filename(medium, name, NULL);
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	int from, to;

	if (*medium == '\0')
		return;
	from = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (from < 0 && errno == ENOENT) {
		unlink(path);
		return;
	}
	to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		g_error("a failpoint's medium cannot be used");
	copy(from, to);
	close(from);
	close(to);
	if (rename(part, path) != 0)
		g_error("a failpoint's medium cannot be renamed to");
}
