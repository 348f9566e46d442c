/* JSON: the scan against cJSON and against the stream's reader of `new`; the spans
 * against what is built. */
#include "fuzz.h"

#include <string.h>

#include "backends/base/json_members.h"
#include "backends/base/json_scan.h"
#include "backends/base/json_span.h"
#include "fs/ops/document.h"

static gboolean has_mark(const char *bytes, gsize len)
{
	return len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
}

/* What was printed reads as the same; NaN and so on cannot come in. */
static void prints_the_same(const Json *value, gboolean pretty)
{
	g_autofree char *text = json_print(value, pretty);
	g_autoptr(Json) again = json_parse(text, strlen(text), NULL);

	g_assert_nonnull(again);
	g_assert_true(json_equal(value, again));
}

static void members_agree(const Json *object)
{
	g_autoptr(JsonMembers) members = json_members_new(object);

	json_foreach (member, object) {
		const char *name = json_name(member);

		if (name)
			g_assert_true(json_members_get(members, name) ==
				      json_get(object, name));
	}
}

void fuzz_json(const char *bytes, gsize len)
{
	gsize skip = has_mark(bytes, len) ? 3 : 0;
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) value = json_parse(bytes, len, &error);
	JsonScan scan;
	gboolean fine = json_scan(bytes + skip, len - skip, &scan);

	g_assert_true(fine == (value != NULL));
	g_assert_true(json_check(bytes, len, NULL) == (fine && !skip));
	if (!fine) {
		g_assert_nonnull(scan.reason);
		g_assert_cmpuint(scan.offset, <=, len - skip);
		fuzz_is_sentence(error);
		return;
	}
	prints_the_same(value, TRUE);
	prints_the_same(value, FALSE);
	g_assert_true(json_equal(value, value));
	members_agree(value);
}

/* ---- spans ---- */

static Json *built(const char *bytes, JsonSpan span)
{
	Json *value = json_parse(bytes + span.start, span.len, NULL);

	g_assert_nonnull(value);
	return value;
}

static void span_is(
	const char *bytes, gsize len, JsonSpan span, const Json *want)
{
	g_autoptr(Json) value = NULL;
	g_autofree char *text = NULL;

	g_assert_cmpuint(span.start + span.len, <=, len);
	value = built(bytes, span);
	g_assert_true(json_equal(value, want));
	text = json_span_text(bytes, span, len);
	if (text)
		g_assert_cmpstr(text, ==, json_text(want));
	g_assert_cmpint(json_span_int(bytes, span, G_MININT64, G_MAXINT64, -7),
		==, json_int(want, G_MININT64, G_MAXINT64, -7));
}

static void outline_is(const char *bytes, gsize len, const Json *object)
{
	g_autoptr(Json) outline = json_parse_outline(bytes, len, NULL);

	g_assert_nonnull(outline);
	g_assert_cmpuint(json_size(outline), ==, json_size(object));
	json_foreach (member, outline) {
		const Json *want = json_get(object, json_name(member));
		JsonSpan span;

		if (json_get(outline, json_name(member)) != member)
			continue;
		if (!json_outline_span(member, &span))
			g_assert_true(json_equal(member, want));
		else
			span_is(bytes, len, span, want);
	}
}

static void pick_is(const char *bytes, gsize len, const Json *object)
{
	static const char *const names[] = {"id", "name", "", "a"};
	static const char *const secrets[] = {"secret", "a", NULL};
	const JsonPick pick = {names, G_N_ELEMENTS(names), secrets};
	JsonSpan values[G_N_ELEMENTS(names)];
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize at = json_scan_space(bytes, len, 0);
	gsize end = json_pick(bytes, len, at, &pick, values, masked);
	g_autoptr(Json) again = json_parse(masked->str, masked->len, NULL);

	g_assert_cmpuint(json_scan_space(bytes, len, end), ==, len);
	g_assert_nonnull(again);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		const Json *want =
			*names[i] ? json_get(object, names[i]) : NULL;

		if (values[i].len)
			span_is(bytes, len, values[i], want);
		else
			g_assert_true(!want);
	}
	if (json_get(again, "secret"))
		g_assert_cmpstr(
			json_text(json_get(again, "secret")), ==, "***");
}

static void elements_are(const char *bytes, gsize len, const Json *array)
{
	gsize at = json_scan_space(bytes, len, 0) + 1;
	const Json *want = json_first(array);

	while (json_element_next(bytes, len, &at)) {
		gsize end = json_scan_value(bytes, len, at);

		g_assert_nonnull(want);
		span_is(bytes, len, (JsonSpan){at, end - at}, want);
		at = end;
		want = json_next(want);
	}
	g_assert_null(want);
}

static void trim_is(const char *bytes, gsize len, const Json *object)
{
	g_autofree char *text = json_trim(bytes, len, 32, 128);
	g_autoptr(Json) trimmed = json_parse(text, strlen(text), NULL);

	g_assert_nonnull(trimmed);
	g_assert_cmpuint(strlen(text), <=, 128);
	json_foreach (member, trimmed)
		g_assert_nonnull(json_get(object, json_name(member)));
}

/* On a text that is none they stay inside, which the sanitizer sees. */
static void walk(const char *bytes, gsize len)
{
	static const char *const names[] = {"id", "", "b"};
	static const char *const secrets[] = {"secret", NULL};
	const JsonPick pick = {names, G_N_ELEMENTS(names), secrets};
	JsonSpan values[G_N_ELEMENTS(names)], span;
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize at = 0;

	g_free(json_trim(bytes, len, 32, 128));
	g_free(json_span_outline(bytes, len));
	json_span_member(bytes, len, "id", &span);
	json_pick(bytes, len, 0, &pick, values, masked);
	for (guint i = 0; i < len && json_element_next(bytes, len, &at); i++)
		at = json_scan_value(bytes, len, at);
}

static void mend(const char *bytes, gsize len)
{
	g_autofree char *text = g_malloc(len + 1);

	memcpy(text, bytes, len);
	text[len] = '\0';
	if (!json_mend(text, len))
		g_assert_true(memcmp(text, bytes, len) == 0);
	else if (json_check(text, len, NULL))
		g_assert_false(json_mend(text, len));
}

void fuzz_span(const char *bytes, gsize len)
{
	g_autoptr(Json) value = NULL;

	walk(bytes, len);
	mend(bytes, len);
	if (has_mark(bytes, len))
		return;
	value = json_parse(bytes, len, NULL);
	if (!value)
		return;
	if (json_type(value) == JSON_ARRAY)
		elements_are(bytes, len, value);
	if (json_type(value) != JSON_OBJECT)
		return;
	json_foreach (member, value) {
		const char *name = json_name(member);
		JsonSpan span;

		g_assert_true(json_span_member(bytes, len, name, &span));
		span_is(bytes, len, span, json_get(value, name));
	}
	outline_is(bytes, len, value);
	pick_is(bytes, len, value);
	trim_is(bytes, len, value);
}

/* ---- two values ---- */

void fuzz_json_pair(const char *bytes, gsize len)
{
	FuzzParts parts = fuzz_parts(bytes, len);
	gsize a_len, b_len;
	g_autofree char *a_text = fuzz_part(&parts, &a_len);
	g_autofree char *b_text = fuzz_part(&parts, &b_len);
	g_autoptr(Json) a = json_parse(a_text, a_len, NULL);
	g_autoptr(Json) b = json_parse(b_text, b_len, NULL);

	g_assert_true(json_equal(a, b) == json_equal(b, a));
	if (a && b && json_equal(a, b)) {
		g_autofree char *pretty = json_print(b, TRUE);
		g_autoptr(Json) again =
			json_parse(pretty, strlen(pretty), NULL);

		g_assert_true(json_equal(a, again));
	}
}

/* ---- the document that is written to `new` ---- */

/* Fed in pieces of so many bytes. */
static DocumentState feed(
	const char *bytes, gsize len, gsize piece, gsize *ret_end)
{
	DocumentState state = DOCUMENT_MORE;
	Document scan;

	document_init(&scan);
	*ret_end = 0;
	while (state == DOCUMENT_MORE && *ret_end < len) {
		gsize used = 0, n = MIN(piece, len - *ret_end);

		state = document_feed(&scan, bytes + *ret_end, n, &used);
		g_assert_cmpuint(used, <=, n);
		if (state == DOCUMENT_MORE)
			g_assert_cmpuint(used, ==, n);
		*ret_end += used;
	}
	g_assert_true((state == DOCUMENT_WRONG) == (scan.problem != NULL));
	return state;
}

void fuzz_document(const char *bytes, gsize len)
{
	gsize end, end_1, end_3;
	DocumentState state = feed(bytes, len, MAX(len, 1), &end);
	JsonScan scan;

	g_assert_true(feed(bytes, len, 1, &end_1) == state);
	g_assert_true(feed(bytes, len, 3, &end_3) == state);
	g_assert_cmpuint(end, ==, end_1);
	g_assert_cmpuint(end, ==, end_3);
	/* What a number may be is no matter of syntax. */
	if (state == DOCUMENT_DONE && !json_scan(bytes, end, &scan))
		g_assert_true(g_str_has_prefix(scan.reason, "a number"));
	if (json_scan(bytes, len, &scan) &&
		bytes[json_scan_space(bytes, len, 0)] == '{')
		g_assert_true(state == DOCUMENT_DONE &&
			      json_scan_space(bytes, len, end) == len);
}
