/*
 * IAM Identity Center: `aws sso login` leaves a token in a file named after the
 * SHA-1 of the session's name, or of the start URL in the legacy form:
 *
 *   ~/.aws/sso/cache/{sha1}.json   {accessToken, expiresAt, ...}
 *
 * that buys the keys of a role:
 *
 *   GET https://portal.sso.{region}.amazonaws.com/federation/credentials
 *       ?role_name&account_id, x-amz-sso_bearer_token
 *   -> {roleCredentials: {accessKeyId, secretAccessKey, sessionToken,
 *       expiration (ms)}}
 */
#include <string.h>

#include "backends/aws/aws_auth.h"
#include "backends/aws/aws_endpoint.h"
#include "backends/base/clock.h"

#define TOKEN_MAX 65536
#define EXPIRY_MAX G_GINT64_CONSTANT(253402300799999) /* of the year 9999 */

static const AuthKeyNames sso_names = {
	"accessKeyId", "secretAccessKey", "sessionToken", "", TRUE};

static char *cache_path(const AwsSso *sso)
{
	g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA1,
		sso->session ? sso->session : sso->start_url, -1);
	g_autofree char *rest =
		g_strconcat(".aws/sso/cache/", name, ".json", NULL);

	return auth_home_path(rest);
}

static void ask_to_log_in(const AwsSso *sso, BackendErrorCode code,
	const char *why, GError **error)
{
	backend_error_set(error, code, "%s: run `aws sso login --profile %s`",
		why, sso->profile);
}

/* The cached token, good for now. */
static SecretText *token_of(
	const AwsSso *sso, const Json *cache, GError **error)
{
	const char *token = json_get_text(cache, "accessToken", TOKEN_MAX, "");
	const char *expiry = json_get_text(cache, "expiresAt", 64, "");

	if (!*token)
		ask_to_log_in(sso, BACKEND_ERROR_AUTH,
			"there is no SSO token in the cache", error);
	else if (aws_time_ms(expiry) <= clock_wall_ms(&clock_real))
		ask_to_log_in(sso, BACKEND_ERROR_AUTH_EXPIRED,
			"the SSO token has expired", error);
	else if (aws_header_fits(token, error))
		return g_strdup(token);
	return NULL;
}

static SecretText *token_read(const AwsSso *sso, GError **error)
{
	g_autofree char *path = cache_path(sso);
	g_autoptr(SecretText) file = auth_read_file(path, NULL);
	g_autoptr(SecretJson) cache =
		file ? json_parse(file, strlen(file), NULL) : NULL;

	return token_of(sso, cache, error);
}

static char *portal_url(const Chain *chain, const AwsSso *sso, GError **error)
{
	g_autofree char *base = aws_usual_endpoint(
		"portal.sso", "SSO", sso->region, chain->profile, error);
	g_autoptr(GString) query = g_string_new(NULL);

	if (!base)
		return NULL;
	http_query_add(query, "role_name", sso->role);
	http_query_add(query, "account_id", sso->account);
	return g_strconcat(base, "/federation/credentials?", query->str, NULL);
}

static Credentials *read_keys(
	const HttpAnswer *answer, const char *origin, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const Json *keys = json_get(body, "roleCredentials");
	Credentials *credentials = NULL;

	if (keys)
		credentials = auth_keys_read(keys, &sso_names, origin, error);
	else
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the SSO portal's answer makes no sense");
	if (credentials)
		credentials->expires_ms =
			json_get_int(keys, "expiration", 0, EXPIRY_MAX, 0);
	return credentials;
}

static void refuse(const AwsSso *sso, guint status, GError **error)
{
	if (status == 401)
		ask_to_log_in(sso, BACKEND_ERROR_AUTH_EXPIRED,
			"the SSO portal refuses the token", error);
	else if (status == 403 || status == 404)
		backend_error_set(error, BACKEND_ERROR_DENIED,
			"the SSO portal does not give the role %.64s of the "
			"account %.16s",
			sso->role, sso->account);
	else
		backend_error_set(error, auth_refusal_code(status),
			"the SSO portal answered with status %u", status);
}

static Credentials *exchange(const Chain *chain, const AwsSso *sso,
	HttpRequest *request, const char *origin, gint64 deadline_us,
	GError **error)
{
	Credentials *credentials = NULL;
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->remote, request, 0, deadline_us, error);

	if (!answer)
		return NULL;
	if (answer->status == 200)
		credentials = read_keys(answer, origin, error);
	else
		refuse(sso, answer->status, error);
	auth_correct_expiry(credentials, answer);
	return credentials;
}

Credentials *aws_sso(const Chain *chain, const AwsSso *sso, const char *origin,
	gint64 deadline_us, GError **error)
{
	g_autoptr(SecretText) token = token_read(sso, error);
	g_autofree char *url = token ? portal_url(chain, sso, error) : NULL;

	if (!url)
		return NULL;
	g_autoptr(HttpRequest) request = http_request_new("GET", url);
	http_request_set(request, "x-amz-sso_bearer_token", token);
	return exchange(chain, sso, request, origin, deadline_us, error);
}
