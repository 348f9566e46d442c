#include "dataproc.h"

#include <string.h>

#include "backends/base/digest.h"
#include "exchange.h"

/*
 * Google's front door: the bearer token, then the project; and the endpoint that
 * gives tokens out, for a JWT of any service account or for the one refresh
 * token.  The claims of a JWT are checked and its signature is not: whose key
 * would it be checked with?
 */

#define TOKEN "emulator-token"
#define REFRESH_TOKEN "emulator-refresh"
#define TOKEN_SECONDS 3599
#define MADE_PREFIX "ya29.emulator-"
#define SKEW_MS 60000
#define GRANT_JWT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define SCOPE "https://www.googleapis.com/auth/cloud-platform"

/* ---- tokens ---- */

/* A token says until when it is good, and bears a seal on that. */
static char *token_make(const Exchange *x, gint64 until_ms)
{
	const char *key = x->emulator->settings.access_key_secret;
	g_autofree char *stem =
		g_strdup_printf(MADE_PREFIX "%" G_GINT64_FORMAT, until_ms);
	guchar seal[DIGEST_LEN];
	g_autofree char *hex = NULL;

	digest_hmac(key, strlen(key), stem, seal);
	hex = digest_hex(seal, DIGEST_LEN);
	return g_strconcat(stem, "-", hex, NULL);
}

typedef enum { TOKEN_GOOD, TOKEN_OLD, TOKEN_BAD } TokenWorth;

static TokenWorth token_judge(const Exchange *x, const char *token)
{
	gint64 until_ms;

	if (!strcmp(token, TOKEN))
		return TOKEN_GOOD;
	if (!g_str_has_prefix(token, MADE_PREFIX))
		return TOKEN_BAD;
	until_ms = g_ascii_strtoll(token + strlen(MADE_PREFIX), NULL, 10);
	g_autofree char *good = token_make(x, until_ms);
	if (strcmp(good, token))
		return TOKEN_BAD;
	return demo_clock_wall_ms(&x->emulator->clock) < until_ms ? TOKEN_GOOD
								  : TOKEN_OLD;
}

/* ---- the gate ---- */

static gboolean refuse(Exchange *x, const char *why)
{
	g_autofree char *message = g_strdup_printf(
		"Request had invalid authentication credentials: %s.", why);

	answer_header(x->answer, "WWW-Authenticate",
		"Bearer realm=\"https://accounts.google.com/\"");
	dataproc_put_refusal(x, 401, "UNAUTHENTICATED", message);
	return FALSE;
}

static gboolean check_token(Exchange *x)
{
	const char *header = request_header(x->request, "Authorization");

	if (!header || g_ascii_strncasecmp(header, "Bearer ", 7))
		return refuse(x, "expected an OAuth 2 access token");
	switch (token_judge(x, header + 7)) {
	case TOKEN_BAD:
		return refuse(x, "the access token is unknown");
	case TOKEN_OLD:
		return refuse(x, "the access token has expired");
	case TOKEN_GOOD:
		break;
	}
	return TRUE;
}

static gboolean check_project(Exchange *x)
{
	const char *project = x->request->parts[0];

	if (!strcmp(project, DATAPROC_PROJECT))
		return TRUE;
	g_autofree char *message = g_strdup_printf(
		"Permission denied on resource project %s.", project);
	dataproc_put_refusal(x, 403, "PERMISSION_DENIED", message);
	return FALSE;
}

gboolean dataproc_admit(Exchange *x, const Route *route)
{
	if (route->handle == dataproc_token)
		return TRUE;
	return check_token(x) && check_project(x);
}

/* ---- the token endpoint ---- */

static void refuse_grant(Exchange *x, const char *error, const char *why)
{
	g_autoptr(Json) body = json_object();

	json_set_text(body, "error", error);
	json_set_text(body, "error_description", why);
	answer_header(x->answer, "Content-Type", "application/json");
	exchange_put(x, strcmp(error, "invalid_client") ? 400 : 401, body);
}

static void give_token(Exchange *x)
{
	g_autoptr(Json) body = json_object();
	g_autofree char *token = token_make(x,
		demo_clock_wall_ms(&x->emulator->clock) + TOKEN_SECONDS * 1000);

	json_set_text(body, "access_token", token);
	json_set_int(body, "expires_in", TOKEN_SECONDS);
	json_set_text(body, "token_type", "Bearer");
	answer_header(x->answer, "Content-Type", "application/json");
	exchange_put(x, 200, body);
}

/* One of a form's values, decoded, new string; "" when it is not there. */
static char *form_get(const Request *request, const char *name)
{
	g_autofree char *form = g_strndup(
		(const char *)request->body->data, request->body->len);
	g_auto(GStrv) pairs = g_strsplit(form, "&", 64);

	for (char **pair = pairs; *pair; pair++) {
		char *value = strchr(*pair, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(*pair, name))
			continue;
		char *plain = request_decode(
			g_strdelimit(value, "+", ' '), strlen(value));
		return plain ? plain : g_strdup("");
	}
	return g_strdup("");
}

/* The object that a part of a JWT spells; NULL: none. */
static Json *jwt_object(const char *part)
{
	g_autoptr(GString) text = g_string_new(part);
	gsize len;

	if (strpbrk(part, "+/="))
		return NULL;
	g_strdelimit(text->str, "-", '+');
	g_strdelimit(text->str, "_", '/');
	while (text->len % 4)
		g_string_append_c(text, '=');
	g_autofree guchar *bytes = g_base64_decode(text->str, &len);
	return json_parse((const char *)bytes, len, NULL);
}

static const char *claim_problem(const Exchange *x, const Json *claims)
{
	const char *host = request_header(x->request, "Host");
	g_autofree char *own =
		g_strdup_printf("http://%s/token", host ? host : "");
	gint64 now = demo_clock_wall_ms(&x->emulator->clock);
	gint64 made = 1000 * json_get_int(claims, "iat", 0, G_MAXINT32, 0);
	gint64 until = 1000 * json_get_int(claims, "exp", 0, G_MAXINT32, 0);

	if (!*json_get_text(claims, "iss", 1024, ""))
		return "Invalid JWT: iss is missing.";
	if (!strstr(json_get_text(claims, "scope", 4096, ""), SCOPE))
		return "Invalid OAuth scope or ID token audience provided.";
	if (strcmp(json_get_text(claims, "aud", 1024, ""), own))
		return "Invalid JWT: aud is not this endpoint.";
	if (made > now + SKEW_MS || until < now - SKEW_MS || until <= made ||
		until - made > G_GINT64_CONSTANT(3600) * 1000)
		return "Invalid JWT: Token must be a short-lived token (60 "
		       "minutes) and in a reasonable timeframe. Check your iat "
		       "and exp values in the JWT claim.";
	return NULL;
}

static void grant_jwt(Exchange *x)
{
	g_autofree char *jwt = form_get(x->request, "assertion");
	g_auto(GStrv) parts = g_strsplit(jwt, ".", 4);
	gboolean whole = g_strv_length(parts) == 3 && *parts[2];
	g_autoptr(Json) header = whole ? jwt_object(parts[0]) : NULL;
	g_autoptr(Json) claims = whole ? jwt_object(parts[1]) : NULL;

	if (!header || !claims ||
		strcmp(json_get_text(header, "alg", 16, ""), "RS256")) {
		refuse_grant(x, "invalid_grant",
			"Bad Request: the assertion is no JWT signed with "
			"RS256.");
		return;
	}
	const char *problem = claim_problem(x, claims);
	if (problem)
		refuse_grant(x, "invalid_grant", problem);
	else
		give_token(x);
}

static void grant_refresh(Exchange *x)
{
	const Settings *settings = &x->emulator->settings;
	g_autofree char *id = form_get(x->request, "client_id");
	g_autofree char *secret = form_get(x->request, "client_secret");
	g_autofree char *token = form_get(x->request, "refresh_token");

	if (strcmp(id, settings->access_key_id) ||
		strcmp(secret, settings->access_key_secret))
		refuse_grant(x, "invalid_client", "Unauthorized");
	else if (strcmp(token, REFRESH_TOKEN))
		refuse_grant(x, "invalid_grant",
			"Token has been expired or revoked.");
	else
		give_token(x);
}

void dataproc_token(Exchange *x)
{
	g_autofree char *grant = form_get(x->request, "grant_type");

	if (!strcmp(grant, GRANT_JWT))
		grant_jwt(x);
	else if (!strcmp(grant, "refresh_token"))
		grant_refresh(x);
	else
		refuse_grant(
			x, "unsupported_grant_type", "Invalid grant_type.");
}
