#include <string.h>

#include <glib.h>

#include "backends/base/json.h"
#include "backends/base/json_members.h"
#include "backends/base/json_scan.h"
#include "backends/base/json_span.h"
#include "backends/error.h"

static Json *parse(const char *text)
{
	return json_parse(text, strlen(text), NULL);
}

static char *repeat(const char *text, guint n)
{
	GString *out = g_string_new(NULL);

	while (n-- > 0)
		g_string_append(out, text);
	return g_string_free(out, FALSE);
}

/* In memory that ends where the text does, for the sanitizer to watch. */
static void assert_refused(const char *text, gsize len)
{
	g_autofree char *copy = len > 0 ? g_memdup2(text, len) : g_strdup("");
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) json = json_parse(copy, len, &error);

	if (json)
		g_test_message("accepted: %.*s", (int)MIN(len, 80), text);
	g_assert_null(json);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
}

static void test_refuses(void)
{
	static const char *const bad[] = {"", " ", "{", "[", "]", "{bad",
		"{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
		"[1,]", "[,1]", "[1 2]", "{\"a\" 1}", "{a:1}", "{\"a\":1]",
		"[1}", "1 2", "{}{}", "\"", "\"\\", "\"\\\"", "\"\\u12",
		"\"\\u12g4\"", "\"\\x41\"", "\"a\nb\"", "\"a\tb\"", "tru",
		"truee", "nul", "NaN", "Infinity", "-", "+1", "01", "1.", ".5",
		"1e", "1e+", "1e999", "-1e999", "0x10", "'a'", "\xef\xbb{}",
		"/*c*/1", "{\"a\":1,\"b\"}", "[1,2"};
	g_autofree char *digits = repeat("9", 64);

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_refused(bad[i], strlen(bad[i]));
	assert_refused("1\0", 2);
	assert_refused("\"a\0b\"", 5);
	assert_refused(digits, strlen(digits));
}

static void test_names_the_offset(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(json_parse("{\"a\":1,]", 8, &error));
	g_assert_nonnull(strstr(error->message, "byte 7"));
}

static void test_every_cut_is_refused(void)
{
	const char *text = "{\"a\":[1,-2.5e+3,\"\\u00e9\\n\",true,false,null],"
			   "\"b\":{\"c\":\"d\"}}";
	gsize len = strlen(text);
	g_autoptr(Json) whole = parse(text);

	g_assert_nonnull(whole);
	for (gsize cut = 0; cut < len; cut++)
		assert_refused(text, cut);
}

static void test_depth(void)
{
	g_autofree char *open = repeat("[", JSON_DEPTH_MAX);
	g_autofree char *close = repeat("]", JSON_DEPTH_MAX);
	g_autofree char *deepest = g_strconcat(open, close, NULL);
	g_autofree char *deeper = g_strconcat("[", deepest, "]", NULL);
	g_autofree char *abyss = repeat("[", 1000000);
	g_autofree char *members = repeat("{\"a\":", JSON_DEPTH_MAX + 1);
	g_autoptr(Json) json = parse(deepest);

	g_assert_nonnull(json);
	assert_refused(deeper, strlen(deeper));
	assert_refused(abyss, strlen(abyss));
	assert_refused(members, strlen(members));
}

static void test_brackets_in_strings_are_no_depth(void)
{
	g_autofree char *open = repeat("[{", 200);
	g_autofree char *text = g_strdup_printf("[\"%s\\\"[\"]", open);
	g_autoptr(Json) json = parse(text);

	g_assert_nonnull(json);
}

static void test_number_of_values(void)
{
	g_autofree char *zeros = repeat("0,", JSON_VALUES_MAX - 2);
	g_autofree char *most = g_strdup_printf("[%s0]", zeros);
	g_autofree char *over = g_strdup_printf("[%s0,0]", zeros);
	g_autoptr(Json) json = parse(most);

	g_assert_nonnull(json);
	assert_refused(over, strlen(over));
}

static void test_escaped_nul(void)
{
	g_autoptr(Json) json = parse(
		"{\"a\":\"x\\u0000y\",\"b\":\"x\\\\u0000y\",\"c\\u0000\":1}");

	g_assert_cmpstr(
		json_get_text(json, "a", 99, NULL), ==, "x\xef\xbf\xbdy");
	g_assert_cmpstr(json_get_text(json, "b", 99, NULL), ==, "x\\u0000y");
	g_assert_null(json_get(json, "c"));
	g_assert_nonnull(json_get(json, "c\xef\xbf\xbd"));
}

static void test_surrogates(void)
{
	g_autoptr(Json) json = parse("[\"\\ud83d\\ude80\",\"\\ud83d\","
				     "\"\\ude80\",\"\\ud83d\\u0041\","
				     "\"\\uD83Dx\"]");
	static const char *const want[] = {"🚀", "\xef\xbf\xbd", "\xef\xbf\xbd",
		("\xef\xbf\xbd"
		 "A"),
		"\xef\xbf\xbdx"};
	gsize i = 0;

	g_assert_cmpuint(json_size(json), ==, G_N_ELEMENTS(want));
	json_foreach (item, json)
		g_assert_cmpstr(json_text(item), ==, want[i++]);
}

static void test_invalid_utf8_passes(void)
{
	g_autoptr(Json) json =
		parse("{\"a\":\"\xff\xfe\xc3\",\"\x80\":\"\xed\xa0\x80\"}");
	g_autofree char *printed = NULL;

	g_assert_cmpstr(json_get_text(json, "a", 99, NULL), ==, "\xff\xfe\xc3");
	printed = json_print(json, FALSE);
	g_assert_nonnull(strstr(printed, "\xff\xfe\xc3"));
}

static void test_getters(void)
{
	g_autoptr(Json) json = parse(
		"{\"t\":\"text\",\"n\":42,\"s\":\"-7\",\"f\":1.5,\"b\":true,"
		"\"z\":null,\"big\":9007199254740993,\"huge\":1e300,\"o\":{},"
		"\"T\":\"other\"}");

	g_assert_cmpstr(json_get_text(json, "t", 4, "-"), ==, "text");
	g_assert_cmpstr(json_get_text(json, "t", 3, "-"), ==, "-");
	g_assert_cmpstr(json_get_text(json, "n", 9, "-"), ==, "-");
	g_assert_cmpstr(json_get_text(json, "none", 9, "-"), ==, "-");
	g_assert_cmpstr(json_get_text(json, "T", 9, "-"), ==, "other");
	g_assert_cmpint(json_get_int(json, "n", 0, 42, -1), ==, 42);
	g_assert_cmpint(json_get_int(json, "n", 0, 41, -1), ==, -1);
	g_assert_cmpint(json_get_int(json, "n", 43, 99, -1), ==, -1);
	g_assert_cmpint(json_get_int(json, "s", -9, 9, 0), ==, -7);
	g_assert_cmpint(json_get_int(json, "s", 0, 9, 5), ==, 5);
	g_assert_cmpint(json_get_int(json, "f", -9, 9, 5), ==, 5);
	g_assert_cmpint(json_get_int(json, "t", -9, 9, 5), ==, 5);
	g_assert_cmpint(
		json_get_int(json, "huge", G_MININT64, G_MAXINT64, 5), ==, 5);
	g_assert_true(json_get_bool(json, "b", FALSE));
	g_assert_true(json_get_bool(json, "t", TRUE));
	g_assert_null(json_get(json_get(json, "t"), "x"));
	g_assert_null(json_get(NULL, "x"));
	g_assert_cmpint(json_type(json_get(json, "z")), ==, JSON_NULL);
	g_assert_cmpint(json_type(json_get(json, "o")), ==, JSON_OBJECT);
	g_assert_null(json_first(json_get(json, "t")));
}

static const char *const secrets[] = {"token", "key", NULL};
static const char *const name_a[] = {"a"};
static const JsonPick pick_a = {name_a, 1, secrets};

static void test_last_member_counts(void)
{
	const char *text = "{\"a\":1,\"b\":2,\"\\u0061\":3}";
	g_autoptr(Json) json = parse(text);
	g_autoptr(GString) masked = g_string_new(NULL);
	JsonSpan span;

	g_assert_cmpint(json_get_int(json, "a", 0, 9, 0), ==, 3);
	json_pick(text, strlen(text), 0, &pick_a, &span, masked);
	g_assert_cmpmem(text + span.start, span.len, "3", 1);
}

static void test_whole(void)
{
	g_autoptr(Json) json = parse("[9007199254740992,-9007199254740992,"
				     "9007199254740994,0.5,1e400,-0,\"1\"]");
	static const gboolean want[] = {
		TRUE, TRUE, FALSE, FALSE, FALSE, TRUE, FALSE};
	gsize i = 0;

	json_foreach (item, json) {
		gint64 number;

		g_assert_cmpint(json_whole(item, &number), ==, want[i++]);
	}
}

static void test_building(void)
{
	g_autoptr(Json) other = parse("{\"x\":[1,2]}");
	g_autoptr(Json) json = json_object();
	g_autofree char *flat = NULL;
	g_autofree char *pretty = NULL;

	json_set_text(json, "t", "a\"b\nc");
	json_set_int(json, "n", 1);
	json_set_int(json, "n", 1760000000123);
	json_set_int(json, "m", G_MAXINT64);
	json_set_bool(json, "b", TRUE);
	json_set_copy(json, "c", json_get(other, "x"));
	json_set_bool(json, "gone", TRUE);
	json_remove(json, "gone");
	json_remove(json, "never");
	flat = json_print(json, FALSE);
	g_assert_cmpstr(flat, ==,
		"{\"t\":\"a\\\"b\\nc\",\"n\":1760000000123,"
		"\"m\":9223372036854775807,\"b\":true,\"c\":[1,2]}");
	pretty = json_print(json, TRUE);
	g_assert_true(g_str_has_suffix(pretty, "}\n"));
}

static void test_span_member(void)
{
	const char *text = " { \"a\" : [1, {\"b\":2}] , \"b\":\"x,\\\"}\" ,"
			   "\"c\":-1.5e3,\"d\":{\"a\":9}} ";
	static const char *const want[][2] = {{"a", "[1, {\"b\":2}]"},
		{"b", "\"x,\\\"}\""}, {"c", "-1.5e3"}, {"d", "{\"a\":9}"}};
	JsonSpan span = {7, 7};

	for (gsize i = 0; i < G_N_ELEMENTS(want); i++) {
		g_assert_true(json_span_member(
			text, strlen(text), want[i][0], &span));
		g_assert_cmpmem(text + span.start, span.len, want[i][1],
			strlen(want[i][1]));
	}
	span = (JsonSpan){7, 7};
	g_assert_false(json_span_member(text, strlen(text), "e", &span));
	g_assert_cmpuint(span.start, ==, 7);
	g_assert_false(json_span_member("[1]", 3, "a", &span));
	g_assert_false(json_span_member("{}", 2, "a", &span));
}

static void test_outline(void)
{
	const char *text = " { \"a\" : [1, {\"b\":2}] , \"b\":\"x,\\\"}\" ,"
			   "\"c\":-1.5e3,\"\\u0064\":{\"a\":9}} ";
	g_autoptr(Json) json = json_parse_outline(text, strlen(text), NULL);
	g_autoptr(Json) array = json_parse_outline("[[1]]", 5, NULL);
	JsonSpan span = {7, 7};

	g_assert_cmpuint(json_size(json), ==, 4);
	g_assert_cmpint(json_type(json_get(json, "a")), ==, JSON_ARRAY);
	g_assert_true(json_outline_span(json_get(json, "a"), &span));
	g_assert_cmpmem(text + span.start, span.len, "[1, {\"b\":2}]", 12);
	g_assert_cmpint(json_type(json_get(json, "d")), ==, JSON_OBJECT);
	g_assert_true(json_outline_span(json_get(json, "d"), &span));
	g_assert_cmpmem(text + span.start, span.len, "{\"a\":9}", 7);
	g_assert_cmpstr(json_get_text(json, "b", 9, ""), ==, "x,\"}");
	g_assert_false(json_outline_span(json_get(json, "b"), &span));
	g_assert_false(json_outline_span(json_get(json, "c"), &span));
	g_assert_false(json_outline_span(NULL, &span));
	g_assert_cmpint(json_type(json_first(array)), ==, JSON_ARRAY);
}

/* What lies deep is checked too. */
static void test_outline_refuses(void)
{
	static const char *const bad[] = {"{\"a\":[01]}", "{\"a\":{\"b\"}}",
		"{\"a\":[\"\\x\"]}", "{\"a\":[1}", "{\"a\":[]} x", "", "{"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(
			json_parse_outline(bad[i], strlen(bad[i]), &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
}

static void test_elements(void)
{
	const char *text = "[ {\"a\":\"]\"} ,2, \"x\\\\\",[] , true ] ";
	static const char *const want[] = {
		"{\"a\":\"]\"}", "2", "\"x\\\\\"", "[]", "true"};
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize at = 1, n = 0;

	while (json_element_next(text, strlen(text), &at)) {
		gsize start = at;
		JsonSpan value;

		at = json_pick(text, strlen(text), at, &pick_a, &value, masked);
		g_assert_cmpuint(n, <, G_N_ELEMENTS(want));
		g_assert_cmpmem(
			text + start, at - start, want[n], strlen(want[n]));
		g_assert_cmpstr(masked->str, ==, n == 0 ? want[0] : "");
		g_assert_cmpuint(value.len, ==, n == 0 ? 3 : 0);
		n++;
	}
	g_assert_cmpuint(n, ==, G_N_ELEMENTS(want));
	at = 1;
	g_assert_false(json_element_next("[ ]", 3, &at));
}

static void assert_mask(const char *text, const char *want)
{
	g_autoptr(GString) masked = g_string_new("left over");
	JsonSpan value;
	gsize end = json_pick(text, strlen(text), 0, &pick_a, &value, masked);

	g_assert_cmpstr(masked->str, ==, want);
	g_assert_cmpuint(end, ==, strlen(text));
}

static void test_mask(void)
{
	assert_mask("{\"a\":1, \"token\" : \"s\\\"}x\" ,\"b\":2 }",
		"{\"a\":1, \"token\" : \"***\" ,\"b\":2 }");
	assert_mask("{\"token\":{\"x\":[1]},\"key\":null,\"keys\":1}",
		"{\"token\":\"***\",\"key\":\"***\",\"keys\":1}");
	assert_mask("{\"tok\\u0065n\":\"s\"}", "{\"tok\\u0065n\":\"***\"}");
	assert_mask("{\"token\":\"a\",\"token\":\"b\"}",
		"{\"token\":\"***\",\"token\":\"***\"}");
	assert_mask("{\"x\":{\"token\":\"inner\"}}",
		"{\"x\":{\"token\":\"inner\"}}");
	assert_mask("{}", "{}");
	assert_mask("{ }", "{ }");
	assert_mask("[\"token\"]", "");
}

/* The value of "a" as a text of at most 5 bytes, as a number of at most 99. */
static void assert_value(const char *text, const char *want, gint64 number)
{
	g_autoptr(GString) masked = g_string_new(NULL);
	g_autoptr(Json) json = json_parse(text, strlen(text), NULL);
	g_autofree char *read = NULL;
	JsonSpan value;

	json_pick(text, strlen(text), 0, &pick_a, &value, masked);
	read = json_span_text(text, value, 5);
	g_assert_cmpstr(read, ==, want);
	g_assert_cmpstr(json_get_text(json, "a", 5, NULL), ==, want);
	g_assert_cmpint(json_span_int(text, value, 0, 99, -1), ==, number);
	g_assert_cmpint(json_get_int(json, "a", 0, 99, -1), ==, number);
}

static void test_values_are_read_as_if_built(void)
{
	assert_value("{\"a\":\"plain\"}", "plain", -1);
	assert_value("{\"a\":\"longer\"}", NULL, -1);
	assert_value("{\"a\":\"\"}", "", -1);
	assert_value("{\"a\":\"\\u00e9\\\\\"}", "\xc3\xa9\\", -1);
	assert_value("{\"a\":\"a\\u0000\"}", "a\xef\xbf\xbd", -1);
	assert_value("{\"a\":\"a\\nlonger\"}", NULL, -1);
	assert_value("{\"a\":42}", NULL, 42);
	assert_value("{\"a\":\"42\"}", "42", 42);
	assert_value("{\"a\":100}", NULL, -1);
	assert_value("{\"a\":4.2e1}", NULL, 42);
	assert_value("{\"a\":-1}", NULL, -1);
	assert_value("{\"a\":1.5}", NULL, -1);
	assert_value("{\"a\":9999999999999999999}", NULL, -1);
	assert_value("{\"a\":null}", NULL, -1);
	assert_value("{\"a\":{\"a\":7}}", NULL, -1);
	assert_value("{\"b\":7}", NULL, -1);
	assert_value("{\"\\u0061\":7}", NULL, 7);
	assert_value("{\"aa\":1,\"a\":2,\"\":3}", NULL, 2);
}

/* Walks of such texts promise nothing but to stay within them. */
static void test_walks_stay_inside(void)
{
	static const char *const bad[] = {"", "{", "[", "{\"", "{\"a", "{\"a\"",
		"{\"a\":", "{\"a\":\"", "[1", "[\"\\", "{\"a\":[[[", "[}", "{]",
		"{\"a\":1", "{\"a\\", "[{\"a\":\"\\"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		gsize len = strlen(bad[i]), at = 1;
		g_autofree char *copy =
			len > 0 ? g_memdup2(bad[i], len) : g_strdup("");
		g_autofree char *outline G_GNUC_UNUSED =
			json_span_outline(copy, len);
		g_autoptr(GString) masked = g_string_new(NULL);
		JsonSpan value = {0, 0};

		if (json_span_member(copy, len, "a", &value))
			g_assert_cmpuint(value.start + value.len, <=, len);
		g_assert_cmpuint(
			json_pick(copy, len, 0, &pick_a, &value, masked), <=,
			len);
		g_assert_cmpuint(value.start + value.len, <=, len);
		while (json_element_next(copy, len, &at))
			at = json_pick(copy, len, at, &pick_a, &value, masked);
	}
}

/* Each element's own bytes are JSON, and none is missing. */
static void assert_elements(const Json *json, const char *text, gsize len)
{
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize at = json_scan_space(text, len, 0) + 1;
	guint n = 0;

	for (; json_element_next(text, len, &at); n++) {
		gsize start = at;
		JsonSpan value;

		at = json_pick(text, len, at, &pick_a, &value, masked);
		g_autoptr(Json) element =
			json_parse(text + start, at - start, NULL);

		g_assert_nonnull(element);
	}
	g_assert_cmpuint(n, ==, json_size(json));
}

/* What the scan accepts cJSON reads, however odd it is. */
static void test_mutations(void)
{
	static const char seed[] =
		"[{\"a\":[1,-2.5e+3,\"\\u00e9\\n\\ud83d\\ude80"
		"\"],\"b\":{\"c\":\"d\"}},true,null,0]";
	static const char bytes[] = "{}[]\",:\\u0d8ceE+-.tn \xff";
	g_autoptr(GRand) random = g_rand_new_with_seed(7);
	guint accepted = 0;

	for (guint i = 0; i < 30000; i++) {
		gsize len = sizeof(seed) - 1;
		g_autofree char *text = g_memdup2(seed, len);
		g_autoptr(GError) error = NULL;
		g_autoptr(Json) json = NULL;

		for (int n = g_rand_int_range(random, 1, 4); n > 0; n--)
			text[g_rand_int_range(random, 0, (int)len)] =
				bytes[g_rand_int_range(
					random, 0, sizeof(bytes) - 1)];
		json = json_parse(text, len, &error);
		if (error)
			g_assert_true(
				g_str_has_prefix(error->message, "not JSON: "));
		if (json && json_type(json) == JSON_ARRAY)
			assert_elements(json, text, len);
		accepted += json ? 1 : 0;
	}
	g_assert_cmpuint(accepted, >, 1000);
	g_assert_cmpuint(accepted, <, 29000);
}

static void check_equal(const char *a, const char *b, gboolean want)
{
	g_autoptr(Json) one = json_parse(a, strlen(a), NULL);
	g_autoptr(Json) two = json_parse(b, strlen(b), NULL);

	g_assert_true(!json_equal(one, two) == !want);
	g_assert_true(!json_equal(two, one) == !want);
	g_assert_true(json_equal(one, one));
}

static void test_equal(void)
{
	check_equal(
		"{\"a\":1,\"b\":[2]}", "{ \"b\" : [2.0], \"a\" : 1 }", TRUE);
	check_equal("{\"a\":1}", "{\"A\":1}", FALSE);
	check_equal("{\"a\":1}", "{\"a\":1,\"b\":2}", FALSE);
	check_equal("\"a\"", "\"A\"", FALSE);
	check_equal("[1,2]", "[2,1]", FALSE);
	check_equal("1", "\"1\"", FALSE);
	check_equal("true", "false", FALSE);
	check_equal("null", "null", TRUE);
	g_assert_false(json_equal(NULL, NULL));
}

static void test_equal_takes_the_last_of_a_name(void)
{
	check_equal("{\"a\":1,\"a\":2}", "{\"a\":2}", TRUE);
	check_equal("{\"a\":1,\"a\":2}", "{\"a\":1}", FALSE);
	check_equal("{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}", TRUE);
	check_equal("[[],[{}]]", "[[],[{}]]", TRUE);
	check_equal("[1]", "[1,2]", FALSE);
	check_equal("{}", "[]", FALSE);
}

/* Once each level doubled the time: 45 levels took days. */
static void test_equal_is_linear_in_depth(void)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
		g_string_append(text, "{\"a\":");
	g_string_append_c(text, '1');
	for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
		g_string_append_c(text, '}');
	check_equal(text->str, text->str, TRUE);
}

static char *wide_map(guint n, gboolean reversed)
{
	g_autoptr(GString) text = g_string_new("{");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s\"k%u\":\"%u\"",
			i > 0 ? "," : "", reversed ? n - 1 - i : i,
			reversed ? n - 1 - i : i);
	g_string_append_c(text, '}');
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Quadratic work on these would take minutes. */
#define WIDE 300000

static void test_wide_objects_are_cheap(void)
{
	g_autofree char *text = wide_map(WIDE, FALSE);
	g_autofree char *other = wide_map(WIDE, TRUE);
	g_autoptr(Json) one = json_parse(text, strlen(text), NULL);
	g_autoptr(Json) two = json_parse(other, strlen(other), NULL);
	g_autoptr(Json) map = json_string_map(one, NULL);

	g_assert_true(json_equal(one, two));
	g_assert_true(json_equal(one, map));
}

static void test_doubled_members_are_removed_at_once(void)
{
	g_autoptr(Json) object = json_object();

	for (guint i = 0; i < WIDE; i++)
		json_add_text(object, "a", "");
	json_set_text(object, "a", "b");
	g_assert_cmpuint(json_size(object), ==, 1);
}

static gboolean is_short(const char *name)
{
	return strlen(name) == 1;
}

static void test_string_map(void)
{
	const char *text = "{\"a\":\"1\",\"b\":2,\"cc\":\"3\",\"a\":\"4\","
			   "\"d\":\"5\",\"d\":6}";
	g_autoptr(Json) from = json_parse(text, strlen(text), NULL);
	g_autoptr(Json) map = json_string_map(from, is_short);
	g_autofree char *said = json_print(map, FALSE);

	g_assert_cmpstr(said, ==, "{\"a\":\"4\"}");
	g_autoptr(Json) none = json_string_map(NULL, NULL);
	g_assert_cmpuint(json_size(none), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/equal", test_equal);
	g_test_add_func("/json/equal-takes-the-last-of-a-name",
		test_equal_takes_the_last_of_a_name);
	g_test_add_func("/json/equal-is-linear-in-depth",
		test_equal_is_linear_in_depth);
	g_test_add_func(
		"/json/wide-objects-are-cheap", test_wide_objects_are_cheap);
	g_test_add_func("/json/doubled-members-are-removed-at-once",
		test_doubled_members_are_removed_at_once);
	g_test_add_func("/json/string-map", test_string_map);
	g_test_add_func("/json/refuses-what-is-not-json", test_refuses);
	g_test_add_func("/json/names-the-offset", test_names_the_offset);
	g_test_add_func(
		"/json/every-cut-is-refused", test_every_cut_is_refused);
	g_test_add_func("/json/depth-is-limited", test_depth);
	g_test_add_func("/json/brackets-in-strings-are-no-depth",
		test_brackets_in_strings_are_no_depth);
	g_test_add_func("/json/values-are-limited", test_number_of_values);
	g_test_add_func("/json/escaped-nul-is-replaced", test_escaped_nul);
	g_test_add_func("/json/lone-surrogates-are-replaced", test_surrogates);
	g_test_add_func("/json/invalid-utf8-passes", test_invalid_utf8_passes);
	g_test_add_func("/json/getters-check-type-and-range", test_getters);
	g_test_add_func("/json/last-member-counts", test_last_member_counts);
	g_test_add_func("/json/whole-numbers-are-exact", test_whole);
	g_test_add_func("/json/building", test_building);
	g_test_add_func("/json/span-of-a-member", test_span_member);
	g_test_add_func("/json/outline-tells-where-members-lie", test_outline);
	g_test_add_func(
		"/json/outline-refuses-what-is-not-json", test_outline_refuses);
	g_test_add_func("/json/elements-one-by-one", test_elements);
	g_test_add_func("/json/picked-values-are-read-as-if-built",
		test_values_are_read_as_if_built);
	g_test_add_func("/json/mask-hides-top-level-secrets", test_mask);
	g_test_add_func("/json/walks-stay-inside", test_walks_stay_inside);
	g_test_add_func("/json/mutations", test_mutations);
	return g_test_run();
}
