#include "backends/auth/ini.h"

#include <string.h>

#include "backends/base/text.h"

#define DEFAULTS "DEFAULT"
#define DEPTH_MAX 10 /* of "%(key)s" that lead to one another */
#define SHOWN_MAX 64
#define TOLD_MAX (16 * (gsize)AUTH_FILE_MAX)
#define VALUE_COST 16 /* beside its text */

/* Values are GString: one that stands on several lines grows.  Nested ones hold
 * a table of the same kind. */
typedef struct {
	GString *text;
	GHashTable *nested; /* NULL: it is none */
} Value;

typedef struct {
	char *name;
	GHashTable *values; /* by key */
	GHashTable *told;   /* the same as they are told; NULL: they are not */
	char *why;          /* they are not told */
} Section;

struct Ini {
	GPtrArray *sections; /* in the file's order */
	GHashTable *by_name;
	Section *defaults; /* not among them */
};

typedef struct {
	Ini *ini;
	guint line;
	Section *section; /* NULL: none has begun */
	Value *value;     /* that a deeper line goes on with; NULL: none */
	gsize indent;     /* of its key, or of the section */
} Parser;

/* ---- sections and values ---- */

static void text_free(GString *text)
{
	secret_wipe(text->str, text->allocated_len);
	g_string_free(text, TRUE);
}

static void value_free(gpointer data)
{
	Value *value = data;

	text_free(value->text);
	g_clear_pointer(&value->nested, g_hash_table_unref);
	g_free(value);
}

static GHashTable *values_new(void)
{
	return g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, value_free);
}

static Value *value_new(GHashTable *values, char *key, Piece text)
{
	Value *value = g_new0(Value, 1);

	value->text = g_string_new_len(text.start, text.len);
	g_hash_table_replace(values, key, value);
	return value;
}

static void section_free(gpointer data)
{
	Section *section = data;

	g_free(section->name);
	g_hash_table_unref(section->values);
	g_clear_pointer(&section->told, g_hash_table_unref);
	g_free(section->why);
	g_free(section);
}

static Section *section_new(const char *name)
{
	Section *section = g_new0(Section, 1);

	section->name = g_strdup(name);
	section->values = values_new();
	return section;
}

void ini_free(Ini *ini)
{
	if (!ini)
		return;
	g_ptr_array_unref(ini->sections);
	g_hash_table_unref(ini->by_name);
	section_free(ini->defaults);
	g_free(ini);
}

static Ini *ini_new(void)
{
	Ini *ini = g_new0(Ini, 1);

	ini->sections = g_ptr_array_new_with_free_func(section_free);
	ini->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	ini->defaults = section_new(DEFAULTS);
	return ini;
}

/* ---- lines ---- */

static gboolean refuse(const Parser *parser, const char *why, GError **error)
{
	return backend_error_false(
		error, BACKEND_ERROR_AUTH, "line %u: %s", parser->line, why);
}

static char *lower(Piece text)
{
	return g_utf8_strdown(text.start, text.len);
}

/* "[name]": name, up to the last bracket; FALSE when the line is none. */
static gboolean heading_of(Piece line, Piece *ret)
{
	const char *end;

	if (!piece_starts(line, "["))
		return FALSE;
	for (end = line.start + line.len - 1; *end != ']'; end--)
		if (end == line.start)
			return FALSE;
	*ret = (Piece){line.start + 1, end - line.start - 1};
	return ret->len > 0;
}

static gboolean parse_heading(Parser *parser, Piece name, GError **error)
{
	g_autofree char *text = g_strndup(name.start, name.len);

	parser->value = NULL;
	if (g_str_equal(text, DEFAULTS)) {
		parser->section = parser->ini->defaults;
		return TRUE;
	}
	if (g_hash_table_contains(parser->ini->by_name, text))
		return refuse(parser, "the section is there twice", error);
	parser->section = section_new(text);
	g_ptr_array_add(parser->ini->sections, parser->section);
	g_hash_table_insert(
		parser->ini->by_name, parser->section->name, parser->section);
	return TRUE;
}

static gboolean parse_pair(Parser *parser, Piece line, GError **error)
{
	gsize at = 0;

	while (at < line.len && line.start[at] != '=' && line.start[at] != ':')
		at++;
	if (at == 0 || at == line.len)
		return refuse(parser,
			"it is neither a [section] nor a \"key = value\"",
			error);
	char *key = lower(piece_chomp((Piece){line.start, at}));
	if (g_hash_table_contains(parser->section->values, key)) {
		g_free(key);
		return refuse(parser, "the key is there twice", error);
	}
	parser->value = value_new(parser->section->values, key,
		piece_strip((Piece){line.start + at + 1, line.len - at - 1}));
	return TRUE;
}

static void value_go_on(Value *value, Piece line)
{
	g_string_append_c(value->text, '\n');
	g_string_append_len(value->text, line.start, line.len);
}

static gboolean parse_line(Parser *parser, Piece whole, GError **error)
{
	Piece line = piece_strip(whole), name;
	gsize indent = piece_indent(whole);

	if (piece_starts(line, "#") || piece_starts(line, ";"))
		return TRUE;
	if (line.len == 0) {
		if (parser->value)
			value_go_on(parser->value, line);
		return TRUE;
	}
	if (parser->value && indent > parser->indent) {
		value_go_on(parser->value, line);
		return TRUE;
	}
	parser->indent = indent;
	if (heading_of(line, &name))
		return parse_heading(parser, name, error);
	if (!parser->section)
		return refuse(parser,
			piece_starts(line, "\xEF\xBB\xBF")
				? "the file begins with a byte order mark, "
				  "which its own tools refuse too"
				: "it belongs to no [section]",
			error);
	return parse_pair(parser, line, error);
}

static void values_chomp(GHashTable *values)
{
	GHashTableIter iter;
	gpointer data;

	g_hash_table_iter_init(&iter, values);
	while (g_hash_table_iter_next(&iter, NULL, &data)) {
		GString *text = ((Value *)data)->text;

		g_string_truncate(
			text, piece_chomp((Piece){text->str, text->len}).len);
	}
}

static gboolean parse_text(Ini *ini, Piece text, GError **error)
{
	Parser parser = {.ini = ini};
	Piece line;

	while (piece_line(&text, FALSE, &line)) {
		parser.line++;
		if (!parse_line(&parser, line, error))
			return FALSE;
	}
	values_chomp(ini->defaults->values);
	for (guint i = 0; i < ini->sections->len; i++) {
		const Section *section = g_ptr_array_index(ini->sections, i);

		values_chomp(section->values);
	}
	return TRUE;
}

/* ---- values as they are told ---- */

/* Each section holds DEFAULT's values too, and a value may name others: what all
 * of it may grow to is limited. */
typedef struct {
	const Ini *ini;
	Section *section;
	IniFlags flags;
	gsize left;
} Telling;

static const Value *raw_value(const Telling *telling, const char *key)
{
	const Value *value = g_hash_table_lookup(telling->section->values, key);

	return value ? value
		     : g_hash_table_lookup(telling->ini->defaults->values, key);
}

static gboolean tell_failed(const char *key, const char *why, GError **error)
{
	return backend_error_false(
		error, BACKEND_ERROR_AUTH, "%.*s: %s", SHOWN_MAX, key, why);
}

static gboolean tell_piece(Telling *telling, GString *out, Piece piece,
	const char *key, GError **error)
{
	if (piece.len + VALUE_COST > telling->left)
		return tell_failed(key, "the values grow too long", error);
	telling->left -= piece.len + VALUE_COST;
	g_string_append_len(out, piece.start, piece.len);
	return TRUE;
}

static gboolean interpolate(Telling *telling, GString *out, const char *key,
	const char *text, guint depth, GError **error);

/* At "%(name)s"; *at moves behind it. */
static gboolean interpolate_name(Telling *telling, GString *out,
	const char *key, const char **at, guint depth, GError **error)
{
	const char *name = *at + 2, *end = strchr(name, ')');

	if (!end || end == name || end[1] != 's')
		return tell_failed(
			key, "a \"%(\" begins no \"%(name)s\"", error);
	g_autofree char *other = lower((Piece){name, end - name});
	const Value *value = raw_value(telling, other);
	if (!value)
		return tell_failed(key,
			"a \"%(name)s\" names a key that is not there", error);
	*at = end + 2;
	return interpolate(
		telling, out, key, value->text->str, depth + 1, error);
}

static gboolean interpolate(Telling *telling, GString *out, const char *key,
	const char *text, guint depth, GError **error)
{
	if (depth > DEPTH_MAX && strchr(text, '%'))
		return tell_failed(key, "its \"%(name)s\" lead too far", error);
	while (*text) {
		gsize len = strcspn(text, "%");

		if (!tell_piece(telling, out, (Piece){text, len}, key, error))
			return FALSE;
		text += len;
		if (text[0] == '%' && text[1] == '(') {
			if (!interpolate_name(
				    telling, out, key, &text, depth, error))
				return FALSE;
		} else if (text[0] == '%' && text[1] == '%') {
			g_string_append_c(out, '%');
			text += 2;
		} else if (text[0]) {
			return tell_failed(key,
				"a \"%\" is followed by neither \"%\" nor "
				"\"(\"",
				error);
		}
	}
	return TRUE;
}

static void cut_remark(GString *text)
{
	const char *sign = strchr(text->str, '#');
	gsize len = sign ? (gsize)(sign - text->str) : text->len;
	Piece left = {text->str, len};

	left = piece_strip(left);
	g_string_erase(text, 0, left.start - text->str);
	g_string_truncate(text, left.len);
}

/* "\nsub = value\n..." */
static gboolean read_nested(Value *value, const char *key, GError **error)
{
	Piece rest = {value->text->str, value->text->len}, line;

	value->nested = values_new();
	while (piece_line(&rest, TRUE, &line)) {
		line = piece_strip(line);
		const char *sign =
			line.len > 0 ? memchr(line.start, '=', line.len) : NULL;
		if (line.len == 0)
			continue;
		if (!sign)
			return tell_failed(key,
				"one of the lines below it is no \"key = "
				"value\"",
				error);
		Piece sub = piece_chomp((Piece){line.start, sign - line.start});
		value_new(value->nested, g_strndup(sub.start, sub.len),
			piece_strip((Piece){
				sign + 1, line.start + line.len - sign - 1}));
	}
	return TRUE;
}

static gboolean tell_value(
	Telling *telling, const char *key, const Value *raw, GError **error)
{
	Value *value = value_new(
		telling->section->told, g_strdup(key), (Piece){"", 0});
	Piece text = {raw->text->str, raw->text->len};
	gboolean told =
		telling->flags & INI_INTERPOLATE
			? interpolate(telling, value->text, key, text.start, 1,
				  error)
			: tell_piece(telling, value->text, text, key, error);

	if (!told)
		return FALSE;
	if (telling->flags & INI_CUT_REMARKS)
		cut_remark(value->text);
	if (telling->flags & INI_NESTED && value->text->str[0] == '\n')
		return read_nested(value, key, error);
	return TRUE;
}

static gboolean tell_values(
	Telling *telling, GHashTable *values, GError **error)
{
	GHashTableIter iter;
	gpointer key, raw;

	g_hash_table_iter_init(&iter, values);
	while (g_hash_table_iter_next(&iter, &key, &raw))
		if (raw_value(telling, key) == raw &&
			!tell_value(telling, key, raw, error))
			return FALSE;
	return TRUE;
}

static gboolean tell_section(Telling *telling, Section *section, GError **error)
{
	g_autoptr(GError) cause = NULL;

	telling->section = section;
	section->told = values_new();
	if (tell_values(telling, telling->ini->defaults->values, &cause) &&
		tell_values(telling, section->values, &cause))
		return TRUE;
	g_clear_pointer(&section->told, g_hash_table_unref);
	section->why = g_strdup_printf(
		"[%.*s] %s", SHOWN_MAX, section->name, cause->message);
	if (!(telling->flags & (INI_WHOLE | INI_NESTED)))
		return TRUE;
	return backend_error_false(
		error, BACKEND_ERROR_AUTH, "%s", section->why);
}

static gboolean tell_all(Ini *ini, IniFlags flags, GError **error)
{
	Telling telling = {.ini = ini, .flags = flags, .left = TOLD_MAX};

	for (guint i = 0; i < ini->sections->len; i++)
		if (!tell_section(&telling, g_ptr_array_index(ini->sections, i),
			    error))
			return FALSE;
	return TRUE;
}

/* ---- files ---- */

Ini *ini_parse(const char *text, IniFlags flags, GError **error)
{
	g_autoptr(Ini) ini = ini_new();

	if (!g_utf8_validate(text, -1, NULL))
		backend_error_set(error, BACKEND_ERROR_AUTH, "it is not UTF-8");
	else if (parse_text(ini, (Piece){text, strlen(text)}, error) &&
		 tell_all(ini, flags, error))
		return g_steal_pointer(&ini);
	return NULL;
}

Ini *ini_read(const char *path, IniFlags flags, GError **error)
{
	g_autoptr(SecretText) text = auth_read_file(path, error);

	if (!text)
		return NULL;
	Ini *ini = ini_parse(text, flags, error);
	if (!ini)
		g_prefix_error(error, "%s: ", path);
	return ini;
}

gboolean ini_lacks(const char *path, IniFlags flags, const char *section)
{
	g_autoptr(Ini) ini = ini_read(path, flags, NULL);

	return ini ? !ini_has(ini, section) : !auth_is_file(path);
}

/* ---- looking ---- */

guint ini_count(const Ini *ini)
{
	return ini->sections->len;
}

const char *ini_name(const Ini *ini, guint index)
{
	return ((const Section *)g_ptr_array_index(ini->sections, index))->name;
}

gboolean ini_has(const Ini *ini, const char *section)
{
	return g_hash_table_contains(ini->by_name, section);
}

gboolean ini_check(const Ini *ini, const char *section, GError **error)
{
	const Section *found = g_hash_table_lookup(ini->by_name, section);

	if (found && found->told)
		return TRUE;
	if (found)
		backend_error_set(error, BACKEND_ERROR_AUTH, "%s", found->why);
	else
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"there is no section [%.*s]", SHOWN_MAX, section);
	return FALSE;
}

static const Value *find(const Ini *ini, const char *section, const char *key)
{
	const Section *found = g_hash_table_lookup(ini->by_name, section);

	return found && found->told ? g_hash_table_lookup(found->told, key)
				    : NULL;
}

const char *ini_get(const Ini *ini, const char *section, const char *key)
{
	const Value *value = find(ini, section, key);

	return value && !value->nested ? value->text->str : NULL;
}

const char *ini_get_nested(
	const Ini *ini, const char *section, const char *key, const char *sub)
{
	const Value *value = find(ini, section, key);
	const Value *below = value && value->nested
				     ? g_hash_table_lookup(value->nested, sub)
				     : NULL;

	return below ? below->text->str : NULL;
}

static int key_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *keys_of(GHashTable *values)
{
	GPtrArray *keys = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;

	if (values)
		g_hash_table_iter_init(&iter, values);
	while (values && g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(keys, key);
	g_ptr_array_sort(keys, key_compare);
	return keys;
}

GPtrArray *ini_keys(const Ini *ini, const char *section)
{
	const Section *found = g_hash_table_lookup(ini->by_name, section);

	return keys_of(found ? found->told : NULL);
}

GPtrArray *ini_keys_nested(const Ini *ini, const char *section, const char *key)
{
	const Value *value = find(ini, section, key);

	return keys_of(value ? value->nested : NULL);
}
