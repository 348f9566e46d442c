/*
 * The aliyun CLI's ~/.aliyun/config.json:
 *
 *   {current, profiles: [{name, mode, region_id, ...}]}
 *
 * where the mode says which other members count: the table at the end.
 */
#include <string.h>

#include "backends/alibaba/alibaba_auth.h"
#include "backends/base/text.h"

#define NAME_MAX_SHOWN 64
#define SOURCE_DEPTH 8 /* profiles that lean on one another */
#define TEXT_MAX 65536

/* One look at a file: what a mode's function needs. */
typedef struct {
	const Chain *chain;
	const Json *config; /* the CLI's */
	gint64 deadline_us;
	guint depth;
} Reading;

static Credentials *profile_keys(
	Reading *reading, const char *name, GError **error);

/* ---- the CLI's configuration ---- */

char *alibaba_cli_path(void)
{
	return auth_home_path(".aliyun/config.json");
}

/* The first variable is the SDK's, the others are the CLI's. */
gboolean alibaba_cli_enabled(void)
{
	return !auth_env_true("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") &&
	       !auth_env_true("ALIBABA_CLOUD_IGNORE_PROFILE") &&
	       !auth_env_true("ALIBABACLOUD_IGNORE_PROFILE");
}

static const char *text(const Json *profile, const char *name)
{
	return json_get_text(profile, name, TEXT_MAX, "");
}

/* The profile that is chosen, where the CLI's own variables count too. */
static const char *cli_name(const Chain *chain, const Json *config)
{
	const char *env = auth_env("ALIBABACLOUD_PROFILE");

	if (!env)
		env = auth_env("ALICLOUD_PROFILE");
	return alibaba_profile_name(chain, env ? env : text(config, "current"));
}

static char *origin_of(const Json *profile)
{
	return g_strdup_printf("aliyun CLI profile %.*s (%.32s)",
		NAME_MAX_SHOWN, text(profile, "name"), text(profile, "mode"));
}

/* Two members for one duration: the CLI writes the first, the SDK reads both. */
static AlibabaRole role_of(const Json *profile)
{
	gint64 seconds =
		json_get_int(profile, "expired_seconds", 0, G_MAXINT32, 0);

	return (AlibabaRole){
		.arn = text(profile, "ram_role_arn"),
		.session_name = text(profile, "ram_session_name"),
		.policy = text(profile, "policy"),
		.external_id = text(profile, "external_id"),
		.sts_region = text(profile, "sts_region"),
		.sts_endpoint = text(profile, "sts_endpoint"),
		.seconds = json_get_int(
			profile, "duration_seconds", 1, G_MAXINT32, seconds),
		.vpc = json_get_bool(profile, "enable_vpc", FALSE),
	};
}

static Credentials *mode_ak(
	Reading *reading, const Json *profile, GError **error)
{
	const AuthKeyNames names = {
		"access_key_id", "access_key_secret", "", "", FALSE};
	g_autofree char *origin = origin_of(profile);

	return auth_keys_read(profile, &names, origin, error);
}

static Credentials *mode_sts_token(
	Reading *reading, const Json *profile, GError **error)
{
	AuthKeyNames names = alibaba_cli_names;
	g_autofree char *origin = origin_of(profile);

	names.temporary = TRUE;
	return auth_keys_read(profile, &names, origin, error);
}

static Credentials *assume(Reading *reading, const Json *profile,
	const Credentials *base, GError **error)
{
	const AlibabaRole role = role_of(profile);
	g_autofree char *origin = origin_of(profile);

	return alibaba_assume_role(reading->chain, &role, base, origin,
		reading->deadline_us, error);
}

/* A base with a token is more than the vendor reads, and does no harm. */
static Credentials *mode_role(
	Reading *reading, const Json *profile, GError **error)
{
	g_autoptr(Credentials) base = auth_keys_read(
		profile, &alibaba_cli_names, "role's base", error);

	return base ? assume(reading, profile, base, error) : NULL;
}

static Credentials *mode_chained_role(
	Reading *reading, const Json *profile, GError **error)
{
	g_autoptr(Credentials) base =
		profile_keys(reading, text(profile, "source_profile"), error);

	return base ? assume(reading, profile, base, error) : NULL;
}

static Credentials *mode_ecs(
	Reading *reading, const Json *profile, GError **error)
{
	return alibaba_metadata(reading->chain, text(profile, "ram_role_name"),
		reading->deadline_us, error);
}

static Credentials *mode_oidc(
	Reading *reading, const Json *profile, GError **error)
{
	const AlibabaRole role = role_of(profile);
	g_autofree char *origin = origin_of(profile);

	return alibaba_assume_role_oidc(reading->chain, &role,
		text(profile, "oidc_provider_arn"),
		text(profile, "oidc_token_file"), origin, reading->deadline_us,
		error);
}

static Credentials *mode_external(
	Reading *reading, const Json *profile, GError **error)
{
	g_auto(GStrv) argv = words_split(text(profile, "process_command"));
	g_autofree char *origin = origin_of(profile);
	g_autofree char *said = NULL;
	AuthKeyNames names = alibaba_cli_names;

	if (!argv || !*argv)
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"process_command is missing or cannot be split");
	g_autoptr(SecretJson) body = auth_run_json(argv, "process_command",
		reading->deadline_us, &reading->chain->stopped, &said, error);
	if (!body)
		return NULL;
	names.temporary = g_str_equal(text(body, "mode"), "StsToken");
	Credentials *credentials = auth_keys_read(body, &names, origin, error);
	if (!credentials)
		auth_quote(error, said);
	return credentials;
}

static Credentials *mode_uri(
	Reading *reading, const Json *profile, GError **error)
{
	g_autofree char *origin = origin_of(profile);
	const char *uri = text(profile, "credentials_uri");

	if (!*uri)
		uri = auth_env("ALIBABA_CLOUD_CREDENTIALS_URI");
	if (uri)
		return alibaba_uri(reading->chain, uri, origin,
			reading->deadline_us, error);
	return backend_error_null(
		error, BACKEND_ERROR_AUTH, "credentials_uri is missing");
}

static Credentials *mode_login(
	Reading *reading, const Json *profile, GError **error)
{
	return alibaba_login(
		reading->chain, profile, reading->deadline_us, error);
}

/* A role that is assumed with the instance's own. */
static Credentials *mode_ecs_role(
	Reading *reading, const Json *profile, GError **error)
{
	g_autoptr(Credentials) base = mode_ecs(reading, profile, error);

	return base ? assume(reading, profile, base, error) : NULL;
}

static const struct {
	const char *mode;
	Credentials *(*get)(Reading *, const Json *profile, GError **error);
} modes[] = {
	{"AK", mode_ak},
	{"StsToken", mode_sts_token},
	{"RamRoleArn", mode_role},
	{"ChainableRamRoleArn", mode_chained_role},
	{"EcsRamRole", mode_ecs},
	{"OIDC", mode_oidc},
	{"External", mode_external},
	{"CredentialsURI", mode_uri},
	{"CloudSSO", mode_login},
	{"OAuth", mode_login},
	{"RamRoleArnWithRoleName", mode_ecs_role},
};

/* The CLI has these besides. */
static void refuse_mode(const char *name, const char *mode, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"profile %.*s has the mode %.32s, which is not supported here; "
		"run `aliyun configure --profile %.*s --mode AK` or another "
		"mode",
		NAME_MAX_SHOWN, name, mode, NAME_MAX_SHOWN, name);
}

static const Json *profile_find(const Json *config, const char *name)
{
	json_foreach (profile, json_get(config, "profiles"))
		if (*name && g_str_equal(text(profile, "name"), name))
			return profile;
	return NULL;
}

static Credentials *profile_keys(
	Reading *reading, const char *name, GError **error)
{
	const Json *profile = profile_find(reading->config, name);
	const char *mode = text(profile, "mode");

	if (!profile)
		return backend_error_null(error, BACKEND_ERROR_NO_KEY,
			"there is no profile %.*s", NAME_MAX_SHOWN,
			*name ? name : "chosen");
	if (reading->depth++ >= SOURCE_DEPTH)
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"source_profile goes round in a circle at %.*s",
			NAME_MAX_SHOWN, name);
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
		if (g_str_equal(modes[i].mode, mode))
			return modes[i].get(reading, profile, error);
	refuse_mode(name, mode, error);
	return NULL;
}

const char *alibaba_profile_name(const Chain *chain, const char *fallback)
{
	const char *env = auth_env("ALIBABA_CLOUD_PROFILE");

	if (chain->profile)
		return chain->profile;
	return env ? env : fallback;
}

static SecretJson *config_read(GError **error)
{
	g_autofree char *path = alibaba_cli_path();
	g_autoptr(GError) cause = NULL;

	if (!alibaba_cli_enabled())
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"ALIBABA_CLOUD_CLI_PROFILE_DISABLED or "
			"ALIBABA_CLOUD_IGNORE_PROFILE is set");
	g_autoptr(SecretText) file = auth_read_file(path, error);
	if (!file)
		return NULL;
	SecretJson *config = json_parse(file, strlen(file), &cause);
	if (!config)
		backend_error_set(error, BACKEND_ERROR_AUTH, "%s: %s", path,
			cause->message);
	return config;
}

Credentials *alibaba_cli_profile(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autoptr(SecretJson) config = config_read(error);
	Reading reading = {chain, config, deadline_us, 0};

	return config ? profile_keys(&reading, cli_name(chain, config), error)
		      : NULL;
}

char *alibaba_cli_region(const char *profile)
{
	const Chain chain = {.profile = (char *)profile};
	g_autoptr(SecretJson) config = config_read(NULL);
	const char *region = text(
		profile_find(config, cli_name(&chain, config)), "region_id");

	return *region ? g_strdup(region) : NULL;
}

gboolean alibaba_cli_lacks(const char *profile)
{
	g_autofree char *path = alibaba_cli_path();
	g_autoptr(SecretJson) config = config_read(NULL);

	return config ? !profile_find(config, profile) : !auth_is_file(path);
}
