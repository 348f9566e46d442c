/*
 * The dialogue with the metadata service of an EC2 instance:
 *
 *   PUT http://169.254.169.254/latest/api/token         -> a token (v2)
 *   GET .../latest/meta-data/iam/security-credentials/  -> the role's name
 *   GET .../latest/meta-data/iam/security-credentials/{role} -> {Code, keys}
 *
 * the GETs with the token; without one (v1) where the service knows no tokens,
 * or its answer to the PUT, which must not be forwarded, never comes.
 */
#include <string.h>

#include "backends/auth/metadata.h"
#include "backends/aws/aws_auth.h"
#include "backends/aws/aws_endpoint.h"

#define HOST_IPV4 "http://169.254.169.254"
#define HOST_IPV6 "http://[fd00:ec2::254]"
#define TOKEN_PATH "/latest/api/token"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define LIMIT_MS 1000

static char *base_url(const Chain *chain, GError **error)
{
	g_autofree char *url = aws_files_setting(chain->profile,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT",
		"ec2_metadata_service_endpoint");
	g_autofree char *mode = aws_files_setting(chain->profile,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
		"ec2_metadata_service_endpoint_mode");

	if (url && g_str_has_suffix(url, "/"))
		url[strlen(url) - 1] = '\0';
	if (url)
		return g_steal_pointer(&url);
	if (!mode || g_ascii_strcasecmp(mode, "IPv4") == 0)
		return g_strdup(HOST_IPV4);
	if (g_ascii_strcasecmp(mode, "IPv6") == 0)
		return g_strdup(HOST_IPV6);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor "
		"IPv6");
}

/* Whether this says that there are no tokens, rather than no service. */
static gboolean is_v1(guint status, const GError *cause)
{
	return status == 403 || status == 404 || status == 405 ||
	       (status == 0 && cause->code == BACKEND_ERROR_TIMEOUT);
}

static gboolean v1_allowed(const Metadata *service, GError **error)
{
	if (!aws_flag(service->chain->profile, "AWS_EC2_METADATA_V1_DISABLED",
		    "ec2_metadata_v1_disabled"))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"the metadata service gives no token, and "
		"AWS_EC2_METADATA_V1_DISABLED forbids to go without");
}

static gboolean token_get(Metadata *service, GError **error)
{
	GError *cause = NULL;
	guint status;

	if (metadata_token(service, TOKEN_PATH,
		    "x-aws-ec2-metadata-token-ttl-seconds", &status, &cause))
		return TRUE;
	if (is_v1(status, cause)) {
		g_error_free(cause);
		return v1_allowed(service, error);
	}
	g_propagate_error(error, cause);
	return FALSE;
}

Credentials *aws_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	if (auth_env_true("AWS_EC2_METADATA_DISABLED"))
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"AWS_EC2_METADATA_DISABLED is set");
	g_autofree char *base = base_url(chain, error);
	g_auto(Metadata) service = {
		.chain = chain,
		.base = base,
		.limit_ms = LIMIT_MS,
		.deadline_us = deadline_us,
		.token_header = "x-aws-ec2-metadata-token",
	};
	return base && token_get(&service, error)
		       ? metadata_role(&service, ROLES, NULL, &aws_token_names,
				 "Success", "EC2 metadata", error)
		       : NULL;
}
