#include "fs/base/metrics.h"

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
	[OP_POLL] = "poll",
	[OP_REFUSED] = "refused",
};

static const struct {
	Op op;
	const char *name;
} own[] = {
	{OP_PARKED, "sessionfs_parked_total"},
	{OP_INVALIDATION, "sessionfs_invalidations_total"},
	{OP_EVENT, "sessionfs_events_total"},
	{OP_EVENT_FAILED, "sessionfs_events_failed_total"},
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
	for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
		g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n",
			own[i].name, get(metrics, own[i].op));
}
