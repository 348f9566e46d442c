#include "auth/aws_files.h"

#include <string.h>

#define KEY_LEN_MAX 256

/* One file: sections by "kind\nname", in them values by key; the values lie in
 * text. */
typedef struct {
	char *text;
	gsize len;
	GHashTable *sections;
} File;

struct AwsFiles {
	File config, credentials;
};

typedef struct {
	File *file;
	gboolean plain;   /* [x] is a profile's name */
	GHashTable *keys; /* of the section; NULL: one that nobody reads */
	char *key;        /* the last that was not nested; NULL: none */
	char *value;
	char *end;    /* of the value */
	gsize indent; /* of that key */
} Parser;

/* Beside the kinds of the header: [default], which [profile default] hides. */
static const char *const kinds[] = {"profile", "sso-session", "services"};
#define BARE_DEFAULT "default\n"

/* ---- parsing ---- */

static char *section_id(const char *kind, const char *name)
{
	return g_strconcat(kind, "\n", name, NULL);
}

/* A name may be quoted.  Cuts up text. */
static const char *name_unquote(char *text)
{
	g_strstrip(text);
	gsize len = strlen(text);

	if (len < 2 || !strchr("'\"", *text) || text[len - 1] != *text)
		return text;
	text[len - 1] = '\0';
	return text + 1;
}

/* The id of "[title]"; NULL for what nobody reads.  Cuts up title. */
static char *title_id(const Parser *parser, char *title)
{
	gsize kind_len;

	if (parser->plain)
		return section_id(
			kinds[AWS_FILES_PROFILE], name_unquote(title));
	g_strstrip(title);
	if (g_str_equal(title, "default"))
		return g_strdup(BARE_DEFAULT);
	kind_len = strcspn(title, " \t");
	if (!title[kind_len])
		return NULL;
	title[kind_len] = '\0';
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_equal(title, kinds[i]))
			return section_id(
				kinds[i], name_unquote(title + kind_len + 1));
	return NULL;
}

static void parse_title(Parser *parser, char *title)
{
	GHashTable *sections = parser->file->sections;

	title[strcspn(title, "]")] = '\0';
	g_autofree char *id = title_id(parser, title);

	g_clear_pointer(&parser->key, g_free);
	parser->keys = id ? g_hash_table_lookup(sections, id) : NULL;
	if (!id || parser->keys)
		return;
	parser->keys =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_insert(sections, g_steal_pointer(&id), parser->keys);
}

/* The text lies behind the value's end, with what was cut between the two. */
static void value_go_on(Parser *parser, const char *more)
{
	gsize len = strlen(more);

	*parser->end = ' ';
	memmove(parser->end + 1, more, len + 1);
	parser->end += 1 + len;
}

static char *key_of(const char *parent, const char *text)
{
	g_autofree char *lower = g_ascii_strdown(text, -1);

	return parent ? g_strconcat(parent, ".", lower, NULL)
		      : g_steal_pointer(&lower);
}

/* A line that is neither blank nor a title. */
static void parse_pair(Parser *parser, char *line, gsize indent)
{
	gboolean deeper = parser->key && indent > parser->indent;
	char *value = strchr(line, '=');

	if (deeper && *parser->value) {
		value_go_on(parser, line);
		return;
	}
	if (!value || value - line > KEY_LEN_MAX)
		return;
	*value++ = '\0';
	char *key = key_of(deeper ? parser->key : NULL, g_strchomp(line));
	g_strchug(value);
	g_hash_table_insert(parser->keys, g_strdup(key), value);
	if (!deeper) {
		g_free(parser->key);
		parser->key = g_steal_pointer(&key);
		parser->value = value;
		parser->end = value + strlen(value);
		parser->indent = indent;
	}
	g_free(key);
}

static void cut_remark(char *line)
{
	for (char *c = line; *c; c++)
		if ((*c == '#' || *c == ';') &&
			(c == line || g_ascii_isspace(c[-1]))) {
			*c = '\0';
			return;
		}
}

static void parse_line(Parser *parser, char *line)
{
	cut_remark(line);
	gsize indent = strspn(line, " \t");
	char *text = g_strchomp(line + indent);

	if (*text == '[')
		parse_title(parser, text + 1);
	else if (*text && parser->keys)
		parse_pair(parser, text, indent);
}

static void parse_file(File *file, gboolean plain)
{
	Parser parser = {.file = file, .plain = plain};
	char *line = file->text;

	if (g_str_has_prefix(line, "\xEF\xBB\xBF"))
		line += 3;
	for (char *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		parse_line(&parser, line);
	}
	g_free(parser.key);
}

/* ---- the files ---- */

static void unref_table(gpointer table)
{
	g_hash_table_unref(table);
}

static gboolean file_read(
	File *file, char *path, gboolean plain, GError **error)
{
	g_autofree char *owned = path;

	file->sections = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, unref_table);
	if (!g_file_test(owned, G_FILE_TEST_IS_REGULAR))
		return TRUE;
	file->text = auth_read_file(owned, &file->len, error);
	if (!file->text)
		return FALSE;
	parse_file(file, plain);
	return TRUE;
}

static void file_clear(File *file)
{
	g_clear_pointer(&file->sections, g_hash_table_unref);
	auth_wipe_text(file->text, file->len);
}

AwsFiles *aws_files_read(GError **error)
{
	g_autoptr(AwsFiles) files = g_new0(AwsFiles, 1);

	if (!file_read(&files->config, aws_files_config_path(), FALSE, error) ||
		!file_read(&files->credentials, aws_files_credentials_path(),
			TRUE, error))
		return NULL;
	return g_steal_pointer(&files);
}

void aws_files_free(AwsFiles *files)
{
	if (!files)
		return;
	file_clear(&files->config);
	file_clear(&files->credentials);
	g_free(files);
}

static GHashTable *section_find(
	const File *file, AwsFilesKind kind, const char *name)
{
	g_autofree char *id = section_id(kinds[kind], name);
	GHashTable *keys = g_hash_table_lookup(file->sections, id);

	if (!keys && kind == AWS_FILES_PROFILE && g_str_equal(name, "default"))
		return g_hash_table_lookup(file->sections, BARE_DEFAULT);
	return keys;
}

gboolean aws_files_has(
	const AwsFiles *files, AwsFilesKind kind, const char *name)
{
	return section_find(&files->config, kind, name) ||
	       (kind == AWS_FILES_PROFILE &&
		       section_find(&files->credentials, kind, name));
}

static const char *file_get(
	const File *file, AwsFilesKind kind, const char *name, const char *key)
{
	GHashTable *keys = section_find(file, kind, name);
	const char *value = keys ? g_hash_table_lookup(keys, key) : NULL;

	return value && *value ? value : NULL;
}

const char *aws_files_get(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *key)
{
	const char *value =
		kind == AWS_FILES_PROFILE
			? file_get(&files->credentials, kind, name, key)
			: NULL;

	return value ? value : file_get(&files->config, kind, name, key);
}

/* ---- what the environment says of them ---- */

static char *path_of(const char *env, const char *rest)
{
	const char *path = auth_env(env);

	if (!path)
		return auth_home_path(rest);
	return g_str_has_prefix(path, "~/") ? auth_home_path(path + 2)
					    : g_strdup(path);
}

char *aws_files_config_path(void)
{
	return path_of("AWS_CONFIG_FILE", ".aws/config");
}

char *aws_files_credentials_path(void)
{
	return path_of("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
}

const char *aws_files_profile(const char *profile, gboolean *ret_chosen)
{
	const char *name = profile && *profile ? profile : NULL;

	if (!name)
		name = auth_env("AWS_PROFILE");
	if (!name)
		name = auth_env("AWS_DEFAULT_PROFILE");
	if (ret_chosen)
		*ret_chosen = name != NULL;
	return name ? name : "default";
}

char *aws_files_setting(const char *profile, const char *env, const char *key)
{
	const char *value = env ? auth_env(env) : NULL;

	if (value)
		return g_strdup(value);
	g_autoptr(AwsFiles) files = aws_files_read(NULL);
	return files ? g_strdup(aws_files_get(files, AWS_FILES_PROFILE,
			       aws_files_profile(profile, NULL), key))
		     : NULL;
}
