#include "fs/start/config.h"

#include <string.h>

#include "warnings.h"

static void refused(const char *text, const char *expected)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_false(config_parse(config, text, "test.conf", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, expected));
}

static void a_misspelt_key_is_named_with_its_line(void)
{
	refused("[sessionfs]\n# x\nrefesh = 5s\n", "test.conf:3: ");
	refused("[sessionfs]\nrefesh = 5s\n", "\"refesh\"");
	refused("[alibaba]\nregion = r\n\nregoin = x\n", "test.conf:4: ");
	refused("[sessionfs]\nrefresh = 1s\n[alibaba]\nrefesh = 2s\n",
		"test.conf:4: [alibaba]");
}

static void the_key_that_was_meant_is_guessed(void)
{
	refused("[sessionfs]\nrefesh = 5s\n", "; did you mean refresh?");
	refused("[alibaba]\nregoin = x\n", "; did you mean region?");
	refused("[alibaba]\nworkspace = x\n", "; did you mean workspaces?");
	refused("[alibaba]\nca-file = x\n", "; did you mean ca_file?");
	refused("[alibaba]\nreadonly = true\n", "; did you mean read_only?");
	refused("[alibaba]\ncolour = x\n", "has no key \"colour\"");
}

static void a_wrong_value_says_what_is_wanted(void)
{
	refused("[sessionfs]\nrefresh = soon\n", "a duration");
	refused("[sessionfs]\nrefresh = 5 s\n", "a duration");
	refused("[sessionfs]\nrefresh = -5s\n", "a duration");
	refused("[sessionfs]\nrefresh = 99999999999999999999s\n", "a duration");
	refused("[sessionfs]\nread_only = yes\n", "true or false");
	refused("[sessionfs]\nuid = no.such\n", "the name of a user");
	refused("[sessionfs]\ngid = no.such\n", "the name of a group");
	refused("[sessionfs]\nuid =\n", "the name of a user");
	refused("[alibaba]\nrmdir = sure\n", "terminate or refuse");
	refused("[alibaba]\nendpoint = ftp://x\n", "URL");
	refused("[alibaba]\nendpoint = http://x  # mine\n",
		"comments stand on lines of their own");
	refused("[alibaba]\nregion = r\nended = some\n",
		"test.conf:3: [alibaba] ended must be all, 24h or none");
}

static void a_section_must_be_a_provider(void)
{
	refused("[clowds]\n", "type is missing: no provider type is called");
	refused("[prod]\ntype = clowds\n", "test.conf:2: ");
	refused("[prod]\ntype = clowds\n", "\"clowds\"; there are: alibaba, ");
	refused("[memory]\n", "there are: alibaba, ");
	refused("[../x]\ntype = alibaba\n", "test.conf:1: a section's name ");
	refused("[.x]\ntype = alibaba\n", "test.conf:1: a section's name ");
	refused("[aws]\n", "; did you mean emr or emr-serverless?");
	refused("[Alibaba]\n", "; did you mean alibaba?");
	refused("[s]\ntype = liwy\n", "test.conf:2: [s] type is wrong: ");
	refused("[s]\ntype = liwy\n", "; did you mean livy?");
}

/* In a language of ours, whoever reads the file. */
static void a_wrong_line_is_told_with_its_number(void)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"stray = 1\n[alibaba]\n",
			"test.conf:1: this key stands above the first "
			"[section]"},
		{"[alibaba]\nregion x\n",
			"test.conf:2: this is no [section], no KEY = VALUE and "
			"no comment, which begins with #"},
		{"\n; comment\n",
			"test.conf:2: this is no [section], no KEY = VALUE and "
			"no comment, which begins with #"},
		{"[alibaba]\n\n[livy\n",
			"test.conf:3: the [ of a section has no ] in this "
			"line"},
		{"[alibaba] # mine\n",
			"test.conf:1: something follows the ] of a section; "
			"comments stand on lines of their own"},
		{"[ali]baba]\n",
			"test.conf:1: something follows the ] of a section; "
			"comments stand on lines of their own"},
		{"[alibaba]\n = x\n",
			"test.conf:2: there is no key before the ="},
		{"[alibaba]\nregion[de] = x\n",
			"test.conf:2: [alibaba] (type alibaba) has no key "
			"\"region[de]\""},
		{"[alibaba]\nregion = \xff\n",
			"test.conf:2: this line is not UTF-8"},
		{"[a\tb]\n",
			"test.conf:1: a section's name begins with a letter or "
			"a digit, and has at most 63 printable ASCII "
			"characters and no slash"},
		{"[]\n",
			"test.conf:1: a section's name begins with a letter or "
			"a digit, and has at most 63 printable ASCII "
			"characters and no slash"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Config) config = config_new();
		g_autoptr(GError) error = NULL;

		g_assert_false(config_parse(
			config, cases[i].text, "test.conf", &error));
		g_assert_cmpstr(error->message, ==, cases[i].told);
	}
}

static void each_wrong_line_is_told(void)
{
	static const char *const told[] = {
		"c:1: ", "c:2: ", "c:4: ", "c:7: [dli] "};
	g_autoptr(Config) config = config_new();
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);

	/* What is below a heading that is wrong belongs to nobody. */
	config_parse_all(config,
		"x\n[livy\nurl = y\n[alibaba]x\nregion = y\n[dli]\n"
		"regoin = x\n",
		"c", problems);
	g_assert_cmpuint(problems->len, ==, G_N_ELEMENTS(told));
	for (guint i = 0; i < problems->len; i++) {
		const GError *one = g_ptr_array_index(problems, i);

		g_test_message("%s", one->message);
		g_assert_true(g_str_has_prefix(one->message, told[i]));
	}
}

static void values_are_taken_as_they_stand(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;
	const ConfigProvider *first;

	g_assert_true(config_parse(config,
		"\xEF\xBB\xBF  [livy] \r\n\turl=http://localhost:8998  \r\n"
		"auth = exec:/bin/echo a\\tb = \"c\" # d\n# e\n\n  # f",
		"test.conf", &error));
	g_assert_no_error(error);
	first = g_ptr_array_index(config->providers, 0);
	g_assert_cmpstr(g_hash_table_lookup(first->keys, "url"), ==,
		"http://localhost:8998");
	g_assert_cmpstr(g_hash_table_lookup(first->keys, "auth"), ==,
		"exec:/bin/echo a\\tb = \"c\" # d");
}

/* Each with what its backend says of the key. */
static void what_a_backend_refuses_is_told_with_its_line(void)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"[alibaba]\n\nregion =\n",
			"c:3: [alibaba] region must be a name such as "
			"cn-hangzhou, not \"\""},
		{"[emr]\nregion = us-east-1 # mine\n",
			"c:2: [emr] region must be a name such as us-east-1 "
			"alone, without quotes or comments, not \"us-east-1 # "
			"mine\""},
		{"[emr-serverless]\nregion = us-east-1\nburst = 0\n",
			"c:3: [emr-serverless] burst must be a number from 1 "
			"to 100000, not \"0\""},
		{"[dli]\nregion = \"x\"\n",
			"c:2: [dli] region must be a name such as cn-north-4 "
			"alone, without quotes or comments, not \"\"x\"\""},
		{"[dli]\nproject = p\nregion = cn-north-4\n",
			"c:2: [dli] project must be an id of 32 hex digits, "
			"not \"p\""},
		{"[dataproc]\nregion = r\nproject =\n",
			"c:3: [dataproc] project must be a name such as "
			"my-project, not \"\""},
		{"[livy]\nurl = http://localhost\nauth = x\n",
			"c:3: [livy] auth must be none, basic:FILE, "
			"bearer:FILE, header:NAME:FILE, exec:COMMAND or "
			"negotiate"},
		{"[livy]\nurl = http://example.com\n",
			"c:2: [livy] url: http://example.com is plain http, "
			"which insecure_http = true would allow"},
		{"# x\n[livy]\nviews = true\n",
			"c:2: [livy] no server is known: set url = "
			"http://HOST:8998 in the section, or LIVY_URL"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Config) config = config_new();
		g_autoptr(GError) error = NULL;

		g_unsetenv("LIVY_URL");
		g_assert_true(config_parse(config, cases[i].text, "c", &error));
		g_assert_false(config_open(config, &error));
		g_assert_cmpstr(error->message, ==, cases[i].told);
	}
}

static void no_provider_is_told_with_the_file(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(config_parse(config, "[sessionfs]\n", "c", &error));
	g_assert_false(config_has_sections(config, &error));
	g_assert_true(g_str_has_prefix(error->message,
		"c names no provider: add a section, such as the two lines "
		"\"[alibaba]\""));
}

static void a_file_that_is_not_there_is_told_with_its_line(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(config_parse(config,
		"[alibaba]\nregion = x\nca_file = /nonexistent/ca\n", "c",
		&error));
	warnings_keep();
	g_assert_true(config_open(config, &error));
	warnings_expect_one("c:3: ?alibaba] ca_file names a file that cannot "
			    "be read: /nonexistent/ca: *");
}

static void sections_become_providers(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(config_parse(config,
		"[sessionfs]\nrefresh = 250ms\nread_only = true\n"
		"[alibaba]\nregion = cn-hangzhou\nworkspaces = w-1; w-2 ,w-3\n"
		"[other]\ntype = alibaba\nregion = x\nrmdir = terminate\n"
		"start = false\nread_only = true\nrefresh = 2m\nlist_lag = "
		"3m\n",
		"test.conf", &error));
	g_assert_no_error(error);
	g_assert_true(config->read_only);
	g_assert_cmpint(config->refresh_ms, ==, 250);
	g_assert_cmpuint(config->providers->len, ==, 2);

	ConfigProvider *first = g_ptr_array_index(config->providers, 0);
	ConfigProvider *other = g_ptr_array_index(config->providers, 1);

	g_assert_cmpstr(first->class->name, ==, "alibaba");
	g_assert_cmpuint(g_strv_length(first->workspaces), ==, 3);
	g_assert_cmpstr(first->workspaces[1], ==, "w-2");
	g_assert_true(first->start);
	g_assert_false(first->rmdir_ends);
	g_assert_cmpstr(other->name, ==, "other");
	g_assert_cmpstr(g_hash_table_lookup(other->keys, "region"), ==, "x");
	g_assert_null(other->workspaces);
	g_assert_true(other->rmdir_ends);
	g_assert_true(other->read_only);
	g_assert_false(other->start);
	g_assert_cmpint(other->refresh_ms, ==, 120000);
	g_assert_cmpint(other->list_lag_ms, ==, 180000);
	g_assert_cmpint(first->list_lag_ms, ==, -1);
}

static void workspaces_are_named(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *shown = NULL;
	ConfigProvider *first;

	g_assert_true(config_parse(config,
		"[livy]\nurl = http://localhost:8998\nname = main\n"
		"names = localhost:8998: a: b ; w-2:  two words\n",
		"test.conf", &error));
	g_assert_no_error(error);
	first = g_ptr_array_index(config->providers, 0);
	g_assert_cmpstr(first->workspace_name, ==, "main");
	g_assert_cmpuint(g_strv_length(first->names), ==, 4);
	g_assert_cmpstr(first->names[0], ==, "localhost:8998: a");
	g_assert_cmpstr(first->names[1], ==, "b");
	g_assert_cmpstr(first->names[2], ==, "w-2");
	g_assert_cmpstr(first->names[3], ==, "two words");
	shown = config_describe(config);
	g_assert_nonnull(strstr(shown, "\nname = main\n"));
	g_assert_nonnull(strstr(
		shown, "\nnames = localhost:8998: a: b; w-2: two words\n"));
	refused("[alibaba]\nname =\n", "a name for");
	refused("[alibaba]\nnames = w-1\n", "WORKSPACE: NAME");
	refused("[alibaba]\nnames = w-1: one; w-2:two\n", "WORKSPACE: NAME");
	refused("[alibaba]\nnames = : one\n", "WORKSPACE: NAME");
	refused("[alibaba]\nnames = w-1:\n", "WORKSPACE: NAME");
}

static void ended_says_which_sessions_are_shown(void)
{
	static const struct {
		const char *line;
		Ended ended;
		const char *shown;
	} cases[] = {
		{"", ENDED_ALL, "\nended = all\n"},
		{"ended = all\n", ENDED_ALL, "\nended = all\n"},
		{"ended = 24h\n", ENDED_DAY, "\nended = 24h\n"},
		{"ended = none\n", ENDED_NONE, "\nended = none\n"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Config) config = config_new();
		g_autoptr(GError) error = NULL;
		g_autofree char *text = g_strconcat(
			"[alibaba]\nregion = x\n", cases[i].line, NULL);
		g_autofree char *shown = NULL;
		ConfigProvider *provider;

		g_assert_true(config_parse(config, text, "test.conf", &error));
		provider = g_ptr_array_index(config->providers, 0);
		g_assert_cmpint(provider->ended, ==, cases[i].ended);
		shown = config_describe(config);
		g_assert_nonnull(strstr(shown, cases[i].shown));
	}
}

/* As discovery leaves them. */
static Config *discovered(const char *const *types)
{
	Config *config = config_new();

	config->discovered = TRUE;
	for (; *types; types++)
		g_ptr_array_add(
			config->providers, config_provider_new(*types,
						   backend_class_find(*types)));
	return config;
}

static void no_region_is_known(void)
{
	static const char *const names[] = {"ALIBABA_CLOUD_REGION_ID",
		"ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_unsetenv(names[i]);
	g_setenv("HOME", "/nonexistent", TRUE);
	g_setenv("LIVY_URL", "http://localhost:8998", TRUE);
}

static void what_was_found_and_cannot_be_opened_is_left_out(void)
{
	static const char *const types[] = {"alibaba", "livy", NULL};
	g_autoptr(Config) config = discovered(types);
	g_autoptr(GError) error = NULL;
	ConfigProvider *provider;

	no_region_is_known();
	warnings_keep();
	g_assert_true(config_open(config, &error));
	warnings_expect_one("*left out: ?alibaba] no region*");
	g_assert_cmpuint(config->providers->len, ==, 1);
	provider = g_ptr_array_index(config->providers, 0);
	g_assert_cmpstr(provider->name, ==, "livy");
	g_assert_nonnull(provider->backend);
}

static void when_nothing_found_can_be_opened_each_says_why(void)
{
	static const char *const types[] = {"alibaba", "alibaba", NULL};
	g_autoptr(Config) config = discovered(types);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) parts = NULL;

	no_region_is_known();
	g_assert_false(config_open(config, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	parts = g_strsplit(error->message, "[alibaba] no region", -1);
	g_assert_cmpuint(g_strv_length(parts), ==, 3);
}

static void what_the_file_names_must_open(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	no_region_is_known();
	g_assert_true(config_parse(config,
		"[livy]\nurl = http://localhost:8998\n"
		"[ali]\ntype = alibaba\n",
		"test.conf", &error));
	g_assert_false(config_open(config, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_assert_true(g_str_has_prefix(
		error->message, "test.conf:3: [ali] no region"));
}

static void a_proxy_password_is_not_described(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(config_parse(config,
		"[alibaba]\nregion = x\nproxy = http://me:hush@proxy:3128\n",
		"test.conf", &error));
	g_autofree char *text = config_describe(config);

	g_assert_null(strstr(text, "hush"));
	g_assert_nonnull(strstr(text, "proxy:3128"));
}

static void what_may_be_a_password_is_not_shown(void)
{
	static const struct {
		const char *value, *shown;
	} cases[] = {
		{"http://me:hush@proxy:3128", "http://***@proxy:3128"},
		{"me:hush@proxy:3128", "***@proxy:3128"},
		{"http://me:hu@sh@proxy/p", "http://***@proxy/p"},
		{"http://proxy/a@b", "http://proxy/a@b"},
		{"http://me:hu#s/h?x@proxy/p", "http://***@proxy/p"},
		{"exec:/usr/bin/token --password hush", "exec:***"},
		{"cn-hangzhou", "cn-hangzhou"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = config_masked(cases[i].value);

		g_assert_cmpstr(shown, ==, cases[i].shown);
	}
}

static void an_error_shows_no_password(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_false(config_parse(config,
		"[alibaba]\nendpoint = me:hush@host\n", "test.conf", &error));
	g_assert_null(strstr(error->message, "hush"));
}

static void what_stands_twice_is_told_with_both_lines(void)
{
	refused("[sessionfs]\nrefresh = 5s\nwindow = 1m\nrefresh = 5s\n",
		"test.conf:4: [sessionfs] refresh stands in line 2 already");
	refused("[alibaba]\nregion = a\n\n# x\n[dli]\nregion = b\n"
		"[alibaba]\nread_only = true\n",
		"test.conf:7: the section [alibaba] stands in line 1 already");
	refused("[alibaba]\r\nregion = a\r\n  [alibaba]  \r\n",
		"test.conf:3: the section [alibaba] stands in line 1 already");
	refused("[sessionfs]\n[sessionfs]\n", "test.conf:2: ");
	refused("[alibaba]\nregion=a\nregion  =b\n",
		"test.conf:3: [alibaba] region stands in line 2 already");
}

static void comments_and_other_sections_are_no_doubles(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(config_parse(config,
		"[alibaba]\nregion = a\n#[alibaba]\n# region = b\n"
		"[dli]\nregion = a\nprofile = [alibaba]\n",
		"test.conf", &error));
	g_assert_no_error(error);
}

static const char *key_of(const Config *config, const char *key)
{
	const ConfigProvider *provider =
		g_ptr_array_index(config->providers, 0);

	return g_hash_table_lookup(provider->keys, key);
}

static void paths_are_of_the_home_or_of_where_we_are(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *here = g_canonicalize_filename("x/ca.pem", NULL);

	g_setenv("HOME", "/srv/me", TRUE);
	g_assert_true(config_parse(config,
		"[sessionfs]\nstate_dir = ~/state\n"
		"[dataproc]\nca_file = x/ca.pem\n"
		"credentials_file = ~/key.json\naccess_token_file = ~\n",
		"test.conf", &error));
	g_assert_no_error(error);
	g_assert_cmpstr(config->state_dir, ==, "/srv/me/state");
	g_assert_cmpstr(key_of(config, "ca_file"), ==, here);
	g_assert_cmpstr(
		key_of(config, "credentials_file"), ==, "/srv/me/key.json");
	g_assert_cmpstr(key_of(config, "access_token_file"), ==, "/srv/me");
	g_assert_true(config_set(config, "state_dir", "~/other", &error));
	g_assert_cmpstr(config->state_dir, ==, "/srv/me/other");
}

static void what_a_shell_would_have_made_a_path_of_is_refused(void)
{
	refused("[sessionfs]\nstate_dir = ~you/x\n", "~/ for your home");
	refused("[sessionfs]\nstate_dir = $HOME/x\n", "~/ for your home");
	refused("[sessionfs]\nstate_dir = \"/x\"\n", "~/ for your home");
	refused("[alibaba]\nca_file = ~you/x\n", "test.conf:2: [alibaba]");
	refused("[alibaba]\nca_file = ${HOME}/x\n", "~/ for your home");
	refused("[dataproc]\ncredentials_file = '/x'\n", "~/ for your home");
}

static void what_a_unit_loads_is_found(void)
{
	static const char text[] =
		"[emr]\nregion = us-east-1\n"
		"credentials_file = ${CREDENTIALS_DIRECTORY}/aws\n";
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_unsetenv("CREDENTIALS_DIRECTORY");
	refused(text, "test.conf:3: [emr] credentials_file must be another");
	refused(text, "systemd sets it for a unit with LoadCredential=");
	g_setenv("CREDENTIALS_DIRECTORY", "/run/credentials/u", TRUE);
	g_assert_true(config_parse(config, text, "test.conf", &error));
	g_assert_no_error(error);
	g_assert_cmpstr(key_of(config, "credentials_file"), ==,
		"/run/credentials/u/aws");
	g_unsetenv("CREDENTIALS_DIRECTORY");
}

static void what_would_be_a_busy_loop_is_refused(void)
{
	refused("[sessionfs]\nrefresh = 0\n", "10ms or more");
	refused("[alibaba]\nlist_lag = 0\n", "10ms or more");
	refused("[sessionfs]\nwindow = 9ms\n", "10ms or more");
	refused("[sessionfs]\nstate_dir =\n", "state_dir");
}

static void durations_have_units(void)
{
	static const struct {
		const char *text;
		gint64 ms;
	} good[] = {{"0", 0}, {"5", 5000}, {"5s", 5000}, {"500ms", 500},
		{"2m", 120000}, {"1h", 3600000}, {"24h", 86400000}};
	static const char *const bad[] = {
		"", "s", "5x", "1.5s", "25h", "5s ", " 5s", "0x5", "86401"};
	gint64 ms;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(config_parse_duration(good[i].text, &ms));
		g_assert_cmpint(ms, ==, good[i].ms);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(config_parse_duration(bad[i], &ms));
}

static void options_set_the_same_keys(void)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(config_set(config, "window", "3s", &error));
	g_assert_cmpint(config->window_ms, ==, 3000);
	g_assert_false(config_set(config, "windw", "3s", &error));
	g_assert_nonnull(strstr(error->message, "windw"));
	g_clear_error(&error);
	g_assert_false(config_set(config, "window", "long", &error));
	g_assert_nonnull(strstr(error->message, "duration"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config/a-misspelt-key-is-named-with-its-line",
		a_misspelt_key_is_named_with_its_line);
	g_test_add_func("/config/the-key-that-was-meant-is-guessed",
		the_key_that_was_meant_is_guessed);
	g_test_add_func("/config/a-wrong-value-says-what-is-wanted",
		a_wrong_value_says_what_is_wanted);
	g_test_add_func("/config/a-section-must-be-a-provider",
		a_section_must_be_a_provider);
	g_test_add_func(
		"/config/sections-become-providers", sections_become_providers);
	g_test_add_func("/config/a-wrong-line-is-told-with-its-number",
		a_wrong_line_is_told_with_its_number);
	g_test_add_func(
		"/config/each-wrong-line-is-told", each_wrong_line_is_told);
	g_test_add_func("/config/values-are-taken-as-they-stand",
		values_are_taken_as_they_stand);
	g_test_add_func("/config/what-a-backend-refuses-is-told-with-its-line",
		what_a_backend_refuses_is_told_with_its_line);
	g_test_add_func("/config/no-provider-is-told-with-the-file",
		no_provider_is_told_with_the_file);
	g_test_add_func(
		"/config/a-file-that-is-not-there-is-told-with-its-line",
		a_file_that_is_not_there_is_told_with_its_line);
	g_test_add_func("/config/workspaces-are-named", workspaces_are_named);
	g_test_add_func("/config/ended-says-which-sessions-are-shown",
		ended_says_which_sessions_are_shown);
	g_test_add_func(
		"/config/what-was-found-and-cannot-be-opened-is-left-out",
		what_was_found_and_cannot_be_opened_is_left_out);
	g_test_add_func(
		"/config/when-nothing-found-can-be-opened-each-says-why",
		when_nothing_found_can_be_opened_each_says_why);
	g_test_add_func("/config/what-the-file-names-must-open",
		what_the_file_names_must_open);
	g_test_add_func("/config/a-proxy-password-is-not-described",
		a_proxy_password_is_not_described);
	g_test_add_func("/config/what-may-be-a-password-is-not-shown",
		what_may_be_a_password_is_not_shown);
	g_test_add_func("/config/an-error-shows-no-password",
		an_error_shows_no_password);
	g_test_add_func("/config/what-stands-twice-is-told-with-both-lines",
		what_stands_twice_is_told_with_both_lines);
	g_test_add_func("/config/comments-and-other-sections-are-no-doubles",
		comments_and_other_sections_are_no_doubles);
	g_test_add_func("/config/paths-are-of-the-home-or-of-where-we-are",
		paths_are_of_the_home_or_of_where_we_are);
	g_test_add_func(
		"/config/what-a-shell-would-have-made-a-path-of-is-refused",
		what_a_shell_would_have_made_a_path_of_is_refused);
	g_test_add_func("/config/loaded", what_a_unit_loads_is_found);
	g_test_add_func("/config/what-would-be-a-busy-loop-is-refused",
		what_would_be_a_busy_loop_is_refused);
	g_test_add_func("/config/durations-have-units", durations_have_units);
	g_test_add_func(
		"/config/options-set-the-same-keys", options_set_the_same_keys);
	return g_test_run();
}
