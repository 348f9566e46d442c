/*
 * Credentials files, as the console and gcloud write them:
 *
 *   {"type": "service_account", client_email, private_key, private_key_id,
 *    token_uri, project_id, universe_domain}
 *   {"type": "authorized_user", client_id, client_secret, refresh_token,
 *    quota_project_id}
 *
 * The first is exchanged for a token with a JWT that its key signs.  It could be
 * sent as the bearer itself, but then the provider alone would have to know it,
 * while a token endpoint is what proxies and private clouds name in token_uri.
 */
#include <string.h>

#include "backends/base/text.h"
#include "backends/dataproc/google_auth.h"
#include "backends/dataproc/google_jwt.h"

#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define GRANT_JWT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define UNIVERSE "googleapis.com"
#define MEMBER_MAX 16384
#define NAME_MAX_LEN 256
#define JWT_SECONDS 3600

/* A file that is being made use of. */
typedef struct {
	const Chain *chain;
	const Json *file;
	gint64 deadline_us;
	Secret *jwt; /* the last that was sent */
} Account;

static const char *optional(const Json *file, const char *name)
{
	const char *text = json_get_text(file, name, MEMBER_MAX, NULL);

	return text && *text ? text : NULL;
}

static const char *needed(const Json *file, const char *name, GError **error)
{
	const char *text = optional(file, name);

	if (!text)
		backend_error_set(
			error, BACKEND_ERROR_AUTH, "%s is missing in it", name);
	return text;
}

static const char *token_uri(const Account *account)
{
	const char *uri = optional(account->file, "token_uri");

	return uri ? uri : TOKEN_URI;
}

/* Who it is, fit for a line. */
static char *who(const char *kind, const char *name)
{
	g_autofree char *line = text_line(name, strlen(name), '?');

	return g_strdup_printf("%s %.*s", kind, NAME_MAX_LEN, line);
}

/* ---- service accounts ---- */

static SecretText *make_jwt(const Account *account, gint64 now, GError **error)
{
	const char *email = needed(account->file, "client_email", error);
	const char *key =
		email ? needed(account->file, "private_key", error) : NULL;
	const char *kid = optional(account->file, "private_key_id");
	g_autoptr(Json) header = json_object();
	g_autoptr(Json) claims = json_object();

	if (!key)
		return NULL;
	json_set_text(header, "alg", "RS256");
	json_set_text(header, "typ", "JWT");
	if (kid)
		json_set_text(header, "kid", kid);
	json_set_text(claims, "iss", email);
	json_set_text(claims, "scope", GOOGLE_SCOPE);
	json_set_text(claims, "aud", token_uri(account));
	json_set_int(claims, "iat", now);
	json_set_int(claims, "exp", now + JWT_SECONDS);
	g_autofree char *header_text = json_print(header, FALSE);
	g_autofree char *claims_text = json_print(claims, FALSE);
	return google_jwt_sign(header_text, claims_text, key, error);
}

static gboolean fill_jwt(GString *form, void *data, gint64 now, GError **error)
{
	Account *account = data;

	secret_unref(account->jwt);
	account->jwt = secret_take(make_jwt(account, now, error));
	if (account->jwt)
		http_query_add(form, "assertion", secret_peek(account->jwt));
	return account->jwt != NULL;
}

static Credentials *service_account(Account *account, GError **error)
{
	const char *email = optional(account->file, "client_email");
	g_autofree char *origin = who("service account", email ? email : "");
	const GoogleGrant grant = {.uri = token_uri(account),
		.origin = origin,
		.grant_type = GRANT_JWT,
		.dated = TRUE,
		.fill = fill_jwt,
		.data = account};
	Credentials *credentials = google_token_post(
		account->chain, &grant, account->deadline_us, error);

	g_clear_pointer(&account->jwt, secret_unref);
	return credentials;
}

/* ---- users ---- */

static const char *const user_members[] = {
	"client_id", "client_secret", "refresh_token"};

static gboolean fill_user(GString *form, void *data, gint64 now, GError **error)
{
	const Account *account = data;

	for (gsize i = 0; i < G_N_ELEMENTS(user_members); i++) {
		const char *text =
			needed(account->file, user_members[i], error);

		if (!text)
			return FALSE;
		http_query_add(form, user_members[i], text);
	}
	return TRUE;
}

/* Masked while they are out. */
static Secret *masked(const Account *account, const char *name)
{
	const char *text = optional(account->file, name);

	return text ? secret_new(text, -1) : NULL;
}

static Credentials *authorized_user(Account *account, GError **error)
{
	const GoogleGrant grant = {.uri = token_uri(account),
		.origin = "user of gcloud",
		.grant_type = "refresh_token",
		.fill = fill_user,
		.data = account};
	g_autoptr(Secret) secret G_GNUC_UNUSED =
		masked(account, "client_secret");
	g_autoptr(Secret) refresh G_GNUC_UNUSED =
		masked(account, "refresh_token");
	g_autoptr(GError) cause = NULL;
	Credentials *credentials = google_token_post(
		account->chain, &grant, account->deadline_us, &cause);

	if (credentials)
		return credentials;
	if (strstr(cause->message, "invalid_grant")) {
		g_autofree char *text = backend_error_advised(cause->message,
			"log in again: gcloud auth application-default login");

		backend_error_set(error, cause->code, "%s", text);
	} else {
		g_propagate_error(error, g_steal_pointer(&cause));
	}
	return NULL;
}

/* ---- files ---- */

static const struct {
	const char *type;
	Credentials *(*get)(Account *account, GError **error);
} types[] = {
	{"service_account", service_account},
	{"authorized_user", authorized_user},
};

/* The types that there are besides are worth a word of their own. */
static const char *const not_done[] = {"impersonated_service_account",
	"external_account", "external_account_authorized_user",
	"gdch_service_account", NULL};

static void refuse_type(const char *type, GError **error)
{
	if (g_strv_contains(not_done, type))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"credentials of type %s are not supported; use a "
			"service account's key, gcloud auth "
			"application-default login, or access_token_file",
			type);
	else
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"its type is neither service_account nor "
			"authorized_user");
}

/* The other universes have hosts and rules of their own. */
static gboolean universe_check(const Json *file, GError **error)
{
	const char *universe = optional(file, "universe_domain");

	if (!universe || g_str_equal(universe, UNIVERSE))
		return TRUE;
	g_autofree char *shown = who("universe", universe);
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"they are of the %s, and only " UNIVERSE " is supported",
		shown);
}

static Credentials *account_get(Account *account, GError **error)
{
	const char *type = optional(account->file, "type");

	if (!universe_check(account->file, error))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_strcmp0(type, types[i].type) != 0)
			continue;
		Credentials *credentials = types[i].get(account, error);
		if (credentials)
			credentials->project = g_strdup(
				optional(account->file, "quota_project_id"));
		return credentials;
	}
	refuse_type(type ? type : "", error);
	return NULL;
}

static SecretJson *file_read(const char *path, GError **error)
{
	g_autoptr(SecretText) text = auth_read_file(path, error);

	if (!text)
		return NULL;
	g_autoptr(SecretJson) file = json_parse(text, strlen(text), NULL);
	if (file && json_type(file) == JSON_OBJECT)
		return g_steal_pointer(&file);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"%s: not a credentials file (JSON)", path);
}

Credentials *google_account(const Chain *chain, const char *path,
	gint64 deadline_us, GError **error)
{
	g_autoptr(SecretJson) file = file_read(path, error);
	Account account = {chain, file, deadline_us, NULL};

	if (!file)
		return NULL;
	Credentials *credentials = account_get(&account, error);
	if (!credentials)
		g_prefix_error(error, "%s: ", path);
	return credentials;
}

char *google_account_project(const char *path)
{
	g_autoptr(SecretJson) file = file_read(path, NULL);
	const char *type = optional(file, "type");

	return g_strcmp0(type, "service_account") == 0
		       ? g_strdup(optional(file, "project_id"))
		       : NULL;
}
