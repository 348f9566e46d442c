/*
 * The chain itself.  As in the vendor's SDK every source is tried in turn, a
 * source that fails makes way for the next, and only when none is left is there
 * an error, which then says what was wrong with each.  A profile that is named
 * in the configuration is the user's choice: only the two files are asked then.
 */
#include "auth/alibaba_chain.h"

#include <stdint.h>
#include <sys/stat.h>

#include "auth/alibaba_auth.h"

#define REFRESH_MS (15 * 60 * 1000)
#define NEARBY_CONNECT_MS 1000

/* ---- sources that need no file of their own ---- */

static Credentials *not_set(const char *name, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s is not set", name);
	return NULL;
}

static Credentials *from_environment(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const char *id = alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_ID");
	const char *secret = alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
	const char *token = alibaba_env("ALIBABA_CLOUD_SECURITY_TOKEN");

	if (!id)
		return not_set("ALIBABA_CLOUD_ACCESS_KEY_ID", error);
	if (!secret)
		return not_set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", error);
	return credentials_new(id, secret_new(secret, -1),
		token ? secret_new(token, -1) : NULL, 0, "environment");
}

static Credentials *from_oidc(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const AlibabaRole role = {.arn = alibaba_env("ALIBABA_CLOUD_ROLE_ARN")};
	const char *provider = alibaba_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
	const char *file = alibaba_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE");

	if (!role.arn)
		return not_set("ALIBABA_CLOUD_ROLE_ARN", error);
	if (!provider)
		return not_set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", error);
	if (!file)
		return not_set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", error);
	return alibaba_assume_role_oidc(auth, &role, provider, file,
		"OIDC role of the environment", deadline_us, error);
}

/* Most machines are no ECS instances: that nobody answers there is a plain
 * "not here", unless the environment says that somebody should. */
static Credentials *from_metadata(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const char *role = alibaba_env("ALIBABA_CLOUD_ECS_METADATA");
	g_autoptr(GError) cause = NULL;

	if (alibaba_env_true("ALIBABA_CLOUD_ECS_METADATA_DISABLED")) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"ALIBABA_CLOUD_ECS_METADATA_DISABLED is set");
		return NULL;
	}
	Credentials *found = alibaba_metadata(auth, role, deadline_us, &cause);
	if (found)
		return found;
	if (role)
		g_propagate_error(error, g_steal_pointer(&cause));
	else
		backend_error_set(
			error, BACKEND_ERROR_AUTH, "%s", cause->message);
	return NULL;
}

static Credentials *from_uri(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const char *uri = alibaba_env("ALIBABA_CLOUD_CREDENTIALS_URI");

	if (!uri)
		return not_set("ALIBABA_CLOUD_CREDENTIALS_URI", error);
	return alibaba_uri(auth, uri, deadline_us, error);
}

/* ---- the chain ---- */

static const struct {
	const char *what;
	Credentials *(*get)(
		const AlibabaAuth *auth, gint64 deadline_us, GError **error);
	gboolean profiled; /* knows profiles */
} sources[] = {
	{"the environment", from_environment, FALSE},
	{"OIDC", from_oidc, FALSE},
	{"the aliyun CLI's profile", alibaba_cli_profile, TRUE},
	{"the credentials file", alibaba_credentials_file, TRUE},
	{"ECS metadata", from_metadata, FALSE},
	{"the credentials URI", from_uri, FALSE},
};

/* Keeps the first code that says more than "not here". */
static void note_failure(
	GString *looked, const char *what, GError *cause, int *code)
{
	g_string_append_printf(looked, "%s%s (%s)", looked->len ? "; " : "",
		what, cause->message);
	if (*code == BACKEND_ERROR_AUTH)
		*code = cause->code;
}

static Credentials *chain_fetch(void *data, gint64 deadline_us, GError **error)
{
	const AlibabaAuth *auth = data;
	g_autoptr(GString) looked = g_string_new(NULL);
	int code = BACKEND_ERROR_AUTH;

	for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
		g_autoptr(GError) cause = NULL;

		if (auth->profile && !sources[i].profiled)
			continue;
		Credentials *found = sources[i].get(auth, deadline_us, &cause);
		if (found)
			return found;
		note_failure(looked, sources[i].what, cause, &code);
		if (g_atomic_int_get(&auth->stopped))
			break;
	}
	backend_error_set(error, code,
		"no credentials for Alibaba Cloud; looked in %s", looked->str);
	return NULL;
}

/* ---- what can be told without the network ---- */

/* Size and inode besides the time: tools that replace a file may keep that. */
static void append_stat(GString *out, char *path)
{
	g_autofree char *owned = path;
	struct stat st;

	if (stat(owned, &st) != 0)
		return;
	g_string_append_printf(out, "%s %ju %jd %jd.%09ld\n", owned,
		(uintmax_t)st.st_ino, (intmax_t)st.st_size,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static char *chain_fingerprint(void *self)
{
	GString *out = g_string_new(NULL);

	append_stat(out, alibaba_cli_path());
	append_stat(out, alibaba_credentials_path());
	return g_string_free(out, FALSE);
}

static gboolean is_file(char *path)
{
	g_autofree char *owned = path;

	return g_file_test(owned, G_FILE_TEST_IS_REGULAR);
}

gboolean alibaba_chain_in_sight(void)
{
	if (alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_ID") &&
		alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_SECRET"))
		return TRUE;
	if (alibaba_env("ALIBABA_CLOUD_ROLE_ARN") &&
		alibaba_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN") &&
		alibaba_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE"))
		return TRUE;
	if (alibaba_cli_enabled() && is_file(alibaba_cli_path()))
		return TRUE;
	return is_file(alibaba_credentials_path()) ||
	       alibaba_env("ALIBABA_CLOUD_CREDENTIALS_URI");
}

char *alibaba_chain_region(const char *profile)
{
	char *region = alibaba_cli_region(profile);

	return region ? region
		      : g_strdup(alibaba_env("ALIBABA_CLOUD_REGION_ID"));
}

/* ---- construction ---- */

static void chain_free(void *data)
{
	AlibabaAuth *auth = data;

	http_client_free(auth->sts);
	http_client_free(auth->nearby);
	g_free(auth->profile);
	g_free(auth);
}

static void chain_abort(void *data)
{
	AlibabaAuth *auth = data;

	g_atomic_int_set(&auth->stopped, 1);
	http_client_abort(auth->sts);
	http_client_abort(auth->nearby);
}

static const CredentialClass alibaba_chain_class = {
	.name = "alibaba",
	.refresh_ms = REFRESH_MS,
	.fetch = chain_fetch,
	.fingerprint = chain_fingerprint,
	.free = chain_free,
	.abort = chain_abort,
};

CredentialSource *alibaba_chain_new(
	const char *profile, const HttpSettings *http)
{
	static const HttpSettings none;
	HttpSettings nearby = http ? *http : none;
	AlibabaAuth *auth = g_new0(AlibabaAuth, 1);

	nearby.proxy = "";
	nearby.connect_ms = NEARBY_CONNECT_MS;
	auth->profile = g_strdup(profile && *profile ? profile : NULL);
	auth->sts = http_client_new(http ? http : &none);
	auth->nearby = http_client_new(&nearby);
	return credential_source_new(&alibaba_chain_class, auth);
}
