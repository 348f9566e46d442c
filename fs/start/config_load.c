#include "fs/start/config.h"

#include <string.h>

#include "backends/base/secret.h"
#include "fs/start/config_text.h"
#include "fs/start/config_value.h"

static void provider_free(ConfigProvider *provider)
{
	g_clear_pointer(&provider->backend, backend_close);
	g_hash_table_unref(provider->keys);
	g_hash_table_unref(provider->lines);
	g_strfreev(provider->workspaces);
	g_strfreev(provider->names);
	g_free(provider->workspace_name);
	g_free(provider->found);
	g_free(provider->name);
	g_free(provider);
}

Config *config_new(void)
{
	Config *config = g_new0(Config, 1);

	config->events = config->views = TRUE;
	config->log_level = G_LOG_LEVEL_INFO;
	config->refresh_ms = 5000;
	config->window_ms = 60000;
	config->deadline_ms = 10000;
	config->create_ms = 30000;
	config->uid = config->gid = -1;
	config->providers =
		g_ptr_array_new_with_free_func((GDestroyNotify)provider_free);
	return config;
}

void config_free(Config *config)
{
	g_ptr_array_unref(config->providers);
	g_free(config->state_dir);
	g_free(config->metrics_socket);
	g_free(config->log_file);
	g_free(config->environment);
	g_free(config->origin);
	g_free(config);
}

ConfigProvider *config_provider_new(const char *name, const BackendClass *class)
{
	ConfigProvider *provider = g_new0(ConfigProvider, 1);

	provider->name = g_strdup(name);
	provider->class = class;
	provider->start = provider->views = TRUE;
	provider->list_lag_ms = -1;
	provider->keys =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	provider->lines =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return provider;
}

static gboolean load_file(
	Config *config, const char *path, gboolean again, GError **error)
{
	g_autofree char *text = config_text_read(path, again, error);

	return text && config_parse(config, text, path, error);
}

/* As it was given: a shell leaves --config=~/x alone. */
static gboolean load_named(
	Config *config, const char *name, gboolean again, GError **error)
{
	const char *wanted = NULL;
	g_autofree char *path = config_text_path(name, &wanted);

	if (path)
		return load_file(config, path, again, error);
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"the configuration must be %s, not \"%s\"", wanted, name);
	return FALSE;
}

static gboolean discover(Config *config, GError **error)
{
	for (gsize i = 0; backend_classes[i]; i++) {
		if (backend_discover(backend_classes[i]))
			g_ptr_array_add(config->providers,
				config_provider_new(backend_classes[i]->name,
					backend_classes[i]));
	}
	config->discovered = TRUE;
	if (config->providers->len)
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"there is no configuration (-c, ~/.config/sessionfs/"
		"sessionfs.conf, /etc/sessionfs/sessionfs.conf) and no "
		"provider's credentials were found; try --demo");
	return FALSE;
}

char *config_user_place(void)
{
	return g_build_filename(
		g_get_user_config_dir(), "sessionfs", "sessionfs.conf", NULL);
}

char *config_place(void)
{
	g_autofree char *user = config_user_place();
	const char *places[] = {user, "/etc/sessionfs/sessionfs.conf"};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		if (g_file_test(places[i], G_FILE_TEST_EXISTS))
			return g_strdup(places[i]);
	}
	return NULL;
}

gboolean config_load(
	Config *config, const char *path, gboolean again, GError **error)
{
	g_autofree char *place = NULL;

	if (path)
		return load_named(config, path, again, error);
	place = config_place();
	return place ? load_file(config, place, again, error)
		     : discover(config, error);
}

gboolean config_has_sections(const Config *config, GError **error)
{
	if (config->providers->len)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"%s names no provider: add a section, such as the two lines "
		"\"[alibaba]\" and \"region = cn-hangzhou\"",
		config->origin ? config->origin : "the configuration");
}

/* ---- backends ---- */

char *config_where(
	const Config *config, const ConfigProvider *section, const char *key)
{
	gpointer found = key ? g_hash_table_lookup(section->lines, key) : NULL;
	guint line = found ? GPOINTER_TO_UINT(found) : section->line;

	return config->origin && line
		       ? g_strdup_printf("%s:%u: [%s]", config->origin, line,
				 section->name)
		       : g_strdup_printf("[%s]", section->name);
}

/* The key that a backend's message begins with is the one that it is about. */
static char *where_of(const Config *config, const ConfigProvider *section,
	const char *message)
{
	g_autofree char *word = g_strndup(
		message, strspn(message, "abcdefghijklmnopqrstuvwxyz_"));

	return config_where(config, section, word);
}

/* The mount serves what it can, and says what will not come right by itself. */
static void warn_doubt(const Config *config, const ConfigProvider *provider)
{
	g_autofree char *doubt = backend_doubt(provider->class, provider->keys);
	g_autofree char *where =
		doubt ? where_of(config, provider, doubt) : NULL;

	if (doubt)
		g_warning("%s %s", where, doubt);
}

/* Why it cannot be opened: a new string; NULL when it was. */
static char *open_one(const Config *config, ConfigProvider *provider)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *where = NULL;

	if (provider->kept)
		return NULL;
	provider->backend =
		backend_open(provider->class, provider->keys, &problem);
	if (provider->backend) {
		config_warn_files(config, provider);
		warn_doubt(config, provider);
		return NULL;
	}
	where = where_of(config, provider, problem->message);
	return g_strdup_printf("%s %s", where, problem->message);
}

/* Each that cannot be opened goes, and says why. */
static GPtrArray *leave_out(Config *config)
{
	GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);
	char *reason;

	for (guint i = 0; i < config->providers->len;) {
		reason = open_one(
			config, g_ptr_array_index(config->providers, i));
		if (!reason) {
			i++;
			continue;
		}
		g_ptr_array_add(reasons, reason);
		g_ptr_array_remove_index(config->providers, i);
	}
	return reasons;
}

static gboolean open_discovered(Config *config, GError **error)
{
	g_autoptr(GPtrArray) reasons = leave_out(config);
	g_autofree char *all = NULL;

	for (guint i = 0; i < reasons->len && config->providers->len; i++)
		g_warning("a provider whose credentials were found is left "
			  "out: %s; a section of that name in "
			  "~/.config/sessionfs/"
			  "sessionfs.conf can say what is missing",
			(char *)g_ptr_array_index(reasons, i));
	if (config->providers->len)
		return TRUE;
	g_ptr_array_add(reasons, NULL);
	all = g_strjoinv("; ", (char **)reasons->pdata);
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"there is no configuration, and of the providers whose "
		"credentials were found none can be used: %s; sections of "
		"those names in ~/.config/sessionfs/sessionfs.conf can say "
		"what is missing",
		all);
	return FALSE;
}

gboolean config_open(Config *config, GError **error)
{
	if (config->discovered)
		return open_discovered(config, error);
	for (guint i = 0; i < config->providers->len; i++) {
		g_autofree char *reason = open_one(
			config, g_ptr_array_index(config->providers, i));

		if (!reason)
			continue;
		backend_error_set(error, BACKEND_ERROR_CONFIG, "%s", reason);
		return FALSE;
	}
	return TRUE;
}

/* ---- what is in force ---- */

char *config_masked(const char *value)
{
	static const char *const of_files[] = {
		"/", "~/", "basic:", "bearer:", "header:"};

	/* Its arguments may be a password. */
	if (g_str_has_prefix(value, "exec:"))
		return g_strdup("exec:***");
	/* They name a file, and an "@" in a path is no login. */
	for (gsize i = 0; i < G_N_ELEMENTS(of_files); i++)
		if (g_str_has_prefix(value, of_files[i]))
			return secret_mask(value);
	secret_keep_login(value);
	return secret_mask(value);
}

static void describe_names(const ConfigProvider *provider, GString *out)
{
	char **names = provider->names;

	for (guint i = 0; names && names[i]; i += 2)
		g_string_append_printf(out, "%s%s: %s",
			i ? "; " : "names = ", names[i], names[i + 1]);
	if (names && names[0])
		g_string_append_c(out, '\n');
}

/* How long a new session may be missing, as the section or its provider says. */
static gint64 list_lag_ms(const ConfigProvider *provider)
{
	return provider->list_lag_ms >= 0 ? provider->list_lag_ms
					  : provider->class->list_lag_ms;
}

static void describe_key(const char *key, const char *value, GString *out)
{
	g_autofree char *shown = config_masked(value);

	g_string_append_printf(out, "%s = %s\n", key, shown);
}

typedef struct {
	const ConfigProvider *provider;
	GString *out;
} Found;

static void describe_found(const char *key, const char *value, void *data)
{
	const Found *found = data;

	if (!g_hash_table_contains(found->provider->keys, key))
		describe_key(key, value, found->out);
}

/* Kept, since the cache takes the backend. */
static void remember_found(ConfigProvider *provider)
{
	GString *out = g_string_new(NULL);
	Found found = {provider, out};

	backend_found(provider->backend, describe_found, &found);
	g_free(provider->found);
	provider->found = g_string_free(out, FALSE);
}

static void describe_provider(ConfigProvider *provider, GString *out)
{
	GHashTableIter iter;
	gpointer key, value;

	g_string_append_printf(out, "\n[%s]\ntype = %s\n", provider->name,
		provider->class->name);
	g_string_append_printf(out,
		"read_only = %s\nrmdir = %s\nstart = %s\nended = %s\n"
		"views = %s\nlist_lag = %" G_GINT64_FORMAT "ms\n",
		provider->read_only ? "true" : "false",
		provider->rmdir_ends ? "terminate" : "refuse",
		provider->start ? "true" : "false",
		config_ended_name(provider->ended),
		provider->views ? "true" : "false", list_lag_ms(provider));
	if (provider->refresh_ms)
		g_string_append_printf(out,
			"refresh = %" G_GINT64_FORMAT "ms\n",
			provider->refresh_ms);
	if (provider->workspaces) {
		g_autofree char *list = g_strjoinv("; ", provider->workspaces);

		g_string_append_printf(out, "workspaces = %s\n", list);
	}
	if (provider->workspace_name)
		g_string_append_printf(
			out, "name = %s\n", provider->workspace_name);
	describe_names(provider, out);
	g_hash_table_iter_init(&iter, provider->keys);
	while (g_hash_table_iter_next(&iter, &key, &value))
		describe_key(key, value, out);
	if (provider->backend)
		remember_found(provider);
	if (provider->found)
		g_string_append(out, provider->found);
}

char *config_describe(const Config *config)
{
	GString *out = g_string_new(
		config->demo ? "# --demo: the sessions are made up\n" : "");

	g_string_append(out, "[sessionfs]\n");

	g_string_append_printf(out,
		"log_level = %s\nlog_json = %s\nread_only = %s\nallow_other = "
		"%s\n"
		"events = %s\nviews = %s\nrefresh = "
		"%" G_GINT64_FORMAT "ms\nwindow = %" G_GINT64_FORMAT
		"ms\ndeadline = %" G_GINT64_FORMAT
		"ms\ncreate_deadline = %" G_GINT64_FORMAT "ms\n",
		config_level_name(config->log_level),
		config->log_json ? "true" : "false",
		config->read_only ? "true" : "false",
		config->allow_other ? "true" : "false",
		config->events ? "true" : "false",
		config->views ? "true" : "false", config->refresh_ms,
		config->window_ms, config->deadline_ms, config->create_ms);
	if (config->uid >= 0)
		g_string_append_printf(
			out, "uid = %" G_GINT64_FORMAT "\n", config->uid);
	if (config->gid >= 0)
		g_string_append_printf(
			out, "gid = %" G_GINT64_FORMAT "\n", config->gid);
	if (config->state_dir)
		g_string_append_printf(
			out, "state_dir = %s\n", config->state_dir);
	if (config->metrics_socket)
		g_string_append_printf(
			out, "metrics_socket = %s\n", config->metrics_socket);
	if (config->log_file)
		g_string_append_printf(
			out, "log_file = %s\n", config->log_file);
	if (config->environment) {
		g_autofree char *names =
			config_variables_masked(config->environment);

		g_string_append_printf(out, "environment = %s\n", names);
	}
	for (guint i = 0; i < config->providers->len; i++)
		describe_provider(g_ptr_array_index(config->providers, i), out);
	return g_string_free(out, FALSE);
}
