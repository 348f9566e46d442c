/*
 * What `aliyun configure` leaves in a profile after a login in a browser:
 *
 *   access_key_id, access_key_secret, sts_token, sts_expiration   temporary keys
 *   CloudSSO: cloud_sso_sign_in_url, cloud_sso_account_id,
 *             cloud_sso_access_config, access_token,
 *             cloud_sso_access_token_expire
 *   OAuth:    oauth_site_type, oauth_access_token, oauth_access_token_expire
 *
 * with times in seconds since the epoch.  The keys are used while they last, and
 * after that the token buys new ones:
 *
 *   POST {origin of cloud_sso_sign_in_url}/cloud-credentials
 *        {AccountId, AccessConfigurationId} -> {CloudCredential: keys}
 *   POST https://oauth.aliyun.com/v1/exchange -> keys
 *
 * A token is not renewed: that replaces what is in the CLI's own file.
 */
#include <string.h>

#include "backends/alibaba/alibaba_auth.h"
#include "backends/alibaba/alibaba_error.h"
#include "backends/base/clock.h"

#define TOKEN_MAX 65536
#define TEXT_MAX 4096
#define EARLY_MS (15 * 60 * 1000) /* when new keys are bought */
#define NAME_MAX_SHOWN 64

/* A profile that is being made use of. */
typedef struct {
	const Chain *chain;
	const Json *profile;
	const char *mode;
	gint64 deadline_us;
} Login;

static const char *text(const Json *profile, const char *name)
{
	return json_get_text(profile, name, TOKEN_MAX, "");
}

static char *origin_of(const Login *login)
{
	return g_strdup_printf("aliyun CLI profile %.*s (%s)", NAME_MAX_SHOWN,
		text(login->profile, "name"), login->mode);
}

/* Milliseconds for which it can still be used. */
static gint64 left_ms(const Json *profile, const char *name)
{
	gint64 seconds = json_get_int(
		profile, name, 0, G_MAXINT64 / (2 * G_USEC_PER_SEC), 0);

	return seconds * 1000 - clock_wall_ms(&clock_real);
}

static void ask_to_log_in(const Login *login, BackendErrorCode code,
	const char *why, GError **error)
{
	backend_error_set(error, code,
		"%s: run `aliyun configure --profile %.*s --mode %s`", why,
		NAME_MAX_SHOWN, text(login->profile, "name"), login->mode);
}

/* ---- the keys that are there ---- */

static gboolean has_keys(const Json *profile)
{
	return *text(profile, "access_key_id") &&
	       *text(profile, "access_key_secret") &&
	       *text(profile, "sts_token");
}

static Credentials *kept_keys(const Login *login, GError **error)
{
	AuthKeyNames names = alibaba_cli_names;
	g_autofree char *origin = origin_of(login);

	names.temporary = TRUE;
	names.expiry = "";
	Credentials *credentials =
		auth_keys_read(login->profile, &names, origin, error);
	if (credentials)
		credentials->expires_ms =
			json_get_int(login->profile, "sts_expiration", 0,
				G_MAXINT64 / (2 * G_USEC_PER_SEC), 0) *
			1000;
	return credentials;
}

/* ---- new keys ---- */

typedef struct {
	const Login *login;
	const char *url;
	const char *token;
	const char *body; /* or NULL */
} Buying;

static Credentials *read_keys(
	const HttpAnswer *answer, void *data, GError **error)
{
	const Login *login = ((const Buying *)data)->login;
	g_autofree char *origin = origin_of(login);
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const Json *keys = json_get(body, "CloudCredential");

	if (answer->status == 401 || answer->status == 403)
		ask_to_log_in(login, BACKEND_ERROR_AUTH_EXPIRED,
			"the login's token is refused", error);
	else if (answer->status != 200)
		alibaba_refuse(answer, body, error);
	else if (!body)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer for the login's token makes no sense");
	else
		return auth_keys_read(
			keys ? keys : body, &alibaba_sts_names, origin, error);
	return NULL;
}

static HttpRequest *make_request(void *data, gint64 now, GError **error)
{
	const Buying *buying = data;
	g_autoptr(SecretText) bearer =
		g_strconcat("Bearer ", buying->token, NULL);
	HttpRequest *request = http_request_new("POST", buying->url);

	http_request_set(request, "authorization", bearer);
	http_request_set(request, "content-type", "application/json");
	http_request_set(request, "accept", "application/json");
	if (buying->body)
		request->body = g_bytes_new(buying->body, strlen(buying->body));
	return request;
}

/* The body may be NULL. */
static Credentials *exchange(const Login *login, const char *url,
	const char *token, const char *body, GError **error)
{
	static const AuthExchange kind = {make_request, read_keys, NULL, ""};
	g_autoptr(Secret) masked G_GNUC_UNUSED = secret_new(token, -1);
	Buying buying = {login, url, token, body};

	return auth_exchange(login->chain->remote, &kind, &buying,
		login->deadline_us, error);
}

/* "https://host/whatever" -> "https://host/cloud-credentials". */
static char *sso_url(const char *sign_in)
{
	const char *host = strstr(sign_in, "://");

	if (!host)
		return NULL;
	host += strlen("://");
	return g_strdup_printf("%.*s/cloud-credentials",
		(int)(host - sign_in + strcspn(host, "/?#")), sign_in);
}

static Credentials *sso_exchange(const Login *login, GError **error)
{
	const Json *profile = login->profile;
	const char *account = text(profile, "cloud_sso_account_id");
	const char *access = text(profile, "cloud_sso_access_config");
	g_autofree char *url = sso_url(
		json_get_text(profile, "cloud_sso_sign_in_url", TEXT_MAX, ""));
	g_autoptr(Json) body = json_object();

	if (!url || !*account || !*access) {
		ask_to_log_in(login, BACKEND_ERROR_AUTH,
			"cloud_sso_sign_in_url, cloud_sso_account_id or "
			"cloud_sso_access_config is missing",
			error);
		return NULL;
	}
	json_set_text(body, "AccountId", account);
	json_set_text(body, "AccessConfigurationId", access);
	g_autofree char *printed = json_print(body, FALSE);
	return exchange(
		login, url, text(profile, "access_token"), printed, error);
}

static Credentials *oauth_exchange(const Login *login, GError **error)
{
	static const struct {
		const char *site, *url;
	} sites[] = {
		{"CN", "https://oauth.aliyun.com/v1/exchange"},
		{"INTL", "https://oauth.alibabacloud.com/v1/exchange"},
	};
	const char *site = text(login->profile, "oauth_site_type");

	for (gsize i = 0; i < G_N_ELEMENTS(sites); i++)
		if (g_ascii_strcasecmp(*site ? site : "CN", sites[i].site) == 0)
			return exchange(login, sites[i].url,
				text(login->profile, "oauth_access_token"),
				NULL, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"oauth_site_type is neither CN nor INTL");
}

/* ---- both ---- */

static Credentials *keys_of(const Login *login, const char *token,
	const char *token_expire,
	Credentials *(*buy)(const Login *, GError **error), GError **error)
{
	gint64 keys_ms = has_keys(login->profile)
				 ? left_ms(login->profile, "sts_expiration")
				 : 0;
	gboolean can_buy = *text(login->profile, token) &&
			   left_ms(login->profile, token_expire) > 0;

	if (keys_ms > EARLY_MS || (keys_ms > 0 && !can_buy))
		return kept_keys(login, error);
	if (can_buy)
		return buy(login, error);
	ask_to_log_in(login, BACKEND_ERROR_AUTH_EXPIRED,
		"the login has expired", error);
	return NULL;
}

Credentials *alibaba_login(const Chain *chain, const Json *profile,
	gint64 deadline_us, GError **error)
{
	const gboolean sso = g_str_equal(text(profile, "mode"), "CloudSSO");
	const Login login = {
		chain, profile, sso ? "CloudSSO" : "OAuth", deadline_us};

	return sso ? keys_of(&login, "access_token",
			     "cloud_sso_access_token_expire", sso_exchange,
			     error)
		   : keys_of(&login, "oauth_access_token",
			     "oauth_access_token_expire", oauth_exchange,
			     error);
}
