/*
 * The dialogue with an OAuth 2 token endpoint:
 *
 *   POST https://oauth2.googleapis.com/token, a form with grant_type and
 *        assertion, or with client_id, client_secret and refresh_token
 *   -> {access_token, expires_in, token_type}
 *   -> 400 {error: "invalid_grant", error_description}
 */
#include <string.h>

#include "backends/dataproc/google_auth.h"
#include "backends/http/http_rules.h"
#include "backends/http/http_url.h"
#include "backends/http/retry.h"

#define ANSWER_MAX (256 * 1024)
#define FORM_ROOM (32 * 1024)
#define TOKEN_MAX (64 * 1024)
#define WORD_MAX 64
#define DESCRIPTION_MAX 512
#define SECRET_MIN 8 /* a shorter one is in innocent words too */
#define SECONDS_DEFAULT 3600
#define SECONDS_MAX (30 * 24 * 3600)

/* ---- the form ---- */

GoogleForm *google_form_new(const char *grant)
{
	GoogleForm *form = g_new0(GoogleForm, 1);

	/* Room for all of it, lest growing leave copies behind. */
	form->text = g_string_sized_new(FORM_ROOM);
	google_form_add(form, "grant_type", grant);
	return form;
}

void google_form_add(GoogleForm *form, const char *name, const char *value)
{
	g_autoptr(SecretText) encoded = http_encode(value);

	g_string_append_printf(
		form->text, "%s%s=", form->text->len > 0 ? "&" : "", name);
	g_string_append(form->text, encoded);
}

/* The form's text goes, what the answer must not quote stays. */
static GBytes *form_bytes(GoogleForm *form)
{
	gsize len = form->text->len;

	return secret_bytes(
		g_string_free(g_steal_pointer(&form->text), FALSE), len);
}

static void form_free(GoogleForm *form)
{
	if (form->text)
		secret_free_text(g_string_free(form->text, FALSE));
	g_free(form);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GoogleForm, form_free)

/* ---- tokens ---- */

/* Whether it can stand in a header. */
static gboolean token_legal(const char *text)
{
	gsize len = strlen(text);

	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isgraph(text[i]))
			return FALSE;
	return len > 0 && len <= TOKEN_MAX;
}

static Credentials *read_body(
	const Json *body, const char *origin, GError **error)
{
	const char *token = json_get_text(body, "access_token", TOKEN_MAX, "");
	gint64 seconds = json_get_int(
		body, "expires_in", 1, SECONDS_MAX, SECONDS_DEFAULT);

	if (token_legal(token))
		return credentials_new("", secret_new(token, -1), NULL,
			g_get_real_time() / 1000 + seconds * 1000, origin);
	backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
		"the answer has no usable access_token");
	return NULL;
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
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"%s holds no token, but blanks, control characters or nothing",
		origin);
	return NULL;
}

/* ---- refusals ---- */

/* An error word, such as invalid_grant; "" for what is none. */
static const char *word_of(const Json *body)
{
	const char *word = json_get_text(body, "error", WORD_MAX, "");
	gsize len = strspn(word, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-");

	return word[len] ? "" : word;
}

/* What it says, unless it quotes what it was sent. */
static char *description_of(const Json *body, const GoogleForm *form)
{
	const char *text =
		json_get_text(body, "error_description", DESCRIPTION_MAX, "");

	for (gsize i = 0; i < G_N_ELEMENTS(form->secrets); i++) {
		const char *secret = form->secrets[i];

		if (secret && strlen(secret) >= SECRET_MIN &&
			strstr(text, secret))
			return g_strdup("");
	}
	return g_utf8_make_valid(text, -1);
}

static BackendErrorCode refusal_code(guint status)
{
	if (status == 429)
		return BACKEND_ERROR_THROTTLED;
	return status >= 500 ? BACKEND_ERROR_REMOTE : BACKEND_ERROR_AUTH;
}

static void refuse(
	const HttpAnswer *answer, const GoogleForm *form, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const char *word = word_of(body);
	g_autofree char *description = description_of(body, form);

	if (!*word)
		backend_error_set(error, refusal_code(answer->status),
			"the token endpoint answered with status %u",
			answer->status);
	else
		backend_error_set(error, refusal_code(answer->status),
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
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"token_uri must be https, or on this machine");
	return FALSE;
}

Credentials *google_token_post(const Chain *chain, const char *uri,
	GoogleForm *owned, const char *origin, gint64 deadline_us,
	gint64 *ret_server_s, GError **error)
{
	g_autoptr(GoogleForm) form = owned;

	if (!uri_check(uri, error))
		return NULL;
	g_autoptr(HttpRequest) request = http_request_new("POST", uri);
	http_request_set(
		request, "content-type", "application/x-www-form-urlencoded");
	http_request_set(request, "accept", "application/json");
	request->body = form_bytes(form);
	request->limit = ANSWER_MAX;
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->remote, request, 0, deadline_us, error);
	if (!answer)
		return NULL;
	const char *date = http_answer_get(answer, "date");
	if (ret_server_s && (!date || !retry_http_date(date, ret_server_s)))
		*ret_server_s = 0;
	if (answer->status == 200)
		return google_token_read(answer, origin, error);
	refuse(answer, form, error);
	return NULL;
}
