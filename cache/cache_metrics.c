#include "cache/base/failpoint.h"
#include "cache/base/metric.h"
#include "cache/model/provider.h"
#include "cache/requests/request_counts.h"

typedef struct {
	GString *out;
	gboolean failed;
	const char *provider; /* as a label's value */
} ApiCount;

static const char *const api_names[] = {
	"sessionfs_api_calls_total", "sessionfs_api_failures_total"};

static void count_action(
	const char *action, guint64 calls, guint64 failed, void *data)
{
	const ApiCount *self = data;
	g_autofree char *name = metric_label(action);

	g_string_append_printf(self->out,
		"%s{provider=\"%s\",action=\"%s\"} %" G_GUINT64_FORMAT "\n",
		api_names[self->failed], self->provider, name,
		self->failed ? failed : calls);
}

static void append_api(
	const GPtrArray *providers, gboolean failed, GString *out)
{
	ApiCount count = {out, failed, NULL};

	metric_head(out, api_names[failed], "counter",
		failed ? "Calls that failed." : "Calls made to the provider.");
	for (guint i = 0; i < providers->len; i++) {
		Provider *provider = g_ptr_array_index(providers, i);
		g_autofree char *name =
			metric_label(provider_dir(provider)->name);
		g_autoptr(HeldBackend) backend = provider_hold(provider);

		count.provider = name;
		backend_count(backend, count_action, &count);
	}
}

static guint64 state_bytes(Cache *cache, const Provider *provider)
{
	guint64 bytes = 0;

	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		const Dir *dir = g_ptr_array_index(cache->dirs, i);

		if (dir->provider == provider && dir->disk != NULL)
			bytes += disk_bytes(dir->disk);
	}
	mutex_unlock(&cache->lock);
	return bytes;
}

typedef enum { SESSIONS, WORKSPACES, RELISTS, FAILED, CHANGED, BYTES } Metric;

static const struct {
	const char *name, *type, *help;
} metrics[] = {
	[SESSIONS] = {"sessionfs_sessions", "gauge", "Sessions shown."},
	[WORKSPACES] = {"sessionfs_workspaces", "gauge", "Workspaces shown."},
	[RELISTS] = {"sessionfs_full_listings_total", "counter",
		"Complete listings."},
	[FAILED] = {"sessionfs_full_listings_failed_total", "counter",
		"Listings that failed on the way."},
	[CHANGED] = {"sessionfs_rows_changed_total", "counter",
		"Entries that appeared, changed or vanished."},
	[BYTES] = {"sessionfs_state_bytes", "gauge", "Bytes of state on disk."},
};

static guint64 metric_value(Cache *cache, Provider *provider, Metric metric)
{
	g_autoptr(Snapshot) shown = NULL;

	switch (metric) {
	case SESSIONS:
		return cache_count(cache, provider_dir(provider)->number);
	case WORKSPACES:
		shown = dir_snapshot(provider_dir(provider));
		return shown->count;
	case RELISTS:
		return __atomic_load_n(&provider->relists, __ATOMIC_RELAXED);
	case FAILED:
		return __atomic_load_n(&provider->failed, __ATOMIC_RELAXED);
	case CHANGED:
		return __atomic_load_n(&provider->changed, __ATOMIC_RELAXED);
	case BYTES:
		return state_bytes(cache, provider);
	}
	return 0;
}

static void append_requests(
	Cache *cache, const Provider *provider, GString *out)
{
	g_autofree char *name = metric_label(provider_dir(provider)->name);
	guint counts[N_REQUEST_WORDS] = {0};

	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *dir = g_ptr_array_index(cache->dirs, i);

		if (dir->kind == DIR_WORKSPACE &&
			dir->parent == provider_dir(provider))
			request_counts_add(dir, counts);
	}
	mutex_unlock(&cache->lock);
	for (RequestState state = 0; state < N_REQUEST_WORDS; state++)
		g_string_append_printf(out,
			"sessionfs_requests{provider=\"%s\",state=\"%s\"} "
			"%u\n",
			name, request_state_name(state), counts[state]);
}

static void append_journal(
	Cache *cache, const GPtrArray *providers, GString *out)
{
	metric_head(out, "sessionfs_requests", "gauge",
		"Creates and verbs that are kept.");
	for (guint i = 0; i < providers->len; i++)
		append_requests(cache, g_ptr_array_index(providers, i), out);
	metric_head(out, "sessionfs_journal_damaged", "gauge",
		"Files of the journal that could not be read.");
	g_string_append_printf(out, "sessionfs_journal_damaged %u\n",
		requests_damaged(cache->requests));
}

void cache_metrics(Cache *cache, GString *out)
{
	g_autoptr(GPtrArray) providers = providers_named(cache);

	failpoint_crash("metrics");
	append_api(providers, FALSE, out);
	append_api(providers, TRUE, out);
	for (guint m = 0; m < G_N_ELEMENTS(metrics); m++) {
		metric_head(
			out, metrics[m].name, metrics[m].type, metrics[m].help);
		for (guint i = 0; i < providers->len; i++) {
			Provider *provider = g_ptr_array_index(providers, i);
			g_autofree char *name =
				metric_label(provider_dir(provider)->name);

			g_string_append_printf(out,
				"%s{provider=\"%s\"} %" G_GUINT64_FORMAT "\n",
				metrics[m].name, name,
				metric_value(cache, provider, (Metric)m));
		}
	}
	append_journal(cache, providers, out);
}
