#include "backends/dataproc/google_chain.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/json.h"
#include "chain_fixture.h"
#include "google_key.h"

#define GRANTED "{\"access_token\":\"ya29.x\",\"expires_in\":3599}"

/* A file of one member more than the type; token_uri is the tiny server's. */
static char *account_text(ChainFixture *f, const char *more)
{
	g_autoptr(Json) file = json_parse(more, strlen(more), NULL);
	g_autofree char *uri =
		g_strconcat(tiny_server_url(f->server), "/token", NULL);

	if (!json_get(file, "token_uri"))
		json_set_text(file, "token_uri", uri);
	if (!json_get(file, "private_key"))
		json_set_text(file, "private_key", GOOGLE_TEST_KEY);
	return json_print(file, FALSE);
}

static char *put_account(ChainFixture *f, const char *rest, const char *more)
{
	g_autofree char *text = account_text(f, more);

	return chain_fixture_put(f, rest, text);
}

#define SERVICE                                                                \
	"{\"type\":\"service_account\",\"client_email\":\"s@p.example\","      \
	"\"private_key_id\":\"k1\",\"project_id\":\"of-file\"}"
#define USER                                                                   \
	"{\"type\":\"authorized_user\",\"client_id\":\"the id\","              \
	"\"client_secret\":\"sesame-client\","                                 \
	"\"refresh_token\":\"1//sesame-refresh\","                             \
	"\"quota_project_id\":\"payer\"}"
#define DEFAULT_FILE ".config/gcloud/application_default_credentials.json"

static CredentialSource *chain(const char *account, const char *token)
{
	const HttpSettings http = {0};

	return token ? chain_new(&google_token_chain, NULL, token, NULL, &http)
		     : chain_new(&google_chain, NULL, account, NULL, &http);
}

static void finds(const char *account, const char *wanted)
{
	g_autofree char *alone = g_strdup_printf("/%s/", wanted);

	chain_finds(chain(account, NULL), alone);
}

static void fails(const char *account, BackendErrorCode code, const char *say)
{
	chain_fails(chain(account, NULL), code, say);
}

/* ---- plain tokens ---- */

static void a_token_of_the_environment_comes_first(
	ChainFixture *f, const void *unused)
{
	g_autofree char *file = chain_fixture_put(f, "token", "from-file\n");

	g_free(put_account(f, DEFAULT_FILE, SERVICE));
	g_setenv("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", file, TRUE);
	finds(NULL, "from-file");
	g_setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "from-env", TRUE);
	finds(NULL, "from-env");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_named_token_file_is_all_that_is_asked(
	ChainFixture *f, const void *unused)
{
	g_autofree char *file = chain_fixture_put(f, "token", "  from-key \n");
	g_autoptr(CredentialSource) source = chain(NULL, file);

	g_setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "from-env", TRUE);
	g_autoptr(Credentials) old = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(secret_peek(old->secret), ==, "from-key");
	g_free(chain_fixture_put(f, "token", "renewed"));
	g_autoptr(Credentials) fresh = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(secret_peek(fresh->secret), ==, "renewed");
	g_unlink(file);
	g_autoptr(GError) error = NULL;
	g_autoptr(CredentialSource) later = chain(NULL, file);
	g_assert_null(chain_ask(later, 20000, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_KEY);
	g_assert_nonnull(strstr(error->message, "(access_token_file = "));
}

static void what_cannot_be_a_token_is_refused(
	ChainFixture *f, const void *unused)
{
	static const char *const odd[] = {
		" \n", "sesame sesame", "sesame\r\nx: y", "ses\xc3\xa4me"};

	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", odd[i], TRUE);
		fails(NULL, BACKEND_ERROR_AUTH, "holds no token");
	}
}

/* ---- service accounts ---- */

/* The decoded nth part of the JWT in the last request's form. */
static Json *jwt_part(const char *request, guint n)
{
	const char *jwt = strstr(request, "assertion=");
	g_auto(GStrv) parts = g_strsplit(jwt + strlen("assertion="), ".", 3);
	g_autoptr(GString) text = g_string_new(parts[n]);
	gsize len;

	g_strdelimit(text->str, "-", '+');
	g_strdelimit(text->str, "_", '/');
	while (text->len % 4)
		g_string_append_c(text, '=');
	g_autofree guchar *bytes = g_base64_decode(text->str, &len);
	return json_parse((char *)bytes, len, NULL);
}

static void a_service_account_signs_for_its_token(
	ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, "sa.json", SERVICE);
	g_autofree char *uri =
		g_strconcat(tiny_server_url(f->server), "/token", NULL);
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;

	tiny_server_answer(f->server, 200, NULL, GRANTED);
	finds(path, "ya29.x");
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(request, "POST /token "));
	g_assert_nonnull(strstr(request, "application/x-www-form-urlencoded"));
	g_assert_nonnull(strstr(request,
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-"
		"bearer&assertion=eyJ"));
	g_autoptr(Json) header = jwt_part(request, 0);
	g_autoptr(Json) claims = jwt_part(request, 1);
	g_assert_cmpstr(json_get_text(header, "alg", 9, ""), ==, "RS256");
	g_assert_cmpstr(json_get_text(header, "kid", 9, ""), ==, "k1");
	g_assert_cmpstr(
		json_get_text(claims, "iss", 99, ""), ==, "s@p.example");
	g_assert_cmpstr(json_get_text(claims, "aud", 99, ""), ==, uri);
	g_assert_cmpstr(json_get_text(claims, "scope", 99, ""), ==,
		"https://www.googleapis.com/auth/cloud-platform");
	gint64 made = json_get_int(claims, "iat", 0, G_MAXINT64, 0);
	g_assert_cmpint(made, >=, now);
	g_assert_cmpint(made, <, now + 100);
	g_assert_cmpint(
		json_get_int(claims, "exp", 0, G_MAXINT64, 0), ==, made + 3600);
}

static void a_token_is_kept_until_near_its_end(
	ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, "sa.json", SERVICE);
	g_autoptr(CredentialSource) source = chain(path, NULL);
	gint64 now_ms = g_get_real_time() / 1000;

	tiny_server_answer(f->server, 200, NULL, GRANTED);
	g_autoptr(Credentials) one = chain_ask(source, 20000, NULL);
	g_autoptr(Credentials) two = chain_ask(source, 20000, NULL);
	g_assert_true(one == two);
	g_assert_cmpint(one->expires_ms, >=, now_ms + 3599 * 1000);
	g_assert_cmpint(one->expires_ms, <, now_ms + 3699 * 1000);
	g_assert_cmpstr(one->origin, ==, "service account s@p.example");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

static void a_changed_file_is_read_again(ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, "sa.json", SERVICE);
	g_autoptr(CredentialSource) source = chain(path, NULL);

	tiny_server_answer(f->server, 200, NULL, GRANTED);
	tiny_server_answer(
		f->server, 200, NULL, "{\"access_token\":\"of-the-user\"}");
	g_autoptr(Credentials) one = chain_ask(source, 20000, NULL);
	g_assert_null(one->project);
	g_free(put_account(f, "sa.json", USER));
	g_autoptr(Credentials) two = chain_ask(source, 20000, NULL);
	g_assert_cmpstr(secret_peek(two->secret), ==, "of-the-user");
	g_assert_cmpstr(two->project, ==, "payer");
}

static void a_wrong_clock_is_put_right(ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, "sa.json", SERVICE);

	tiny_server_answer(f->server, 400,
		"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		"{\"error\":\"invalid_grant\"}");
	tiny_server_answer(f->server, 200, NULL, GRANTED);
	finds(path, "ya29.x");
	g_autofree char *request = tiny_server_request(f->server, 1);
	g_autoptr(Json) claims = jwt_part(request, 1);
	g_assert_cmpint(
		json_get_int(claims, "iat", 0, G_MAXINT64, 0), ==, 784111777);
}

/* ---- users ---- */

static void a_user_sends_the_refresh_token(ChainFixture *f, const void *unused)
{
	g_free(put_account(f, DEFAULT_FILE, USER));
	tiny_server_answer(f->server, 200, NULL, GRANTED);
	finds(NULL, "ya29.x");
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_nonnull(strstr(request,
		"\r\n\r\ngrant_type=refresh_token&client_id=the%20id&"
		"client_secret=sesame-client&"
		"refresh_token=1%2F%2Fsesame-refresh"));
}

static void a_user_who_was_logged_out_is_told_what_to_do(
	ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, "user.json", USER);

	tiny_server_answer(f->server, 400, NULL,
		"{\"error\":\"invalid_grant\",\"error_description\":"
		"\"Token has been expired or revoked.\"}");
	fails(path, BACKEND_ERROR_AUTH,
		"invalid_grant: Token has been expired or revoked; log in "
		"again: gcloud auth application-default login");
}

/* ---- refusals ---- */

static void refusals_are_told_without_secrets(
	ChainFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *body;
		BackendErrorCode code;
		const char *say;
	} rows[] = {
		{400,
			"{\"error\":\"x\",\"error_description\":\"bad "
			"sesame-client\"}",
			BACKEND_ERROR_AUTH, "says x: bad ***)"},
		{401, "{\"error\":\"invalid_client\"}", BACKEND_ERROR_AUTH,
			"invalid_client"},
		{400, "{\"error\":\"<sesame>\"}", BACKEND_ERROR_AUTH,
			"status 400"},
		{400, "{\"error\":{\"message\":\"sesame\"}}",
			BACKEND_ERROR_AUTH, "status 400"},
		{400, "<html>sesame", BACKEND_ERROR_AUTH, "status 400"},
		{429, "{}", BACKEND_ERROR_THROTTLED, "status 429"},
		{503, "x", BACKEND_ERROR_REMOTE, "status 503"},
		{302, "", BACKEND_ERROR_AUTH, "status 302"},
		{200, "", BACKEND_ERROR_BAD_ANSWER, "access_token"},
		{200, "[]", BACKEND_ERROR_BAD_ANSWER, "access_token"},
		{200, "{\"access_token\":7}", BACKEND_ERROR_BAD_ANSWER,
			"access_token"},
		{200, "{\"access_token\":\"\"}", BACKEND_ERROR_BAD_ANSWER,
			"access_token"},
		{200, "{\"access_token\":\"sesame\\r\\nx: y\"}",
			BACKEND_ERROR_BAD_ANSWER, "access_token"},
	};
	g_autofree char *path = put_account(f, "user.json", USER);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		tiny_server_answer(
			f->server, rows[i].status, NULL, rows[i].body);
		fails(path, rows[i].code, rows[i].say);
	}
}

/* The deadline of whoever asks, and an abort, end an exchange that is not answered. */
static void a_slow_exchange_keeps_nobody(ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, "user.json", USER);
	g_autoptr(CredentialSource) late = chain(path, NULL);
	g_autoptr(CredentialSource) source = chain(path, NULL);
	gint64 begun_us = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	pthread_t thread;

	tiny_server_rest(f->server, (TinyAnswer){.kind = TINY_HANG});
	g_assert_null(chain_ask(late, 300, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_null(strstr(error->message, "sesame"));
	pthread_create(&thread, NULL, chain_ask_until_aborted, source);
	tiny_server_wait(f->server, 2);
	credential_source_abort(source);
	pthread_join(thread, NULL);
	g_assert_cmpint(
		g_get_monotonic_time() - begun_us, <, 30 * G_USEC_PER_SEC);
}

static void odd_lifetimes_are_an_hour(ChainFixture *f, const void *unused)
{
	static const char *const odd[] = {
		"-1", "0", "1e99", "\"soon\"", "null", "9999999999"};
	g_autofree char *path = put_account(f, "user.json", USER);

	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *body = g_strdup_printf(
			"{\"access_token\":\"t\",\"expires_in\":%s}", odd[i]);
		gint64 hour_ms = g_get_real_time() / 1000 + 3600 * 1000;

		tiny_server_answer(f->server, 200, NULL, body);
		g_autoptr(CredentialSource) source = chain(path, NULL);
		g_autoptr(Credentials) found = chain_ask(source, 20000, NULL);
		g_assert_cmpint(found->expires_ms, >=, hour_ms);
		g_assert_cmpint(found->expires_ms, <, hour_ms + 100 * 1000);
	}
}

static void what_a_file_lacks_is_named(ChainFixture *f, const void *unused)
{
	static const char *const rows[][2] = {
		{"{\"type\":\"service_account\"}", "client_email is missing"},
		{"{\"type\":\"service_account\",\"client_email\":\"a\","
		 "\"private_key\":\"\"}",
			"private_key is missing"},
		{"{\"type\":\"service_account\",\"client_email\":\"a\","
		 "\"private_key\":\"sesame\"}",
			"private key is no RSA key"},
		{"{\"type\":\"authorized_user\"}", "client_id is missing"},
		{"{\"type\":\"authorized_user\",\"client_id\":\"a\"}",
			"client_secret is missing"},
		{"{\"type\":\"authorized_user\",\"client_id\":\"a\","
		 "\"client_secret\":\"sesame\"}",
			"refresh_token is missing"},
		{"{\"type\":\"external_account\"}",
			"external_account are not supported"},
		{"{\"type\":\"impersonated_service_account\"}",
			"impersonated_service_account are not supported"},
		{"{\"type\":\"gdch_service_account\"}", "not supported"},
		{"{\"type\":\"sesame\"}", "neither service_account nor"},
		{"{\"type\":7}", "neither service_account nor"},
		{"{\"type\":\"authorized_user\",\"client_id\":\"a\","
		 "\"universe_domain\":\"other.example\"}",
			"universe other.example"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = put_account(f, "x.json", rows[i][0]);
		fails(path, BACKEND_ERROR_AUTH, rows[i][1]);
	}
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void odd_files_do_no_harm(ChainFixture *f, const void *unused)
{
	static const char *const odd[] = {"", "[]", "sesame", "{", "7"};

	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *path = chain_fixture_put(f, "x.json", odd[i]);
		fails(path, BACKEND_ERROR_AUTH, "not a credentials file");
	}
	fails("/nonexistent/x.json", BACKEND_ERROR_NO_KEY,
		"(credentials_file = /nonexistent/x.json)");
	fails(f->home, BACKEND_ERROR_AUTH, "not a file");
}

static void secrets_go_nowhere_in_the_clear(ChainFixture *f, const void *unused)
{
	static const char *const uris[] = {
		"http://token.example/",
		"http://169.254.169.254/token",
		"ftp://127.0.0.1/",
		"https://u:p@127.0.0.1/",
		"nonsense",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(uris); i++) {
		g_autofree char *more = g_strdup_printf(
			"{\"type\":\"authorized_user\",\"client_id\":\"a\","
			"\"client_secret\":\"s\",\"refresh_token\":\"r\","
			"\"token_uri\":\"%s\"}",
			uris[i]);
		g_autofree char *path = put_account(f, "x.json", more);
		fails(path, BACKEND_ERROR_CONFIG, "token_uri");
	}
}

/* ---- the order ---- */

static void a_named_file_that_fails_is_not_passed_over(
	ChainFixture *f, const void *unused)
{
	g_autofree char *good = put_account(f, DEFAULT_FILE, USER);

	g_setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/x", TRUE);
	fails(NULL, BACKEND_ERROR_NO_KEY,
		"GOOGLE_APPLICATION_CREDENTIALS: /nonexistent/x: No such file");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
	g_setenv("GOOGLE_APPLICATION_CREDENTIALS", good, TRUE);
	tiny_server_answer(f->server, 200, NULL, GRANTED);
	finds(NULL, "ya29.x");
}

static void without_any_the_error_says_where_it_looked(
	ChainFixture *f, const void *unused)
{
	fails(NULL, BACKEND_ERROR_NO_KEY, "no credentials for Google Cloud");
	fails(NULL, BACKEND_ERROR_NO_KEY,
		"CLOUDSDK_AUTH_ACCESS_TOKEN is not set");
	fails(NULL, BACKEND_ERROR_NO_KEY,
		"GOOGLE_APPLICATION_CREDENTIALS is not set");
	fails(NULL, BACKEND_ERROR_NO_KEY, DEFAULT_FILE);
	fails(NULL, BACKEND_ERROR_NO_KEY, "NO_GCE_CHECK is set");
}

/* ---- the metadata server ---- */

static void set_metadata(ChainFixture *f)
{
	g_unsetenv("NO_GCE_CHECK");
	g_setenv("GCE_METADATA_HOST",
		tiny_server_url(f->server) + strlen("http://"), TRUE);
}

static void the_metadata_server_gives_the_machines_token(
	ChainFixture *f, const void *unused)
{
	set_metadata(f);
	tiny_server_answer(
		f->server, 200, "Metadata-Flavor: Google\r\n", GRANTED);
	finds(NULL, "ya29.x");
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(request,
		"GET /computeMetadata/v1/instance/service-accounts/default/"
		"token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-"
		"platform "));
	g_autofree char *lower = g_ascii_strdown(request, -1);
	g_assert_nonnull(strstr(lower, "\r\nmetadata-flavor: google\r\n"));
}

static void somebody_else_at_its_address_is_not_believed(
	ChainFixture *f, const void *unused)
{
	set_metadata(f);
	tiny_server_answer(f->server, 200, NULL, GRANTED);
	fails(NULL, BACKEND_ERROR_AUTH, "not Google's");
	tiny_server_answer(
		f->server, 404, "Metadata-Flavor: Google\r\n", "nothing");
	fails(NULL, BACKEND_ERROR_AUTH, "has no service account");
	tiny_server_answer(
		f->server, 503, "Metadata-Flavor: Google\r\n", "sesame");
	fails(NULL, BACKEND_ERROR_REMOTE, "status 503");
	tiny_server_answer(
		f->server, 200, "Metadata-Flavor: Google\r\n", "sesame");
	fails(NULL, BACKEND_ERROR_BAD_ANSWER, "access_token");
	g_setenv("GCE_METADATA_HOST", "127.0.0.1:1", TRUE);
	fails(NULL, BACKEND_ERROR_NO_KEY, "the metadata server (");
	g_setenv("GCE_METADATA_HOST", "x/y", TRUE);
	fails(NULL, BACKEND_ERROR_AUTH, "no host name");
	g_setenv("GCE_METADATA_HOST", "somewhere.example", TRUE);
	fails(NULL, BACKEND_ERROR_CONFIG, "plain http");
}

/* ---- where ---- */

static void is(char *owned, const char *wanted)
{
	g_autofree char *text = owned;

	g_assert_cmpstr(text, ==, wanted);
}

static void put_config(ChainFixture *f, const char *name, const char *project)
{
	g_autofree char *rest = g_strconcat(
		".config/gcloud/configurations/config_", name, NULL);
	g_autofree char *text = g_strdup_printf(
		"[core]\naccount = a@b.example\nproject = %s\n\n"
		"[dataproc]\nregion = r-%s\n",
		project, project);

	g_free(chain_fixture_put(f, rest, text));
}

static void the_place_is_looked_for_in_order(
	ChainFixture *f, const void *unused)
{
	g_autofree char *path = put_account(f, DEFAULT_FILE, SERVICE);

	put_config(f, "default", "p-default");
	is(google_chain_project(NULL), "of-file");
	is(google_chain_project("/nonexistent"), "p-default");
	g_assert_cmpint(g_remove(path), ==, 0);
	put_config(f, "default", "p-default");
	is(google_chain_project(NULL), "p-default");
	is(google_chain_region(), "r-p-default");
	put_config(f, "work", "p-work");
	g_free(chain_fixture_put(f, ".config/gcloud/active_config", "work\n"));
	is(google_chain_project(NULL), "p-work");
	g_setenv("CLOUDSDK_ACTIVE_CONFIG_NAME", "NONE", TRUE);
	is(google_chain_project(NULL), NULL);
	g_setenv("CLOUDSDK_ACTIVE_CONFIG_NAME", "../../x", TRUE);
	is(google_chain_project(NULL), NULL);
	g_setenv("CLOUDSDK_CORE_PROJECT", "p-cloudsdk", TRUE);
	g_setenv("GOOGLE_CLOUD_REGION", "r-cloud", TRUE);
	is(google_chain_project(NULL), "p-cloudsdk");
	is(google_chain_region(), "r-cloud");
	g_free(put_account(f, DEFAULT_FILE, SERVICE));
	is(google_chain_project(NULL), "of-file");
	g_setenv("GCLOUD_PROJECT", "p-legacy", TRUE);
	is(google_chain_project(NULL), "p-legacy");
	g_setenv("GOOGLE_CLOUD_PROJECT", "p-cloud", TRUE);
	g_setenv("CLOUDSDK_DATAPROC_REGION", "r-dataproc", TRUE);
	is(google_chain_project(NULL), "p-cloud");
	is(google_chain_region(), "r-dataproc");
}

/* Its account may have no say in the project that gcloud works on. */
static void a_named_files_project_beats_gclouds(
	ChainFixture *f, const void *unused)
{
	g_autofree char *service = put_account(f, "named.json", SERVICE);
	g_autofree char *user = put_account(f, "user.json", USER);

	put_config(f, "default", "p-default");
	is(google_chain_project(service), "of-file");
	is(google_chain_project(user), "p-default");
	is(google_chain_project("/nonexistent"), "p-default");
	g_setenv("GOOGLE_APPLICATION_CREDENTIALS", service, TRUE);
	is(google_chain_project(NULL), "of-file");
	g_setenv("GOOGLE_CLOUD_PROJECT", "p-cloud", TRUE);
	is(google_chain_project(NULL), "p-cloud");
}

static void gclouds_directory_may_lie_elsewhere(
	ChainFixture *f, const void *unused)
{
	g_autofree char *elsewhere = g_build_filename(f->home, "x", NULL);

	g_free(chain_fixture_put(f, "x/configurations/config_default",
		"[core]\nproject=p-x\n[dataproc]\nregion =\n"));
	g_setenv("CLOUDSDK_CONFIG", elsewhere, TRUE);
	is(google_chain_project(NULL), "p-x");
	is(google_chain_region(), NULL);
	g_free(chain_fixture_put(
		f, "x/configurations/config_default", "\x01[[[ nonsense"));
	is(google_chain_project(NULL), NULL);
}

static void it_is_in_sight_with_credentials(ChainFixture *f, const void *unused)
{
	g_assert_false(chain_in_sight(&google_chain));
	g_setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "t", TRUE);
	g_assert_true(chain_in_sight(&google_chain));
	g_unsetenv("CLOUDSDK_AUTH_ACCESS_TOKEN");
	g_assert_false(chain_in_sight(&google_chain));
	g_unsetenv("NO_GCE_CHECK");
	g_assert_false(chain_in_sight(&google_chain));
	g_free(put_account(f, DEFAULT_FILE, USER));
	g_assert_true(chain_in_sight(&google_chain));
}

#define ADD(path, function)                                                    \
	chain_fixture_add("/google-chain/" path, function, NULL)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("environment", a_token_of_the_environment_comes_first);
	ADD("token-file", a_named_token_file_is_all_that_is_asked);
	ADD("token-odd", what_cannot_be_a_token_is_refused);
	ADD("service", a_service_account_signs_for_its_token);
	ADD("kept", a_token_is_kept_until_near_its_end);
	ADD("changed", a_changed_file_is_read_again);
	ADD("clock", a_wrong_clock_is_put_right);
	ADD("user", a_user_sends_the_refresh_token);
	ADD("user-out", a_user_who_was_logged_out_is_told_what_to_do);
	ADD("refused", refusals_are_told_without_secrets);
	ADD("slow", a_slow_exchange_keeps_nobody);
	ADD("lifetimes", odd_lifetimes_are_an_hour);
	ADD("lacks", what_a_file_lacks_is_named);
	ADD("odd", odd_files_do_no_harm);
	ADD("clear", secrets_go_nowhere_in_the_clear);
	ADD("named", a_named_file_that_fails_is_not_passed_over);
	ADD("none", without_any_the_error_says_where_it_looked);
	ADD("metadata", the_metadata_server_gives_the_machines_token);
	ADD("metadata-odd", somebody_else_at_its_address_is_not_believed);
	ADD("place", the_place_is_looked_for_in_order);
	ADD("place-named", a_named_files_project_beats_gclouds);
	ADD("elsewhere", gclouds_directory_may_lie_elsewhere);
	ADD("in-sight", it_is_in_sight_with_credentials);
	return g_test_run();
}
