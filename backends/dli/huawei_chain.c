#include "backends/dli/huawei_chain.h"

#include "backends/auth/ini.h"
#include "backends/dli/huawei_auth.h"

#define REFRESH_MS (40 * 60 * 1000)

#define ENV_AK "HUAWEICLOUD_SDK_AK"
#define ENV_SK "HUAWEICLOUD_SDK_SK"
#define ENV_TOKEN "HUAWEICLOUD_SDK_SECURITY_TOKEN"
#define ENV_IDP_ID "HUAWEICLOUD_SDK_IDP_ID"
#define ENV_ID_TOKEN_FILE "HUAWEICLOUD_SDK_ID_TOKEN_FILE"
#define ENV_PROJECT "HUAWEICLOUD_SDK_PROJECT_ID"

static Credentials *from_oidc(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	return huawei_oidc(chain, auth_env(ENV_IDP_ID),
		auth_env(ENV_ID_TOKEN_FILE), "OIDC of the environment",
		deadline_us, error);
}

/* ---- what can be told without the network ---- */

static void chain_files(const Chain *chain, GString *out)
{
	const char *token_file = auth_env(ENV_ID_TOKEN_FILE);

	auth_append_stat(out, huawei_credentials_path(chain->file));
	if (token_file)
		auth_append_stat(out, g_strdup(token_file));
}

static gboolean chain_lacks(
	const Chain *chain, const char *profile, GString *out)
{
	g_autofree char *path = huawei_credentials_path(chain->file);

	g_string_append(out, path);
	return ini_lacks(path, INI_HUAWEI, profile);
}

/* ---- the chain ---- */

static const ChainSource sources[] = {
	{"OIDC", from_oidc, .needs = {ENV_IDP_ID, ENV_ID_TOKEN_FILE},
		.named = ENV_ID_TOKEN_FILE},
	{"the environment", .needs = {ENV_AK, ENV_SK}, .token = ENV_TOKEN},
	{"the credentials file", huawei_credentials_file,
		huawei_credentials_there, .profiled = TRUE, .filed = TRUE,
		.named = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"},
	{"ECS metadata", huawei_metadata, .metadata = TRUE},
	{NULL},
};

const ChainClass huawei_chain = {
	.name = "huawei",
	.vendor = "Huawei Cloud",
	.key = "profile",
	.file_key = "credentials_file",
	.refresh_ms = REFRESH_MS,
	.sources = sources,
	.fingerprint = chain_files,
	.lacks = chain_lacks,
	.strict = TRUE,
};

/* A project belongs to the account whose keys stand beside it. */
char *huawei_chain_project(const char *file, const char *profile)
{
	gboolean chosen = file || profile;
	const char *named = chosen ? NULL : auth_env(ENV_PROJECT);
	gboolean keys = (auth_env(ENV_AK) && auth_env(ENV_SK)) ||
			(auth_env(ENV_IDP_ID) && auth_env(ENV_ID_TOKEN_FILE));

	if (named || (keys && !chosen))
		return g_strdup(named);
	return huawei_credentials_value(file, profile, "project_id");
}
