/*
 * The SDKs' own file, ~/.huaweicloud/credentials:
 *
 *   [basic]
 *   ak = ...
 *   sk = ...
 *   security_token = ...     temporary keys
 *   idp_id = ...             or these two: OIDC
 *   id_token_file = ...
 *   project_id = ...
 *   iam_endpoint = ...
 *
 * read as the SDK for Python reads it: ini.h with INI_HUAWEI.
 */
#include "backends/auth/ini.h"
#include "backends/dli/huawei_auth.h"

#define SECTION "basic"
#define NAME_MAX_SHOWN 64

char *huawei_credentials_path(const char *file)
{
	const char *path =
		file ? file : auth_env("HUAWEICLOUD_SDK_CREDENTIALS_FILE");

	return path ? g_strdup(path)
		    : auth_home_path(".huaweicloud/credentials");
}

static const char *section_of(const char *profile)
{
	return profile ? profile : SECTION;
}

static const char *value(const Ini *ini, const char *section, const char *key)
{
	const char *text = ini_get(ini, section, key);

	return text && *text ? text : NULL;
}

char *huawei_credentials_value(
	const char *file, const char *section, const char *key)
{
	g_autofree char *path = huawei_credentials_path(file);
	g_autoptr(Ini) ini = ini_read(path, INI_HUAWEI, NULL);

	return ini ? g_strdup(value(ini, section_of(section), key)) : NULL;
}

/* The file, and in it what of a section credentials are made of. */
typedef struct {
	Ini *ini;
	const char *ak, *sk, *token, *idp_id, *id_token_file;
} Section;

static void section_clear(Section *section)
{
	ini_free(section->ini);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Section, section_clear)

static gboolean section_is_pair(const Section *section)
{
	return section->ak && section->sk;
}

static gboolean section_is_oidc(const Section *section)
{
	return section->idp_id && section->id_token_file;
}

static Section section_read(const char *path, const char *name, GError **error)
{
	Ini *ini = ini_read(path, INI_HUAWEI, error);

	if (!ini)
		return (Section){NULL};
	if (ini_has(ini, name) && !ini_check(ini, name, error))
		g_prefix_error(error, "%s: ", path);
	return (Section){
		.ini = ini,
		.ak = value(ini, name, "ak"),
		.sk = value(ini, name, "sk"),
		.token = value(ini, name, "security_token"),
		.idp_id = value(ini, name, "idp_id"),
		.id_token_file = value(ini, name, "id_token_file"),
	};
}

static Section file_section(const Chain *chain, GError **error)
{
	g_autofree char *path = huawei_credentials_path(chain->file);
	const char *name = section_of(chain->profile);
	g_autoptr(GError) cause = NULL;
	Section section = section_read(path, name, &cause);

	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	else if (!section_is_pair(&section) && !section_is_oidc(&section))
		backend_error_set(error,
			ini_has(section.ini, name) ? BACKEND_ERROR_AUTH
						   : BACKEND_ERROR_NO_KEY,
			"%s: there is no ak and sk, nor idp_id and "
			"id_token_file, in [%.*s]",
			path, NAME_MAX_SHOWN, name);
	return section;
}

gboolean huawei_credentials_there(const Chain *chain)
{
	g_auto(Section) section = file_section(chain, NULL);

	return section_is_pair(&section) || section_is_oidc(&section);
}

Credentials *huawei_credentials_file(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_auto(Section) section = file_section(chain, error);
	g_autofree char *path = huawei_credentials_path(chain->file);
	g_autofree char *origin = g_strdup_printf("section %.*s of %s",
		NAME_MAX_SHOWN, section_of(chain->profile), path);

	if (section_is_oidc(&section))
		return huawei_oidc(chain, section.idp_id, section.id_token_file,
			origin, deadline_us, error);
	if (section_is_pair(&section))
		return auth_pair_new(
			section.ak, section.sk, section.token, origin, error);
	return NULL;
}
