#include "cache/model/provider.h"

#include "cache/model/account.h"

/* At least so long a provider that does not answer opens is left alone. */
#define BREAKER_MIN_MS 5000
#define BREAKER_MAX_MS 30000

/* Its threads are named by what they do and for which section. */
static Pool *new_pool(Work work, const char *section)
{
	static const char *const names[WORK_KINDS] = {
		[WORK_LIST] = "list",
		[WORK_PARTIAL] = "partial",
		[WORK_RESOLVE] = "resolve",
		[WORK_OPEN] = "open",
		[WORK_BACKFILL] = "backfill",
		[WORK_OPERATION] = "request",
	};
	g_autofree char *name = g_strconcat(names[work], " ", section, NULL);

	return pool_new(name);
}

static void call_ended(const CallReport *report, void *data)
{
	const Provider *provider = data;
	const Cache *cache = provider->root->cache;

	cache->called(provider->section->text, report, cache->told);
}

Provider *provider_new(Cache *cache, const CacheProvider *settings)
{
	Provider *provider = g_new0(Provider, 1);

	for (guint i = 0; i < WORK_KINDS; i++)
		provider->work[i] = new_pool(i, settings->name);
	provider->backend = settings->backend;
	provider->workspaces = g_strdupv(settings->workspaces);
	provider->names = g_strdupv(settings->names);
	provider->name = g_strdup(settings->name_all);
	provider->refresh_ms = settings->refresh_ms > 0 ? settings->refresh_ms
							: cache->refresh_ms;
	provider->breaker = breaker_new(
		CLAMP(provider->refresh_ms, BREAKER_MIN_MS, BREAKER_MAX_MS));
	provider->list_lag_ms = settings->list_lag_ms >= 0
					? settings->list_lag_ms
					: settings->backend->class->list_lag_ms;
	provider->read_only = settings->read_only;
	provider->rmdir_ends = settings->rmdir_ends;
	provider->start = settings->start;
	provider->views = settings->views;
	provider->ended = settings->ended;
	account_identify(provider);
	provider->root = cache->root;
	if (cache->called != NULL)
		backend_observe(provider->backend, call_ended, provider);
	g_ptr_array_add(cache->providers, provider);
	return provider;
}

void provider_stop(Provider *provider)
{
	for (guint i = 0; i < WORK_KINDS; i++)
		pool_stop(provider->work[i]);
}

void provider_left(const Provider *provider, GString *out)
{
	static const char *const kinds[WORK_KINDS] = {
		[WORK_LIST] = "listings",
		[WORK_PARTIAL] = "partial",
		[WORK_RESOLVE] = "questions",
		[WORK_OPEN] = "reads",
		[WORK_BACKFILL] = "records",
		[WORK_OPERATION] = "orders",
	};

	for (guint i = 0; i < WORK_KINDS; i++) {
		guint n = pool_running(provider->work[i]);

		if (n > 0)
			g_string_append_printf(out, "%s%s of %s: %u",
				out->len > 0 ? ", " : "", kinds[i],
				provider->section->text, n);
	}
}

void provider_free(Provider *provider)
{
	for (guint i = 0; i < WORK_KINDS; i++)
		pool_free(provider->work[i]);
	backend_close(provider->backend);
	breaker_free(provider->breaker);
	g_strfreev(provider->workspaces);
	g_strfreev(provider->names);
	g_free(provider->name);
	g_ptr_array_unref(provider->accounts);
	g_free(provider->place);
	g_free(provider->source);
	g_free(provider);
}
