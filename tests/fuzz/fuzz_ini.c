/* The dialects of key files: what was read, written anew, reads as the same. */
#include "fuzz.h"

#include <string.h>

#include "backends/auth/ini.h"
#include "backends/base/text.h"

static void append_value(GString *out, const char *text, IniFlags flags)
{
	for (; *text; text++) {
		g_string_append_c(out, *text);
		if (*text == '\n')
			g_string_append_c(out, '\t');
		if (*text == '%' && (flags & INI_INTERPOLATE))
			g_string_append_c(out, '%');
	}
	g_string_append_c(out, '\n');
}

static void append_nested(
	GString *out, const Ini *ini, const char *section, const char *key)
{
	g_autoptr(GPtrArray) subs = ini_keys_nested(ini, section, key);

	g_string_append_c(out, '\n');
	for (guint i = 0; i < subs->len; i++) {
		const char *sub = g_ptr_array_index(subs, i);

		g_string_append_printf(out, "\t%s = %s\n", sub,
			ini_get_nested(ini, section, key, sub));
	}
}

/* As it is told: values of DEFAULT stand in each section. */
static char *written(const Ini *ini, IniFlags flags)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < ini_count(ini); i++) {
		const char *section = ini_name(ini, i);
		g_autoptr(GPtrArray) keys = ini_keys(ini, section);

		g_string_append_printf(out, "[%s]\n", section);
		for (guint k = 0; k < keys->len; k++) {
			const char *key = g_ptr_array_index(keys, k);
			const char *value = ini_get(ini, section, key);

			g_string_append_printf(out, "%s = ", key);
			if (value)
				append_value(out, value, flags);
			else
				append_nested(out, ini, section, key);
		}
	}
	return g_string_free(out, FALSE);
}

/* What is put into other values may bring blanks and empty lines to their edges. */
static gboolean is_plain(const char *value)
{
	g_auto(GStrv) lines = g_strsplit(value, "\n", -1);
	guint n = g_strv_length(lines);

	for (guint i = 0; i < n; i++) {
		Piece line = {lines[i], strlen(lines[i])};

		if (piece_strip(line).len != line.len || *line.start == '#' ||
			*line.start == ';')
			return FALSE;
	}
	return n < 2 || *lines[n - 1];
}

/* A key that begins with a bracket would read as a heading once its value stands
 * beside it. */
static gboolean can_be_written(const Ini *ini)
{
	for (guint i = 0; i < ini_count(ini); i++) {
		const char *section = ini_name(ini, i);
		g_autoptr(GPtrArray) keys = ini_keys(ini, section);

		for (guint k = 0; k < keys->len; k++) {
			const char *key = g_ptr_array_index(keys, k);
			const char *value = ini_get(ini, section, key);

			if (*key == '[' || (value && !is_plain(value)))
				return FALSE;
		}
	}
	return TRUE;
}

static void values_are_the_same(const Ini *a, const Ini *b, const char *section)
{
	g_autoptr(GPtrArray) keys = ini_keys(a, section);
	g_autoptr(GPtrArray) again = ini_keys(b, section);

	g_assert_cmpuint(keys->len, ==, again->len);
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);

		g_assert_cmpstr(key, ==, g_ptr_array_index(again, i));
		g_assert_cmpstr(
			ini_get(a, section, key), ==, ini_get(b, section, key));
	}
}

static void dialect(const char *bytes, gsize len, IniFlags flags)
{
	g_autofree char *text = g_strndup(bytes, len);
	g_autoptr(GError) error = NULL;
	g_autoptr(Ini) ini = ini_parse(text, flags, &error);
	g_autoptr(Ini) again = NULL;

	if (!ini) {
		fuzz_is_sentence(error);
		return;
	}
	if (!can_be_written(ini))
		return;
	g_autofree char *anew = written(ini, flags);
	again = ini_parse(anew, flags, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(ini_count(ini), ==, ini_count(again));
	for (guint i = 0; i < ini_count(ini); i++) {
		const char *section = ini_name(ini, i);

		g_assert_true(ini_has(ini, section));
		g_assert_cmpstr(section, ==, ini_name(again, i));
		if (ini_check(ini, section, NULL))
			values_are_the_same(ini, again, section);
	}
}

void fuzz_ini_alibaba(const char *bytes, gsize len)
{
	dialect(bytes, len, INI_ALIBABA);
}

void fuzz_ini_aws(const char *bytes, gsize len)
{
	dialect(bytes, len, INI_AWS);
}

void fuzz_ini_google(const char *bytes, gsize len)
{
	dialect(bytes, len, INI_GOOGLE);
}

void fuzz_ini_huawei(const char *bytes, gsize len)
{
	dialect(bytes, len, INI_HUAWEI);
}
