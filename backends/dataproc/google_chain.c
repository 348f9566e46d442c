#include "backends/dataproc/google_chain.h"

#include "backends/dataproc/google_auth.h"

#define REFRESH_MS (5 * 60 * 1000)

static const char variable_token[] = "CLOUDSDK_AUTH_ACCESS_TOKEN";
static const char variable_token_file[] = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE";
static const char variable_account[] = "GOOGLE_APPLICATION_CREDENTIALS";

/* ---- files ---- */

static char *default_path(void)
{
	return google_config_path("application_default_credentials.json");
}

/* The file that somebody named; NULL: nobody did. */
static const char *named_path(const Chain *chain)
{
	return chain->file ? chain->file : auth_env(variable_account);
}

/* Read whole at each change of the file, so that who renews the token need not
 * tell us. */
static Credentials *token_file(const char *path, GError **error)
{
	g_autoptr(SecretText) text = auth_read_file(path, error);

	return text ? google_token_plain(text, path, error) : NULL;
}

/* ---- sources ---- */

static Credentials *from_environment(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *token = auth_env(variable_token);
	const char *path = auth_env(variable_token_file);

	if (token)
		return google_token_plain(token, "environment", error);
	if (path)
		return token_file(path, error);
	return backend_error_null(
		error, BACKEND_ERROR_AUTH, "%s is not set", variable_token);
}

static Credentials *from_named(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *path = named_path(chain);

	if (!path)
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"%s is not set", variable_account);
	Credentials *found = google_account(chain, path, deadline_us, error);
	if (!found && !chain->file)
		g_prefix_error(error, "%s: ", variable_account);
	return found;
}

static Credentials *from_default(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autofree char *path = default_path();

	return google_account(chain, path, deadline_us, error);
}

static Credentials *from_token_file(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	return token_file(chain->file, error);
}

/* ---- what can be told without the network ---- */

static gboolean is_token_set(const Chain *chain)
{
	return auth_env(variable_token) || auth_env(variable_token_file);
}

static gboolean is_file_named(const Chain *chain)
{
	return named_path(chain) != NULL;
}

static gboolean is_default_there(const Chain *chain)
{
	g_autofree char *path = default_path();

	return auth_is_file(path);
}

static void chain_files(const Chain *chain, GString *out)
{
	const char *named = named_path(chain);
	const char *token = auth_env(variable_token_file);

	if (named)
		auth_append_stat(out, g_strdup(named));
	if (token)
		auth_append_stat(out, g_strdup(token));
	auth_append_stat(out, default_path());
}

/* ---- the chains ---- */

static const ChainSource sources[] = {
	{"the environment", from_environment, is_token_set,
		.named = variable_token_file},
	{"the credentials file", from_named, is_file_named, .filed = TRUE,
		.named = variable_account},
	{"gcloud's default credentials", from_default, is_default_there},
	{"the metadata server", google_metadata, .metadata = TRUE,
		.off = "NO_GCE_CHECK", .variable = "GCE_METADATA_HOST"},
	{NULL},
};

/* Google's own libraries look no further than the first that is set up. */
const ChainClass google_chain = {
	.name = "dataproc",
	.vendor = "Google Cloud",
	.file_key = "credentials_file",
	.refresh_ms = REFRESH_MS,
	.sources = sources,
	.fingerprint = chain_files,
	.strict = TRUE,
};

static const ChainSource token_sources[] = {
	{"the token file", from_token_file, .filed = TRUE},
	{NULL},
};

const ChainClass google_token_chain = {
	.name = "dataproc",
	.vendor = "Google Cloud",
	.file_key = "access_token_file",
	.refresh_ms = REFRESH_MS,
	.sources = token_sources,
	.fingerprint = chain_files,
	.strict = TRUE,
};

/* ---- where ---- */

char *google_chain_project(const char *account_file)
{
	static const char *const names[] = {
		"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"};
	const Chain chain = {.file = (char *)account_file};
	g_autofree char *path = default_path();
	const char *named = named_path(&chain);
	char *project = NULL;

	for (gsize i = 0; !project && i < G_N_ELEMENTS(names); i++)
		project = g_strdup(auth_env(names[i]));
	/* As Google's libraries do: whom the file is of matters more than what
	 * gcloud works on. */
	if (!project)
		project = google_account_project(named ? named : path);
	if (!project)
		project = g_strdup(auth_env("CLOUDSDK_CORE_PROJECT"));
	return project ? project : google_config_get("core", "project");
}

char *google_chain_region(void)
{
	const char *env = auth_env("CLOUDSDK_DATAPROC_REGION");

	if (!env)
		env = auth_env("GOOGLE_CLOUD_REGION");
	return env ? g_strdup(env) : google_config_get("dataproc", "region");
}

char *google_ca_file(void)
{
	const char *env = auth_env("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE");

	return env ? g_strdup(env)
		   : google_config_get("core", "custom_ca_certs_file");
}
