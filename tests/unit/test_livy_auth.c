#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "backends/error.h"
#include "backends/livy/livy_auth.h"
#include "until.h"
#include "warnings.h"

#define LATER_US (20 * G_USEC_PER_SEC)

static char *box; /* a private folder */

static char *put(const char *name, const char *text, int mode)
{
	char *path = g_build_filename(box, name, NULL);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
	g_assert_cmpint(chmod(path, mode), ==, 0);
	return path;
}

static char *joined(const char *kind, const char *path)
{
	return g_strconcat(kind, path, NULL);
}

static Credentials *fetch(CredentialSource *source, GError **error)
{
	return credential_source_get(
		source, g_get_monotonic_time() + LATER_US, error);
}

/* The request that is signed with what `auth` says now. */
static HttpRequest *signed_with(
	const LivyAuth *auth, CredentialSource *source, GError **error)
{
	g_autoptr(Credentials) found = fetch(source, error);
	HttpRequest *request;

	if (!found)
		return NULL;
	request = http_request_new("GET", "http://127.0.0.1/");
	livy_auth_sign(auth, request, found);
	return request;
}

/* One look: the value of a header, NULL with an error or without one. */
static char *value_of(const char *text, const char *header, GError **error)
{
	g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, error);

	if (!auth)
		return NULL;
	g_autoptr(CredentialSource) source = livy_auth_source(auth);
	g_autoptr(HttpRequest) request = signed_with(auth, source, error);
	return request ? g_strdup(http_request_get(request, header)) : NULL;
}

/* ---- what is accepted ---- */

static void what_cannot_be_meant_is_refused(void)
{
	static const char *const wrong[] = {"hush", "none:x", "basic",
		"basic:", "bearer:relative/path", "header:X-Token",
		"header::/f", "header:X Y:/f", "header:X\r\nY:/f",
		"header:Host:/f", "header:content-length:/f",
		"header:X-Token:f", "exec:", "exec:'unbalanced", "negotiate:x",
		"Basic:/f", "basic /f"};

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		if (livy_auth_new(wrong[i], NULL, &error))
			g_error("accepted: %s", wrong[i]);
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_null(strstr(error->message, "hush"));
		g_assert_true(g_str_has_prefix(error->message, "auth"));
	}
}

/* The value of a header where credentials_file names the file. */
static char *value_beside(
	const char *auth, const char *path, const char *header, GError **error)
{
	g_autoptr(LivyAuth) made = livy_auth_new(auth, path, error);

	if (!made)
		return NULL;
	g_autoptr(CredentialSource) source = livy_auth_source(made);
	g_autoptr(HttpRequest) request = signed_with(made, source, error);
	return request ? g_strdup(http_request_get(request, header)) : NULL;
}

static void a_file_may_stand_in_a_key_of_its_own(void)
{
	static const struct {
		const char *auth, *text, *header, *value;
	} rows[] = {
		{"basic", "bob:pass\n", "authorization", "Basic Ym9iOnBhc3M="},
		{"bearer", "tok\n", "authorization", "Bearer tok"},
		{"header:X-Token", "tok\n", "x-token", "tok"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = put("whose", rows[i].text, 0600);
		g_autoptr(GError) error = NULL;
		g_autofree char *value = value_beside(
			rows[i].auth, path, rows[i].header, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(value, ==, rows[i].value);
	}
}

static void a_key_of_its_own_goes_with_some_methods(void)
{
	static const char *const wrong[] = {NULL, "none", "negotiate",
		"exec:/bin/true", "header", "header:", "basic:/f", "bearer:/f",
		"header:X-Token:/f", "hush"};

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(livy_auth_new(wrong[i], "/f", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_true(
			g_str_has_prefix(error->message, "credentials_file "));
		g_assert_null(strstr(error->message, "hush"));
	}
}

static void a_missing_file_of_its_own_key_is_named(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *value = value_beside(
		"bearer", "/nonexistent/x", "authorization", &error);

	g_assert_null(value);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_KEY);
	g_assert_true(g_str_has_prefix(
		error->message, "credentials_file: /nonexistent/x: "));
}

static void none_sends_nothing(void)
{
	static const char *const rows[] = {NULL, "", "none"};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(LivyAuth) auth = livy_auth_new(rows[i], NULL, &error);
		g_assert_no_error(error);
		g_autoptr(CredentialSource) source = livy_auth_source(auth);
		g_autoptr(HttpRequest) request =
			signed_with(auth, source, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(request->headers->len, ==, 0);
		g_assert_false(request->negotiate);
	}
}

/* ---- files ---- */

static void files_become_headers(void)
{
	static const struct {
		const char *kind, *text, *header, *value;
	} rows[] = {
		{"basic:", "bob:pa:ss word\nmore\n", "authorization",
			"Basic Ym9iOnBhOnNzIHdvcmQ="},
		{"basic:", "bob:\r\n", "authorization", "Basic Ym9iOg=="},
		{"bearer:", " abc.def-1 \n", "authorization",
			"Bearer abc.def-1"},
		{"header:X-Token:", "two words\n", "x-token", "two words"},
		{"header:Authorization:", "Custom abc", "authorization",
			"Custom abc"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = put("file", rows[i].text, 0600);
		g_autofree char *text = joined(rows[i].kind, path);
		g_autofree char *value = value_of(text, rows[i].header, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(value, ==, rows[i].value);
	}
}

static void files_that_hold_no_secret_are_refused(void)
{
	static const char *const rows[][2] = {{"basic:", "bob\n"},
		{"basic:", ":hush\n"}, {"basic:", ""}, {"bearer:", "\nhush"},
		{"bearer:", "hush hush"}, {"bearer:", "hu\001sh"},
		{"header:X-Token:", "hu\033sh"}, {"header:X-Token:", " \n"}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = put("file", rows[i][1], 0600);
		g_autofree char *text = joined(rows[i][0], path);

		g_assert_null(value_of(text, "authorization", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_AUTH);
		g_assert_null(strstr(error->message, "hu"));
		g_assert_nonnull(strstr(error->message, path));
	}
}

static void a_file_that_is_missing_is_a_key_that_is(void)
{
	static const char *const rows[][2] = {
		{"basic:/nonexistent/x",
			"auth: /nonexistent/x: No such file or directory"},
		{"bearer:/nonexistent/x",
			"auth: /nonexistent/x: No such file or directory"},
		{"header:X-Token:/nonexistent/x",
			"auth: /nonexistent/x: No such file or directory"},
		{"exec:/nonexistent/x --secret",
			"auth: /nonexistent/x cannot be run: "
			"No such file or directory"}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(value_of(rows[i][0], "x", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_KEY);
		g_assert_cmpstr(error->message, ==, rows[i][1]);
	}
}

static void a_changed_file_is_read_again(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = put("token", "one\n", 0600);
	g_autofree char *text = joined("bearer:", path);
	g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, &error);
	g_autoptr(CredentialSource) source = livy_auth_source(auth);
	g_autoptr(HttpRequest) first = signed_with(auth, source, &error);
	g_free(put("token", "second\n", 0600));
	g_autoptr(HttpRequest) second = signed_with(auth, source, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(
		http_request_get(first, "authorization"), ==, "Bearer one");
	g_assert_cmpstr(
		http_request_get(second, "authorization"), ==, "Bearer second");
}

static void a_file_for_everybody_is_warned_of_once(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = put("open", "one\n", 0644);
	g_autofree char *text = joined("bearer:", path);
	g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, &error);
	g_autoptr(CredentialSource) source = livy_auth_source(auth);

	warnings_keep();
	g_autoptr(Credentials) one = fetch(source, &error);
	g_free(put("open", "another\n", 0644));
	g_autoptr(Credentials) two = fetch(source, &error);
	g_assert_no_error(error);
	g_assert_false(credentials_equal(one, two));
	warnings_expect_one("*everybody may read it*");
}

static void reports_show_no_secret(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = put("pair", "bob:hush\n", 0600);
	g_autofree char *text = joined("basic:", path);
	g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, &error);
	g_autoptr(CredentialSource) source = livy_auth_source(auth);
	g_autoptr(Credentials) found = fetch(source, &error);
	g_autoptr(GString) report = g_string_new(NULL);

	g_assert_no_error(error);
	credential_source_report(source, report);
	g_assert_nonnull(strstr(report->str, path));
	g_assert_null(strstr(report->str, "hush"));
	g_assert_null(strstr(report->str, secret_peek(found->secret)));
}

/* ---- commands ---- */

static char *beside(const char *script, const char *what)
{
	g_autofree char *name = g_strconcat(script, "-", what, NULL);

	return g_build_filename(box, name, NULL);
}

/* A script that counts its runs and prints what is in another file. */
static char *script(const char *name)
{
	g_autofree char *runs = beside(name, "runs");
	g_autofree char *output = beside(name, "output");
	g_autofree char *text =
		g_strdup_printf("#!/bin/sh\nprintf x >> '%s'\ncat '%s'\n"
				"printf '%%s\\n' \"$@\" > '%s/arguments'\n",
			runs, output, box);

	g_unlink(runs);
	return put(name, text, 0700);
}

static gsize runs(const char *script)
{
	g_autofree char *path = beside(script, "runs");
	g_autofree char *text = NULL;
	gsize len = 0;

	return g_file_get_contents(path, &text, &len, NULL) ? len : 0;
}

static void print(const char *script, const char *token, gint64 seconds_left)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autoptr(GDateTime) end =
		g_date_time_add_seconds(now, (double)seconds_left);
	g_autofree char *when = g_date_time_format(end, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *name = g_strconcat(script, "-output", NULL);
	g_autofree char *text = g_strdup_printf(
		"{\"token\":\"%s\",\"expires_at\":\"%s\"}", token, when);

	g_free(put(name, text, 0600));
}

static void a_command_runs_without_a_shell(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = script("script");
	g_autofree char *text =
		g_strdup_printf("exec:%s 'a b' $HOME ; c", path);
	g_autofree char *told = g_build_filename(box, "arguments", NULL);
	g_autofree char *arguments = NULL;

	print("script", "t1", 3600);
	g_autofree char *value = value_of(text, "authorization", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(value, ==, "Bearer t1");
	g_file_get_contents(told, &arguments, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(arguments, ==, "a b\n$HOME\n;\nc\n");
}

/* Asks for the token of each, for which its command may run again. */
static void ask_both(CredentialSource *const sources[2])
{
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Credentials) found = fetch(sources[i], &error);

		g_assert_no_error(error);
		g_assert_cmpstr(secret_peek(found->secret), ==, "t1");
	}
}

static gboolean ran_twice(CredentialSource *const sources[2])
{
	ask_both(sources);
	return runs("soon") == 2;
}

static void a_command_runs_again_before_its_token_ends(void)
{
	g_autofree char *soon = script("soon");
	g_autofree char *later = script("later");
	g_autofree char *soon_text = joined("exec:", soon);
	g_autofree char *later_text = joined("exec:", later);
	g_autoptr(GError) error = NULL;
	g_autoptr(LivyAuth) soon_auth = livy_auth_new(soon_text, NULL, &error);
	g_autoptr(LivyAuth) later_auth =
		livy_auth_new(later_text, NULL, &error);
	g_autoptr(CredentialSource) first = livy_auth_source(soon_auth);
	g_autoptr(CredentialSource) second = livy_auth_source(later_auth);
	CredentialSource *const sources[2] = {first, second};

	print("soon", "t1", 62);
	print("later", "t1", 3600);
	/* Each time both are asked for. */
	fixture_until(ran_twice(sources));
	g_assert_cmpuint(runs("later"), ==, 1);
}

static void a_refused_token_is_fetched_anew(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = script("script");
	g_autofree char *text = joined("exec:", path);
	g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, &error);
	g_autoptr(CredentialSource) source = livy_auth_source(auth);

	print("script", "t1", 3600);
	g_autoptr(Credentials) one = fetch(source, &error);
	g_autoptr(Credentials) same = fetch(source, &error);
	g_assert_no_error(error);
	g_assert_true(one == same);
	g_assert_cmpuint(runs("script"), ==, 1);
	print("script", "t2", 3600);
	credential_source_reject(source, one);
	g_autoptr(Credentials) two = fetch(source, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(runs("script"), ==, 2);
	g_assert_cmpstr(secret_peek(two->secret), ==, "t2");
}

static void expiry_is_text_or_seconds_or_none(void)
{
	static const struct {
		const char *output;
		gint64 expires_ms;
		BackendErrorCode code; /* where it is no token */
	} rows[] = {
		{"{\"token\":\"t\",\"expires_at\":4102444800}", 4102444800000,
			0},
		{"{\"token\":\"t\",\"expires_at\":\"4102444800\"}",
			4102444800000, 0},
		{"{\"token\":\"t\",\"expires_at\":\"2100-01-01T01:00:00+01:00\""
		 "}",
			4102444800000, 0},
		{"{\"token\":\"t\",\"expires_at\":null}", 0, 0},
		{"{\"token\":\"t\"}", 0, 0},
		{"{\"token\":\"t\",\"expires_at\":\"tomorrow\"}", -1,
			BACKEND_ERROR_AUTH},
		{"{\"token\":\"t\",\"expires_at\":1000}", -1,
			BACKEND_ERROR_AUTH_EXPIRED},
		{"{\"token\":\"\"}", -1, BACKEND_ERROR_AUTH},
		{"{\"token\":\"a b\"}", -1, BACKEND_ERROR_AUTH},
		{"{\"token\":7}", -1, BACKEND_ERROR_AUTH},
		{"[]", -1, BACKEND_ERROR_AUTH},
		{"hush", -1, BACKEND_ERROR_AUTH},
	};
	g_autofree char *path = script("script");
	g_autofree char *text = joined("exec:", path);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, &error);
		g_autoptr(CredentialSource) source = livy_auth_source(auth);

		g_free(put("script-output", rows[i].output, 0600));
		g_autoptr(Credentials) found = fetch(source, &error);
		if (rows[i].expires_ms < 0) {
			g_assert_error(error, BACKEND_ERROR, (int)rows[i].code);
			g_assert_null(strstr(error->message, "hush"));
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpint(found->expires_ms, ==, rows[i].expires_ms);
	}
}

static void a_command_that_fails_says_so(void)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{"exec:false", "false ended with status 1"},
		{"exec:sh -c 'echo a >&2; echo log in: token=hush >&2; exit 3'",
			"sh ended with status 3: log in: token=***"},
		{"exec:sh -c 'echo log in >&2'", "did not print JSON: log in"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(value_of(rows[i].text, "authorization", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_AUTH);
		g_assert_null(strstr(error->message, "hush"));
		g_assert_nonnull(strstr(error->message, rows[i].say));
	}
}

static void an_abort_ends_a_command(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(LivyAuth) auth =
		livy_auth_new("exec:sleep 600", NULL, &error);
	g_autoptr(CredentialSource) source = livy_auth_source(auth);

	credential_source_abort(source);
	g_assert_null(fetch(source, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
}

/* ---- negotiate ---- */

static void negotiate_is_left_to_the_library(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(LivyAuth) auth = livy_auth_new("negotiate", NULL, &error);

	if (!http_can_negotiate()) {
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_nonnull(strstr(error->message, "SPNEGO"));
		return;
	}
	g_assert_no_error(error);
	g_autoptr(CredentialSource) source = livy_auth_source(auth);
	g_autoptr(HttpRequest) request = signed_with(auth, source, &error);
	g_assert_true(request->negotiate);
	g_assert_cmpuint(request->headers->len, ==, 0);
}

static void box_clear(void)
{
	static const char *const names[] = {"file", "token", "open", "pair",
		"script", "script-runs", "script-output", "soon", "soon-runs",
		"soon-output", "later", "later-runs", "later-output",
		"arguments"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(box, names[i], NULL);
		g_unlink(path);
	}
	g_rmdir(box);
	g_free(box);
}

/* ---- whose they are ---- */

static void whose_a_secret_is(void)
{
	static const struct {
		const char *kind, *text, *account;
	} rows[] = {
		{"basic:", "bob:secret\n", "bob"},
		{"basic:", "alice@corp:a:b\n", "alice@corp"},
		/* {"sub":"u-1","iss":"https://sso"}, {"sub":"ann"} */
		{"bearer:", "x.eyJzdWIiOiJ1LTEiLCJpc3MiOiJodHRwczovL3NzbyJ9.y",
			"u-1 of https://sso"},
		{"bearer:", "x.eyJzdWIiOiJhbm4ifQ.y", "ann"},
		/* Nothing tells: the place does. */
		{"bearer:", "opaque", NULL},
		{"bearer:", "a.b.c", NULL},
		{"bearer:", "x.eyJpc3MiOiJodHRwczovL3NzbyJ9.y", NULL},
		{"header:X-User:", "somebody", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = put("whose", rows[i].text, 0600);
		g_autofree char *text = joined(rows[i].kind, path);
		g_autoptr(GError) error = NULL;
		g_autoptr(LivyAuth) auth = livy_auth_new(text, NULL, &error);
		g_autoptr(CredentialSource) source = livy_auth_source(auth);
		g_autoptr(Credentials) found = fetch(source, &error);
		g_autofree char *account =
			credential_source_account(source, found, 0, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(account, ==,
			rows[i].account ? rows[i].account : found->origin);
		g_assert_null(strstr(account, "secret"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	box = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	g_test_add_func("/livy_auth/refused", what_cannot_be_meant_is_refused);
	g_test_add_func("/livy_auth/none", none_sends_nothing);
	g_test_add_func(
		"/livy_auth/key/file", a_file_may_stand_in_a_key_of_its_own);
	g_test_add_func("/livy_auth/key/refused",
		a_key_of_its_own_goes_with_some_methods);
	g_test_add_func("/livy_auth/key/missing",
		a_missing_file_of_its_own_key_is_named);
	g_test_add_func("/livy_auth/whose", whose_a_secret_is);
	g_test_add_func("/livy_auth/file/header", files_become_headers);
	g_test_add_func("/livy_auth/file/no-secret",
		files_that_hold_no_secret_are_refused);
	g_test_add_func("/livy_auth/file/missing",
		a_file_that_is_missing_is_a_key_that_is);
	g_test_add_func(
		"/livy_auth/file/changed", a_changed_file_is_read_again);
	g_test_add_func("/livy_auth/file/for-everybody",
		a_file_for_everybody_is_warned_of_once);
	g_test_add_func("/livy_auth/report", reports_show_no_secret);
	g_test_add_func(
		"/livy_auth/exec/no-shell", a_command_runs_without_a_shell);
	g_test_add_func("/livy_auth/exec/before-the-end",
		a_command_runs_again_before_its_token_ends);
	g_test_add_func(
		"/livy_auth/exec/refused", a_refused_token_is_fetched_anew);
	g_test_add_func(
		"/livy_auth/exec/expiry", expiry_is_text_or_seconds_or_none);
	g_test_add_func("/livy_auth/exec/fails", a_command_that_fails_says_so);
	g_test_add_func("/livy_auth/exec/abort", an_abort_ends_a_command);
	g_test_add_func(
		"/livy_auth/negotiate", negotiate_is_left_to_the_library);
	int status = g_test_run();
	box_clear();
	return status;
}
