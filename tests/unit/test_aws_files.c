#include "backends/aws/aws_files.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aws_home.h"

static AwsFiles *look(void)
{
	g_autoptr(GError) error = NULL;
	AwsFiles *files = aws_files_read(NULL, &error);

	g_assert_no_error(error);
	return files;
}

static void says_of(AwsFilesKind kind, const char *name, const char *key,
	const char *wanted)
{
	g_autoptr(AwsFiles) files = look();

	g_assert_cmpstr(aws_files_get(files, kind, name, key), ==, wanted);
}

static void says(const char *profile, const char *key, const char *wanted)
{
	says_of(AWS_FILES_PROFILE, profile, key, wanted);
}

static void has(const char *profile, gboolean wanted)
{
	g_autoptr(AwsFiles) files = look();

	g_assert_cmpint(
		aws_files_has(files, AWS_FILES_PROFILE, profile), ==, wanted);
}

static void test_absent(ChainFixture *f, const void *unused)
{
	has("default", FALSE);
	says("default", "region", NULL);
	g_setenv("AWS_CONFIG_FILE", "/dev/null", TRUE);
	has("default", FALSE);
}

/* What a name is in each file; the vendor's own readers are run beside ours in
 * tests/conformance. */
static void test_sections(ChainFixture *f, const void *unused)
{
	aws_home_config(f, "[default]\nregion=d\n"
			   "[profile  a ]\nregion = a\n"
			   "[profile \"b c\"]\nregion: b\n"
			   "[profile 'd'] # D\r\nREGION = c\r\n"
			   "[profile open']\nregion = o\n"
			   "[e]\nregion = e\n"
			   "[profile]\nregion = f\n"
			   "[sso-session s]\nsso_region = s\n"
			   "[preview]\ncloudfront = true\n"
			   "[profile \"a\"]\noutput = json\n");
	says("default", "region", "d");
	says("a", "region", NULL);
	says("a", "output", "json");
	says("b c", "region", "b");
	says("d", "region", "c");
	has("e", FALSE);
	has("", FALSE);
	has("s", FALSE);
	has("open'", FALSE);
	has("preview", FALSE);
	says_of(AWS_FILES_SSO_SESSION, "s", "sso_region", "s");
	says_of(AWS_FILES_SSO_SESSION, "a", "region", NULL);
}

static void test_nested(ChainFixture *f, const void *unused)
{
	aws_home_config(f, "[services s]\n"
			   "emr =\n"
			   "  endpoint_url = http://e\n"
			   "  Max = 1\n"
			   "[default]\n"
			   "credential_process = one \\\n"
			   "    two = 2 # three\n");
	g_autoptr(AwsFiles) files = look();
	g_assert_cmpstr(aws_files_get_nested(files, AWS_FILES_SERVICES, "s",
				"emr", "endpoint_url"),
		==, "http://e");
	g_assert_cmpstr(aws_files_get_nested(
				files, AWS_FILES_SERVICES, "s", "emr", "Max"),
		==, "1");
	g_assert_null(aws_files_get_nested(
		files, AWS_FILES_SERVICES, "s", "emr", "max"));
	g_assert_null(aws_files_get(files, AWS_FILES_SERVICES, "s", "emr"));
	says("default", "credential_process", "one \\\ntwo = 2 # three");
}

static void test_two_files(ChainFixture *f, const void *unused)
{
	aws_home_config(f,
		"[profile x]\nregion = c\naws_access_key_id = config\n"
		"output = o\n"
		"[default]\nregion = hidden\nkey = hidden\n"
		"[profile default]\nregion = shown\n");
	aws_home_credentials(f,
		"[x]\naws_access_key_id = credentials\noutput =\n"
		"[only]\na = 1\n[profile y]\na = 1\n[sso-session s]\na = 1\n");
	says("x", "aws_access_key_id", "credentials");
	says("x", "region", "c");
	says("x", "output", NULL);
	says("only", "a", "1");
	has("y", FALSE);
	has("profile y", TRUE);
	says_of(AWS_FILES_SSO_SESSION, "s", "a", NULL);
	says("default", "region", "shown");
	says("default", "key", NULL);
}

static void test_paths(ChainFixture *f, const void *unused)
{
	g_free(chain_fixture_put(f, "elsewhere", "[default]\nregion = e\n"));
	g_autofree char *other =
		chain_fixture_put(f, "keys", "[default]\nkey = k\n");

	g_setenv("AWS_CONFIG_FILE", "~/elsewhere", TRUE);
	g_setenv("AWS_SHARED_CREDENTIALS_FILE", other, TRUE);
	says("default", "region", "e");
	says("default", "key", "k");
	g_setenv("AWS_CONFIG_FILE", "$HOME/${EMPTY_}elsewhere", TRUE);
	says("default", "region", NULL);
	g_setenv("EMPTY_", "", TRUE);
	says("default", "region", "e");
	g_unsetenv("EMPTY_");
}

static void test_unreadable(ChainFixture *f, const void *unused)
{
	g_autofree char *huge = g_strnfill(AUTH_FILE_MAX + 1, 'x');
	g_autoptr(GError) error = NULL;

	aws_home_config(f, huge);
	g_assert_null(aws_files_read(NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_AUTH);
	g_assert_nonnull(strstr(error->message, ".aws/config"));
}

static void test_profile(ChainFixture *f, const void *unused)
{
	gboolean chosen = TRUE;

	g_assert_cmpstr(aws_files_profile(NULL, &chosen), ==, "default");
	g_assert_false(chosen);
	g_setenv("AWS_DEFAULT_PROFILE", "old", TRUE);
	g_assert_cmpstr(aws_files_profile("", &chosen), ==, "old");
	g_assert_true(chosen);
	g_setenv("AWS_PROFILE", "new", TRUE);
	g_assert_cmpstr(aws_files_profile(NULL, NULL), ==, "new");
	g_assert_cmpstr(aws_files_profile("mine", NULL), ==, "mine");
}

static void test_setting(ChainFixture *f, const void *unused)
{
	aws_home_config(f, "[default]\nk = d\n[profile p]\nk = p\n");
	g_autofree char *ours = aws_files_setting("p", "AWS_K", "k");
	g_autofree char *default_one = aws_files_setting(NULL, NULL, "k");
	g_autofree char *none = aws_files_setting("p", "AWS_K", "other");

	g_assert_cmpstr(ours, ==, "p");
	g_assert_cmpstr(default_one, ==, "d");
	g_assert_null(none);
	g_setenv("AWS_K", "env", TRUE);
	g_autofree char *env = aws_files_setting("p", "AWS_K", "k");
	g_assert_cmpstr(env, ==, "env");
}

/* Neither in time nor in memory more than the file's size would tell. */
static void test_long(ChainFixture *f, const void *unused)
{
	g_autoptr(GString) text = g_string_new("[default]\nk = v\n");
	guint lines = 0;

	while (text->len < AUTH_FILE_MAX - 4) {
		g_string_append(text, "\n x");
		lines++;
	}
	aws_home_config(f, text->str);
	g_autoptr(AwsFiles) files = look();
	g_assert_cmpuint(
		strlen(aws_files_get(files, AWS_FILES_PROFILE, "default", "k")),
		==, 2 + 2 * lines);
}

/* Whatever the bytes, nothing outside of them is touched: for the sanitizers. */
static void test_noise(ChainFixture *f, const void *unused)
{
	static const char alphabet[] = "[]=#; \t\r\n\"'ax\0";
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);

	for (guint round = 0; round < 500; round++) {
		g_autoptr(GString) text = g_string_new("[default]\n");

		for (guint i = 0; i < 60; i++)
			g_string_append_c(
				text, alphabet[g_rand_int_range(
					      rand, 0, sizeof(alphabet) - 1)]);
		g_autofree char *path = chain_fixture_put(f, ".aws/config", "");
		g_assert_true(
			g_file_set_contents(path, text->str, text->len, NULL));
		g_autoptr(GError) error = NULL;
		g_autoptr(AwsFiles) files = aws_files_read(NULL, &error);
		g_assert_true(files ? aws_files_has(files, AWS_FILES_PROFILE,
					      "default")
				    : error != NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	chain_fixture_add(
		"/aws_files/absent_files_are_empty", test_absent, NULL);
	chain_fixture_add(
		"/aws_files/sections_by_kind_and_name", test_sections, NULL);
	chain_fixture_add(
		"/aws_files/indented_lines_nest_or_go_on", test_nested, NULL);
	chain_fixture_add(
		"/aws_files/the_credentials_file_wins", test_two_files, NULL);
	chain_fixture_add(
		"/aws_files/the_environment_names_the_files", test_paths, NULL);
	chain_fixture_add(
		"/aws_files/a_huge_file_is_refused", test_unreadable, NULL);
	chain_fixture_add("/aws_files/the_profile_in_use", test_profile, NULL);
	chain_fixture_add("/aws_files/the_environment_before_the_profile",
		test_setting, NULL);
	chain_fixture_add("/aws_files/a_value_of_many_lines", test_long, NULL);
	chain_fixture_add("/aws_files/noise_does_no_harm", test_noise, NULL);
	return g_test_run();
}
