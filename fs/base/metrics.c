#include "fs/base/metrics.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/mutex.h"
#include "cache/base/metric.h"
#include "fs/base/histogram.h"
#include "fs/version.h"

struct Metrics {
	guint64 counts[N_OPS];
	Histogram took[N_OPS];
	gint64 started_us; /* since the epoch */
	Mutex lock;
	/* its labels -> Histogram; under the lock */
	GHashTable *calls GUARDED_BY(lock);
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
	const char *name, *help;
} own[] = {
	{OP_PARKED, "sessionfs_parked_total",
		"Operations that had to wait for a provider."},
	{OP_INVALIDATION, "sessionfs_invalidations_total",
		"Notifications to the kernel that something is out of date."},
	{OP_EVENT, "sessionfs_events_total", "File events that were made."},
	{OP_EVENT_FAILED, "sessionfs_events_failed_total",
		"File events that could not be made."},
};

Metrics *metrics_new(void)
{
	Metrics *metrics = g_new0(Metrics, 1);

	metrics->started_us = clock_wall_us(&clock_real);
	mutex_init(&metrics->lock);
	metrics->calls =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return metrics;
}

void metrics_free(Metrics *metrics)
{
	if (!metrics)
		return;
	mutex_destroy(&metrics->lock);
	g_hash_table_unref(metrics->calls);
	g_free(metrics);
}

void metrics_count(Metrics *metrics, Op op)
{
	__atomic_fetch_add(&metrics->counts[op], 1, __ATOMIC_RELAXED);
}

void metrics_took(Metrics *metrics, const char *op, gint64 took_us)
{
	for (Op i = 0; i < N_OPS; i++) {
		if (op_names[i] && !strcmp(op_names[i], op)) {
			histogram_add(&metrics->took[i], took_us);
			return;
		}
	}
	histogram_add(&metrics->took[OP_REFUSED], took_us);
}

void metrics_called(Metrics *metrics, const char *section, const char *action,
	gint64 took_us)
{
	g_autofree char *provider = metric_label(section);
	g_autofree char *name = metric_label(action);
	char *labels = g_strdup_printf(
		"provider=\"%s\",action=\"%s\"", provider, name);
	Histogram *histogram;

	mutex_lock(&metrics->lock);
	histogram = g_hash_table_lookup(metrics->calls, labels);
	if (histogram) {
		g_free(labels);
	} else {
		histogram = g_new0(Histogram, 1);
		g_hash_table_insert(metrics->calls, labels, histogram);
	}
	histogram_add(histogram, took_us);
	mutex_unlock(&metrics->lock);
}

static guint64 get(const Metrics *metrics, Op op)
{
	return __atomic_load_n(&metrics->counts[op], __ATOMIC_RELAXED);
}

static void print_upcalls(const Metrics *metrics, GString *out)
{
	metric_head(out, "sessionfs_upcalls_total", "counter",
		"Operations that the kernel asked for.");
	for (Op op = 0; op < N_OPS; op++) {
		if (op_names[op])
			g_string_append_printf(out,
				"sessionfs_upcalls_total{op=\"%s\"} "
				"%" G_GUINT64_FORMAT "\n",
				op_names[op], get(metrics, op));
	}
	metric_head(out, "sessionfs_upcall_seconds", "histogram",
		"How long operations of the kernel took until the reply.");
	for (Op op = 0; op < N_OPS; op++) {
		g_autofree char *labels = NULL;

		if (!op_names[op])
			continue;
		labels = g_strdup_printf("op=\"%s\"", op_names[op]);
		histogram_print(&metrics->took[op], "sessionfs_upcall_seconds",
			labels, out);
	}
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static void print_calls(Metrics *metrics, GString *out)
{
	GList *labels;

	metric_head(out, "sessionfs_api_attempt_seconds", "histogram",
		"How long attempts of calls to the provider took.");
	mutex_lock(&metrics->lock);
	labels = g_list_sort(g_hash_table_get_keys(metrics->calls), by_text);
	for (GList *at = labels; at; at = at->next)
		histogram_print(g_hash_table_lookup(metrics->calls, at->data),
			"sessionfs_api_attempt_seconds", at->data, out);
	mutex_unlock(&metrics->lock);
	g_list_free(labels);
}

void metrics_print(Metrics *metrics, GString *out)
{
	metric_head(out, "sessionfs_build_info", "gauge",
		"1; the version is a label.");
	g_string_append(out,
		"sessionfs_build_info{version=\"" SESSIONFS_VERSION "\"} 1\n");
	metric_head(out, "sessionfs_start_time_seconds", "gauge",
		"When the daemon was started, since the epoch.");
	g_string_append_printf(out,
		"sessionfs_start_time_seconds %" G_GINT64_FORMAT "\n",
		metrics->started_us / G_USEC_PER_SEC);
	print_upcalls(metrics, out);
	for (gsize i = 0; i < G_N_ELEMENTS(own); i++) {
		metric_head(out, own[i].name, "counter", own[i].help);
		g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n",
			own[i].name, get(metrics, own[i].op));
	}
	print_calls(metrics, out);
}
