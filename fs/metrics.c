#include "metrics.h"

struct Metrics {
	guint64 counts[N_OPS];
};

static const char *const op_names[N_OPS] = {
	[OP_LOOKUP] = "lookup",
	[OP_FORGET] = "forget",
	[OP_GETATTR] = "getattr",
	[OP_SETATTR] = "setattr",
	[OP_READLINK] = "readlink",
	[OP_OPEN] = "open",
	[OP_READ] = "read",
	[OP_WRITE] = "write",
	[OP_FLUSH] = "flush",
	[OP_RELEASE] = "release",
	[OP_FSYNC] = "fsync",
	[OP_OPENDIR] = "opendir",
	[OP_READDIR] = "readdir",
	[OP_READDIRPLUS] = "readdirplus",
	[OP_RELEASEDIR] = "releasedir",
	[OP_STATFS] = "statfs",
	[OP_RMDIR] = "rmdir",
	[OP_REFUSED] = "refused",
};

Metrics *metrics_new(void)
{
	return g_new0(Metrics, 1);
}

void metrics_free(Metrics *metrics)
{
	g_free(metrics);
}

void metrics_count(Metrics *metrics, Op op)
{
	__atomic_fetch_add(&metrics->counts[op], 1, __ATOMIC_RELAXED);
}

static guint64 get(const Metrics *metrics, Op op)
{
	return __atomic_load_n(&metrics->counts[op], __ATOMIC_RELAXED);
}

void metrics_print(const Metrics *metrics, GString *out)
{
	for (Op op = 0; op < N_OPS; op++) {
		if (!op_names[op])
			continue;
		g_string_append_printf(out,
			"sessionfs_upcalls_total{op=\"%s\"} %" G_GUINT64_FORMAT
			"\n",
			op_names[op], get(metrics, op));
	}
	g_string_append_printf(out,
		"sessionfs_parked_total %" G_GUINT64_FORMAT
		"\nsessionfs_invalidations_total %" G_GUINT64_FORMAT "\n",
		get(metrics, OP_PARKED), get(metrics, OP_INVALIDATION));
}
