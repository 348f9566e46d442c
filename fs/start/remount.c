#include "fs/start/remount.h"

#include <stdio.h>
#include <string.h>

#include "fs/base/say.h"
#include "fs/start/mount.h"

static gboolean refuse(const char *why, const char *mountpoint, GError **error)
{
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"%s is not changed by a remount: %s", mountpoint, why);
}

/* The daemon's own settings that are in force: the first section of the file in
 * which it shows them. */
static Config *in_force(const char *mountpoint, GError **error)
{
	g_autofree char *file =
		g_build_filename(mountpoint, ".sessionfs/config", NULL);
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = NULL;
	char *next;

	if (!g_file_get_contents(file, &text, NULL, &problem)) {
		refuse(problem->message, mountpoint, error);
		return NULL;
	}
	next = strstr(text, "\n[");
	if (next)
		*next = '\0';
	return config_parse(config, text, file, error)
		       ? g_steal_pointer(&config)
		       : NULL;
}

/* Each setting by itself, so that the message can name it. */
static gboolean is_in_force(Config *config, const char *key, const char *value,
	const char *mountpoint, GError **error)
{
	g_autofree char *before = config_describe(config);
	g_autofree char *after = NULL;
	g_autofree char *why = NULL;

	if (!config_set(config, key, value, error))
		return FALSE;
	after = config_describe(config);
	if (!strcmp(before, after))
		return TRUE;
	why = g_strdup_printf("%s=%s is not in force; unmount it, and mount it "
			      "with that option",
		key, value);
	return refuse(why, mountpoint, error);
}

gboolean remount_check(
	const Options *options, const char *mountpoint, GError **error)
{
	const GPtrArray *settings = options->settings;
	g_autoptr(Config) config = NULL;

	if (!mount_device(mountpoint))
		return refuse(
			"no sessionfs is mounted there", mountpoint, error);
	config = in_force(mountpoint, error);
	if (!config)
		return FALSE;
	for (guint i = 0; i + 1 < settings->len; i += 2)
		if (!is_in_force(config, g_ptr_array_index(settings, i),
			    g_ptr_array_index(settings, i + 1), mountpoint,
			    error))
			return FALSE;
	if (options->config_path)
		say("a remount does not read %s", options->config_path);
	return TRUE;
}
