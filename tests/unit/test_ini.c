#include "backends/auth/ini.h"

#include <string.h>

#include "backends/base/text.h"

/* What the reader makes of files is compared with the vendors' readers by
 * tests/conformance, over many more of them. */

static Ini *parse(const char *text, IniFlags flags)
{
	g_autoptr(GError) error = NULL;
	Ini *ini = ini_parse(text, flags, &error);

	g_assert_no_error(error);
	return ini;
}

static void says(const Ini *ini, const char *key, const char *wanted)
{
	g_assert_cmpstr(ini_get(ini, "s", key), ==, wanted);
}

static void refused(const char *text, IniFlags flags, const char *say)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Ini) ini = ini_parse(text, flags, &error);

	g_assert_null(ini);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_AUTH);
	if (!strstr(error->message, say))
		g_error("\"%s\" does not say \"%s\"", error->message, say);
}

static void test_values(void)
{
	g_autoptr(Ini) ini = parse("# r\n[s] # r\nA = 1 # r\nb: \"x\"\nc =\n"
				   "d = 1\n  2\n\n  3\ne = \xC2\xA0y\r\n"
				   "[DEFAULT]\nf = 6\na = 7\n[t]\ng = %",
		0);

	says(ini, "a", "1 # r");
	says(ini, "A", NULL);
	says(ini, "b", "\"x\"");
	says(ini, "c", "");
	says(ini, "d", "1\n2\n\n3");
	says(ini, "e", "y");
	says(ini, "f", "6");
	g_assert_cmpstr(ini_get(ini, "t", "a"), ==, "7");
	g_assert_cmpstr(ini_get(ini, "t", "g"), ==, "%");
	g_assert_cmpuint(ini_count(ini), ==, 2);
	g_assert_cmpstr(ini_name(ini, 1), ==, "t");
	g_assert_false(ini_check(ini, "DEFAULT", NULL));
}

static void test_refusals(void)
{
	static const char *const rows[][2] = {
		{"a = 1", "line 1: it belongs to no [section]"},
		{"\xEF\xBB\xBF[s]",
			"line 1: the file begins with a byte order"},
		{"[s]\n[s]", "line 2: the section is there twice"},
		{"[s]\na = 1\nA: 2", "line 3: the key is there twice"},
		{"[s]\na", "line 2: it is neither"},
		{"[s]\n= a", "line 2: it is neither"},
		{"[s\n", "it belongs to no [section]"},
		{"[s]\na = \xE9", "it is not UTF-8"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		refused(rows[i][0], 0, rows[i][1]);
	refused("[s]\na =\n  b", INI_NESTED, "[s] a: one of the lines");
	refused("[t]\na = %", INI_ALIBABA, "[t] a: a \"%\" is followed");
}

static void test_dialects(void)
{
	static const char text[] = "[s]\nh = x\na = %(H)s/%% # 1\n[t]\nb = %";
	g_autoptr(Ini) huawei = parse(text, INI_HUAWEI);
	g_autoptr(GError) error = NULL;

	says(huawei, "a", "x/% # 1");
	g_assert_false(ini_check(huawei, "t", &error));
	g_assert_nonnull(strstr(error->message, "[t] b: a \"%\""));
	g_assert_null(ini_get(huawei, "t", "b"));
	g_autoptr(Ini) alibaba =
		parse("[s]\nh = x\na = %(H)s/%% # 1#\n", INI_ALIBABA);
	says(alibaba, "a", "x/%");
	g_autoptr(Ini) aws = parse("[s]\na =\n b = %\n", INI_AWS);
	says(aws, "a", NULL);
	g_assert_cmpstr(ini_get_nested(aws, "s", "a", "b"), ==, "%");
}

/* Names that double at each step, and defaults for very many sections: neither
 * time nor memory is spent without bound. */
static void test_bounds(void)
{
	g_autoptr(GString) text = g_string_new("[s]\na = ");

	for (guint i = 0; i < 1000; i++)
		g_string_append_c(text, 'x');
	for (char c = 'b'; c < 'j'; c++) {
		g_string_append_printf(text, "\n%c = ", c);
		for (guint i = 0; i < 30; i++)
			g_string_append_printf(text, "%%(%c)s", c - 1);
	}
	refused(text->str, INI_GOOGLE, "grow too long");
	g_string_assign(text, "[DEFAULT]\n");
	for (guint i = 0; i < 20000; i++)
		g_string_append_printf(text, "k%u=\n", i);
	for (guint i = 0; i < 20000; i++)
		g_string_append_printf(text, "[%u]\n", i);
	refused(text->str, INI_AWS, "grow too long");
}

/* Whatever the bytes, nothing outside of them is touched: for the sanitizers. */
static void test_noise(void)
{
	static const char alphabet[] =
		"[]=#;: \t\r\n\"'%()as\1\xC2\xA0\xE2\x80\xA8";
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	guint read = 0;

	for (guint round = 0; round < 20000; round++) {
		g_autoptr(GString) text = g_string_new("[s]\n");

		for (guint i = g_rand_int_range(rand, 0, 40); i > 0; i--)
			g_string_append_c(
				text, alphabet[g_rand_int_range(
					      rand, 0, sizeof(alphabet) - 1)]);
		g_autoptr(Ini) ini = ini_parse(text->str, round & 15, NULL);
		read += ini != NULL;
	}
	g_assert_cmpuint(read, >, 100);
}

static void words(const char *text, const char *wanted, gboolean shell)
{
	g_auto(GStrv) split = words_split(text);
	g_autofree char *joined = split ? g_strjoinv("|", split) : NULL;

	g_assert_cmpstr(joined, ==, wanted);
	g_assert_cmpint(words_need_shell(text), ==, shell);
}

static void test_words(void)
{
	words("", "", FALSE);
	words(" a  b\tc\nd ", "a|b|c|d", FALSE);
	words("a'b c'\"d e\"f", "ab cd ef", FALSE);
	words("'' \"\"", "|", FALSE);
	words("a\\ b \\\\ \\'", "a b|\\|'", FALSE);
	words("\"a\\\"b\\\\c\\d$e\" 'f\\'", "a\"b\\c\\d$e|f\\", FALSE);
	words("a #b", "a|#b", FALSE);
	words("'a", NULL, FALSE);
	words("a\\", NULL, FALSE);
	words("a;b", "a;b", TRUE);
	words("'a;b' \"c|d\" e\\&f", "a;b|c|d|e&f", FALSE);
	words("~/a b", "~/a|b", TRUE);
	words("a~ b", "a~|b", FALSE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ini/values", test_values);
	g_test_add_func("/ini/refusals_name_the_line", test_refusals);
	g_test_add_func("/ini/dialects", test_dialects);
	g_test_add_func("/ini/bounds", test_bounds);
	g_test_add_func("/ini/noise_does_no_harm", test_noise);
	g_test_add_func("/ini/words_of_a_command", test_words);
	return g_test_run();
}
