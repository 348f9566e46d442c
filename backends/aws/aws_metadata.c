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

#include "backends/aws/aws_auth.h"
#include "backends/aws/aws_endpoint.h"
#include "backends/http/http_url.h"

#define HOST_IPV4 "http://169.254.169.254"
#define HOST_IPV6 "http://[fd00:ec2::254]"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN_SECONDS "21600"
#define LIMIT_MS 1000

typedef struct {
	const Chain *chain;
	char *base;
	char *token; /* NULL: v1 */
	gint64 deadline_us;
} Service;

static void service_clear(Service *service)
{
	g_free(service->base);
	secret_free_text(service->token);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Service, service_clear)

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
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor "
		"IPv6");
	return NULL;
}

/* An answer of any status. */
static HttpAnswer *ask(const Service *service, const char *method,
	const char *path, const char *header, const char *value, GError **error)
{
	g_autofree char *url = g_strconcat(service->base, path, NULL);
	g_autoptr(HttpRequest) request = http_request_new(method, url);

	if (value)
		http_request_set(request, header, value);
	return auth_send(service->chain->nearby, request, LIMIT_MS,
		service->deadline_us, error);
}

static void refuse(const Service *service, const char *path,
	const HttpAnswer *answer, GError **error)
{
	g_autofree char *shown = http_url_shown(service->base);

	backend_error_set(error,
		answer->status >= 500 ? BACKEND_ERROR_REMOTE
				      : BACKEND_ERROR_AUTH,
		"%.200s answered %s with status %u", shown, path,
		answer->status);
}

static HttpAnswer *get(const Service *service, const char *path, GError **error)
{
	g_autoptr(HttpAnswer) answer = ask(service, "GET", path,
		"x-aws-ec2-metadata-token", service->token, error);

	if (!answer || answer->status == 200)
		return g_steal_pointer(&answer);
	refuse(service, path, answer, error);
	return NULL;
}

/* Whether this says that there are no tokens, rather than no service. */
static gboolean is_v1(const HttpAnswer *answer, const GError *cause)
{
	if (answer)
		return answer->status == 403 || answer->status == 404 ||
		       answer->status == 405;
	return cause->code == BACKEND_ERROR_TIMEOUT;
}

static gboolean v1_allowed(const Service *service, GError **error)
{
	if (!aws_flag(service->chain->profile, "AWS_EC2_METADATA_V1_DISABLED",
		    "ec2_metadata_v1_disabled"))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"the metadata service gives no token, and "
		"AWS_EC2_METADATA_V1_DISABLED forbids to go without");
	return FALSE;
}

static gboolean token_get(Service *service, GError **error)
{
	static const char path[] = "/latest/api/token";
	g_autoptr(GError) cause = NULL;
	g_autoptr(HttpAnswer) answer = ask(service, "PUT", path,
		"x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS, &cause);

	if (answer && answer->status == 200) {
		service->token = aws_word_of(answer);
		if (service->token)
			return TRUE;
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the metadata service's token is none");
	} else if (is_v1(answer, cause)) {
		return v1_allowed(service, error);
	} else if (answer) {
		refuse(service, path, answer, error);
	} else {
		g_propagate_error(error, g_steal_pointer(&cause));
	}
	return FALSE;
}

static char *role_get(const Service *service, GError **error)
{
	g_autoptr(HttpAnswer) answer = get(service, ROLES, error);

	if (!answer)
		return NULL;
	char *role = aws_word_of(answer);
	if (!role)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the metadata service names no role");
	return role;
}

static Credentials *role_keys(const Service *service, GError **error)
{
	g_autofree char *role = role_get(service, error);

	if (!role)
		return NULL;
	g_autofree char *segment = http_encode(role);
	g_autofree char *path = g_strconcat(ROLES, segment, NULL);
	g_autofree char *origin =
		g_strdup_printf("EC2 metadata, role %.128s", role);
	g_autoptr(HttpAnswer) answer = get(service, path, error);

	return answer ? aws_answer_keys(answer, &aws_token_names, origin, error)
		      : NULL;
}

Credentials *aws_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_auto(Service) service = {.chain = chain, .deadline_us = deadline_us};

	if (auth_env_true("AWS_EC2_METADATA_DISABLED")) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"AWS_EC2_METADATA_DISABLED is set");
		return NULL;
	}
	service.base = base_url(chain, error);
	return service.base && token_get(&service, error)
		       ? role_keys(&service, error)
		       : NULL;
}
