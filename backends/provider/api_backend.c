#include "backends/provider/api_backend.h"

#include <string.h>

#include "backends/api/api_settings.h"

#define REGION_MAX 64

void api_backend_report(Backend *base, GString *out)
{
	api_report(((ApiBackend *)base)->api, out);
}

gboolean api_backend_clock(Backend *base, gint64 *ret_ahead_ms)
{
	return api_clock(((ApiBackend *)base)->api, ret_ahead_ms);
}

void api_backend_count(Backend *base,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	api_count(((ApiBackend *)base)->api, visit, data);
}

void api_backend_observe(Backend *base, CallObserver observer, void *data)
{
	api_observe(((ApiBackend *)base)->api, observer, data);
}

void api_backend_abort(Backend *base)
{
	api_abort(((ApiBackend *)base)->api);
}

void api_backend_identify(Backend *base, const char *const *domains,
	GString *place, GString *source)
{
	api_identify(((ApiBackend *)base)->api, domains, place, source);
}

Json *api_backend_get(Backend *base, const char *action, const char *path,
	const char *query, const Call *call, GByteArray **ret_text,
	GError **error)
{
	const ApiRequest request = {.action = action,
		.method = "GET",
		.path = path,
		.query = query,
		.safe = TRUE,
		.outline = ret_text != NULL};

	return api_call(
		((ApiBackend *)base)->api, &request, call, ret_text, error);
}

Json *api_backend_create(Backend *base, const char *action, const char *path,
	const CreatePlan *plan, const Call *call, GError **error)
{
	const ApiRequest request = {.action = action,
		.method = "POST",
		.path = path,
		.query = plan->query,
		.body = plan->body,
		.repeatable = plan->repeatable};

	return api_call(((ApiBackend *)base)->api, &request, call, NULL, error);
}

HttpSettings api_backend_http(GHashTable *keys, const char *ca_file)
{
	return (HttpSettings){
		.proxy = g_hash_table_lookup(keys, "proxy"),
		.no_proxy = g_hash_table_lookup(keys, "no_proxy"),
		.ca_file = api_ca_file(keys, ca_file),
	};
}

gboolean api_backend_region(
	const char *region, const char *example, GError **error)
{
	gsize len = strlen(region);

	if (len > 0 && len <= REGION_MAX &&
		strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
		return TRUE;
	g_autofree char *shown = g_utf8_make_valid(region, -1);
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"%.64s is not the name of a region, such as %s", shown,
		example);
	return FALSE;
}
