#include "backends/api/api_settings.h"

#include <string.h>

#include "backends/error.h"
#include "backends/http/http_url.h"

#define RATE_DEFAULT 50
#define BURST_DEFAULT 100
#define RATE_MAX 100000

const BackendKey api_keys[] = {
	{"endpoint", KEY_URL, "base URL instead of the provider's own"},
	{"proxy", KEY_STRING, "proxy URL instead of the environment's"},
	{"no_proxy", KEY_STRING, "hosts that are asked without the proxy"},
	{"ca_file", KEY_PATH, "CA certificates instead of the system's"},
	{"insecure_http", KEY_BOOL, "allow plain http to any host"},
	{"calls_per_second", KEY_INT, "call budget: rate (50)"},
	{"burst", KEY_INT, "call budget: calls at once (100)"},
	{NULL},
};

static const char *key_text(GHashTable *keys, const char *name)
{
	const char *text = keys ? g_hash_table_lookup(keys, name) : NULL;

	return text && *text ? text : NULL;
}

gboolean api_key_bool(
	GHashTable *keys, const char *name, gboolean *ret, GError **error)
{
	static const char *const yes[] = {"true", "yes", "on", "1", NULL};
	static const char *const no[] = {"false", "no", "off", "0", NULL};
	const char *text = key_text(keys, name);
	g_autofree char *lower = text ? g_ascii_strdown(text, -1) : NULL;

	if (!text || g_strv_contains(no, lower)) {
		*ret = FALSE;
		return TRUE;
	}
	if (g_strv_contains(yes, lower)) {
		*ret = TRUE;
		return TRUE;
	}
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"%s must be true or false, not \"%.64s\"", name, text);
}

static gboolean key_number(GHashTable *keys, const char *name, double fallback,
	double *ret, GError **error)
{
	const char *text = key_text(keys, name);
	char *end = NULL;
	double number = text ? g_ascii_strtod(text, &end) : fallback;

	/* Written so that NaN fails too. */
	if ((end && *end) || !(number > 0 && number <= RATE_MAX))
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"%s must be a number from 1 to %d, not \"%.64s\"", name,
			RATE_MAX, text);
	*ret = number;
	return TRUE;
}

static char *without_slash(const char *url)
{
	gsize len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return g_strndup(url, len);
}

static gboolean check_endpoint(
	const ApiSettings *settings, const char *key, GError **error)
{
	if (!http_url_check(
		    settings->endpoint, settings->http.insecure_http, error)) {
		g_prefix_error(error, "%s: ", key);
		return FALSE;
	}
	if (strpbrk(settings->endpoint, "?#")) {
		g_autofree char *shown = http_url_shown(settings->endpoint);

		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"%s must be a URL without a query, not \"%.200s...\"",
			key, shown);
	}
	return TRUE;
}

const char *api_ca_file(GHashTable *keys, const char *own)
{
	static const char *const names[] = {
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"};
	const char *file = key_text(keys, "ca_file");

	if (!file)
		file = own;
	for (gsize i = 0; !file && i < G_N_ELEMENTS(names); i++) {
		file = g_getenv(names[i]);
		if (file && !*file)
			file = NULL;
	}
	return file && *file ? file : NULL;
}

gboolean api_settings_read(GHashTable *keys, const char *endpoint,
	const char *endpoint_key, ApiSettings *ret, GError **error)
{
	const char *own = key_text(keys, "endpoint");
	g_auto(ApiSettings) settings = {NULL};

	settings.endpoint = without_slash(own ? own : endpoint);
	settings.http.proxy = key_text(keys, "proxy");
	settings.http.no_proxy = key_text(keys, "no_proxy");
	settings.http.ca_file = key_text(keys, "ca_file");
	if (!api_key_bool(keys, "insecure_http", &settings.http.insecure_http,
		    error) ||
		!key_number(keys, "calls_per_second", RATE_DEFAULT,
			&settings.rate, error) ||
		!key_number(
			keys, "burst", BURST_DEFAULT, &settings.burst, error) ||
		!check_endpoint(&settings,
			own || !endpoint_key ? "endpoint" : endpoint_key,
			error))
		return FALSE;
	*ret = settings;
	settings.endpoint = NULL;
	return TRUE;
}

void api_settings_clear(ApiSettings *settings)
{
	g_clear_pointer(&settings->endpoint, g_free);
}

static gboolean is_in(const char *host, gsize len, const char *domain)
{
	gsize n = strlen(domain);

	return len > n && host[len - n - 1] == '.' &&
	       g_ascii_strncasecmp(host + len - n, domain, n) == 0;
}

void api_settings_place(
	const char *endpoint, const char *const *domains, GString *place)
{
	const char *mark = strstr(endpoint, "://");
	const char *host = mark ? mark + 3 : endpoint;
	const char *user = g_strrstr_len(host, strcspn(host, "/?#"), "@");
	const char *path;
	gsize len;

	host = user ? user + 1 : host;
	path = host + strcspn(host, "/?#");
	len = strcspn(host, ":/?#");
	for (; *domains; domains++)
		if (is_in(host, len, *domains))
			return;
	g_autofree char *shown = g_ascii_strdown(host, path - host);
	g_string_append_printf(place, ", endpoint %s%s", shown, path);
}
