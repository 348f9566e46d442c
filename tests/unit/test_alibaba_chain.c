#include "backends/alibaba/alibaba_chain.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain_fixture.h"
#include "until.h"

static void put_cli(ChainFixture *f, const char *text)
{
	g_free(chain_fixture_put(f, ".aliyun/config.json", text));
}

static void put_ini(ChainFixture *f, const char *text)
{
	g_free(chain_fixture_put(f, ".alibabacloud/credentials", text));
}

static CredentialSource *chain(const char *profile)
{
	const HttpSettings http = {0};

	return chain_new(&alibaba_chain, profile, NULL, NULL, &http);
}

static Credentials *find_within(const char *profile, gint64 ms, GError **error)
{
	g_autoptr(CredentialSource) source = chain(profile);

	return chain_ask(source, ms, error);
}

static void finds(const char *profile, const char *wanted)
{
	chain_finds(chain(profile), wanted);
}

static void fails(const char *profile, BackendErrorCode code, const char *say)
{
	chain_fails(chain(profile), code, say);
}

static void set_pair(void)
{
	g_setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id", TRUE);
	g_setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-sesame", TRUE);
}

#define CLI                                                                    \
	"{\"current\":\"b\",\"profiles\":["                                    \
	"{\"name\":\"a\",\"mode\":\"AK\",\"access_key_id\":\"a-id\","          \
	"\"access_key_secret\":\"a-sesame\",\"sts_token\":\"ignored\","        \
	"\"region_id\":\"cn-a\"},"                                             \
	"{\"name\":\"b\",\"mode\":\"StsToken\",\"access_key_id\":\"b-id\","    \
	"\"access_key_secret\":\"b-sesame\",\"sts_token\":\"b-token\","        \
	"\"region_id\":\"\"}]}"

#define INI                                                                    \
	"# a remark\n[default]  # d\n  type = access_key # t\n"                \
	"  access_key_id=i-id \n  access_key_secret: i=sesame==#x\n"           \
	"; access_key_id = no\n\n[c]\r\nTYPE=access_key\r\n"                   \
	"access_key_id = c-id\r\naccess_key_secret = c-sesame\r\n"             \
	"[odd]\ntype = bearer\n[bare]\n"

/* ---- environment ---- */

static void the_environment_comes_first(ChainFixture *f, const void *unused)
{
	put_cli(f, CLI);
	put_ini(f, INI);
	set_pair();
	finds(NULL, "env-id/env-sesame/");
	g_setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "tok", TRUE);
	finds(NULL, "env-id/env-sesame/tok");
}

static void half_a_pair_makes_way_for_the_next(
	ChainFixture *f, const void *unused)
{
	set_pair();
	g_unsetenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
	fails(NULL, BACKEND_ERROR_NO_KEY,
		"the environment (ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set)");
	put_cli(f, CLI);
	finds(NULL, "b-id/b-sesame/b-token");
}

static void without_any_the_error_says_where_it_looked(
	ChainFixture *f, const void *unused)
{
	static const char *const places[] = {"environment (", "OIDC (",
		".aliyun/config.json: No such file",
		"/.alibabacloud/credentials",
		"ECS metadata (ALIBABA_CLOUD_ECS_METADATA_DISABLED",
		"ALIBABA_CLOUD_CREDENTIALS_URI is not set"};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
		fails(NULL, BACKEND_ERROR_NO_KEY, places[i]);
}

/* ---- the CLI's profiles ---- */

static void a_profile_is_chosen_by_section_environment_or_current(
	ChainFixture *f, const void *unused)
{
	put_cli(f, CLI);
	put_ini(f, INI);
	finds(NULL, "b-id/b-sesame/b-token");
	g_setenv("ALIBABA_CLOUD_PROFILE", "a", TRUE);
	finds(NULL, "a-id/a-sesame/");
	finds("b", "b-id/b-sesame/b-token");
	finds("c", "c-id/c-sesame/");
}

static void a_named_profile_beats_the_environment(
	ChainFixture *f, const void *unused)
{
	put_cli(f, CLI);
	set_pair();
	finds("a", "a-id/a-sesame/");
	fails("nobody", BACKEND_ERROR_NO_KEY, "(profile = nobody)");
	fails("nobody", BACKEND_ERROR_NO_KEY, "there is no profile nobody");
}

static void a_disabled_cli_is_not_read(ChainFixture *f, const void *unused)
{
	put_cli(f, CLI);
	put_ini(f, INI);
	g_setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "True", TRUE);
	finds(NULL, "i-id/i=sesame==/");
}

static void broken_profiles_are_named(ChainFixture *f, const void *unused)
{
	static const struct {
		const char *profile, *say;
		BackendErrorCode code; /* 0: AUTH */
	} rows[] = {
		{"\"mode\":\"AK\"", "access_key_id is missing"},
		{"\"mode\":\"AK\",\"access_key_id\":\"x\"",
			"access_key_secret is missing"},
		{"\"mode\":\"StsToken\",\"access_key_id\":\"x\","
		 "\"access_key_secret\":\"sesame\"",
			"sts_token is missing"},
		{"\"mode\":\"BearerToken\"", "mode BearerToken, which is not"},
		{"\"mode\":\"CredentialsURI\"", "credentials_uri is missing"},
		{"\"mode\":7", "which is not supported"},
		{"\"mode\":\"RamRoleArn\",\"access_key_id\":\"x\","
		 "\"access_key_secret\":\"sesame\"",
			"the role to assume is not named"},
		{"\"mode\":\"RamRoleArn\",\"access_key_id\":\"x\","
		 "\"access_key_secret\":\"sesame\",\"ram_role_arn\":\"r\","
		 "\"expired_seconds\":60",
			"under 900 seconds"},
		{"\"mode\":\"RamRoleArn\",\"access_key_id\":\"x\","
		 "\"access_key_secret\":\"sesame\",\"ram_role_arn\":\"r\","
		 "\"sts_region\":\"x/evil?\"",
			"no host name"},
		{"\"mode\":\"ChainableRamRoleArn\",\"ram_role_arn\":\"r\","
		 "\"source_profile\":\"p\"",
			"goes round in a circle"},
		{"\"mode\":\"ChainableRamRoleArn\",\"ram_role_arn\":\"r\"",
			"there is no profile", BACKEND_ERROR_NO_KEY},
		{"\"mode\":\"OIDC\",\"ram_role_arn\":\"r\","
		 "\"oidc_token_file\":\"/nonexistent\"",
			"/nonexistent: No such file", BACKEND_ERROR_NO_KEY},
		{"\"mode\":\"External\"", "process_command is missing"},
		{"\"mode\":\"External\",\"process_command\":\"'open\"",
			"cannot be split"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"{\"profiles\":[7,{\"name\":\"p\",%s}]}",
			rows[i].profile);
		put_cli(f, text);
		fails("p", rows[i].code ? rows[i].code : BACKEND_ERROR_AUTH,
			rows[i].say);
	}
}

static void odd_files_do_no_harm(ChainFixture *f, const void *unused)
{
	static const char *const broken[] = {"", "{bad"};
	static const char *const bare[] = {"[]", "null", "{}",
		"{\"profiles\":{}}", "{\"profiles\":[],\"current\":\"x\"}"};
	g_autofree char *path = chain_fixture_put(f, ".aliyun/config.json", "");

	for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
		put_cli(f, broken[i]);
		fails(NULL, BACKEND_ERROR_AUTH, "the aliyun CLI's profile (");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bare); i++) {
		put_cli(f, bare[i]);
		fails(NULL, BACKEND_ERROR_NO_KEY, "there is no profile");
	}
	g_autofree char *huge = g_strnfill(1024 * 1024 + 1, ' ');
	put_cli(f, huge);
	fails(NULL, BACKEND_ERROR_AUTH, "not a file of at most 1 MiB");
	g_assert_cmpint(g_remove(path), ==, 0);
	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	fails(NULL, BACKEND_ERROR_NO_KEY, "not a file of at most 1 MiB");
	g_assert_cmpint(g_remove(path), ==, 0);
	g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
	fails(NULL, BACKEND_ERROR_NO_KEY, "not a file of at most 1 MiB");
}

/* ---- an external command ---- */

static void put_external(ChainFixture *f, const char *script)
{
	g_autofree char *path = chain_fixture_put(f, "give", script);
	g_autofree char *config = g_strdup_printf(
		"{\"current\":\"e\",\"profiles\":[{\"name\":\"e\","
		"\"mode\":\"External\",\"process_command\":\"%s 'one two' "
		"$HOME ; true\"}]}",
		path);

	g_assert_cmpint(g_chmod(path, 0700), ==, 0);
	put_cli(f, config);
}

static void a_command_is_run_without_a_shell(
	ChainFixture *f, const void *unused)
{
	put_external(f,
		"#!/bin/sh\n[ \"$#\" = 4 ] && [ \"$1\" = 'one two' ] && "
		"[ \"$2\" = '$HOME' ] && [ \"$3\" = ';' ] || exit 9\n"
		"cat\necho sesame >&2\n"
		"echo '{\"mode\":\"AK\",\"access_key_id\":\"x-id\","
		"\"access_key_secret\":\"x-sesame\"}'\n");
	finds(NULL, "x-id/x-sesame/");
}

static void a_command_that_fails_is_told(ChainFixture *f, const void *unused)
{
	put_external(f, "#!/bin/sh\necho sesame; exit 3\n");
	fails(NULL, BACKEND_ERROR_AUTH, "ended with status 3");
	put_external(
		f, "#!/bin/sh\necho no; echo 'not today, token=sesame' >&2\n");
	fails(NULL, BACKEND_ERROR_AUTH,
		"did not print JSON: not today, token=***");
	put_external(f, "#!/bin/sh\nkill -TERM $$\n");
	fails(NULL, BACKEND_ERROR_AUTH, "ended with signal 15");
	put_external(f, "#!/bin/sh\necho sesame\n");
	fails(NULL, BACKEND_ERROR_AUTH, "did not print JSON");
	put_external(f,
		"#!/bin/sh\necho '{\"mode\":\"StsToken\","
		"\"access_key_id\":\"x\",\"access_key_secret\":\"sesame\"}'\n");
	fails(NULL, BACKEND_ERROR_AUTH, "sts_token is missing");
	put_external(f, "#!/bin/sh\nexec yes sesame\n");
	fails(NULL, BACKEND_ERROR_AUTH, "printed more than 65536 bytes");
	put_external(f, "#!/nonexistent\n");
	fails(NULL, BACKEND_ERROR_NO_KEY, "cannot be run");
}

static pid_t read_pid(ChainFixture *f)
{
	g_autofree char *path = g_build_filename(f->home, "pid", NULL);
	g_autofree char *text = NULL;
	gint64 pid = 0;

	/* It comes there as a whole. */
	fixture_until(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_true(g_ascii_string_to_signed(
		g_strstrip(text), 10, 2, G_MAXINT32, &pid, NULL));
	return pid;
}

/* Gone, or a zombie that whoever adopted it has not collected yet. */
static gboolean is_over(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;

	return !g_file_get_contents(path, &text, NULL, NULL) ||
	       strstr(text, ") Z ");
}

static const char hang[] = "#!/bin/sh\nsleep 1000 &\n"
			   "echo $! >\"$HOME/pid.new\"\n"
			   "mv \"$HOME/pid.new\" \"$HOME/pid\"\nwait\n";

static void a_command_that_hangs_is_killed_with_its_children(
	ChainFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;
	gint64 before = g_get_monotonic_time();

	put_external(f, hang);
	g_assert_null(find_within(NULL, 1500, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpint(
		g_get_monotonic_time() - before, <, 60 * G_USEC_PER_SEC);
	pid_t pid = read_pid(f);
	fixture_until(is_over(pid));
}

static void an_abort_ends_a_command(ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);
	pthread_t thread;

	put_external(f, hang);
	pthread_create(&thread, NULL, chain_ask_until_aborted, source);
	pid_t pid = read_pid(f);
	credential_source_abort(source);
	pthread_join(thread, NULL);
	fixture_until(is_over(pid));
}

/* ---- the credentials file ---- */

static void a_section_is_chosen_like_a_profile(
	ChainFixture *f, const void *unused)
{
	put_ini(f, INI);
	finds(NULL, "i-id/i=sesame==/");
	g_setenv("ALIBABA_CLOUD_PROFILE", "c", TRUE);
	finds(NULL, "c-id/c-sesame/");
	fails("odd", BACKEND_ERROR_AUTH, "its type must be access_key");
	fails("bare", BACKEND_ERROR_AUTH, "its type must be access_key");
	fails("none", BACKEND_ERROR_NO_KEY, "there is no such section");
}

static void a_section_may_lie_elsewhere(ChainFixture *f, const void *unused)
{
	g_autofree char *path = chain_fixture_put(f, "elsewhere", INI);

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", path, TRUE);
	finds(NULL, "i-id/i=sesame==/");
}

/* Some of the SDKs read the one, some the other. */
static void a_section_lies_in_one_of_two_files(
	ChainFixture *f, const void *unused)
{
	put_ini(f, INI);
	g_free(chain_fixture_put(f, ".alibabacloud/credentials.ini",
		"[default]\ntype = access_key\naccess_key_id = two\n"
		"access_key_secret = two-sesame\n"));
	finds(NULL, "two/two-sesame/");
}

static void odd_sections_do_no_harm(ChainFixture *f, const void *unused)
{
	static const char *const texts[] = {"[", "[]", "=\n=", "[default",
		"[default]\n=\ntype", "type=access_key\n",
		"[default]\ntype=access_key\naccess_key_id=\n"};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		put_ini(f, texts[i]);
		fails(NULL, BACKEND_ERROR_AUTH, "the credentials file (");
	}
	put_ini(f, "");
	fails(NULL, BACKEND_ERROR_NO_KEY, "there is no such section");
}

/* ---- a URI ---- */

#define KEYS                                                                   \
	"\"AccessKeyId\":\"u-id\",\"AccessKeySecret\":\"u-sesame\","           \
	"\"SecurityToken\":\"u-token\",\"Expiration\":\"2999-01-02T03:04:"     \
	"05Z\""

static void a_uri_answers_keys_that_expire(ChainFixture *f, const void *unused)
{
	g_autofree char *uri =
		g_strconcat(tiny_server_url(f->server), "/k?x=1", NULL);

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_URI", uri, TRUE);
	tiny_server_answer(
		f->server, 200, NULL, "{\"Code\":\"Success\"," KEYS "}");
	g_autoptr(Credentials) found = find_within(NULL, 20000, NULL);
	g_assert_cmpstr(found->access_key_id, ==, "u-id");
	g_assert_cmpstr(secret_peek(found->token), ==, "u-token");
	g_assert_cmpint(found->expires_ms, ==, 32472241445000);
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(request, "GET /k?x=1 HTTP/1.1\r\n"));
}

static void a_uri_that_answers_nonsense_is_told(
	ChainFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *body, *say;
		BackendErrorCode code;
	} rows[] = {
		{404, "{\"Code\":\"Success\"," KEYS "}", "status 404",
			BACKEND_ERROR_AUTH},
		{503, "{}", "http://127.0.0.1 answered with status 503",
			BACKEND_ERROR_REMOTE},
		{200, "{\"Code\":\"Failed\"," KEYS "}", "Code is not Success",
			BACKEND_ERROR_AUTH},
		{200, "{" KEYS "}", "Code is not Success", BACKEND_ERROR_AUTH},
		{200, "{\"Code\":\"Success\"}", "AccessKeyId is missing",
			BACKEND_ERROR_AUTH},
		{200,
			"{\"Code\":\"Success\",\"AccessKeyId\":\"a\","
			"\"AccessKeySecret\":\"sesame\"}",
			"SecurityToken is missing", BACKEND_ERROR_AUTH},
		{200, "<html>sesame", "not JSON", BACKEND_ERROR_BAD_ANSWER},
	};
	g_autofree char *uri =
		g_strconcat(tiny_server_url(f->server), "/sesame?sesame", NULL);

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_URI", uri, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		tiny_server_answer(
			f->server, rows[i].status, NULL, rows[i].body);
		fails(NULL, rows[i].code, rows[i].say);
	}
}

static void a_uri_elsewhere_must_be_encrypted(
	ChainFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://192.0.2.1/", TRUE);
	gint64 before = g_get_monotonic_time();
	g_assert_null(find_within(NULL, 600000, &error));
	g_assert_cmpint(
		g_get_monotonic_time() - before, <, 60 * G_USEC_PER_SEC);
	g_assert_nonnull(strstr(error->message, "the credentials URI ("));
}

/* ---- one identity ---- */

static const char slow[] = "#!/bin/sh\nexec sleep 100\n";

static void a_source_that_hangs_leaves_time_for_the_next(
	ChainFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	put_external(f, slow);
	g_setenv("ALIBABA_CLOUD_CREDENTIALS_URI", tiny_server_url(f->server),
		TRUE);
	tiny_server_answer(
		f->server, 200, NULL, "{\"Code\":\"Success\"," KEYS "}");
	g_autoptr(Credentials) found = find_within(NULL, 3000, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->access_key_id, ==, "u-id");
}

static void what_gave_them_is_asked_first_from_then_on(
	ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_URI", tiny_server_url(f->server),
		TRUE);
	for (guint i = 0; i < 2; i++)
		tiny_server_answer(f->server, 200, NULL,
			"{\"Code\":\"Success\"," KEYS "}");
	g_autoptr(Credentials) first = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(first->access_key_id, ==, "u-id");
	set_pair();
	credential_source_reject(source, first);
	g_autoptr(Credentials) second = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(second->access_key_id, ==, "u-id");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
	/* When it has none any more, it makes way like any other. */
	tiny_server_answer(f->server, 404, NULL, "");
	credential_source_reject(source, second);
	g_autoptr(Credentials) third = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(third->access_key_id, ==, "env-id");
}

static void a_source_out_of_reach_does_not_change_the_identity(
	ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);

	put_cli(f, CLI);
	g_autoptr(Credentials) first = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(first->access_key_id, ==, "b-id");
	put_external(f, slow);
	put_ini(f, INI);
	gint64 before = g_get_monotonic_time();
	g_autoptr(Credentials) second = chain_ask(source, 20000, NULL);
	g_assert_true(first == second);
	g_assert_cmpint(
		g_get_monotonic_time() - before, <, 10 * G_USEC_PER_SEC);
	/* Refused ones are good for nothing, and any others are better. */
	credential_source_reject(source, first);
	g_autoptr(Credentials) third = chain_ask(source, 3000, NULL);
	g_assert_cmpstr(third->access_key_id, ==, "i-id");
}

/* ---- beside the chain ---- */

static void sources_are_in_sight_without_asking(
	ChainFixture *f, const void *unused)
{
	g_autofree char *elsewhere = chain_fixture_put(f, "elsewhere", INI);

	g_assert_false(chain_in_sight(&alibaba_chain));
	g_setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "x", TRUE);
	g_assert_false(chain_in_sight(&alibaba_chain));
	g_setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "x", TRUE);
	g_assert_true(chain_in_sight(&alibaba_chain));
	g_unsetenv("ALIBABA_CLOUD_ACCESS_KEY_ID");

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1/", TRUE);
	g_assert_true(chain_in_sight(&alibaba_chain));
	g_unsetenv("ALIBABA_CLOUD_CREDENTIALS_URI");

	g_setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", elsewhere, TRUE);
	g_assert_true(chain_in_sight(&alibaba_chain));
	g_unsetenv("ALIBABA_CLOUD_CREDENTIALS_FILE");

	put_cli(f, CLI);
	g_assert_true(chain_in_sight(&alibaba_chain));
	g_setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true", TRUE);
	g_assert_false(chain_in_sight(&alibaba_chain));
	put_ini(f, INI);
	g_assert_true(chain_in_sight(&alibaba_chain));
}

static void is_region(const char *profile, const char *wanted)
{
	g_autofree char *region = alibaba_chain_region(profile);

	g_assert_cmpstr(region, ==, wanted);
}

static void the_region_is_the_profiles_or_the_environments(
	ChainFixture *f, const void *unused)
{
	is_region(NULL, NULL);
	g_setenv("ALIBABA_CLOUD_REGION_ID", "cn-env", TRUE);
	is_region(NULL, "cn-env");
	put_cli(f, CLI);
	is_region("a", "cn-a");
	is_region("b", "cn-env");
	is_region(NULL, "cn-env");
	g_setenv("ALIBABA_CLOUD_PROFILE", "a", TRUE);
	is_region(NULL, "cn-a");
}

static void a_changed_file_is_read_again(ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);

	put_ini(f, INI);
	g_autoptr(Credentials) old = chain_ask(source, 20000, NULL);
	g_autoptr(Credentials) same = chain_ask(source, 20000, NULL);
	g_assert_true(old == same);
	put_cli(f, CLI);
	g_autoptr(Credentials) fresh = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(fresh->access_key_id, ==, "b-id");
}

static void a_report_names_the_source_and_no_secret(
	ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain("a");
	g_autoptr(GString) out = g_string_new(NULL);

	put_cli(f, CLI);
	g_autoptr(Credentials) found = chain_ask(source, 20000, NULL);
	g_assert_nonnull(found);
	credential_source_report(source, out);
	g_assert_nonnull(strstr(out->str, "aliyun CLI profile a (AK)"));
	g_assert_null(strstr(out->str, "sesame"));
}

#define ADD(path, function)                                                    \
	chain_fixture_add("/alibaba-chain/" path, function, NULL)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("environment", the_environment_comes_first);
	ADD("half", half_a_pair_makes_way_for_the_next);
	ADD("none", without_any_the_error_says_where_it_looked);
	ADD("profile", a_profile_is_chosen_by_section_environment_or_current);
	ADD("named", a_named_profile_beats_the_environment);
	ADD("disabled", a_disabled_cli_is_not_read);
	ADD("broken", broken_profiles_are_named);
	ADD("odd", odd_files_do_no_harm);
	ADD("command", a_command_is_run_without_a_shell);
	ADD("command-fails", a_command_that_fails_is_told);
	ADD("command-hangs", a_command_that_hangs_is_killed_with_its_children);
	ADD("command-abort", an_abort_ends_a_command);
	ADD("section", a_section_is_chosen_like_a_profile);
	ADD("section-elsewhere", a_section_may_lie_elsewhere);
	ADD("section-two-files", a_section_lies_in_one_of_two_files);
	ADD("section-odd", odd_sections_do_no_harm);
	ADD("uri", a_uri_answers_keys_that_expire);
	ADD("uri-odd", a_uri_that_answers_nonsense_is_told);
	ADD("uri-plain", a_uri_elsewhere_must_be_encrypted);
	ADD("share", a_source_that_hangs_leaves_time_for_the_next);
	ADD("same-first", what_gave_them_is_asked_first_from_then_on);
	ADD("same-only", a_source_out_of_reach_does_not_change_the_identity);
	ADD("in-sight", sources_are_in_sight_without_asking);
	ADD("region", the_region_is_the_profiles_or_the_environments);
	ADD("changed", a_changed_file_is_read_again);
	ADD("report", a_report_names_the_source_and_no_secret);
	return g_test_run();
}
