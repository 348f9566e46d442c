#include "backends/alibaba/alibaba_chain.h"

#include "backends/alibaba/alibaba_auth.h"

#define REFRESH_MS (15 * 60 * 1000)

static const char variable_role[] = "ALIBABA_CLOUD_ECS_METADATA";

/* ---- sources that need no file of their own ---- */

static Credentials *not_set(const char *name, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s is not set", name);
	return NULL;
}

static Credentials *from_environment(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *id = auth_env("ALIBABA_CLOUD_ACCESS_KEY_ID");
	const char *secret = auth_env("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
	const char *token = auth_env("ALIBABA_CLOUD_SECURITY_TOKEN");

	if (!id)
		return not_set("ALIBABA_CLOUD_ACCESS_KEY_ID", error);
	if (!secret)
		return not_set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", error);
	return credentials_new(id, secret_new(secret, -1),
		token ? secret_new(token, -1) : NULL, 0, "environment");
}

static Credentials *from_oidc(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const AlibabaRole role = {.arn = auth_env("ALIBABA_CLOUD_ROLE_ARN")};
	const char *provider = auth_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
	const char *file = auth_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE");

	if (!role.arn)
		return not_set("ALIBABA_CLOUD_ROLE_ARN", error);
	if (!provider)
		return not_set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", error);
	if (!file)
		return not_set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", error);
	return alibaba_assume_role_oidc(chain, &role, provider, file,
		"OIDC role of the environment", deadline_us, error);
}

static Credentials *from_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	if (!auth_env_true("ALIBABA_CLOUD_ECS_METADATA_DISABLED"))
		return alibaba_metadata(
			chain, auth_env(variable_role), deadline_us, error);
	backend_error_set(error, BACKEND_ERROR_NO_KEY,
		"ALIBABA_CLOUD_ECS_METADATA_DISABLED is set");
	return NULL;
}

static Credentials *from_uri(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *uri = auth_env("ALIBABA_CLOUD_CREDENTIALS_URI");

	if (!uri)
		return not_set("ALIBABA_CLOUD_CREDENTIALS_URI", error);
	return alibaba_uri(chain, uri, "ALIBABA_CLOUD_CREDENTIALS_URI",
		deadline_us, error);
}

/* ---- what can be told without the network ---- */

static void chain_files(const Chain *chain, GString *out)
{
	auth_append_stat(out, alibaba_cli_path());
	auth_append_stat(out, alibaba_credentials_path());
}

static gboolean is_file(char *path)
{
	g_autofree char *owned = path;

	return auth_is_file(owned);
}

static gboolean is_pair_set(const Chain *chain)
{
	return auth_env("ALIBABA_CLOUD_ACCESS_KEY_ID") &&
	       auth_env("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
}

static gboolean is_oidc_set(const Chain *chain)
{
	return auth_env("ALIBABA_CLOUD_ROLE_ARN") &&
	       auth_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN") &&
	       auth_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE");
}

static gboolean is_cli_there(const Chain *chain)
{
	return alibaba_cli_enabled() && is_file(alibaba_cli_path());
}

static gboolean is_section_there(const Chain *chain)
{
	return is_file(alibaba_credentials_path());
}

/* Nobody knows without asking. */
static gboolean may_be_on_ecs(const Chain *chain)
{
	return !auth_env_true("ALIBABA_CLOUD_ECS_METADATA_DISABLED");
}

static gboolean is_uri_set(const Chain *chain)
{
	return auth_env("ALIBABA_CLOUD_CREDENTIALS_URI") != NULL;
}

/* ---- the chain ---- */

static const ChainSource sources[] = {
	{"the environment", from_environment, is_pair_set},
	{"OIDC", from_oidc, is_oidc_set},
	{"the aliyun CLI's profile", alibaba_cli_profile, is_cli_there,
		.profiled = TRUE},
	{"the credentials file", alibaba_credentials_file, is_section_there,
		.profiled = TRUE},
	{"ECS metadata", from_metadata, may_be_on_ecs, .metadata = TRUE,
		.variable = variable_role},
	{"the credentials URI", from_uri, is_uri_set},
	{NULL},
};

static const ChainClass alibaba_chain = {
	.name = "alibaba",
	.vendor = "Alibaba Cloud",
	.key = "profile",
	.refresh_ms = REFRESH_MS,
	.sources = sources,
	.fingerprint = chain_files,
};

char *alibaba_chain_region(const char *profile)
{
	static const char *const names[] = {"ALIBABA_CLOUD_REGION_ID",
		"ALIBABACLOUD_REGION_ID", "ALICLOUD_REGION_ID"};
	char *region = alibaba_cli_region(profile);

	for (gsize i = 0; !region && i < G_N_ELEMENTS(names); i++)
		region = g_strdup(auth_env(names[i]));
	return region;
}

gboolean alibaba_chain_in_sight(void)
{
	return chain_in_sight(&alibaba_chain);
}

CredentialSource *alibaba_chain_new(
	const char *profile, const HttpSettings *http)
{
	return chain_new(&alibaba_chain, profile, NULL, http);
}
