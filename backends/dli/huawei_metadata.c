/*
 * The dialogue with the metadata service of an ECS instance that has an agency:
 *
 *   PUT http://169.254.169.254/meta-data/latest/api/token      -> a token
 *   GET .../openstack/latest/securitykey     X-Metadata-Token
 *       -> {credential: {access, secret, securitytoken, expires_at}}
 *
 * A service that knows no tokens answers the PUT with 404, 405 or 503; then the
 * GET goes without one.
 */
#include <string.h>

#include "backends/dli/huawei_auth.h"

#define METADATA "http://169.254.169.254"
#define TOKEN_SECONDS "21600"
#define LIMIT_MS 3000
#define NO_AGENCY "Please configure Cloud Service Agency first"

static HttpAnswer *ask(const Chain *chain, const char *method, const char *path,
	const char *header, const char *value, gint64 deadline_us,
	GError **error)
{
	g_autofree char *url = g_strconcat(METADATA, path, NULL);
	g_autoptr(HttpRequest) request = http_request_new(method, url);

	if (value)
		http_request_set(request, header, value);
	return auth_send(chain->nearby, request, LIMIT_MS, deadline_us, error);
}

static void *bad_status(
	const HttpAnswer *answer, const char *what, GError **error)
{
	const char *text = (const char *)answer->body->data;

	if (text && strstr(text, NO_AGENCY))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"this server has no cloud service agency");
	else
		backend_error_set(error,
			answer->status >= 500 ? BACKEND_ERROR_REMOTE
					      : BACKEND_ERROR_AUTH,
			"the metadata service answered the question for %s "
			"with status %u",
			what, answer->status);
	return NULL;
}

/* The answer as one printable word; NULL when it is none. */
static SecretText *word_of(const HttpAnswer *answer)
{
	g_autoptr(SecretText) text = g_strstrip(
		g_strndup((const char *)answer->body->data, answer->body->len));

	for (const char *c = text; *c; c++)
		if (!g_ascii_isgraph(*c))
			return NULL;
	return *text ? g_steal_pointer(&text) : NULL;
}

/* *ret_token: NULL where the service knows none. */
static gboolean token_get(const Chain *chain, gint64 deadline_us,
	char **ret_token, GError **error)
{
	g_autoptr(HttpAnswer) answer = ask(chain, "PUT",
		"/meta-data/latest/api/token", "x-metadata-token-ttl-seconds",
		TOKEN_SECONDS, deadline_us, error);
	guint status = answer ? answer->status : 0;
	gboolean none = status == 404 || status == 405 || status == 503;
	gboolean fine = none || status == 200;

	if (fine)
		*ret_token = none ? NULL : word_of(answer);
	else if (answer)
		bad_status(answer, "a token", error);
	return fine;
}

static Credentials *read_keys(const HttpAnswer *answer, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);

	if (body)
		return auth_keys_read(json_get(body, "credential"),
			&huawei_key_names, "ECS metadata, agency", error);
	backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
		"the metadata service's answer is not JSON");
	return NULL;
}

Credentials *huawei_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autoptr(SecretText) token = NULL;

	if (!token_get(chain, deadline_us, &token, error))
		return NULL;
	g_autoptr(HttpAnswer) answer =
		ask(chain, "GET", "/openstack/latest/securitykey",
			"x-metadata-token", token, deadline_us, error);
	if (!answer)
		return NULL;
	Credentials *credentials = answer->status == 200
					   ? read_keys(answer, error)
					   : bad_status(answer, "keys", error);
	auth_correct_expiry(credentials, answer);
	return credentials;
}
