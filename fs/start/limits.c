#include "fs/start/limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/error.h"
#include "fs/base/proc.h"

#define MIB (1024 * G_GUINT64_CONSTANT(1024))
/* A higher limit is not worth a look at all processes at each start. */
#define THREADS_LOOK 4096

typedef struct {
	const char *what, *unit, *set_by, *needs;
	guint64 least, size; /* of a unit */
	int resource;
	gboolean raised;   /* the soft limit is, to the hard one */
	gboolean rootless; /* root is not held to it */
	/* What others of this user have of it already, if the limit is that low;
	 * NULL: each process has its own. */
	guint64 (*taken)(guint64 limit);
} Limit;

static guint64 threads_taken(guint64 limit)
{
	return limit < THREADS_LOOK ? proc_threads_of(getuid()) : 0;
}

static const Limit limits[] = {
	/* The standard streams, the device, the state's files, the emitter's
	 * pipes, and a connection. */
	{"open files", "",
		"ulimit -n, LimitNOFILE=", ", and some more for each workspace",
		16, 1, RLIMIT_NOFILE, .raised = TRUE},
	/* Threads reserve stacks and arenas, most of which are never touched. */
	{"address space", " MiB", "ulimit -v, LimitAS=",
		", most of which it never uses", 512, MIB, RLIMIT_AS},
	/* A thread counts as a process.  Eight that always run, the emitter, the
	 * keeper, who starts them, and calls of one section. */
	{"processes", "",
		"ulimit -u, LimitNPROC=", ", and some more for each section",
		16, 1, RLIMIT_NPROC, .rootless = TRUE, .taken = threads_taken},
};

static gboolean is_enough(const Limit *limit, GError **error)
{
	struct rlimit set;
	guint64 all, taken;
	g_autofree char *others = NULL;

	if ((limit->rootless && !getuid()) || getrlimit(limit->resource, &set))
		return TRUE;
	all = (limit->raised ? set.rlim_max : set.rlim_cur) / limit->size;
	taken = limit->taken ? limit->taken(all) : 0;
	if (all >= taken + limit->least)
		return TRUE;
	if (taken)
		others = g_strdup_printf(" with the %" G_GUINT64_FORMAT
					 " that this user has",
			taken);
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"the limit of %s is %" G_GUINT64_FORMAT
		"%s (%s)%s, and sessionfs needs %" G_GUINT64_FORMAT "%s%s",
		limit->what, all, limit->unit, limit->set_by,
		others ? others : "", limit->least, limit->unit, limit->needs);
}

gboolean limits_are_enough(GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(limits); i++)
		if (!is_enough(limits + i, error))
			return FALSE;
	return TRUE;
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
