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
#include "backends/base/utc.h"

#define STS_VERSION "2015-04-01"
#define SECONDS_LEAST 900
#define SECONDS_DEFAULT 3600
#define ANSWER_MAX (256 * 1024)

/* ---- the role ---- */

/* What is spliced into a URL must not end the host. */
static gboolean host_part_legal(const char *text)
{
	return strlen(text) <= 253 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		       strlen(text);
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

	if (!role->arn || !*role->arn) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the role to assume is not named");
		return NULL;
	}
	if (role->seconds != 0 && role->seconds < SECONDS_LEAST) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the role's duration is under %d seconds",
			SECONDS_LEAST);
		return NULL;
	}
	if (!host_part_legal(host)) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the STS region or endpoint is no host name");
		return NULL;
	}
	return g_strdup_printf("https://%s/?", host);
}

/* Wipes what it encodes, since one of the values is a token. */
static void form_add(GString *form, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	g_autoptr(SecretText) encoded = http_encode(value);
	g_string_append_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
	g_string_append(form, encoded);
}

static void form_add_role(GString *form, const AlibabaRole *role)
{
	g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT,
		role->seconds ? role->seconds : (gint64)SECONDS_DEFAULT);

	form_add(form, "RoleArn", role->arn);
	form_add(form, "RoleSessionName", session_name(role));
	form_add(form, "DurationSeconds", seconds);
	form_add(form, "Policy", role->policy);
	form_add(form, "ExternalId", role->external_id);
}

/* ---- the answer ---- */

static Credentials *read_keys(
	const HttpAnswer *answer, const char *origin, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);

	if (answer->status != 200)
		alibaba_refuse(answer, body, error);
	else if (!body)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the token service's answer makes no sense");
	else
		return auth_keys_read(json_get(body, "Credentials"),
			&alibaba_sts_names, origin, error);
	return NULL;
}

static gboolean is_skew(GError *refusal)
{
	const BackendErrorDetail *detail = backend_error_detail(refusal);

	return detail && detail->provider_code &&
	       alibaba_is_skew(detail->provider_code);
}

/* token: what was sent; may be NULL.  *ret_again: whether the clock was wrong,
 * which *skew_s puts right. */
static Credentials *exchange(const Chain *chain, HttpRequest *request,
	const char *token, const char *origin, gint64 deadline_us,
	gint64 *skew_s, gboolean *ret_again, GError **error)
{
	g_autoptr(GError) cause = NULL;
	request->limit = ANSWER_MAX;
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->remote, request, 0, deadline_us, error);
	*ret_again = FALSE;
	if (!answer)
		return NULL;
	Credentials *credentials = read_keys(answer, origin, &cause);
	auth_correct_expiry(credentials, answer);
	*ret_again = !credentials &&
		     auth_repair_clock(answer, is_skew(cause), skew_s);
	if (credentials)
		return credentials;
	auth_mask(cause, token);
	g_propagate_prefixed_error(
		error, g_steal_pointer(&cause), "the token service: ");
	return NULL;
}

/* "acs:ram::ACCOUNT:role/NAME": whose keys are those of a role. */
static Credentials *of_role(Credentials *credentials, const AlibabaRole *role)
{
	g_auto(GStrv) parts = g_strsplit(role->arn, ":", 5);

	if (credentials && g_strv_length(parts) == 5 && *parts[3])
		credentials->account = g_strdup(parts[3]);
	return credentials;
}

/* ---- the two calls ---- */

/* One of the calls, with a clock that is so far ahead of ours. */
typedef struct {
	const Chain *chain;
	const AlibabaRole *role;
	const Credentials *base;  /* that signs; NULL: OIDC */
	const char *provider_arn; /* of OIDC */
	const char *token;        /* that is sent; may be NULL */
	const char *url;          /* up to the query */
} Asking;

static HttpRequest *signed_request(const Asking *ask, gint64 skew_s)
{
	g_autoptr(GString) query = g_string_new(NULL);

	form_add_role(query, ask->role);
	g_autofree char *whole = g_strconcat(ask->url, query->str, NULL);
	HttpRequest *request = http_request_new("POST", whole);
	http_request_set(request, "x-acs-action", "AssumeRole");
	http_request_set(request, "x-acs-version", STS_VERSION);
	http_request_set(request, "accept", "application/json");
	const SignScope scope = {
		.now = g_get_real_time() / G_USEC_PER_SEC + skew_s};
	sign_request(SIGN_ACS3, request, ask->base, &scope);
	return request;
}

static void wipe_bytes(gpointer string)
{
	GString *s = string;

	secret_wipe(s->str, s->allocated_len);
	g_string_free(s, TRUE);
}

static GBytes *oidc_form(const Asking *ask)
{
	/* Room for all of it, lest growing leave copies of the token behind. */
	GString *form = g_string_sized_new(3 * strlen(ask->token) + 16384);

	form_add(form, "OIDCProviderArn", ask->provider_arn);
	form_add(form, "OIDCToken", ask->token);
	form_add_role(form, ask->role);
	return g_bytes_new_with_free_func(
		form->str, form->len, wipe_bytes, form);
}

static char *oidc_query(gint64 skew_s)
{
	g_autoptr(GString) query = g_string_new(NULL);
	g_autofree char *stamp =
		utc_text(g_get_real_time() / G_USEC_PER_SEC + skew_s);

	form_add(query, "Version", STS_VERSION);
	form_add(query, "Action", "AssumeRoleWithOIDC");
	form_add(query, "Format", "JSON");
	form_add(query, "Timestamp", stamp);
	return g_string_free(g_steal_pointer(&query), FALSE);
}

static HttpRequest *oidc_request(const Asking *ask, gint64 skew_s)
{
	g_autofree char *query = oidc_query(skew_s);
	g_autofree char *whole = g_strconcat(ask->url, query, NULL);
	HttpRequest *request = http_request_new("POST", whole);

	http_request_set(
		request, "content-type", "application/x-www-form-urlencoded");
	http_request_set(request, "accept", "application/json");
	request->body = oidc_form(ask);
	return request;
}

/* Once more where the clock was wrong. */
static Credentials *asking_run(const Asking *ask, const char *origin,
	gint64 deadline_us, GError **error)
{
	gint64 skew_s = 0;

	for (gboolean again, repaired = FALSE;; repaired = TRUE) {
		g_autoptr(GError) cause = NULL;
		g_autoptr(HttpRequest) request =
			ask->base ? signed_request(ask, skew_s)
				  : oidc_request(ask, skew_s);
		Credentials *found = exchange(ask->chain, request, ask->token,
			origin, deadline_us, &skew_s, &again, &cause);
		if (found)
			return found;
		if (again && !repaired)
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
}

Credentials *alibaba_assume_role(const Chain *chain, const AlibabaRole *role,
	const Credentials *base, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autofree char *url = sts_url(role, error);
	const Asking ask = {.chain = chain,
		.role = role,
		.base = base,
		.token = base->token ? secret_peek(base->token) : NULL,
		.url = url};

	return url ? of_role(asking_run(&ask, origin, deadline_us, error), role)
		   : NULL;
}

Credentials *alibaba_assume_role_oidc(const Chain *chain,
	const AlibabaRole *role, const char *provider_arn,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autofree char *url = sts_url(role, error);
	g_autoptr(SecretText) token =
		url ? auth_read_file(token_file, error) : NULL;

	if (!token)
		return NULL;
	const Asking ask = {.chain = chain,
		.role = role,
		.provider_arn = provider_arn,
		.token = token,
		.url = url};

	return of_role(asking_run(&ask, origin, deadline_us, error), role);
}
