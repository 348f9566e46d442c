#include "backends/provider/api_backend.h"

#include <string.h>

#include "backends/api/api_settings.h"

#define REGION_MAX 64
#define PAGE_SIZE 100     /* the usual maximum */
#define PAGE_SIZE_SAFE 20 /* what the vendors' examples ask for */

/* ---- calls ---- */

Json *api_backend_get(Backend *base, const char *action, const char *path,
	const char *query, const Call *call, GByteArray **ret_text,
	GError **error)
{
	const ApiRequest request = {.action = action,
		.method = "GET",
		.path = path,
		.query = query,
		.safe = TRUE};

	return api_call(base->api, &request, call, ret_text, error);
}

guint api_backend_page_size(Backend *self)
{
	return g_atomic_int_get(&self->small_pages) ? PAGE_SIZE_SAFE
						    : PAGE_SIZE;
}

/* Whether it was refused for that member, in whatever spelling. */
static gboolean blames(GError *error, const char *member)
{
	const BackendErrorDetail *detail = backend_error_detail(error);

	if (error->code != BACKEND_ERROR_INVALID)
		return FALSE;
	g_autofree char *where = g_strconcat(error->message, " ",
		detail && detail->provider_code ? detail->provider_code : "",
		NULL);
	g_autofree char *lower = g_ascii_strdown(where, -1);
	g_autofree char *wanted = g_ascii_strdown(member, -1);
	return strstr(lower, wanted) != NULL;
}

Json *api_backend_get_page(Backend *self, const ApiRequest *request,
	const char *member, const Call *call, GByteArray **ret_text,
	GError **error)
{
	guint size = api_backend_page_size(self);
	g_autofree char *query =
		g_strdup_printf("%s&%s=%u", request->query, member, size);
	ApiRequest sized = *request;
	g_autoptr(GError) cause = NULL;

	sized.query = query;
	Json *answer = api_call(self->api, &sized, call, ret_text, &cause);
	if (answer)
		return answer;
	if (size > PAGE_SIZE_SAFE && blames(cause, member)) {
		g_atomic_int_set(&self->small_pages, TRUE);
		return api_backend_get_page(
			self, request, member, call, ret_text, error);
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
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

	return api_call(base->api, &request, call, NULL, error);
}

/* ---- opening ---- */

Api *api_backend_connect(GHashTable *keys, const char *endpoint,
	const ChainClass *chain, const char *region,
	const ApiProtocol *protocol, GError **error)
{
	const HttpSettings http = {
		.proxy = g_hash_table_lookup(keys, "proxy"),
		.no_proxy = g_hash_table_lookup(keys, "no_proxy"),
		.ca_file = api_ca_file(keys, protocol->ca_file),
	};

	const char *profile =
		chain->key ? g_hash_table_lookup(keys, chain->key) : NULL;
	const char *file = g_hash_table_lookup(keys, chain->file_key);

	return api_new(keys, endpoint,
		chain_new(chain, profile, file, region, &http), protocol,
		error);
}

char *api_backend_region(GHashTable *keys, const char *found, const char *usual,
	const char *advice, GError **error)
{
	const char *region = g_hash_table_lookup(keys, "region");

	if (!region)
		region = found;
	if (!region && g_hash_table_lookup(keys, "endpoint"))
		region = usual;
	if (!region)
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"no region is known: set region = %s (or another) in "
			"the section%s",
			usual, advice);
	gsize len = strlen(region);
	if (len > 0 && len <= REGION_MAX &&
		strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
		return g_strdup(region);
	g_autofree char *shown = g_utf8_make_valid(region, -1);
	return backend_error_null(error, BACKEND_ERROR_CONFIG,
		"region must be a name such as %s%s, not \"%.64s\"", usual,
		strpbrk(shown, "#;\"'") ? " alone, without quotes or comments"
					: "",
		shown);
}
