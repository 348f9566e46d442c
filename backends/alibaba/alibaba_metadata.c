/*
 * The dialogue with the metadata service of an ECS instance:
 *
 *   PUT http://100.100.100.200/latest/api/token     -> a token (v2)
 *   GET .../latest/meta-data/ram/security-credentials/       -> the role's name
 *   GET .../latest/meta-data/ram/security-credentials/{role} -> {Code, keys}
 *
 * the GETs with the token; without one (v1) where the PUT failed.  A URI of
 * ALIBABA_CLOUD_CREDENTIALS_URI answers the last one's JSON to a plain GET.
 */
#include <string.h>

#include "backends/alibaba/alibaba_auth.h"
#include "backends/http/http_url.h"

#define METADATA "http://100.100.100.200/latest/"
#define ROLES METADATA "meta-data/ram/security-credentials/"
#define TOKEN_SECONDS "21600"
#define LIMIT_MS 1000
#define REFRESH_MS (60 * 60 * 1000)

static HttpAnswer *fetch(const Chain *chain, const char *method,
	const char *url, const char *header, const char *value,
	gint64 deadline_us, GError **error)
{
	g_autoptr(HttpRequest) request = http_request_new(method, url);

	if (value)
		http_request_set(request, header, value);
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->nearby, request, LIMIT_MS, deadline_us, error);
	if (!answer || answer->status == 200)
		return g_steal_pointer(&answer);
	g_autofree char *shown = http_url_shown(url);
	backend_error_set(error,
		answer->status >= 500 ? BACKEND_ERROR_REMOTE
				      : BACKEND_ERROR_AUTH,
		"%.200s answered with status %u", shown, answer->status);
	return NULL;
}

/* An answer of one printable word; NULL when it is none. */
static char *word_of(const HttpAnswer *answer)
{
	char *text =
		g_strndup((const char *)answer->body->data, answer->body->len);

	g_strstrip(text);
	for (const char *c = text; *c; c++)
		if (!g_ascii_isgraph(*c))
			*text = '\0';
	if (*text)
		return text;
	g_free(text);
	return NULL;
}

/* A token, or NULL for v1; FALSE when v1 is forbidden. */
static gboolean token_get(const Chain *chain, gint64 deadline_us,
	char **ret_token, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(HttpAnswer) answer = fetch(chain, "PUT", METADATA "api/token",
		"x-aliyun-ecs-metadata-token-ttl-seconds", TOKEN_SECONDS,
		deadline_us, &cause);

	*ret_token = answer ? word_of(answer) : NULL;
	if (*ret_token || !auth_env_true("ALIBABA_CLOUD_IMDSV1_DISABLED"))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"no metadata token (%s), and ALIBABA_CLOUD_IMDSV1_DISABLED "
		"forbids to go without",
		cause ? cause->message : "the answer was empty");
	return FALSE;
}

static HttpAnswer *get(const Chain *chain, const char *url, const char *token,
	gint64 deadline_us, GError **error)
{
	return fetch(chain, "GET", url, "x-aliyun-ecs-metadata-token", token,
		deadline_us, error);
}

static char *role_get(const Chain *chain, const char *token, gint64 deadline_us,
	GError **error)
{
	g_autoptr(HttpAnswer) answer =
		get(chain, ROLES, token, deadline_us, error);

	if (!answer)
		return NULL;
	char *role = word_of(answer);
	if (!role)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the metadata service names no RAM role");
	return role;
}

static Credentials *read_keys(
	const HttpAnswer *answer, const char *origin, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const char *code = json_get_text(body, "Code", 256, "");
	Credentials *credentials = NULL;

	if (!body)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"%s: the answer is not JSON", origin);
	else if (!g_str_equal(code, "Success"))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: the answer's Code is not Success", origin);
	else
		credentials =
			auth_keys_read(body, &alibaba_sts_names, origin, error);
	auth_correct_expiry(credentials, answer);
	return credentials;
}

static Credentials *role_keys(const Chain *chain, const char *role,
	const char *token, gint64 deadline_us, GError **error)
{
	g_autofree char *segment = http_encode(role);
	g_autofree char *url = g_strconcat(ROLES, segment, NULL);
	g_autofree char *origin =
		g_strdup_printf("ECS metadata, role %s", role);
	g_autoptr(HttpAnswer) answer =
		get(chain, url, token, deadline_us, error);
	Credentials *credentials =
		answer ? read_keys(answer, origin, error) : NULL;

	if (credentials)
		credentials->refresh_ms = REFRESH_MS;
	return credentials;
}

Credentials *alibaba_metadata(const Chain *chain, const char *role,
	gint64 deadline_us, GError **error)
{
	g_autoptr(SecretText) token = NULL;
	g_autofree char *named = NULL;

	if (!token_get(chain, deadline_us, &token, error))
		return NULL;
	if (!role || !*role)
		role = named = role_get(chain, token, deadline_us, error);
	return role ? role_keys(chain, role, token, deadline_us, error) : NULL;
}

Credentials *alibaba_uri(const Chain *chain, const char *uri,
	const char *origin, gint64 deadline_us, GError **error)
{
	g_autoptr(HttpAnswer) answer =
		fetch(chain, "GET", uri, NULL, NULL, deadline_us, error);

	return answer ? read_keys(answer, origin, error) : NULL;
}
