/* Texts of others: dates, names, command lines, what may hold a secret. */
#include "fuzz.h"

#include <string.h>

#include "backends/base/complaint.h"
#include "backends/base/nearest.h"
#include "backends/base/secret.h"
#include "backends/base/text.h"
#include "backends/base/utc.h"
#include "backends/dataproc/dataproc_value.h"
#include "backends/error.h"
#include "backends/http/retry.h"
#include "backends/provider/record.h"
#include "cache/base/escape.h"
#include "cache/base/name.h"

/* A text ends at its first NUL. */
static char *text_of(const char *bytes, gsize len)
{
	return g_strndup(bytes, len);
}

/* ---- dates ---- */

/* What we write we read; and what we read makes a time that can be written. */
static void round_trip(gint64 ms)
{
	g_autofree char *text = utc_text(ms / 1000);

	g_assert_cmpint(ms, >=, 0);
	if (g_str_has_suffix(text, "Z"))
		g_assert_cmpint(utc_ms(text), ==, ms / 1000 * 1000);
}

void fuzz_date(const char *bytes, gsize len)
{
	g_autofree char *text = text_of(bytes, len);
	g_autofree char *quoted = g_strdup_printf("\"%s\"", text);
	gint64 seconds = -1, number = 0;

	round_trip(utc_ms(text));
	round_trip(record_ms(text, (JsonSpan){0, strlen(text)}));
	round_trip(record_ms(quoted, (JsonSpan){0, strlen(quoted)}));
	if (!retry_http_date(text, &seconds))
		g_assert_cmpint(seconds, ==, -1);
	g_assert_cmpint(dataproc_duration(text), >=, -1);
	memcpy(&number, bytes, MIN(len, sizeof(number)));
	g_autofree char *any = utc_text(number);
	fuzz_is_line(any);
	if (number >= 0 && g_str_has_suffix(any, "Z"))
		g_assert_cmpint(utc_ms(any), ==, number * 1000);
}

/* ---- names ---- */

static void name_is(const char *id, const char *const *reserved)
{
	g_autofree char *name = name_escape(id, reserved);
	g_autofree char *back = name_unescape(name, reserved);

	g_assert_cmpuint(strlen(name), >, 0);
	g_assert_cmpuint(strlen(name), <=, NAME_MAX_BYTES);
	g_assert_true(g_utf8_validate(name, -1, NULL));
	g_assert_null(strchr(name, '/'));
	g_assert_true(*name != '.' && *name != '-');
	g_assert_false(g_strv_contains(reserved, name));
	if (name_is_cut(name))
		return;
	g_assert_cmpstr(back, ==, id);
}

/* A name that stands for an id is the only one that does. */
static void unescaped_is(const char *name, const char *const *reserved)
{
	g_autofree char *id = name_unescape(name, reserved);
	g_autofree char *again = id ? name_escape(id, reserved) : NULL;

	if (id && !name_is_cut(name))
		g_assert_cmpstr(again, ==, name);
}

static void columns_are(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	tsv_append(out, text);
	g_assert_cmpuint(out->len, >, 0);
	fuzz_is_line(out->str);
	g_assert_null(strpbrk(out->str, "\t\n\""));
}

static void string_is(const char *text, gsize room)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(Json) value = NULL;

	json_append(out, text, room);
	fuzz_is_line(out->str);
	value = json_parse(out->str, out->len, NULL);
	g_assert_true(json_type(value) == JSON_STRING);
	if (room >= 6 * strlen(valid) + 8)
		g_assert_cmpstr(json_text(value), ==, valid);
}

void fuzz_name(const char *bytes, gsize len)
{
	static const char *const reserved[] = {"new", "ctl", NULL};
	g_autofree char *text = text_of(bytes, len);

	if (!*text)
		return;
	name_is(text, reserved);
	unescaped_is(text, reserved);
	columns_are(text);
	string_is(text, 6 * len + 64);
	string_is(text, 16);
}

/* ---- words ---- */

/* In single quotes a shell's words are themselves. */
static void quoted_words_are(char *const *words)
{
	g_autoptr(GString) line = g_string_new(NULL);

	for (char *const *word = words; *word; word++) {
		g_autofree char *quoted = g_shell_quote(*word);

		g_string_append_printf(line, "%s ", quoted);
	}
	g_auto(GStrv) again = words_split(line->str);
	g_assert_nonnull(again);
	g_assert_true(g_strv_equal(
		(const char *const *)words, (const char *const *)again));
	g_assert_false(words_need_shell(line->str));
}

static void lines_are(Piece rest, gboolean unicode)
{
	const char *end = rest.start + rest.len;
	Piece line;

	while (piece_line(&rest, unicode, &line)) {
		Piece strip = piece_strip(line), chomp = piece_chomp(line);

		g_assert_true(line.start + line.len <= end);
		g_assert_true(strip.start >= line.start &&
			      strip.start + strip.len <= line.start + line.len);
		g_assert_true(
			chomp.start == line.start && chomp.len <= line.len);
		g_assert_null(memchr(line.start, '\n', line.len));
		piece_indent(line);
	}
	g_assert_cmpuint(rest.len, ==, 0);
}

void fuzz_words(const char *bytes, gsize len)
{
	g_autofree char *text = text_of(bytes, len);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) words = words_split(text);
	g_autofree char *line = text_line(bytes, len, '?');
	Nearest nearest = {.name = text};

	words_need_shell(text);
	if (words)
		quoted_words_are(words);
	lines_are((Piece){valid, strlen(valid)}, FALSE);
	lines_are((Piece){valid, strlen(valid)}, TRUE);
	fuzz_is_line(line);
	nearest_try(&nearest, "refresh");
	g_autofree char *hint = nearest_hint(&nearest);
	g_assert_nonnull(hint);
}

/* ---- what may be a secret ---- */

static void quote_is(const char *said, gsize len, const char *secret)
{
	static char *argv[] = {(char *)"helper", NULL};
	g_autofree char *quoted = complaint_quote(said, len, argv, secret);

	if (!quoted)
		return;
	g_assert_cmpuint(strlen(quoted), <=, COMPLAINT_MAX);
	fuzz_is_line(quoted);
}

/* The first part is a secret, the second quotes it or does not, the third is a
 * URL of a proxy. */
void fuzz_mask(const char *bytes, gsize len)
{
	FuzzParts parts = fuzz_parts(bytes, len);
	g_autofree char *text = fuzz_part(&parts, NULL);
	g_autofree char *around = fuzz_part(&parts, NULL);
	g_autofree char *joined = g_strconcat(around, text, around, NULL);
	Secret *secret = secret_new(text, -1);
	g_autofree char *masked = secret_mask(joined);

	if (strlen(text) >= 8) {
		g_assert_true(secret_is_in(joined));
		if (!strchr(text, '*'))
			g_assert_null(strstr(masked, text));
	}
	quote_is(joined, strlen(joined), text);
	secret_unref(secret);
	g_autoptr(GError) error = NULL;
	backend_error_set(&error, BACKEND_ERROR_REMOTE, "x %s", joined);
	fuzz_is_sentence(error);
}
