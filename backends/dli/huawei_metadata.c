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

#include "backends/auth/metadata.h"
#include "backends/dli/huawei_auth.h"

#define METADATA "http://169.254.169.254"
#define TOKEN_PATH "/meta-data/latest/api/token"
#define KEYS_PATH "/openstack/latest/securitykey"
#define TOKEN_SECONDS "21600"
#define LIMIT_MS 3000
#define NO_AGENCY "Please configure Cloud Service Agency first"

static void *refuse(const Metadata *service, const char *path,
	const HttpAnswer *answer, GError **error)
{
	const char *text = (const char *)answer->body->data;

	if (!text || !strstr(text, NO_AGENCY))
		return metadata_refuse(service, path, answer, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"this server has no cloud service agency");
}

/* No token where the service knows none. */
static gboolean token_get(Metadata *service, GError **error)
{
	g_autoptr(HttpAnswer) answer = metadata_ask(service, "PUT", TOKEN_PATH,
		"x-metadata-token-ttl-seconds", TOKEN_SECONDS, error);

	if (!answer)
		return FALSE;
	if (answer->status == 200)
		service->token = auth_answer_word(answer);
	return answer->status == 200 || answer->status == 404 ||
	       answer->status == 405 || answer->status == 503 ||
	       refuse(service, TOKEN_PATH, answer, error);
}

static Credentials *read_keys(const HttpAnswer *answer, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);

	if (body)
		return auth_keys_read(json_get(body, "credential"),
			&huawei_key_names, "ECS metadata, agency", error);
	return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
		"the metadata service's answer is not JSON");
}

Credentials *huawei_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_auto(Metadata) service = {
		.chain = chain,
		.base = METADATA,
		.limit_ms = LIMIT_MS,
		.deadline_us = deadline_us,
		.token_header = "x-metadata-token",
	};

	if (!token_get(&service, error))
		return NULL;
	g_autoptr(HttpAnswer) answer = metadata_ask(&service, "GET", KEYS_PATH,
		service.token_header, service.token, error);
	if (!answer)
		return NULL;
	Credentials *found = answer->status == 200 ? read_keys(answer, error)
						   : refuse(&service, KEYS_PATH,
							     answer, error);
	auth_correct_expiry(found, answer);
	return found;
}
