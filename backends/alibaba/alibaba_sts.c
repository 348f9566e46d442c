/*
 * The dialogue with Alibaba's security token service:
 *
 *   POST https://sts[.region].aliyuncs.com/?RoleArn&RoleSessionName&...
 *        AssumeRole, signed like every other call (RPC style: path /)
 *   POST .../?Action=AssumeRoleWithOIDC&Version&Format&Timestamp
 *        with OIDCProviderArn, OIDCToken, RoleArn, ... as a form, unsigned
 *   -> {Credentials: {AccessKeyId, AccessKeySecret, SecurityToken, Expiration}}
 */
#include <string.h>

#include "backends/alibaba/alibaba_auth.h"
#include "backends/alibaba/alibaba_error.h"
#include "backends/auth/sign.h"
#include "backends/base/text.h"
#include "backends/base/utc.h"

#define STS_VERSION "2015-04-01"
#define SECONDS_LEAST 900
#define SECONDS_DEFAULT 3600

/* ---- the role ---- */

/* What is spliced into a URL must not end the host. */
static gboolean host_part_legal(const char *text)
{
	return strlen(text) <= 253 && text_is_made_of(text, ".-");
}

static char *sts_host(const AlibabaRole *role)
{
	const char *region = role->sts_region && *role->sts_region
				     ? role->sts_region
				     : auth_env("ALIBABA_CLOUD_STS_REGION");
	gboolean vpc = role->vpc ||
		       auth_env_true("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED");

	if (role->sts_endpoint && *role->sts_endpoint)
		return g_strdup(role->sts_endpoint);
	if (!region)
		return g_strdup("sts.aliyuncs.com");
	return g_strdup_printf(
		"sts%s.%s.aliyuncs.com", vpc ? "-vpc" : "", region);
}

/* Without it the service could not tell our sessions from others'. */
static const char *session_name(const AlibabaRole *role)
{
	const char *env = auth_env("ALIBABA_CLOUD_ROLE_SESSION_NAME");

	if (role->session_name && *role->session_name)
		return role->session_name;
	return env ? env : "sessionfs";
}

/* The URL up to the query; NULL when the role cannot be asked for. */
static char *sts_url(const AlibabaRole *role, GError **error)
{
	g_autofree char *host = sts_host(role);

	if (!role->arn || !*role->arn)
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"the role to assume is not named");
	if (role->seconds != 0 && role->seconds < SECONDS_LEAST)
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"the role's duration is under %d seconds",
			SECONDS_LEAST);
	if (!host_part_legal(host))
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"the STS region or endpoint is no host name");
	return g_strdup_printf("https://%s/?", host);
}

static void form_add_role(GString *form, const AlibabaRole *role)
{
	g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT,
		role->seconds ? role->seconds : (gint64)SECONDS_DEFAULT);

	http_query_add(form, "RoleArn", role->arn);
	http_query_add(form, "RoleSessionName", session_name(role));
	http_query_add(form, "DurationSeconds", seconds);
	http_query_add(form, "Policy", role->policy);
	http_query_add(form, "ExternalId", role->external_id);
}

/* ---- the two calls ---- */

typedef struct {
	const AlibabaRole *role;
	const char *origin;
	const Credentials *base;  /* that signs; NULL: OIDC */
	const char *provider_arn; /* of OIDC */
	const Secret *token;      /* of OIDC */
	const char *url;          /* up to the query */
} Asking;

static HttpRequest *signed_request(const Asking *ask, gint64 now)
{
	g_autoptr(GString) query = g_string_new(NULL);
	const SignScope scope = {.now = now};

	form_add_role(query, ask->role);
	g_autofree char *whole = g_strconcat(ask->url, query->str, NULL);
	HttpRequest *request = http_request_new("POST", whole);
	http_request_set(request, "x-acs-action", "AssumeRole");
	http_request_set(request, "x-acs-version", STS_VERSION);
	http_request_set(request, "accept", "application/json");
	sign_request(SIGN_ACS3, request, ask->base, &scope);
	return request;
}

static HttpRequest *oidc_request(const Asking *ask, gint64 now)
{
	g_autoptr(GString) query = g_string_new(NULL);
	g_autofree char *stamp = utc_text(now);
	/* Room for all of it, lest growing leave copies of the token behind. */
	GString *form = g_string_sized_new(3 * secret_len(ask->token) + 16384);

	http_query_add(query, "Version", STS_VERSION);
	http_query_add(query, "Action", "AssumeRoleWithOIDC");
	http_query_add(query, "Format", "JSON");
	http_query_add(query, "Timestamp", stamp);
	http_query_add(form, "OIDCProviderArn", ask->provider_arn);
	http_query_add(form, "OIDCToken", secret_peek(ask->token));
	form_add_role(form, ask->role);
	g_autofree char *whole = g_strconcat(ask->url, query->str, NULL);
	HttpRequest *request = auth_form_new(whole, form);
	http_request_set(request, "accept", "application/json");
	return request;
}

static HttpRequest *make_request(void *data, gint64 now, GError **error)
{
	const Asking *ask = data;

	return ask->base ? signed_request(ask, now) : oidc_request(ask, now);
}

/* "acs:ram::ACCOUNT:role/NAME": whose keys are those of a role. */
static Credentials *of_role(Credentials *credentials, const AlibabaRole *role)
{
	g_auto(GStrv) parts = g_strsplit(role->arn, ":", 5);

	if (credentials && g_strv_length(parts) == 5 && *parts[3])
		credentials->account = g_strdup(parts[3]);
	return credentials;
}

static Credentials *read_keys(
	const HttpAnswer *answer, void *data, GError **error)
{
	const Asking *ask = data;
	g_autoptr(SecretJson) body = auth_answer_json(answer);

	if (answer->status != 200)
		alibaba_refuse(answer, body, error);
	else if (!body)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer makes no sense");
	else
		return of_role(auth_keys_read(json_get(body, "Credentials"),
				       &alibaba_sts_names, ask->origin, error),
			ask->role);
	return NULL;
}

static Credentials *exchange(
	const Chain *chain, Asking *ask, gint64 deadline_us, GError **error)
{
	static const AuthExchange kind = {make_request, read_keys,
		alibaba_is_skew, "the token service: "};
	g_autofree char *url = sts_url(ask->role, error);

	ask->url = url;
	return url ? auth_exchange(
			     chain->remote, &kind, ask, deadline_us, error)
		   : NULL;
}

Credentials *alibaba_assume_role(const Chain *chain, const AlibabaRole *role,
	const Credentials *base, const char *origin, gint64 deadline_us,
	GError **error)
{
	Asking ask = {.role = role, .origin = origin, .base = base};

	return exchange(chain, &ask, deadline_us, error);
}

Credentials *alibaba_assume_role_oidc(const Chain *chain,
	const AlibabaRole *role, const char *provider_arn,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autoptr(Secret) token =
		secret_take(auth_read_file(token_file, error));
	Asking ask = {.role = role,
		.origin = origin,
		.provider_arn = provider_arn,
		.token = token};

	return token ? exchange(chain, &ask, deadline_us, error) : NULL;
}
