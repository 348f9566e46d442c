/*
 * The SDKs' own file, ~/.alibabacloud/credentials.ini or, as some of them have
 * it, without the suffix:
 *
 *   [name]
 *   type = access_key | ram_role_arn | oidc_role_arn | ecs_ram_role
 *   access_key_id = ...
 *
 * read as the SDK for Python reads it: ini.h with INI_ALIBABA.
 */
#include "backends/alibaba/alibaba_auth.h"
#include "backends/auth/ini.h"

#define NAME_MAX_SHOWN 64

char *alibaba_credentials_path(const Chain *chain)
{
	const char *path = chain->file
				   ? chain->file
				   : auth_env("ALIBABA_CLOUD_CREDENTIALS_FILE");

	if (path)
		return g_strdup(path);
	g_autofree char *ini = auth_home_path(".alibabacloud/credentials.ini");
	return auth_is_file(ini) ? g_steal_pointer(&ini)
				 : auth_home_path(".alibabacloud/credentials");
}

/* A section that is being made use of. */
typedef struct {
	const Chain *chain;
	const Ini *ini;
	const char *section;
	const char *origin;
	gint64 deadline_us;
} Reading;

static const char *value(const Reading *reading, const char *key)
{
	const char *text = ini_get(reading->ini, reading->section, key);

	return text && *text ? text : NULL;
}

static AlibabaRole role_of(const Reading *reading)
{
	return (AlibabaRole){
		.arn = value(reading, "role_arn"),
		.session_name = value(reading, "role_session_name"),
		.policy = value(reading, "policy"),
	};
}

/* Neither type takes a token here: that is what the environment is for. */
static Credentials *type_pair(const Reading *reading, GError **error)
{
	const char *id = value(reading, "access_key_id");
	const char *secret = value(reading, "access_key_secret");

	if (id && secret)
		return auth_pair_new(id, secret, NULL, reading->origin, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"access_key_id or access_key_secret is missing");
}

static Credentials *type_role(const Reading *reading, GError **error)
{
	const AlibabaRole role = role_of(reading);
	g_autoptr(Credentials) base = type_pair(reading, error);

	return base ? alibaba_assume_role(reading->chain, &role, base,
			      reading->origin, reading->deadline_us, error)
		    : NULL;
}

static Credentials *type_oidc(const Reading *reading, GError **error)
{
	const AlibabaRole role = role_of(reading);
	const char *provider = value(reading, "oidc_provider_arn");
	const char *file = value(reading, "oidc_token_file_path");

	if (!provider)
		provider = auth_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
	if (!file)
		file = auth_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE");
	if (provider && file)
		return alibaba_assume_role_oidc(reading->chain, &role, provider,
			file, reading->origin, reading->deadline_us, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"oidc_provider_arn or oidc_token_file_path is missing");
}

static Credentials *type_ecs(const Reading *reading, GError **error)
{
	return alibaba_metadata(reading->chain, value(reading, "role_name"),
		reading->deadline_us, error);
}

static const struct {
	const char *type;
	Credentials *(*get)(const Reading *reading, GError **error);
} types[] = {
	{"access_key", type_pair},
	{"ram_role_arn", type_role},
	{"oidc_role_arn", type_oidc},
	{"ecs_ram_role", type_ecs},
};

static Credentials *section_keys(const Reading *reading, GError **error)
{
	const char *type = value(reading, "type");

	for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(types[i].type, type))
			return types[i].get(reading, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"%s: its type must be access_key, ram_role_arn, oidc_role_arn "
		"or ecs_ram_role",
		reading->origin);
}

Credentials *alibaba_credentials_file(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autofree char *path = alibaba_credentials_path(chain);
	const char *name = alibaba_profile_name(chain, "default");
	g_autofree char *origin = g_strdup_printf(
		"section %.*s of %s", NAME_MAX_SHOWN, name, path);
	g_autoptr(Ini) ini = ini_read(path, INI_ALIBABA, error);
	const Reading reading = {chain, ini, name, origin, deadline_us};

	if (!ini)
		return NULL;
	if (ini_check(ini, name, NULL))
		return section_keys(&reading, error);
	return backend_error_null(error, BACKEND_ERROR_NO_KEY,
		"%s: there is no such section", origin);
}

gboolean alibaba_section_lacks(const char *path, const char *profile)
{
	return ini_lacks(path, INI_ALIBABA, profile);
}
