#include "fs/start/limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "backends/error.h"

/* The standard streams, the device, the state's files, the emitter's pipes, and a
 * connection. */
#define FILES_LEAST 16
/* Threads reserve stacks and arenas, most of which are never touched. */
#define SPACE_LEAST (512 * 1024 * G_GUINT64_CONSTANT(1024))
#define MIB (1024 * G_GUINT64_CONSTANT(1024))

static gboolean files_are_enough(GError **error)
{
	struct rlimit limit;

	/* The hard one: the soft one is raised to it. */
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max >= FILES_LEAST)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"the limit of open files is %" G_GUINT64_FORMAT
		" (ulimit -n, LimitNOFILE=), and sessionfs needs %u, and some "
		"more for each workspace",
		(guint64)limit.rlim_max, FILES_LEAST);
}

static gboolean space_is_enough(GError **error)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur >= SPACE_LEAST)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"the limit of address space is %" G_GUINT64_FORMAT
		" MiB (ulimit -v, LimitAS=), and sessionfs needs "
		"%" G_GUINT64_FORMAT " MiB, most of which it never uses",
		(guint64)limit.rlim_cur / MIB, SPACE_LEAST / MIB);
}

gboolean limits_are_enough(GError **error)
{
	return files_are_enough(error) && space_is_enough(error);
}

void limits_set(void)
{
	struct rlimit files, core = {0};

	/* A core_pattern that is a pipe takes no notice of the limit. */
	if (setrlimit(RLIMIT_CORE, &core) || prctl(PR_SET_DUMPABLE, 0))
		g_debug("core files stay as they are");

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		g_debug("the limit of open files stays as it is");
}
