/*
 * gcloud's directory ($CLOUDSDK_CONFIG or ~/.config/gcloud): active_config holds
 * the name of a configuration, configurations/config_NAME is its key file.
 */
#include <string.h>

#include "auth/google_auth.h"

#define NAME_MAX_LEN 64

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
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       strlen(name);
}

static char *active_name(void)
{
	const char *env = auth_env("CLOUDSDK_ACTIVE_CONFIG_NAME");
	g_autofree char *path = google_config_path("active_config");
	gsize len;
	g_autofree char *name =
		env ? g_strdup(env) : auth_read_file(path, &len, NULL);

	if (name && name_legal(g_strstrip(name)))
		return g_steal_pointer(&name);
	return g_strdup("default");
}

char *google_config_get(const char *section, const char *name)
{
	g_autofree char *active = active_name();
	g_autofree char *rest =
		g_strconcat("configurations/config_", active, NULL);
	g_autofree char *path = google_config_path(rest);
	g_autoptr(GKeyFile) file = g_key_file_new();
	gsize len;
	char *text = auth_read_file(path, &len, NULL);

	if (!text)
		return NULL;
	gboolean read = g_key_file_load_from_data(
		file, text, len, G_KEY_FILE_NONE, NULL);
	auth_wipe_text(text, len);
	g_autofree char *value =
		read ? g_key_file_get_value(file, section, name, NULL) : NULL;
	return value && *g_strstrip(value) ? g_steal_pointer(&value) : NULL;
}
