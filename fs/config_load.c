#include "config.h"

#include <string.h>

static gboolean load_file(Config *config, const char *path, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &problem)) {
		backend_error_set(
			error, BACKEND_ERROR_CONFIG, "%s", problem->message);
		return FALSE;
	}
	return config_parse(config, text, path, error);
}

static gboolean discover(Config *config, GError **error)
{
	for (gsize i = 0; backend_classes[i]; i++) {
		if (backend_discover(backend_classes[i]))
			g_ptr_array_add(config->providers,
				config_provider_new(backend_classes[i]->name,
					backend_classes[i]));
	}
	if (config->providers->len)
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"there is no configuration (-c, ~/.config/sessionfs/"
		"sessionfs.conf, /etc/sessionfs/sessionfs.conf) and no "
		"provider's credentials were found; try --demo");
	return FALSE;
}

gboolean config_load(Config *config, const char *path, GError **error)
{
	g_autofree char *user = g_build_filename(
		g_get_user_config_dir(), "sessionfs", "sessionfs.conf", NULL);
	const char *places[] = {user, "/etc/sessionfs/sessionfs.conf"};

	if (path)
		return load_file(config, path, error);
	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		if (g_file_test(places[i], G_FILE_TEST_EXISTS))
			return load_file(config, places[i], error);
	}
	return discover(config, error);
}

static void describe_provider(const ConfigProvider *provider, GString *out)
{
	GHashTableIter iter;
	gpointer key, value;

	g_string_append_printf(out, "\n[%s]\ntype = %s\n", provider->name,
		provider->class->name);
	g_string_append_printf(out, "read_only = %s\nrmdir = %s\nstart = %s\n",
		provider->read_only ? "true" : "false",
		provider->rmdir_ends ? "terminate" : "refuse",
		provider->start ? "true" : "false");
	if (provider->workspaces) {
		g_autofree char *list = g_strjoinv("; ", provider->workspaces);

		g_string_append_printf(out, "workspaces = %s\n", list);
	}
	g_hash_table_iter_init(&iter, provider->keys);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		g_autofree char *shown = config_without_password(value);

		g_string_append_printf(out, "%s = %s\n", (char *)key, shown);
	}
}

char *config_describe(const Config *config)
{
	GString *out = g_string_new("[sessionfs]\n");

	g_string_append_printf(out,
		"read_only = %s\nallow_other = %s\nrefresh = %" G_GINT64_FORMAT
		"ms\nwindow = %" G_GINT64_FORMAT
		"ms\ndeadline = %" G_GINT64_FORMAT
		"ms\ncreate_deadline = %" G_GINT64_FORMAT "ms\n",
		config->read_only ? "true" : "false",
		config->allow_other ? "true" : "false", config->refresh_ms,
		config->window_ms, config->deadline_ms, config->create_ms);
	for (guint i = 0; i < config->providers->len; i++)
		describe_provider(g_ptr_array_index(config->providers, i), out);
	return g_string_free(out, FALSE);
}
