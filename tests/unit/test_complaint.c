#include "backends/base/complaint.h"

#include <string.h>

static char *const no_words[] = {(char *)"/bin/helper", NULL};

static void quoted(const char *said, const char *wanted)
{
	g_autofree char *quote =
		complaint_quote(said, strlen(said), no_words, NULL);

	g_assert_cmpstr(quote, ==, wanted);
}

static void test_last_line(void)
{
	quoted("", NULL);
	quoted("\n \r\n\t\n", NULL);
	quoted("login: run corp-login", "login: run corp-login");
	quoted("Traceback:\n  File x\nError: no such thing\n\n  \n",
		"Error: no such thing");
	quoted("10%\r50%\rfailed", "failed");
}

static void test_control_characters(void)
{
	quoted("\x1b[31;1mError\x1b[0m: no", "Error: no");
	quoted("a\tb\ac\xE2\x80\xAE"
	       "d\x7f",
		"a?b?c?d?");
	quoted("caf\xE9", "caf\xEF\xBF\xBD");
}

static void test_bounded(void)
{
	g_autofree char *long_one = g_strnfill(100000, 'x');
	g_autofree char *quote =
		complaint_quote(long_one, strlen(long_one), no_words, NULL);
	GString *wide = g_string_new(NULL);

	g_assert_cmpuint(strlen(quote), <=, COMPLAINT_MAX);
	g_assert_true(g_str_has_suffix(quote, "xxx..."));
	for (guint i = 0; i < 1000; i++)
		g_string_append(wide, "\xE2\x82\xAC ");
	g_autofree char *cut =
		complaint_quote(wide->str, wide->len, no_words, NULL);
	g_assert_cmpuint(strlen(cut), <=, COMPLAINT_MAX);
	g_assert_true(g_utf8_validate(cut, -1, NULL));
	g_string_free(wide, TRUE);
}

static void test_secrets(void)
{
	static const char *const rows[][2] = {
		{"password=hunter2 is wrong", "password=*** is wrong"},
		{"Token: abc", "Token: ***"},
		{"{\"SecretAccessKey\": \"s3cr\", \"x\": 1}",
			"{\"SecretAccessKey\": \"***\", \"x\": 1}"},
		{"--client-secret='a;b'", "--client-secret='***;b'"},
		{"Authorization: Bearer abcdefghij", "Authorization: *** ***"},
		{"sent Bearer abcdefgh123", "sent Bearer ***"},
		{"http://me:pw@host/x", "http://***@host/x"},
		{"key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY is bad",
			"key *** is bad"},
		{"got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_DEF", "got ***"},
		{"got 0123456789abcdef0123456789abcdef", "got ***"},
		{"AKIAIOSFODNN7EXAMPLE has expired",
			"AKIAIOSFODNN7EXAMPLE has expired"},
		{"cannot open /usr/local/share/Some.Thing/x1",
			"cannot open /usr/local/share/Some.Thing/x1"},
		{"request 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
			"request 3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		quoted(rows[i][0], rows[i][1]);
}

/* What the command and the environment name as secrets, and what the program
 * printed for us. */
static void test_known_secrets(void)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c",
		(char *)"helper --user me --password 'open it' --api-key=k1k2",
		NULL};
	const char *said = "no: open it, k1k2, plum-tree, orange-juice-1 of me";

	g_setenv("MY_SECRET", "plum-tree", TRUE);
	g_autofree char *quote = complaint_quote(said, strlen(said), argv,
		"{\"SecretAccessKey\": \"orange-juice-1\"}");
	g_assert_cmpstr(quote, ==, "no: ***, ***, ***, *** of me");
	g_unsetenv("MY_SECRET");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/complaint/last_line", test_last_line);
	g_test_add_func(
		"/complaint/control_characters", test_control_characters);
	g_test_add_func("/complaint/bounded", test_bounded);
	g_test_add_func("/complaint/secrets", test_secrets);
	g_test_add_func("/complaint/known_secrets", test_known_secrets);
	return g_test_run();
}
