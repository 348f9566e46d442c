#include "backends/http/http_url.h"

#include <string.h>

#include <curl/curl.h>

#include "backends/error.h"
#include "backends/http/http_rules.h"

typedef struct {
	char *scheme;
	char *host;
	char *user;
} UrlParts;

static void url_parts_clear(UrlParts *parts)
{
	curl_free(parts->scheme);
	curl_free(parts->host);
	curl_free(parts->user);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UrlParts, url_parts_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* By curl's own parser, so that no URL means one host here and another there. */
static gboolean url_split(const char *url, UrlParts *ret)
{
	g_autoptr(CURLU) parsed = curl_url();

	if (curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK)
		return FALSE;
	curl_url_get(parsed, CURLUPART_USER, &ret->user, 0);
	return curl_url_get(parsed, CURLUPART_SCHEME, &ret->scheme, 0) ==
		       CURLUE_OK &&
	       curl_url_get(parsed, CURLUPART_HOST, &ret->host, 0) == CURLUE_OK;
}

char *http_url_shown(const char *url)
{
	g_auto(UrlParts) parts = {NULL};

	if (!url_split(url, &parts))
		return g_strdup("what was given");
	return g_strdup_printf("%s://%s", parts.scheme, parts.host);
}

gboolean http_url_check(const char *url, gboolean insecure_http, GError **error)
{
	g_auto(UrlParts) parts = {NULL};
	const char *wrong = NULL;

	if (!url_split(url, &parts))
		wrong = "is not a URL";
	else if (strcmp(parts.scheme, "https") != 0 &&
		 strcmp(parts.scheme, "http") != 0)
		wrong = "is neither https nor http";
	else if (parts.user)
		wrong = "holds a user name";
	else if (strcmp(parts.scheme, "http") == 0 && !insecure_http &&
		 !http_rules_is_loopback(parts.host) &&
		 !http_rules_is_metadata(parts.host))
		wrong = "is plain http, which insecure_http = true would allow";
	if (!wrong)
		return TRUE;
	g_autofree char *shown = http_url_shown(url);
	return backend_error_false(
		error, BACKEND_ERROR_CONFIG, "%.200s %s", shown, wrong);
}

char *http_url_host(const char *url)
{
	g_auto(UrlParts) parts = {NULL};

	return url_split(url, &parts) ? g_strdup(parts.host) : NULL;
}

char *http_url_origin(const char *url)
{
	g_autoptr(CURLU) parsed = curl_url();
	g_auto(UrlParts) parts = {NULL};
	char *port = NULL, *origin;

	if (!url_split(url, &parts) ||
		curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
		curl_url_get(parsed, CURLUPART_PORT, &port,
			CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	g_autofree char *host = g_ascii_strdown(parts.host, -1);
	origin = g_strdup_printf("%s://%s:%s", parts.scheme, host, port);
	curl_free(port);
	return origin;
}

char *http_url_resolve(const char *from, const char *to)
{
	g_autoptr(CURLU) parsed = curl_url();
	char *whole = NULL, *url;

	/* The second is read relative to the first. */
	if (curl_url_set(parsed, CURLUPART_URL, from, 0) != CURLUE_OK ||
		curl_url_set(parsed, CURLUPART_URL, to, 0) != CURLUE_OK ||
		curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0) !=
			CURLUE_OK ||
		curl_url_get(parsed, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return NULL;
	url = g_strdup(whole);
	curl_free(whole);
	return url;
}

char *http_url_place(const char *url)
{
	g_autoptr(CURLU) parsed = curl_url();
	g_auto(UrlParts) parts = {NULL};
	char *port = NULL, *path = NULL, *place;

	if (!url_split(url, &parts) ||
		curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK)
		return g_strdup("what is no URL");
	curl_url_get(parsed, CURLUPART_PORT, &port, 0);
	curl_url_get(parsed, CURLUPART_PATH, &path, 0);
	place = g_strdup_printf("%s://%.255s%s%.5s%.*s", parts.scheme,
		parts.host, port ? ":" : "", port ? port : "",
		path ? (int)MIN(strcspn(path, ";"), 200) : 0, path ? path : "");
	curl_free(port);
	curl_free(path);
	return place;
}
