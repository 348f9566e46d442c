#include "fs/command/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/exit_status.h"
#include "fs/start/config.h"
#include "fs/start/config_text.h"

const Flag init_flags[] = {{"config", 'c', "FILE", "write this file"},
	{"force", 256, NULL, "write over one that is there"}, FLAG_HELP,
	{NULL}};

/* A section that will be written; its name is that of its type. */
typedef struct {
	const BackendClass *class;
	GHashTable *keys; /* name -> text: what was given, found or answered */
} Section;

typedef struct {
	GPtrArray *sections; /* Section * */
	gboolean asks;       /* somebody is there to answer */
} Init;

/* Keys without which a provider may not know where to ask. */
static const char *const wanted[] = {"project", "region", "url", NULL};

static void section_free(void *data)
{
	Section *section = data;

	g_hash_table_unref(section->keys);
	g_free(section);
}

static Section *section_of(Init *self, const BackendClass *class)
{
	Section *section;

	for (guint i = 0; i < self->sections->len; i++) {
		section = self->sections->pdata[i];
		if (section->class == class)
			return section;
	}
	section = g_new0(Section, 1);
	section->class = class;
	section->keys =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_ptr_array_add(self->sections, section);
	return section;
}

/* ---- what is asked for ---- */

/* A line that somebody types: new string, "" for none. */
static char *ask(const char *format, ...) G_GNUC_PRINTF(1, 2);

static char *ask(const char *format, ...)
{
	char *line = NULL;
	gsize size = 0;
	va_list args;
	char *answer;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	answer = getline(&line, &size, stdin) < 0 ? g_strdup("")
						  : g_strdup(g_strstrip(line));
	free(line);
	return answer;
}

static void discover(Init *self)
{
	for (gsize i = 0; backend_classes[i]; i++) {
		g_autofree char *answer = NULL;

		if (!backend_discover(backend_classes[i]))
			continue;
		if (self->asks)
			answer = ask("Credentials for %s are there. Add a "
				     "section for it? [Y/n] ",
				backend_classes[i]->name);
		if (!answer || g_ascii_tolower(*answer) != 'n')
			section_of(self, backend_classes[i]);
	}
}

/* TYPE, or TYPE.KEY=VALUE. */
static gboolean take_word(Init *self, const char *word, GError **error)
{
	gsize len = strcspn(word, ".=");
	g_autofree char *type = g_strndup(word, len);
	const BackendClass *class = backend_class_find(type);
	const char *equals = strchr(word, '=');
	g_autofree char *shown = NULL;
	Section *section;

	if (!class) {
		shown = config_no_type(type);
		return backend_error_false(
			error, BACKEND_ERROR_CONFIG, "%s", shown);
	}
	section = section_of(self, class);
	if (!word[len])
		return TRUE;
	if (word[len] != '.' || !equals || equals == word + len + 1)
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"write %s.KEY=VALUE", type);
	shown = config_masked(equals + 1);
	if (strcmp(shown, equals + 1))
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"a secret is not written into a file, and the value of "
			"%.*s may hold one",
			(int)(equals - word), word);
	g_hash_table_insert(section->keys,
		g_strndup(word + len + 1, (gsize)(equals - word) - len - 1),
		g_strdup(equals + 1));
	return TRUE;
}

/* ---- what is found ---- */

static void take_found(const char *key, const char *value, void *data)
{
	Section *section = data;

	if (g_strv_contains(wanted, key) &&
		!g_hash_table_contains(section->keys, key))
		g_hash_table_insert(
			section->keys, g_strdup(key), g_strdup(value));
}

/* Makes the backend of what is known by now. */
static Backend *try_section(const Section *section, GError **error)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, section->keys);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (backend_key_find(section->class, key))
			g_hash_table_insert(keys, key, value);
	return backend_open(section->class, keys, error);
}

static void ask_keys(Section *section)
{
	for (gsize i = 0; wanted[i]; i++) {
		const BackendKey *key =
			backend_key_find(section->class, wanted[i]);
		char *answer;

		if (!key || g_hash_table_contains(section->keys, wanted[i]))
			continue;
		answer = ask("%s: %s (%s): ", section->class->name, key->name,
			key->help);
		if (*answer)
			g_hash_table_insert(
				section->keys, g_strdup(key->name), answer);
		else
			g_free(answer);
	}
}

static void ask_workspaces(Section *section)
{
	char *answer;

	if (g_hash_table_contains(section->keys, "workspaces"))
		return;
	answer = ask("%s: workspaces, separated by \";\" (all): ",
		section->class->name);
	if (*answer)
		g_hash_table_insert(
			section->keys, g_strdup("workspaces"), answer);
	else
		g_free(answer);
}

static gboolean complete(const Init *self, Section *section, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Backend) backend = try_section(section, NULL);

	if (!backend && self->asks) {
		ask_keys(section);
		backend = try_section(section, &problem);
	} else if (!backend) {
		backend = try_section(section, &problem);
	}
	if (!backend)
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"%s: %s; for example: sessionfs init "
			"%s.KEY=VALUE",
			section->class->name,
			problem ? problem->message : "it cannot be used",
			section->class->name);
	backend_found(backend, take_found, section);
	if (self->asks)
		ask_workspaces(section);
	return TRUE;
}

/* ---- the file ---- */

static void write_keys(
	const Section *section, const BackendKey *keys, GString *out)
{
	for (; keys && keys->name; keys++) {
		const char *value =
			g_hash_table_lookup(section->keys, keys->name);

		g_string_append_printf(out, "# %s\n", keys->help);
		if (value)
			g_string_append_printf(
				out, "%s = %s\n", keys->name, value);
		else
			g_string_append_printf(out, "#%s =\n", keys->name);
	}
}

/* Those that are no keys of the provider's own. */
static void write_others(const Section *section, GString *out)
{
	g_autoptr(GList) names = g_list_sort(
		g_hash_table_get_keys(section->keys), (GCompareFunc)strcmp);

	for (GList *name = names; name; name = name->next) {
		const BackendKey *own = section->class->keys;

		while (own && own->name && strcmp(own->name, name->data) != 0)
			own++;
		if (!own || !own->name)
			g_string_append_printf(out, "%s = %s\n",
				(char *)name->data,
				(char *)g_hash_table_lookup(
					section->keys, name->data));
	}
	if (!g_hash_table_contains(section->keys, "workspaces"))
		g_string_append(out, "# only these; without it, all that the "
				     "provider lists\n#workspaces =\n");
}

static char *text_of(const Init *self)
{
	GString *out = g_string_new(
		"# Made by sessionfs init.  man sessionfs.conf tells of every "
		"key.\n"
		"# Credentials are taken from where the vendors' tools keep "
		"them: none is in here.\n\n"
		"[sessionfs]\n"
		"# ask again for a listing that is older than this\n"
		"#refresh = 5s\n"
		"# refuse every write\n"
		"#read_only = false\n");

	for (guint i = 0; i < self->sections->len; i++) {
		const Section *section = self->sections->pdata[i];

		g_string_append_printf(out, "\n[%s]\n", section->class->name);
		write_keys(section, section->class->keys, out);
		write_others(section, out);
	}
	return g_string_free(out, FALSE);
}

/* What is written is what a mount will read. */
static gboolean loads(const char *text, GError **error)
{
	g_autoptr(Config) config = config_new();

	return config_parse(config, text, "init", error);
}

static int write_all(int fd, const char *text)
{
	gsize len = strlen(text);

	while (len) {
		ssize_t done = write(fd, text, len);

		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0) {
			text += done;
			len -= (gsize)done;
		}
	}
	return fsync(fd) ? errno : 0;
}

/* Of a path that somebody has typed: a directory that is not there is a slip. */
static gboolean has_folder(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);

	return g_file_test(folder, G_FILE_TEST_IS_DIR);
}

/* 0, or an errno; never half of it, and never over another unless `force`. */
static int save(const char *path, const char *text, gboolean force)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *part = g_strconcat(path, ".XXXXXX", NULL);
	int fd, error;

	if (g_mkdir_with_parents(folder, 0700))
		return errno;
	fd = g_mkstemp_full(part, O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	error = write_all(fd, text);
	close(fd);
	if (!error && (force ? rename(part, path) : link(part, path)))
		error = errno;
	unlink(part);
	return error;
}

/* ---- the command ---- */

static char *place_of(const CommandLine *line, GError **error)
{
	const char *named = command_line_value(line, "config");
	const char *problem = NULL;
	char *path;

	if (!named)
		return config_user_place();
	path = config_text_path(named, &problem);
	if (!path)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the configuration must be %s, not \"%s\"", problem,
			named);
	return path;
}

static gboolean choose(Init *self, const CommandLine *line, GError **error)
{
	guint count = command_line_operands(line);

	for (guint i = 0; i < count; i++)
		if (!take_word(self, command_line_operand(line, i), error))
			return FALSE;
	if (!count)
		discover(self);
	if (!self->sections->len)
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"no provider's credentials are in sight: log in with "
			"the vendor's tool, or name one, for example "
			"sessionfs init livy.url=http://127.0.0.1:8998");
	for (guint i = 0; i < self->sections->len; i++)
		if (!complete(self, self->sections->pdata[i], error))
			return FALSE;
	return TRUE;
}

static int write_file(
	const Init *self, const char *path, gboolean force, GError **error)
{
	g_autofree char *text = text_of(self);
	int failure;

	if (!loads(text, error))
		return STATUS_USAGE;
	failure = save(path, text, force);
	if (failure == EEXIST)
		return command_line_fail(EXIT_FAILURE,
			"%s is there already: --force writes over it", path);
	if (failure)
		return command_line_fail(EXIT_FAILURE,
			"%s cannot be written: %s", path, g_strerror(failure));
	printf("%s\n", path);
	fprintf(stderr, "Next: sessionfs doctor -c %s\n", path);
	return EXIT_SUCCESS;
}

int init_run(const CommandLine *line)
{
	g_autoptr(GPtrArray) sections =
		g_ptr_array_new_with_free_func(section_free);
	Init self = {sections, isatty(STDIN_FILENO) && isatty(STDERR_FILENO)};
	g_autoptr(GError) error = NULL;
	g_autofree char *path = place_of(line, &error);
	gboolean force = command_line_has(line, "force");
	int status = STATUS_USAGE;

	/* Before anybody answers questions for nothing. */
	if (path && !force && g_file_test(path, G_FILE_TEST_EXISTS))
		return command_line_fail(EXIT_FAILURE,
			"%s is there already: --force writes over it", path);
	if (path && command_line_has(line, "config") && !has_folder(path))
		return command_line_fail(EXIT_FAILURE,
			"%s cannot be written: its directory is not there",
			path);
	if (path && choose(&self, line, &error))
		status = write_file(&self, path, force, &error);
	if (error)
		return command_line_fail(STATUS_USAGE, "%s", error->message);
	return status;
}
