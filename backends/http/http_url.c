#include "backends/http/http_url.h"

#include <string.h>

#include <curl/curl.h>

#include "backends/error.h"
#include "backends/http/http_rules.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* By curl's own parser, so that no URL means one host here and another there.
 * NULL: it is none. */
static CURLU *url_parse(const char *url)
{
	g_autoptr(CURLU) parsed = curl_url();

	return curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK
		       ? g_steal_pointer(&parsed)
		       : NULL;
}

/* NULL: it has none, as a URL that is NULL.  New string. */
static char *url_part(CURLU *parsed, CURLUPart which, unsigned flags)
{
	char *text = NULL, *part;

	if (!parsed || curl_url_get(parsed, which, &text, flags) != CURLUE_OK)
		return NULL;
	part = g_strdup(text);
	curl_free(text);
	return part;
}

char *http_url_shown(const char *url)
{
	g_autoptr(CURLU) parsed = url_parse(url);
	g_autofree char *scheme = url_part(parsed, CURLUPART_SCHEME, 0);
	g_autofree char *host = url_part(parsed, CURLUPART_HOST, 0);

	return scheme && host ? g_strconcat(scheme, "://", host, NULL)
			      : g_strdup("what was given");
}

gboolean http_url_check(const char *url, gboolean insecure_http, GError **error)
{
	g_autoptr(CURLU) parsed = url_parse(url);
	g_autofree char *scheme = url_part(parsed, CURLUPART_SCHEME, 0);
	g_autofree char *host = url_part(parsed, CURLUPART_HOST, 0);
	g_autofree char *user = url_part(parsed, CURLUPART_USER, 0);
	const char *wrong = NULL;

	if (!scheme || !host)
		wrong = "is not a URL";
	else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		wrong = "is neither https nor http";
	else if (user)
		wrong = "holds a user name";
	else if (strcmp(scheme, "http") == 0 && !insecure_http &&
		 !http_rules_is_loopback(host) && !http_rules_is_metadata(host))
		wrong = "is plain http, which insecure_http = true would allow";
	if (!wrong)
		return TRUE;
	g_autofree char *shown = http_url_shown(url);
	return backend_error_false(
		error, BACKEND_ERROR_CONFIG, "%.200s %s", shown, wrong);
}

char *http_url_host(const char *url)
{
	g_autoptr(CURLU) parsed = url_parse(url);

	return url_part(parsed, CURLUPART_HOST, 0);
}

char *http_url_origin(const char *url)
{
	g_autoptr(CURLU) parsed = url_parse(url);
	g_autofree char *scheme = url_part(parsed, CURLUPART_SCHEME, 0);
	g_autofree char *host = url_part(parsed, CURLUPART_HOST, 0);
	g_autofree char *port =
		url_part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);

	if (!scheme || !host || !port)
		return NULL;
	g_autofree char *lower = g_ascii_strdown(host, -1);
	return g_strdup_printf("%s://%s:%s", scheme, lower, port);
}

char *http_url_resolve(const char *from, const char *to)
{
	g_autoptr(CURLU) parsed = url_parse(from);

	/* The second is read relative to the first. */
	if (!parsed ||
		curl_url_set(parsed, CURLUPART_URL, to, 0) != CURLUE_OK ||
		curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK)
		return NULL;
	return url_part(parsed, CURLUPART_URL, 0);
}

char *http_url_place(const char *url)
{
	g_autoptr(CURLU) parsed = url_parse(url);
	g_autofree char *scheme = url_part(parsed, CURLUPART_SCHEME, 0);
	g_autofree char *host = url_part(parsed, CURLUPART_HOST, 0);
	g_autofree char *port = url_part(parsed, CURLUPART_PORT, 0);
	g_autofree char *path = url_part(parsed, CURLUPART_PATH, 0);

	if (!scheme || !host)
		return g_strdup("what is no URL");
	return g_strdup_printf("%s://%.255s%s%.5s%.*s", scheme, host,
		port ? ":" : "", port ? port : "",
		path ? (int)MIN(strcspn(path, ";"), 200) : 0, path ? path : "");
}
