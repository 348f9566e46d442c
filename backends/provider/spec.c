#include "backends/provider/spec.h"

#include <string.h>

#include "backends/base/json_members.h"
#include "backends/base/nearest.h"

/* Names in sentences are cut: they come from whoever wrote the spec. */
#define NAME_SHOWN 64

static const struct {
	JsonType json;
	const char *what;
} spec_types[] = {
	[SPEC_STRING] = {JSON_STRING, "a string"},
	[SPEC_BOOL] = {JSON_BOOL, "true or false"},
	[SPEC_INT] = {JSON_NUMBER, "a whole number"},
	[SPEC_OBJECT] = {JSON_OBJECT, "an object"},
	[SPEC_ARRAY] = {JSON_ARRAY, "an array"},
	[SPEC_STRING_MAP] = {JSON_OBJECT, "an object of strings"},
	[SPEC_ANY] = {JSON_NULL, "any value"},
};

static gboolean is_typed(const SpecField *field, const Json *value)
{
	return field->type == SPEC_ANY ||
	       json_type(value) == spec_types[field->type].json;
}

static gboolean value_check(const SpecField *field, const Json *value,
	GString *path, GError **error);

/* ---- nearest name ---- */

const char *spec_nearest(const SpecField *fields, const char *name)
{
	Nearest nearest = {.name = name};

	for (; fields->name; fields++)
		nearest_try(&nearest, fields->name);
	return nearest.best;
}

/* ---- checking ---- */

static const SpecField *field_find(const SpecField *fields, const char *name)
{
	for (const SpecField *field = fields; field->name; field++)
		if (g_str_equal(field->name, name))
			return field;
	return NULL;
}

/* A copy of a member's name that is fit for a sentence. */
static char *name_shown(const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1);

	if (g_utf8_strlen(valid, -1) <= NAME_SHOWN)
		return g_steal_pointer(&valid);
	g_autofree char *cut = g_utf8_substring(valid, 0, NAME_SHOWN);
	return g_strconcat(cut, "...", NULL);
}

static void path_enter(GString *path, const char *name)
{
	if (path->len > 0)
		g_string_append_c(path, '.');
	g_string_append(path, name);
}

static gboolean unknown_member(const SpecField *fields, const char *name,
	GString *path, GError **error)
{
	const char *near = spec_nearest(fields, name);
	g_autofree char *shown = name_shown(name);

	path_enter(path, shown);
	if (near)
		backend_error_set(error, BACKEND_ERROR_INVALID,
			"%s is not a member that is known here; did you mean "
			"%s?",
			path->str, near);
	else
		backend_error_set(error, BACKEND_ERROR_INVALID,
			"%s is not a member that is known here", path->str);
	return FALSE;
}

static gboolean member_check(const SpecField *fields, const Json *object,
	const Json *member, GString *path, GError **error)
{
	const char *name = json_name(member);
	const SpecField *field = field_find(fields, name);
	gsize before = path->len;

	if (!field)
		return unknown_member(fields, name, path, error);
	path_enter(path, name);
	/* json_get answers the last of that name. */
	if (json_get(object, name) != member)
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"%s is given twice", path->str);
	if (!value_check(field, member, path, error))
		return FALSE;
	g_string_truncate(path, before);
	return TRUE;
}

static gboolean object_check(const SpecField *fields, const Json *object,
	GString *path, GError **error)
{
	json_foreach (member, object)
		if (!member_check(fields, object, member, path, error))
			return FALSE;
	for (const SpecField *field = fields; field->name; field++)
		if (field->required && !json_get(object, field->name)) {
			path_enter(path, field->name);
			return backend_error_false(error, BACKEND_ERROR_INVALID,
				"%s is missing, and it must be given",
				path->str);
		}
	return TRUE;
}

static gboolean in_range(const SpecField *field, gint64 number)
{
	if (field->min == 0 && field->max == 0)
		return TRUE;
	return number >= field->min && number <= field->max;
}

static gboolean range_check(const SpecField *field, gint64 number,
	const char *unit, const GString *path, GError **error)
{
	if (in_range(field, number))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"%s must have %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
		" %s, not %" G_GINT64_FORMAT,
		path->str, field->min, field->max, unit, number);
}

static gboolean int_check(const SpecField *field, const Json *value,
	const GString *path, GError **error)
{
	gint64 number;

	if (!json_whole(value, &number))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"%s must be a whole number", path->str);
	if (in_range(field, number))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"%s must lie between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
		", and %" G_GINT64_FORMAT " does not",
		path->str, field->min, field->max, number);
}

static gboolean array_check(const SpecField *field, const Json *array,
	GString *path, GError **error)
{
	gsize before = path->len;
	guint i = 0;

	if (!range_check(field, json_size(array), "elements", path, error))
		return FALSE;
	if (!field->fields)
		return TRUE;
	json_foreach (element, array) {
		g_string_append_printf(path, "[%u]", i++);
		if (!value_check(field->fields, element, path, error))
			return FALSE;
		g_string_truncate(path, before);
	}
	return TRUE;
}

static gboolean map_check(const Json *map, GString *path, GError **error)
{
	json_foreach (member, map) {
		if (json_type(member) == JSON_STRING)
			continue;
		g_autofree char *shown = name_shown(json_name(member));
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"%s.%s must be a string, not %s", path->str, shown,
			json_type_name(json_type(member)));
	}
	return TRUE;
}

static gboolean value_check(const SpecField *field, const Json *value,
	GString *path, GError **error)
{
	if (!is_typed(field, value))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"%s must be %s, not %s", path->str,
			spec_types[field->type].what,
			json_type_name(json_type(value)));
	switch (field->type) {
	case SPEC_STRING:
		return range_check(field, g_utf8_strlen(json_text(value), -1),
			"characters", path, error);
	case SPEC_INT:
		return int_check(field, value, path, error);
	case SPEC_ARRAY:
		return array_check(field, value, path, error);
	case SPEC_OBJECT:
		return !field->fields ||
		       object_check(field->fields, value, path, error);
	case SPEC_STRING_MAP:
		return map_check(value, path, error);
	case SPEC_BOOL:
	case SPEC_ANY:
		break;
	}
	return TRUE;
}

/* Whether a string spells a NUL: what is read of it would not be what was
 * written.  The text has been accepted as JSON. */
static gboolean spells_nul(const char *text, gsize len)
{
	for (gsize i = 0; i + 5 < len; i++) {
		if (text[i] != '\\')
			continue;
		if (!memcmp(text + i, "\\u0000", 6))
			return TRUE;
		i++;
	}
	return FALSE;
}

gboolean spec_check(
	const SpecField *fields, const char *spec, gsize len, GError **error)
{
	g_autoptr(GString) path = g_string_new(NULL);
	g_autoptr(GError) cause = NULL;

	if (!g_utf8_validate_len(spec, len, NULL))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"the spec is not valid UTF-8 text");
	g_autoptr(Json) document = json_parse(spec, len, &cause);
	if (!document)
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"the spec is not valid JSON: %s", cause->message);
	if (spells_nul(spec, len))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"the spec holds a NUL character (\\u0000)");
	if (json_type(document) != JSON_OBJECT)
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"the spec must be a JSON object, not %s",
			json_type_name(json_type(document)));
	return object_check(fields, document, path, error);
}

/* ---- reducing ---- */

static gboolean value_reduce(
	const SpecField *field, const Json *value, GString *out);

static void append_value(GString *out, const Json *value)
{
	g_autofree char *text = json_print(value, FALSE);

	g_string_append(out, text);
}

static void append_name(GString *out, gsize start, const char *name)
{
	if (out->len > start)
		g_string_append_c(out, ',');
	g_string_append_printf(out, "\"%s\":", name);
}

/* Appends an object's fitting members; FALSE when a required one is not among
 * them. */
static gboolean object_reduce(const SpecField *fields, const Json *object,
	const char *const *except, GString *out)
{
	gboolean complete = TRUE;

	g_string_append_c(out, '{');
	gsize start = out->len;

	for (const SpecField *field = fields; field->name; field++) {
		const Json *member = json_get(object, field->name);
		gsize before = out->len;

		if (except && g_strv_contains(except, field->name))
			continue;
		if (member)
			append_name(out, start, field->name);
		if (member && value_reduce(field, member, out))
			continue;
		g_string_truncate(out, before);
		complete = complete && !field->required;
	}
	g_string_append_c(out, '}');
	return complete;
}

/* Elements that do not fit are dropped, and the whole when too few or too many
 * remain. */
static gboolean array_reduce(
	const SpecField *field, const Json *array, GString *out)
{
	gint64 kept = 0;

	g_string_append_c(out, '[');
	json_foreach (element, array) {
		gsize before = out->len;

		if (kept > 0)
			g_string_append_c(out, ',');
		if (value_reduce(field->fields, element, out))
			kept++;
		else
			g_string_truncate(out, before);
	}
	g_string_append_c(out, ']');
	return in_range(field, kept);
}

static void map_reduce(const Json *map, GString *out)
{
	g_autoptr(Json) kept = json_string_map(map, NULL);

	append_value(out, kept);
}

/* Appends what fits of a value; FALSE (and rubbish in out) when nothing does. */
static gboolean value_reduce(
	const SpecField *field, const Json *value, GString *out)
{
	g_autoptr(GString) path = g_string_new(NULL);

	if (!is_typed(field, value))
		return FALSE;
	if (field->type == SPEC_OBJECT && field->fields)
		return object_reduce(field->fields, value, NULL, out);
	if (field->type == SPEC_ARRAY && field->fields)
		return array_reduce(field, value, out);
	if (field->type == SPEC_STRING_MAP) {
		map_reduce(value, out);
		return TRUE;
	}
	if (!value_check(field, value, path, NULL))
		return FALSE;
	append_value(out, value);
	return TRUE;
}

Json *spec_reduce(
	const SpecField *fields, const Json *object, const char *const *except)
{
	g_autoptr(GString) out = g_string_new(NULL);

	object_reduce(fields, object, except, out);
	Json *reduced = json_parse(out->str, out->len, NULL);
	return reduced ? reduced : json_object();
}
