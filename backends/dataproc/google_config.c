/*
 * gcloud's directory ($CLOUDSDK_CONFIG or ~/.config/gcloud): active_config holds
 * the name of a configuration, configurations/config_NAME is its key file: ini.h
 * with INI_GOOGLE.
 */
#include <string.h>

#include "backends/auth/ini.h"
#include "backends/base/text.h"
#include "backends/dataproc/google_auth.h"

#define NAME_MAX_LEN 64
#define NO_CONFIG "NONE"

char *google_config_path(const char *rest)
{
	const char *base = auth_env("CLOUDSDK_CONFIG");
	g_autofree char *below = g_strconcat(".config/gcloud/", rest, NULL);

	return base ? g_build_filename(base, rest, NULL)
		    : auth_home_path(below);
}

/* It becomes part of a file's name. */
static gboolean name_legal(const char *name)
{
	return *name && strlen(name) <= NAME_MAX_LEN &&
	       text_is_made_of(name, "-_");
}

/* NULL: there is none. */
static char *active_name(void)
{
	const char *env = auth_env("CLOUDSDK_ACTIVE_CONFIG_NAME");
	g_autofree char *path = google_config_path("active_config");
	g_autofree char *name =
		env ? g_strdup(env) : auth_read_file(path, NULL);

	if (!name || !*g_strstrip(name))
		return g_strdup("default");
	return name_legal(name) && !g_str_equal(name, NO_CONFIG)
		       ? g_steal_pointer(&name)
		       : NULL;
}

char *google_config_get(const char *section, const char *name)
{
	g_autofree char *active = active_name();
	g_autofree char *rest = g_strconcat(
		"configurations/config_", active ? active : NO_CONFIG, NULL);
	g_autofree char *path = google_config_path(rest);
	g_autoptr(Ini) ini = active ? ini_read(path, INI_GOOGLE, NULL) : NULL;
	const char *value = ini ? ini_get(ini, section, name) : NULL;

	return value && *value ? g_strdup(value) : NULL;
}
