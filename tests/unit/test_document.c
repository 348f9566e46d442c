#include "fs/ops/document.h"

#include <string.h>

#include <glib.h>

static DocumentState feed(const char *text, gsize len, gsize *ret_used)
{
	Document scan;

	document_init(&scan);
	return document_feed(&scan, text, len, ret_used);
}

static void whole_objects_are_done(void)
{
	static const char *const good[] = {
		"{}",
		" \t\r\n{ }",
		"{\"a\":1}",
		"{\"a\":-0.5e+10,\"b\":[],\"c\":[1,2,{\"d\":null}]}",
		"{\"a\":true,\"b\":false,\"c\":null}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}",
		"{\"\":\"\xc3\xa9\"}",
		"{\"a\":0}",
		"{\"a\":[[[[]]]]}",
		"{\"a\":1e5}",
		"{\"a\":0.0}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		gsize used, len = strlen(good[i]);

		g_test_message("%s", good[i]);
		g_assert_cmpint(feed(good[i], len, &used), ==, DOCUMENT_DONE);
		g_assert_cmpuint(used, ==, len);
	}
}

static void wrong_bytes_are_found_where_they_are(void)
{
	static const struct {
		const char *text;
		gsize at;
	} bad[] = {
		{"[]", 0},
		{"x", 0},
		{"\"a\"", 0},
		{"\xef\xbb\xbf{}", 0},
		{"{bad", 1},
		{"{'a':1}", 1},
		{"{\"a\" 1}", 5},
		{"{\"a\":}", 5},
		{"{\"a\":1,}", 7},
		{"{\"a\":[1,]}", 8},
		{"{\"a\":1]", 6},
		{"{\"a\":01}", 6},
		{"{\"a\":+1}", 5},
		{"{\"a\":.5}", 5},
		{"{\"a\":1.}", 7},
		{"{\"a\":1e}", 7},
		{"{\"a\":-}", 6},
		{"{\"a\":tru}", 8},
		{"{\"a\":True}", 5},
		{"{\"a\":NaN}", 5},
		{"{\"a\":\"\n\"}", 6},
		{"{\"a\":\"\\x\"}", 7},
		{"{\"a\":\"\\u12g4\"}", 10},
		{"{\"a\":1 2}", 7},
		{"{\"a\":\"b\" \"c\"}", 9},
		{"{,}", 1},
		{"{1:2}", 1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		gsize used;

		g_test_message("%s", bad[i].text);
		g_assert_cmpint(feed(bad[i].text, strlen(bad[i].text), &used),
			==, DOCUMENT_WRONG);
		g_assert_cmpuint(used, ==, bad[i].at);
	}
}

static void a_nul_is_wrong_everywhere(void)
{
	gsize used;

	g_assert_cmpint(feed("\0{}", 3, &used), ==, DOCUMENT_WRONG);
	g_assert_cmpint(feed("{\"a\0\":1}", 8, &used), ==, DOCUMENT_WRONG);
	g_assert_cmpint(feed("{\"\\\0\":1}", 8, &used), ==, DOCUMENT_WRONG);
	g_assert_cmpint(feed("{\"a\":t\0ue}", 10, &used), ==, DOCUMENT_WRONG);
}

/* However it is cut, and it is DONE at its last byte and not before. */
static void single_bytes_come_to_the_same_end(void)
{
	static const char text[] = "{\"k\\\"\":[-1.5e-3,{\"x\":\"\\u00ff}\"},"
				   "true,null,[[]],0]}";
	Document scan;

	document_init(&scan);
	for (gsize i = 0; i < sizeof(text) - 2; i++)
		g_assert_cmpint(document_feed(&scan, &text[i], 1, NULL), ==,
			DOCUMENT_MORE);
	g_assert_cmpint(document_feed(&scan, "}", 1, NULL), ==, DOCUMENT_DONE);
}

static void the_rest_stays_unread(void)
{
	gsize used;

	g_assert_cmpint(feed("{}\n{}", 5, &used), ==, DOCUMENT_DONE);
	g_assert_cmpuint(used, ==, 2);
	g_assert_cmpint(feed("{\"a\":1}xyz", 10, &used), ==, DOCUMENT_DONE);
	g_assert_cmpuint(used, ==, 7);
}

static void depth_is_bounded(void)
{
	g_autofree char *deep = g_strnfill(2 * DOCUMENT_DEPTH, '[');
	Document scan;
	gsize used;

	document_init(&scan);
	g_assert_cmpint(
		document_feed(&scan, "{\"a\":", 5, NULL), ==, DOCUMENT_MORE);
	g_assert_cmpint(document_feed(&scan, deep, strlen(deep), &used), ==,
		DOCUMENT_WRONG);
	g_assert_cmpuint(used, ==, DOCUMENT_DEPTH - 1);
	g_assert_nonnull(strstr(scan.problem, "deep"));
}

static void wrong_stays_wrong(void)
{
	Document scan;

	document_init(&scan);
	g_assert_cmpint(document_feed(&scan, "]", 1, NULL), ==, DOCUMENT_WRONG);
	g_assert_cmpint(
		document_feed(&scan, "{}", 2, NULL), ==, DOCUMENT_WRONG);
}

static void blanks_alone_begin_nothing(void)
{
	Document scan;

	document_init(&scan);
	g_assert_cmpint(
		document_feed(&scan, " \n\t", 3, NULL), ==, DOCUMENT_MORE);
	g_assert_cmpuint(scan.depth, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/document/whole-objects-are-done", whole_objects_are_done);
	g_test_add_func("/document/wrong-bytes-are-found-where-they-are",
		wrong_bytes_are_found_where_they_are);
	g_test_add_func("/document/a-nul-is-wrong-everywhere",
		a_nul_is_wrong_everywhere);
	g_test_add_func("/document/single-bytes-come-to-the-same-end",
		single_bytes_come_to_the_same_end);
	g_test_add_func(
		"/document/the-rest-stays-unread", the_rest_stays_unread);
	g_test_add_func("/document/depth-is-bounded", depth_is_bounded);
	g_test_add_func("/document/wrong-stays-wrong", wrong_stays_wrong);
	g_test_add_func("/document/blanks-alone-begin-nothing",
		blanks_alone_begin_nothing);
	return g_test_run();
}
