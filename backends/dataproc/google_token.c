/*
 * The dialogue with an OAuth 2 token endpoint:
 *
 *   POST https://oauth2.googleapis.com/token, a form with grant_type and
 *        assertion, or with client_id, client_secret and refresh_token
 *   -> {access_token, expires_in, token_type}
 *   -> 400 {error: "invalid_grant", error_description}
 */
#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/text.h"
#include "backends/dataproc/google_auth.h"
#include "backends/http/http_rules.h"
#include "backends/http/http_url.h"

#define FORM_ROOM (32 * 1024)
#define TOKEN_MAX (64 * 1024)
#define WORD_MAX 64
#define DESCRIPTION_MAX 512
#define SECONDS_DEFAULT 3600
#define SECONDS_MAX (30 * 24 * 3600)

/* ---- tokens ---- */

/* Whether it can stand in a header. */
static gboolean token_legal(const char *text)
{
	return strlen(text) <= TOKEN_MAX && text_is_graph(text);
}

static Credentials *read_body(
	const Json *body, const char *origin, GError **error)
{
	const char *token = json_get_text(body, "access_token", TOKEN_MAX, "");
	gint64 seconds = json_get_int(
		body, "expires_in", 1, SECONDS_MAX, SECONDS_DEFAULT);

	if (token_legal(token))
		return credentials_new("", secret_new(token, -1), NULL,
			clock_wall_ms(&clock_real) + seconds * 1000, origin);
	return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
		"the answer has no usable access_token");
}

Credentials *google_token_read(
	const HttpAnswer *answer, const char *origin, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);

	return read_body(body, origin, error);
}

Credentials *google_token_plain(
	const char *text, const char *origin, GError **error)
{
	g_autoptr(SecretText) token = g_strstrip(g_strdup(text));

	if (token_legal(token))
		return credentials_new(
			"", secret_new(token, -1), NULL, 0, origin);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"%s holds no token, but blanks, control characters or nothing",
		origin);
}

/* ---- refusals ---- */

/* An error word, such as invalid_grant; "" for what is none. */
static const char *word_of(const Json *body)
{
	const char *word = json_get_text(body, "error", WORD_MAX, "");

	return text_is_made_of(word, "_-") ? word : "";
}

static void refuse(const HttpAnswer *answer, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const char *word = word_of(body);
	g_autofree char *description = g_utf8_make_valid(
		json_get_text(body, "error_description", DESCRIPTION_MAX, ""),
		-1);

	if (!*word)
		backend_error_set(error, auth_refusal_code(answer->status),
			"the token endpoint answered with status %u",
			answer->status);
	else
		backend_error_set(error, auth_refusal_code(answer->status),
			"the token endpoint says %s%s%s", word,
			*description ? ": " : "", description);
}

/* ---- the call ---- */

static gboolean is_loopback(const char *url)
{
	g_autofree char *shown = http_url_shown(url);
	const char *host = strstr(shown, "://");

	return host && http_rules_is_loopback(host + strlen("://"));
}

/* The file that names it is the user's, but a secret goes there. */
static gboolean uri_check(const char *uri, GError **error)
{
	if (!http_url_check(uri, FALSE, error)) {
		g_prefix_error(error, "token_uri: ");
		return FALSE;
	}
	if (g_ascii_strncasecmp(uri, "https:", 6) == 0 || is_loopback(uri))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"token_uri must be https, or on this machine");
}

static HttpRequest *make_request(void *data, gint64 now, GError **error)
{
	const GoogleGrant *grant = data;
	/* Room for all of it, lest growing leave copies behind. */
	g_autoptr(GString) form = g_string_sized_new(FORM_ROOM);

	http_query_add(form, "grant_type", grant->grant_type);
	if (!grant->fill(form, grant->data, now, error))
		return NULL;
	HttpRequest *request =
		auth_form_new(grant->uri, g_steal_pointer(&form));
	http_request_set(request, "accept", "application/json");
	return request;
}

static Credentials *read_answer(
	const HttpAnswer *answer, void *data, GError **error)
{
	const GoogleGrant *grant = data;

	if (answer->status == 200)
		return google_token_read(answer, grant->origin, error);
	refuse(answer, error);
	return NULL;
}

/* That is told in many words. */
static gboolean may_be_skew(const char *provider_code)
{
	return TRUE;
}

Credentials *google_token_post(const Chain *chain, const GoogleGrant *grant,
	gint64 deadline_us, GError **error)
{
	const AuthExchange kind = {make_request, read_answer,
		grant->dated ? may_be_skew : NULL, ""};

	return uri_check(grant->uri, error)
		       ? auth_exchange(chain->remote, &kind, (void *)grant,
				 deadline_us, error)
		       : NULL;
}
