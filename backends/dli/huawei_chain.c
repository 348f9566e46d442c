#include "backends/dli/huawei_chain.h"

#include "backends/dli/huawei_auth.h"

#define REFRESH_MS (40 * 60 * 1000)

#define ENV_AK "HUAWEICLOUD_SDK_AK"
#define ENV_SK "HUAWEICLOUD_SDK_SK"
#define ENV_TOKEN "HUAWEICLOUD_SDK_SECURITY_TOKEN"
#define ENV_IDP_ID "HUAWEICLOUD_SDK_IDP_ID"
#define ENV_ID_TOKEN_FILE "HUAWEICLOUD_SDK_ID_TOKEN_FILE"
#define ENV_PROJECT "HUAWEICLOUD_SDK_PROJECT_ID"

static Credentials *not_set(const char *name, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s is not set", name);
	return NULL;
}

static Credentials *from_environment(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *id = auth_env(ENV_AK);
	const char *secret = auth_env(ENV_SK);
	const char *token = auth_env(ENV_TOKEN);

	if (!id || !secret)
		return not_set(id ? ENV_SK : ENV_AK, error);
	return credentials_new(id, secret_new(secret, -1),
		token ? secret_new(token, -1) : NULL, 0, "environment");
}

static Credentials *from_oidc(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *idp_id = auth_env(ENV_IDP_ID);
	const char *file = auth_env(ENV_ID_TOKEN_FILE);

	if (!idp_id || !file)
		return not_set(idp_id ? ENV_ID_TOKEN_FILE : ENV_IDP_ID, error);
	return huawei_oidc(chain, idp_id, file, "OIDC of the environment",
		deadline_us, error);
}

/* ---- what can be told without the network ---- */

static gboolean is_pair_set(const Chain *chain)
{
	return auth_env(ENV_AK) && auth_env(ENV_SK);
}

static gboolean is_oidc_set(const Chain *chain)
{
	return auth_env(ENV_IDP_ID) && auth_env(ENV_ID_TOKEN_FILE);
}

/* Nobody knows without asking. */
static gboolean may_be_on_ecs(const Chain *chain)
{
	return TRUE;
}

static void chain_files(const Chain *chain, GString *out)
{
	const char *token_file = auth_env(ENV_ID_TOKEN_FILE);

	auth_append_stat(out, huawei_credentials_path());
	if (token_file)
		auth_append_stat(out, g_strdup(token_file));
}

/* ---- the chain ---- */

static const ChainSource sources[] = {
	{"OIDC", from_oidc, is_oidc_set},
	{"the environment", from_environment, is_pair_set},
	{"the credentials file", huawei_credentials_file,
		huawei_credentials_there, .profiled = TRUE},
	{"ECS metadata", huawei_metadata, may_be_on_ecs, .metadata = TRUE},
	{NULL},
};

static const ChainClass huawei_chain = {
	.name = "huawei",
	.vendor = "Huawei Cloud",
	.key = "profile",
	.refresh_ms = REFRESH_MS,
	.sources = sources,
	.fingerprint = chain_files,
	.strict = TRUE,
};

gboolean huawei_chain_in_sight(void)
{
	return chain_in_sight(&huawei_chain);
}

/* A project belongs to the account whose keys stand beside it. */
char *huawei_chain_project(const char *profile)
{
	const char *named = profile ? NULL : auth_env(ENV_PROJECT);

	if (named)
		return g_strdup(named);
	if (!profile && (is_pair_set(NULL) || is_oidc_set(NULL)))
		return NULL;
	return huawei_credentials_value(profile, "project_id");
}

CredentialSource *huawei_chain_new(
	const char *profile, const char *iam, const HttpSettings *http)
{
	return chain_new(&huawei_chain, profile, iam, http);
}
