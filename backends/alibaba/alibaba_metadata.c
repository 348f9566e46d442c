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
#include "backends/alibaba/alibaba_auth.h"
#include "backends/auth/metadata.h"

#define METADATA "http://100.100.100.200"
#define TOKEN_PATH "/latest/api/token"
#define ROLES "/latest/meta-data/ram/security-credentials/"
#define LIMIT_MS 1000
#define REFRESH_MS (60 * 60 * 1000)

/* A token, or none for v1; FALSE when v1 is forbidden. */
static gboolean token_get(Metadata *service, GError **error)
{
	g_autoptr(GError) cause = NULL;
	guint status;

	if (metadata_token(service, TOKEN_PATH,
		    "x-aliyun-ecs-metadata-token-ttl-seconds", &status,
		    &cause) ||
		!auth_env_true("ALIBABA_CLOUD_IMDSV1_DISABLED"))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"no metadata token (%s), and ALIBABA_CLOUD_IMDSV1_DISABLED "
		"forbids to go without",
		cause->message);
}

Credentials *alibaba_metadata(const Chain *chain, const char *role,
	gint64 deadline_us, GError **error)
{
	g_auto(Metadata) service = {
		.chain = chain,
		.base = METADATA,
		.limit_ms = LIMIT_MS,
		.deadline_us = deadline_us,
		.token_header = "x-aliyun-ecs-metadata-token",
	};
	Credentials *found =
		token_get(&service, error)
			? metadata_role(&service, ROLES, role,
				  &alibaba_sts_names, "", "ECS metadata", error)
			: NULL;

	if (found)
		found->refresh_ms = REFRESH_MS;
	return found;
}

Credentials *alibaba_uri(const Chain *chain, const char *uri,
	const char *origin, gint64 deadline_us, GError **error)
{
	const Metadata service = {.chain = chain,
		.base = uri,
		.limit_ms = LIMIT_MS,
		.deadline_us = deadline_us};
	g_autoptr(HttpAnswer) answer = metadata_get(&service, "", error);

	return answer ? metadata_keys(
				answer, &alibaba_sts_names, "", origin, error)
		      : NULL;
}
