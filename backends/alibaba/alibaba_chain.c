#include "backends/alibaba/alibaba_chain.h"

#include "backends/alibaba/alibaba_auth.h"

#define REFRESH_MS (15 * 60 * 1000)

/* ---- sources that need no file of their own ---- */

static Credentials *from_oidc(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const AlibabaRole role = {.arn = auth_env("ALIBABA_CLOUD_ROLE_ARN")};

	return alibaba_assume_role_oidc(chain, &role,
		auth_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
		auth_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
		"OIDC role of the environment", deadline_us, error);
}

static Credentials *from_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	return alibaba_metadata(chain, auth_env("ALIBABA_CLOUD_ECS_METADATA"),
		deadline_us, error);
}

static Credentials *from_uri(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *name = "ALIBABA_CLOUD_CREDENTIALS_URI";

	return alibaba_uri(chain, auth_env(name), name, deadline_us, error);
}

/* ---- what can be told without the network ---- */

static void chain_files(const Chain *chain, GString *out)
{
	if (!chain->file)
		auth_append_stat(out, alibaba_cli_path());
	auth_append_stat(out, alibaba_credentials_path(chain));
}

static gboolean is_file(char *path)
{
	g_autofree char *owned = path;

	return auth_is_file(owned);
}

static gboolean is_cli_there(const Chain *chain)
{
	return alibaba_cli_enabled() && is_file(alibaba_cli_path());
}

static gboolean is_section_there(const Chain *chain)
{
	return is_file(alibaba_credentials_path(chain));
}

static gboolean chain_lacks(
	const Chain *chain, const char *profile, GString *out)
{
	g_autofree char *cli = alibaba_cli_path();
	g_autofree char *credentials = alibaba_credentials_path(chain);
	gboolean both = !chain->file && alibaba_cli_enabled();

	g_string_append_printf(out, "%s%s%s", both ? cli : "",
		both ? " or " : "", credentials);
	return alibaba_section_lacks(credentials, profile) &&
	       (!both || alibaba_cli_lacks(profile));
}

/* ---- the chain ---- */

static const ChainSource sources[] = {
	{"the environment",
		.needs = {"ALIBABA_CLOUD_ACCESS_KEY_ID",
			"ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
		.token = "ALIBABA_CLOUD_SECURITY_TOKEN"},
	{"OIDC", from_oidc,
		.needs = {"ALIBABA_CLOUD_ROLE_ARN",
			"ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
			"ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
		.named = "ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
	{"the aliyun CLI's profile", alibaba_cli_profile, is_cli_there,
		.profiled = TRUE},
	{"the credentials file", alibaba_credentials_file, is_section_there,
		.profiled = TRUE, .filed = TRUE,
		.named = "ALIBABA_CLOUD_CREDENTIALS_FILE"},
	{"ECS metadata", from_metadata,
		.off = "ALIBABA_CLOUD_ECS_METADATA_DISABLED", .metadata = TRUE,
		.variable = "ALIBABA_CLOUD_ECS_METADATA"},
	{"the credentials URI", from_uri,
		.needs = {"ALIBABA_CLOUD_CREDENTIALS_URI"}},
	{NULL},
};

const ChainClass alibaba_chain = {
	.name = "alibaba",
	.vendor = "Alibaba Cloud",
	.key = "profile",
	.file_key = "credentials_file",
	.refresh_ms = REFRESH_MS,
	.sources = sources,
	.fingerprint = chain_files,
	.profile_variables = {"ALIBABA_CLOUD_PROFILE"},
	.lacks = chain_lacks,
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
