#include "fs/start/config.h"

#include <string.h>

#include "backends/api/api.h"
#include "backends/api/api_settings.h"
#include "backends/base/nearest.h"
#include "fs/start/config_lines.h"
#include "fs/start/config_text.h"
#include "fs/start/config_value.h"

/* Shorter ones would make a busy loop of what they pace. */
#define SHORTEST_MS 10
#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT(1000))

typedef enum { BOOL, DURATION, USER, GROUP, PATH, LEVEL, VARIABLES } OwnType;

/* A key of [sessionfs], or one that every provider's group may have. */
typedef struct {
	const char *name;
	OwnType type;
	gsize offset;
	gboolean fixed; /* of [sessionfs]: it takes a new mount */
} OwnKey;

static const OwnKey daemon_keys[] = {
	{"events", BOOL, G_STRUCT_OFFSET(Config, events), TRUE},
	{"log_file", PATH, G_STRUCT_OFFSET(Config, log_file)},
	{"log_json", BOOL, G_STRUCT_OFFSET(Config, log_json)},
	{"log_level", LEVEL, G_STRUCT_OFFSET(Config, log_level)},
	{"views", BOOL, G_STRUCT_OFFSET(Config, views)},
	{"read_only", BOOL, G_STRUCT_OFFSET(Config, read_only)},
	{"allow_other", BOOL, G_STRUCT_OFFSET(Config, allow_other), TRUE},
	{"refresh", DURATION, G_STRUCT_OFFSET(Config, refresh_ms)},
	{"window", DURATION, G_STRUCT_OFFSET(Config, window_ms), TRUE},
	{"deadline", DURATION, G_STRUCT_OFFSET(Config, deadline_ms), TRUE},
	{"create_deadline", DURATION, G_STRUCT_OFFSET(Config, create_ms), TRUE},
	{"uid", USER, G_STRUCT_OFFSET(Config, uid), TRUE},
	{"gid", GROUP, G_STRUCT_OFFSET(Config, gid), TRUE},
	{"state_dir", PATH, G_STRUCT_OFFSET(Config, state_dir), TRUE},
	{"metrics_socket", PATH, G_STRUCT_OFFSET(Config, metrics_socket), TRUE},
	{"environment", VARIABLES, G_STRUCT_OFFSET(Config, environment), TRUE},
	{NULL},
};

static const OwnKey provider_keys[] = {
	{"read_only", BOOL, G_STRUCT_OFFSET(ConfigProvider, read_only)},
	{"start", BOOL, G_STRUCT_OFFSET(ConfigProvider, start)},
	{"views", BOOL, G_STRUCT_OFFSET(ConfigProvider, views)},
	{"refresh", DURATION, G_STRUCT_OFFSET(ConfigProvider, refresh_ms)},
	{"list_lag", DURATION, G_STRUCT_OFFSET(ConfigProvider, list_lag_ms)},
	{NULL},
};

/* ---- values ---- */

gboolean config_parse_duration(const char *text, gint64 *ret_ms)
{
	static const struct {
		const char *unit;
		gint64 ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000},
		{"", 1000}};
	char *end;
	guint64 number = g_ascii_strtoull(text, &end, 10);

	if (!g_ascii_isdigit(*text) || number > (guint64)DAY_MS)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		if ((gint64)number > DAY_MS / units[i].ms)
			return FALSE;
		*ret_ms = (gint64)number * units[i].ms;
		return TRUE;
	}
	return FALSE;
}

static const char *set_own(const OwnKey *key, void *record, const char *value)
{
	void *field = (char *)record + key->offset;
	const char *wanted = NULL;
	char *path;
	gint64 ms;

	switch (key->type) {
	case BOOL:
		return config_value_bool(value, field) ? NULL : "true or false";
	case DURATION:
		return config_parse_duration(value, &ms) && ms >= SHORTEST_MS
			       ? (*(gint64 *)field = ms, NULL)
			       : CONFIG_DURATION ", and 10ms or more";
	case USER:
		return config_value_user(value, field)
			       ? NULL
			       : "a number, or the name of a user";
	case GROUP:
		return config_value_group(value, field)
			       ? NULL
			       : "a number, or the name of a group";
	case LEVEL:
		return config_value_level(value, field)
			       ? NULL
			       : "warning, note or debug";
	case VARIABLES:
		return config_value_variables(value, field)
			       ? NULL
			       : "NAME=VALUE, separated by \";\"";
	case PATH:
		break;
	}
	path = config_text_path(value, &wanted);
	if (path) {
		g_free(*(char **)field);
		*(char **)field = path;
	}
	return wanted;
}

/* What is wrong with a provider's value; NULL: nothing. */
static const char *backend_value_problem(KeyType type, const char *value)
{
	gboolean truth;
	gint64 number;

	switch (type) {
	case KEY_STRING:
		return NULL;
	case KEY_BOOL:
		return config_value_bool(value, &truth) ? NULL
							: "true or false";
	case KEY_INT:
		return config_value_int(value, G_MAXINT32, &number)
			       ? NULL
			       : "a number";
	case KEY_URL:
		return config_value_url_problem(value);
	case KEY_SECONDS:
		return config_parse_duration(value, &number) ? NULL
							     : CONFIG_DURATION;
	case KEY_PATH:
		return NULL;
	}
	return NULL;
}

static const OwnKey *own_find(const OwnKey *keys, const char *name)
{
	for (; keys->name; keys++) {
		if (!strcmp(keys->name, name))
			return keys;
	}
	return NULL;
}

/* Keys of a provider's section that neither table has. */
static const char *const other_keys[] = {
	"ended", "name", "names", "rmdir", "type", "workspaces", NULL};

/* "; did you mean refresh?", or "": new string.  No class: of [sessionfs]. */
static char *key_hint(const BackendClass *class, const char *name)
{
	Nearest nearest = {.name = name};
	const OwnKey *own = class ? provider_keys : daemon_keys;
	const char *secret = class ? config_value_secret_hint(name) : NULL;

	if (secret)
		return g_strdup(secret);

	for (; own->name; own++)
		nearest_try(&nearest, own->name);
	for (gsize i = 0; class && other_keys[i]; i++)
		nearest_try(&nearest, other_keys[i]);
	for (gsize i = 0; class && class->keys && class->keys[i].name; i++)
		nearest_try(&nearest, class->keys[i].name);
	for (gsize i = 0; class && api_keys[i].name; i++)
		nearest_try(&nearest, api_keys[i].name);
	return nearest_hint(&nearest);
}

/* ---- the file ---- */

/* One text while it is read. */
typedef struct {
	Config *config;
	const GPtrArray *lines; /* ConfigLine */
	const char *origin;
	GPtrArray *problems; /* GError * */
} Reading;

static G_GNUC_PRINTF(4, 5) gboolean wrong(const Reading *reading,
	const ConfigLine *line, GError **error, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"%s:%u: [%s] %s", reading->origin, line->number, line->section,
		what);
}

/* `key must be such, not "value"`. */
static gboolean wrong_value(const Reading *reading, const ConfigLine *line,
	const char *wanted, const char *value, GError **error)
{
	g_autofree char *shown = config_masked(value);

	return wrong(reading, line, error, "%s must be %s, not \"%s\"",
		line->key, wanted, shown);
}

static gboolean read_daemon_key(
	const Reading *reading, const ConfigLine *line, GError **error)
{
	const OwnKey *known = own_find(daemon_keys, line->key);
	const char *problem;

	if (!known) {
		g_autofree char *hint = key_hint(NULL, line->key);

		return wrong(reading, line, error, "has no key \"%s\"%s",
			line->key, hint);
	}
	problem = set_own(known, reading->config, line->value);
	/* One of them may be a secret. */
	return !problem ||
	       wrong_value(reading, line, problem,
		       known->type == VARIABLES ? "***" : line->value, error);
}

static char **split_list(const char *value)
{
	g_auto(GStrv) parts = g_strsplit_set(value, ";,", -1);
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (char **part = parts; *part; part++) {
		if (*g_strstrip(*part))
			g_ptr_array_add(list, g_strdup(*part));
	}
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_steal(list, NULL);
}

static const char *set_name(ConfigProvider *provider, const char *value)
{
	if (!*value)
		return "a name for the section's workspace";
	g_free(provider->workspace_name);
	provider->workspace_name = g_strdup(value);
	return NULL;
}

/* "DIRECTORY: NAME; ...": colons without a blank belong to the directory. */
static const char *set_names(ConfigProvider *provider, const char *value)
{
	g_auto(GStrv) list = split_list(value);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (char **item = list; *item; item++) {
		char *mark = g_strrstr(*item, ": ");

		if (!mark || mark == *item)
			return "WORKSPACE: NAME, separated by \";\"";
		g_ptr_array_add(names,
			g_strchomp(g_strndup(*item, (gsize)(mark - *item))));
		g_ptr_array_add(names, g_strdup(g_strchug(mark + 1)));
	}
	g_ptr_array_add(names, NULL);
	g_strfreev(provider->names);
	provider->names = (char **)g_ptr_array_steal(names, NULL);
	return NULL;
}

static const char *set_rmdir(ConfigProvider *provider, const char *value)
{
	provider->rmdir_ends = !strcmp(value, "terminate");
	return provider->rmdir_ends || !strcmp(value, "refuse")
		       ? NULL
		       : "terminate or refuse";
}

static const char *const ended_names[] = {
	[ENDED_ALL] = "all",
	[ENDED_DAY] = "24h",
	[ENDED_NONE] = "none",
};

const char *config_ended_name(Ended ended)
{
	return ended_names[ended];
}

static const char *set_ended(ConfigProvider *provider, const char *value)
{
	for (gsize i = 0; i < G_N_ELEMENTS(ended_names); i++) {
		if (!strcmp(value, ended_names[i])) {
			provider->ended = (Ended)i;
			return NULL;
		}
	}
	return "all, 24h or none";
}

/* *ret_known is FALSE for a key that no provider has. */
static const char *set_provider_key(ConfigProvider *provider, const char *key,
	const char *value, gboolean *ret_known)
{
	const OwnKey *own = own_find(provider_keys, key);
	const BackendKey *backend = backend_key_find(provider->class, key);
	const char *problem;
	char *text;

	*ret_known = TRUE;
	if (!strcmp(key, "type"))
		return NULL;
	if (!strcmp(key, "rmdir"))
		return set_rmdir(provider, value);
	if (!strcmp(key, "ended"))
		return set_ended(provider, value);
	if (!strcmp(key, "name"))
		return set_name(provider, value);
	if (!strcmp(key, "names"))
		return set_names(provider, value);
	if (!strcmp(key, "workspaces")) {
		g_strfreev(provider->workspaces);
		provider->workspaces = split_list(value);
		return NULL;
	}
	if (own)
		return set_own(own, provider, value);
	*ret_known = backend != NULL;
	if (!backend)
		return NULL;
	problem = backend_value_problem(backend->type, value);
	if (problem)
		return problem;
	text = backend->type == KEY_PATH && *value
		       ? config_text_path(value, &problem)
		       : g_strdup(value);
	if (text)
		g_hash_table_insert(provider->keys, g_strdup(key), text);
	return problem;
}

static gboolean read_provider_key(const Reading *reading,
	ConfigProvider *provider, const ConfigLine *line, GError **error)
{
	gboolean known;
	const char *problem =
		set_provider_key(provider, line->key, line->value, &known);

	g_hash_table_insert(provider->lines, g_strdup(line->key),
		GUINT_TO_POINTER(line->number));
	if (!known) {
		g_autofree char *hint = key_hint(provider->class, line->key);

		return wrong(reading, line, error,
			"(type %s) has no key \"%s\"%s", provider->class->name,
			line->key, hint);
	}
	return !problem ||
	       wrong_value(reading, line, problem, line->value, error);
}

/* What people call a provider. */
static const struct {
	const char *name, *types;
} other_names[] = {
	{"aws", "emr or emr-serverless"},
	{"amazon", "emr or emr-serverless"},
	{"aliyun", "alibaba"},
	{"huawei", "dli"},
	{"google", "dataproc"},
	{"gcp", "dataproc"},
	{"spark", "livy"},
};

/* "; did you mean emr or emr-serverless?", or "": new string. */
static char *type_hint(const char *type)
{
	g_autofree char *lower = g_ascii_strdown(type, -1);
	Nearest nearest = {.name = lower};

	for (gsize i = 0; i < G_N_ELEMENTS(other_names); i++)
		if (!strcmp(lower, other_names[i].name))
			return g_strdup_printf(
				"; did you mean %s?", other_names[i].types);
	for (gsize i = 0; backend_classes[i]; i++)
		nearest_try(&nearest, backend_classes[i]->name);
	return nearest_hint(&nearest);
}

/* "a, b, c": new string. */
static char *type_names(void)
{
	GString *out = g_string_new(NULL);

	for (gsize i = 0; backend_classes[i]; i++)
		g_string_append_printf(out, "%s%s", out->len ? ", " : "",
			backend_classes[i]->name);
	return g_string_free(out, FALSE);
}

char *config_no_type(const char *type)
{
	g_autofree char *known = type_names();
	g_autofree char *hint = type_hint(type);

	return g_strdup_printf(
		"no provider type is called \"%s\"; there are: %s%s", type,
		known, hint);
}

/* The line that says it, or else the heading. */
static const ConfigLine *type_line(const GPtrArray *lines, guint heading)
{
	for (guint i = heading + 1; i < lines->len; i++) {
		const ConfigLine *line = g_ptr_array_index(lines, i);

		if (!line->key)
			break;
		if (!strcmp(line->key, "type"))
			return line;
	}
	return g_ptr_array_index(lines, heading);
}

/* NULL: said why. */
static ConfigProvider *add_provider(const Reading *reading, guint heading)
{
	const ConfigLine *line = type_line(reading->lines, heading);
	const char *type = line->key ? line->value : line->section;
	const BackendClass *class = backend_class_find(type);
	ConfigProvider *provider;

	if (!class) {
		g_autofree char *what = config_no_type(type);
		GError *error = NULL;

		wrong(reading, line, &error, "%s: %s",
			line->key ? "type is wrong" : "type is missing", what);
		g_ptr_array_add(reading->problems, error);
		return NULL;
	}
	provider = config_provider_new(line->section, class);
	line = g_ptr_array_index(reading->lines, heading);
	provider->line = line->number;
	g_ptr_array_add(reading->config->providers, provider);
	return provider;
}

/* What is wrong with one key says nothing of the next. */
static void read_section(const Reading *reading, guint heading)
{
	const ConfigLine *line = g_ptr_array_index(reading->lines, heading);
	gboolean own = !strcmp(line->section, "sessionfs");
	ConfigProvider *provider = own ? NULL : add_provider(reading, heading);
	GError *error = NULL;

	for (guint i = heading + 1; i < reading->lines->len; i++) {
		line = g_ptr_array_index(reading->lines, i);
		if (!line->key || (!own && !provider))
			return;
		if (!(own ? read_daemon_key(reading, line, &error)
			  : read_provider_key(reading, provider, line, &error)))
			g_ptr_array_add(
				reading->problems, g_steal_pointer(&error));
	}
}

void config_parse_all(Config *config, const char *text, const char *origin,
	GPtrArray *problems)
{
	g_autoptr(GPtrArray) lines = config_lines(text, origin, problems);
	const Reading reading = {config, lines, origin, problems};

	g_free(config->origin);
	config->origin = g_strdup(origin);
	for (guint i = 0; i < lines->len; i++) {
		const ConfigLine *line = g_ptr_array_index(lines, i);

		if (!line->key)
			read_section(&reading, i);
	}
}

gboolean config_parse(
	Config *config, const char *text, const char *origin, GError **error)
{
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);

	config_parse_all(config, text, origin, problems);
	if (!problems->len)
		return TRUE;
	g_propagate_error(error, g_ptr_array_steal_index(problems, 0));
	return FALSE;
}

/* Whether it is a key of a provider's section. */
static gboolean is_section_key(const char *key)
{
	if (own_find(provider_keys, key) || g_strv_contains(other_keys, key))
		return TRUE;
	for (gsize i = 0; backend_classes[i]; i++)
		if (backend_key_find(backend_classes[i], key))
			return TRUE;
	return FALSE;
}

/* Options of the command line that are no keys. */
static const char *const option_words[] = {
	"auto_unmount", "config", "keeper", "remount", "ro", NULL};

static void no_option(const char *key, GError **error)
{
	Nearest nearest = {.name = key};
	g_autofree char *hint = NULL;

	if (is_section_key(key)) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"\"%s\" is no option: it belongs into a section of "
			"the configuration",
			key);
		return;
	}
	for (const OwnKey *own = daemon_keys; own->name; own++)
		nearest_try(&nearest, own->name);
	for (gsize i = 0; option_words[i]; i++)
		nearest_try(&nearest, option_words[i]);
	hint = nearest_hint(&nearest);
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"there is no option \"%s\"%s", key, hint);
}

gboolean config_set(
	Config *config, const char *key, const char *value, GError **error)
{
	const OwnKey *known = own_find(daemon_keys, key);
	const char *problem = known ? set_own(known, config, value) : NULL;

	if (known && !problem)
		return TRUE;
	if (problem)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"option %s must be %s, not \"%s\"", key, problem,
			known->type == VARIABLES ? "***" : value);
	else
		no_option(key, error);
	return FALSE;
}

const char *config_key(guint i)
{
	return daemon_keys[i].name;
}

/* ---- another one while it is in force ---- */

/* FALSE: they are the same.  Otherwise ret becomes what the other one is. */
static gboolean take_fixed(const OwnKey *key, void *ret, const void *other)
{
	void *to = (char *)ret + key->offset;
	const void *from = (const char *)other + key->offset;
	gsize size = key->type == BOOL ? sizeof(gboolean) : sizeof(gint64);

	if (key->type == PATH || key->type == VARIABLES) {
		char **text = to;
		const char *now = *(char *const *)from;

		if (!g_strcmp0(*text, now))
			return FALSE;
		g_free(*text);
		*text = g_strdup(now);
		return TRUE;
	}
	if (!memcmp(to, from, size))
		return FALSE;
	memcpy(to, from, size);
	return TRUE;
}

char *config_keep_fixed(Config *config, const Config *old)
{
	GString *names = g_string_new(NULL);

	for (const OwnKey *key = daemon_keys; key->name; key++) {
		if (key->fixed && take_fixed(key, config, old))
			g_string_append_printf(names, "%s%s",
				names->len ? ", " : "", key->name);
	}
	return g_string_free(names, FALSE);
}
