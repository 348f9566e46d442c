/*
 * Containers (ECS, EKS pod identity): a URI of the environment answers
 *
 *   GET uri, Authorization: the token as it is
 *   -> {AccessKeyId, SecretAccessKey, Token, Expiration}
 */
#include <string.h>

#include "backends/auth/metadata.h"
#include "backends/aws/aws_auth.h"
#include "backends/http/http_rules.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define RELATIVE_BASE "http://169.254.170.2"
#define LIMIT_MS 5000

/* Where the token may go in the clear, beside loopback. */
static const char *const plain_hosts[] = {
	"169.254.170.2", "169.254.170.23", "fd00:ec2::23", NULL};

gboolean aws_container_set(const Chain *chain)
{
	return auth_env(RELATIVE) || auth_env(FULL);
}

static gboolean is_safe(const char *uri)
{
	g_autofree char *scheme = NULL;
	g_autofree char *host = NULL;

	if (!g_uri_split(uri, G_URI_FLAGS_ENCODED, &scheme, NULL, &host, NULL,
		    NULL, NULL, NULL, NULL) ||
		!scheme || !host)
		return FALSE;
	if (g_ascii_strcasecmp(scheme, "https") == 0)
		return TRUE;
	return g_ascii_strcasecmp(scheme, "http") == 0 &&
	       (http_rules_is_loopback(host) ||
		       g_strv_contains(plain_hosts, host));
}

static char *uri_of(GError **error)
{
	const char *relative = auth_env(RELATIVE);
	const char *full = auth_env(FULL);

	/* Without the slash it would be a part of the host. */
	if (relative && *relative == '/')
		return g_strconcat(RELATIVE_BASE, relative, NULL);
	if (relative)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			RELATIVE " does not begin with a slash");
	else if (!full)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			RELATIVE " and " FULL " are not set");
	else if (is_safe(full))
		return g_strdup(full);
	else
		backend_error_set(error, BACKEND_ERROR_AUTH,
			FULL " is neither https nor one of the hosts that are "
			     "known to be near");
	return NULL;
}

/* NULL without an error: none is sent. */
static SecretText *token_of(GError **error)
{
	const char *file = auth_env(TOKEN_FILE);
	g_autoptr(SecretText) token =
		file ? auth_read_file(file, error) : g_strdup(auth_env(TOKEN));

	return token && aws_header_fits(g_strchomp(token), error)
		       ? g_steal_pointer(&token)
		       : NULL;
}

Credentials *aws_container(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *uri = uri_of(&cause);
	g_auto(Metadata) service = {
		.chain = chain,
		.base = uri,
		.limit_ms = LIMIT_MS,
		.deadline_us = deadline_us,
		.token_header = "authorization",
		.token = uri ? token_of(&cause) : NULL,
	};
	g_autoptr(HttpAnswer) answer =
		cause ? NULL : metadata_get(&service, "", &cause);

	if (answer)
		return metadata_keys(answer, &aws_token_names, "Success",
			"container", error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}
