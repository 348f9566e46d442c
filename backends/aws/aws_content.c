#include "backends/aws/aws_content.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/secret.h"
#include "backends/base/text.h"
#include "backends/base/utc.h"
#include "backends/http/http.h"
#include "backends/provider/answer.h"
#include "backends/provider/record.h"

#define URL_MAX 8192
#define TOKEN_PARAMETER "x-aws-proxy-auth"
#define EXPIRY_MARGIN_MS (60 * 1000)
#define UNKNOWN_EXPIRY_MS (10 * 60 * 1000)

/* ---- web addresses ---- */

/* Printable ASCII without blanks: what may stand in a URL at all. */
static gboolean is_url_text(const char *text)
{
	return strlen(text) <= URL_MAX && text_is_graph(text);
}

GBytes *aws_url_text(const char *url)
{
	if (!url || !is_url_text(url) ||
		(!g_str_has_prefix(url, "https://") &&
			!g_str_has_prefix(url, "http://")))
		return g_bytes_new_static("", 0);
	char *line = g_strconcat(url, "\n", NULL);
	return secret_bytes(line, strlen(line));
}

/* ---- the endpoint ---- */

/* Appends "HOST:PORT"; FALSE when the URL has none. */
static gboolean append_authority(GString *out, const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	g_autofree char *authority = g_strndup(host, strcspn(host, "/?#;"));
	const char *port;

	if (!text_is_made_of(authority, ".-_:[]"))
		return FALSE;
	if (!g_ascii_isalnum(*authority) && *authority != '[')
		return FALSE;
	port = strrchr(authority, ':');
	g_string_append(out, authority);
	if (!port || strchr(port, ']'))
		g_string_append(out, ":443");
	return TRUE;
}

/* Appends the URL without the token.  One that a client takes as it is stays. */
static gboolean append_connect(GString *out, const char *url)
{
	if (!is_url_text(url))
		return FALSE;
	if (g_str_has_prefix(url, "sc://") && strstr(url, "/;")) {
		g_string_append(out, url);
		return TRUE;
	}
	g_string_append(out, "sc://");
	if (!append_authority(out, url))
		return FALSE;
	g_string_append_printf(out, "/;use_ssl=%s",
		g_str_has_prefix(url, "http://") ? "false" : "true");
	return TRUE;
}

static void append_named(GString *out, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	g_string_append_printf(out, "%s: ", name);
	record_append_line(out, text);
}

static void append_expiry(GString *out, gint64 expires_ms)
{
	g_autofree char *text =
		expires_ms > 0 ? utc_text(expires_ms / 1000) : NULL;

	append_named(out, "expires", text);
}

/* Clients decode what follows "=", and a bare one inside would split it. */
static void append_token(GString *out, const char *token)
{
	g_autoptr(SecretText) encoded = http_encode(token);

	g_string_append(out, ";" TOKEN_PARAMETER "=");
	g_string_append(out, encoded);
}

static gsize length(const char *text)
{
	return text ? strlen(text) : 0;
}

GBytes *aws_access_text(const AwsAccess *access, GError **error)
{
	/* Room for all of it, lest growing leave copies of the token behind. */
	GString *out = g_string_sized_new(
		256 + 2 * length(access->url) + 3 * length(access->token) +
		length(access->user) + length(access->password));

	if (!access->url || !append_connect(out, access->url)) {
		g_string_free(out, TRUE);
		return answer_bad("usable endpoint", error);
	}
	if (access->token && *access->token &&
		!strstr(out->str, TOKEN_PARAMETER "="))
		append_token(out, access->token);
	g_string_append_c(out, '\n');
	append_named(out, "endpoint", access->url);
	append_expiry(out, access->expires_ms);
	append_named(out, "username", access->user);
	append_named(out, "password", access->password);
	gsize len = out->len;
	return secret_bytes(g_string_free(out, FALSE), len);
}

gint64 aws_access_until_ms(const AwsAccess *access)
{
	gint64 now_ms = clock_wall_ms(&clock_real);

	if (access->expires_ms == 0)
		return now_ms + UNKNOWN_EXPIRY_MS;
	return MAX(now_ms + 1000, access->expires_ms - EXPIRY_MARGIN_MS);
}
