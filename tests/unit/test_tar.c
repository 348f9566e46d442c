#include "fs/command/tar.h"

#include <string.h>

/* What other programs make of whole archives: tests/mount/test_bundle.py. */

#define LONG_48 "long-long-long-long-long-long-long-long-long-lo"
#define LONG LONG_48 "ng-long-long"

static const struct {
	const char *path, *name; /* NULL: only the limits are looked at */
} names[] = {
	{"a/b", "a/b"},
	{"/a//b/", "a/b"},
	{"../a/./..", "__/a/_/__"},
	{"...", "..."},
	{"a\n\033[2J\\b", "a__[2J_b"},
	{"\303\244/b", "\303\244/b"},
	{LONG_48 "x", LONG_48 "x"},
	{LONG, NULL},
	{LONG "/" LONG "/" LONG "/" LONG, NULL},
	{LONG "/" LONG "/" LONG "/" LONG "/" LONG, NULL},
	{"\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
	 "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
	 "\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244a",
		NULL},
};

static void test_names(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *name = tar_name(names[i].path);

		if (names[i].name)
			g_assert_cmpstr(name, ==, names[i].name);
		g_assert_cmpuint(strlen(name), <=, 200);
		g_assert_true(g_utf8_validate(name, -1, NULL));
	}
}

static void test_names_that_are_cut_differ(void)
{
	g_autofree char *a = tar_name(LONG "a");
	g_autofree char *b = tar_name(LONG "b");

	g_assert_cmpstr(a, !=, b);
	g_assert_true(g_str_has_prefix(a, "long-long-"));
}

/* The name as a reader puts it together, and the bytes' place. */
static void test_an_entry_with_a_long_name(void)
{
	g_autoptr(GString) tar = g_string_new(NULL);
	g_autofree char *path =
		g_strdup(LONG_48 "/" LONG_48 "/" LONG_48 "/" LONG_48);
	g_autofree char *name = NULL, *prefix = NULL, *whole = NULL;

	tar_file(tar, path, "hello", 5, 0);
	tar_end(tar);
	name = g_strndup(tar->str, 100);
	prefix = g_strndup(tar->str + 345, 155);
	whole = g_strconcat(prefix, "/", name, NULL);
	g_assert_cmpstr(whole, ==, path);
	g_assert_cmpmem(tar->str + 512, 6, "hello", 6);
	g_assert_cmpstr(tar->str + 124, ==, "00000000005");
	g_assert_cmpuint(tar->len, ==, 4 * 512);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tar/names", test_names);
	g_test_add_func(
		"/tar/names-that-are-cut", test_names_that_are_cut_differ);
	g_test_add_func("/tar/a-long-name", test_an_entry_with_a_long_name);
	return g_test_run();
}
