#include "backends/aws/aws_chain.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "aws_home.h"
#include "until.h"

#define PAIR "aws_access_key_id = file-id\naws_secret_access_key = f-sesame\n"
#define ROLE "role_arn = arn:aws:iam::1:role/r\n"
#define STS_ANSWER                                                             \
	"<R><S><Credentials><AccessKeyId>sts-id</AccessKeyId>"                 \
	"<SecretAccessKey>s-sesame</SecretAccessKey>"                          \
	"<SessionToken>s-token</SessionToken>"                                 \
	"<Expiration>2099-01-01T00:00:00Z</Expiration>"                        \
	"</Credentials></S></R>"
#define CONTAINER_ANSWER                                                       \
	"{\"AccessKeyId\":\"box-id\",\"SecretAccessKey\":\"b-sesame\","        \
	"\"Token\":\"b-token\",\"Expiration\":\"2099-01-01T00:00:00Z\"}"

static CredentialSource *chain(const char *profile)
{
	const HttpSettings http = {.proxy = ""};

	return chain_new(&aws_chain, profile, NULL, NULL, &http);
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
	g_setenv("AWS_ACCESS_KEY_ID", "env-id", TRUE);
	g_setenv("AWS_SECRET_ACCESS_KEY", "e-sesame", TRUE);
}

/* ---- what can be told without the network ---- */

static void in_sight(ChainFixture *f, const void *unused)
{
	g_assert_false(chain_in_sight(&aws_chain));
	aws_home_config(f, "[default]\nregion = x\n[profile p]\n" PAIR);
	g_assert_false(chain_in_sight(&aws_chain));
	g_setenv("AWS_PROFILE", "p", TRUE);
	g_assert_true(chain_in_sight(&aws_chain));
	/* Somebody meant AWS: better to say what is wrong. */
	g_setenv("AWS_PROFILE", "absent", TRUE);
	g_assert_true(chain_in_sight(&aws_chain));
	g_unsetenv("AWS_PROFILE");
	g_unsetenv("AWS_EC2_METADATA_DISABLED");
	g_assert_false(chain_in_sight(&aws_chain));
}

static void in_sight_of(ChainFixture *f, const void *variable)
{
	g_assert_false(chain_in_sight(&aws_chain));
	g_setenv(variable, "/x", TRUE);
	g_assert_true(chain_in_sight(&aws_chain));
}

static void in_sight_of_kind(ChainFixture *f, const void *key)
{
	g_autofree char *text =
		g_strdup_printf("[default]\n%s = x\n", (const char *)key);

	aws_home_credentials(f, text);
	g_assert_true(chain_in_sight(&aws_chain));
}

static void nothing(ChainFixture *f, const void *unused)
{
	fails(NULL, BACKEND_ERROR_NO_KEY, "AWS_ACCESS_KEY_ID is not set");
	fails(NULL, BACKEND_ERROR_NO_KEY, "there is no profile default");
	fails(NULL, BACKEND_ERROR_NO_KEY, "AWS_EC2_METADATA_DISABLED is set");
}

/* ---- the environment ---- */

static void environment(ChainFixture *f, const void *unused)
{
	set_pair();
	finds(NULL, "env-id/e-sesame/");
	g_setenv("AWS_SESSION_TOKEN", "e-token", TRUE);
	finds(NULL, "env-id/e-sesame/e-token");
	g_setenv("AWS_SECURITY_TOKEN", "old-token", TRUE);
	finds(NULL, "env-id/e-sesame/old-token");
	g_setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", TRUE);
	fails(NULL, BACKEND_ERROR_AUTH_EXPIRED, "have expired");
}

static void environment_and_profile(ChainFixture *f, const void *unused)
{
	aws_home_credentials(f, "[p]\n" PAIR);
	set_pair();
	g_setenv("AWS_PROFILE", "p", TRUE);
	finds(NULL, "env-id/e-sesame/");
	finds("p", "file-id/f-sesame/");
	fails("absent", BACKEND_ERROR_NO_KEY, "(profile = absent)");
	fails("absent", BACKEND_ERROR_NO_KEY, "there is no profile absent");
}

/* ---- profiles ---- */

static void keys(ChainFixture *f, const void *unused)
{
	aws_home_credentials(f, "[default]\n" PAIR "aws_session_token = t\n"
				"[half]\naws_access_key_id = x\n");
	finds(NULL, "file-id/f-sesame/t");
	fails("half", BACKEND_ERROR_AUTH, "aws_secret_access_key is missing");
}

static void bad_profiles(ChainFixture *f, const void *unused)
{
	static const struct {
		const char *text, *say;
		BackendErrorCode code; /* 0: AUTH */
	} rows[] = {
		{"region = x", "profile p: it tells of no credentials",
			BACKEND_ERROR_NO_KEY},
		{ROLE, "role_arn needs source_profile or credential_source"},
		{ROLE "source_profile = q\ncredential_source = Environment",
			"exclude one another"},
		{ROLE "source_profile = q", "there is no profile q",
			BACKEND_ERROR_NO_KEY},
		{ROLE "source_profile = p", "in a circle at p"},
		{ROLE "credential_source = Moon", "is none of Environment"},
		{ROLE "credential_source = Environment",
			"AWS_ACCESS_KEY_ID is not set"},
		{ROLE "source_profile = p\nmfa_serial = m\n" PAIR,
			"mfa_serial wants a code"},
		{ROLE "source_profile = p\nduration_seconds = 899\n" PAIR,
			"duration_seconds is not between"},
		{ROLE "source_profile = p\nduration_seconds = 43201\n" PAIR,
			"duration_seconds is not between"},
		{"web_identity_token_file = /x", "role_arn is missing"},
		{"login_session = x", "login_session is not supported"},
		{"sso_session = s", "sso_account_id is missing"},
		{"sso_account_id = 1\nsso_role_name = r\nsso_session = s",
			"sso_region is missing in sso-session s"},
		{"sso_account_id = 1\nsso_role_name = r\nsso_session = s\n"
		 "sso_region = x\n[sso-session s]\nsso_region = y",
			"sso_region of the profile and of sso-session s "
			"differ"},
		{"sso_account_id = 1\nsso_role_name = r\nsso_region = x",
			"sso_start_url or sso_region is missing"},
		{"credential_process = echo", "did not print JSON"},
		{"credential_process = sh -c 'exit 7'", "ended with status 7"},
		{"credential_process = echo no keys >&2; exit 7",
			"/bin/sh ended with status 7: no keys)"},
		{"credential_process = sh -c 'echo none today >&2'",
			"did not print JSON: none today)"},
		{"credential_process = echo 'x", "leaves a quote open"},
		{"credential_process = ''", " cannot be run",
			BACKEND_ERROR_NO_KEY},
		{"credential_process = echo '{\"Version\":1}'",
			"AccessKeyId is missing"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("[profile p]\n%s\n", rows[i].text);

		aws_home_config(f, text);
		fails("p", rows[i].code ? rows[i].code : BACKEND_ERROR_AUTH,
			rows[i].say);
	}
}

static void deep_chain(ChainFixture *f, const void *unused)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < 100; i++)
		g_string_append_printf(text,
			"[profile p%u]\n" ROLE "source_profile = p%u\n", i,
			i + 1);
	aws_home_config(f, text->str);
	fails("p0", BACKEND_ERROR_AUTH, "in a circle at p16");
}

/* It would be a line of its own in .status. */
static void process_odd_id(ChainFixture *f, const void *unused)
{
	g_autofree char *path = chain_fixture_put(f, "out",
		"{\"Version\": 1, \"AccessKeyId\": \"id\\ncredentials: x\","
		"\"SecretAccessKey\": \"p-sesame\"}");
	g_autofree char *text = g_strdup_printf(
		"[default]\ncredential_process = cat \"%s\"\n", path);

	aws_home_config(f, text);
	fails(NULL, BACKEND_ERROR_AUTH, "AccessKeyId is none");
}

static void process_hangs(ChainFixture *f, const void *unused)
{
	gint64 start_us = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;

	aws_home_config(f, "[default]\ncredential_process = sleep 60\n");
	g_assert_null(find_within(NULL, 300, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpint(
		g_get_monotonic_time() - start_us, <, 30 * G_USEC_PER_SEC);
}

static void process_aborted(ChainFixture *f, const void *unused)
{
	g_autofree char *mark = g_build_filename(f->home, "mark", NULL);
	g_autofree char *text = g_strdup_printf(
		"[default]\ncredential_process = : >%s; sleep 60\n", mark);
	g_autoptr(CredentialSource) source = chain(NULL);
	pthread_t thread;

	aws_home_config(f, text);
	pthread_create(&thread, NULL, chain_ask_until_aborted, source);
	fixture_until(access(mark, F_OK) == 0);
	credential_source_abort(source);
	pthread_join(thread, NULL);
}

static void follows_files(ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);

	for (guint i = 0; i < 3; i++) {
		g_autofree char *text =
			g_strdup_printf("[default]\naws_access_key_id = id%u\n"
					"aws_secret_access_key = s%.*s\n",
				i, (int)i, "xxxx");

		aws_home_credentials(f, text);
		g_autofree char *id = g_strdup_printf("id%u", i);
		g_autoptr(Credentials) found = chain_ask(source, 20000, NULL);
		g_assert_nonnull(found);
		g_assert_cmpstr(found->access_key_id, ==, id);
	}
}

/* ---- over the network ---- */

static void role(ChainFixture *f, const void *unused)
{
	g_autofree char *url =
		g_strconcat(tiny_server_url(f->server), "/base/", NULL);

	g_setenv("AWS_ENDPOINT_URL_STS", url, TRUE);
	g_setenv("AWS_REGION", "eu-west-1", TRUE);
	aws_home_credentials(
		f, "[default]\n" ROLE "source_profile = default\n" PAIR);
	tiny_server_answer(f->server, 200, NULL, STS_ANSWER);
	finds(NULL, "sts-id/s-sesame/s-token");
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(request, "POST /base/ HTTP/1.1"));
	g_assert_nonnull(strstr(request, "Credential=file-id/"));
	g_assert_nonnull(strstr(request, "/eu-west-1/sts/aws4_request"));
	g_assert_null(strstr(request, "sesame"));
}

/* Two hours ahead: what was signed by ours has expired there. */
static void role_clock(ChainFixture *f, const void *unused)
{
	g_autoptr(GDateTime) then = g_date_time_new_from_unix_utc(
		g_get_real_time() / G_USEC_PER_SEC + 7200);
	g_autofree char *date =
		g_date_time_format(then, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
	g_autofree char *signed_at = g_date_time_format(then, "%Y%m%dT%H");

	g_setenv("AWS_ENDPOINT_URL_STS", tiny_server_url(f->server), TRUE);
	aws_home_credentials(
		f, "[default]\n" ROLE "source_profile = default\n" PAIR);
	tiny_server_answer(f->server, 403, date,
		"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>"
		"<Message>Signature expired</Message></Error></ErrorResponse>");
	tiny_server_answer(f->server, 200, date, STS_ANSWER);
	finds(NULL, "sts-id/s-sesame/s-token");
	g_autofree char *request = tiny_server_request(f->server, 1);
	g_autofree char *header = g_strconcat("x-amz-date: ", signed_at, NULL);
	g_assert_nonnull(strstr(request, header));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

/* Abort and deadline, while the token service says nothing. */
static void role_hangs(ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);
	gint64 start_us = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	pthread_t thread;

	g_setenv("AWS_ENDPOINT_URL_STS", tiny_server_url(f->server), TRUE);
	aws_home_credentials(
		f, "[default]\n" ROLE "source_profile = default\n" PAIR);
	tiny_server_rest(f->server, (TinyAnswer){.kind = TINY_HANG});
	g_assert_null(find_within(NULL, 300, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	pthread_create(&thread, NULL, chain_ask_until_aborted, source);
	tiny_server_wait(f->server, 2);
	credential_source_abort(source);
	pthread_join(thread, NULL);
	g_assert_cmpint(
		g_get_monotonic_time() - start_us, <, 30 * G_USEC_PER_SEC);
}

static void role_refused(ChainFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *code;
		BackendErrorCode means;
	} rows[] = {
		{403, "AccessDenied", BACKEND_ERROR_DENIED},
		{403, "ExpiredToken", BACKEND_ERROR_AUTH_EXPIRED},
		{403, "InvalidClientTokenId", BACKEND_ERROR_AUTH},
		{400, "Throttling", BACKEND_ERROR_THROTTLED},
		{400, "IDPCommunicationError", BACKEND_ERROR_REMOTE},
		{429, "Odd", BACKEND_ERROR_THROTTLED},
		{500, "InternalFailure", BACKEND_ERROR_REMOTE},
	};

	g_setenv("AWS_ENDPOINT_URL_STS", tiny_server_url(f->server), TRUE);
	aws_home_credentials(
		f, "[default]\n" ROLE "source_profile = default\n" PAIR);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *body = g_strdup_printf(
			"<ErrorResponse><Error><Code>%s</Code><Message>m &amp; "
			"m</Message></Error></ErrorResponse>",
			rows[i].code);
		g_autofree char *say =
			g_strconcat(rows[i].code, ": m & m", NULL);

		tiny_server_answer(f->server, rows[i].status, NULL, body);
		fails(NULL, rows[i].means, say);
	}
}

/* Keys that are refused may come back, with the request they signed. */
static void role_quoted(ChainFixture *f, const void *unused)
{
	g_autofree char *file =
		chain_fixture_put(f, "jwt", "eyJh.web-sesame.x");
	g_autofree char *text = g_strdup_printf(
		"[default]\n" ROLE "source_profile = default\n" PAIR
		"aws_session_token = FwoGZXIvYX-sesame\n"
		"[w]\n" ROLE "web_identity_token_file = %s\n",
		file);

	g_setenv("AWS_ENDPOINT_URL_STS", tiny_server_url(f->server), TRUE);
	aws_home_credentials(f, text);
	tiny_server_answer(f->server, 403, NULL,
		"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>"
		"<Message>sent: "
		"x-amz-security-token:FwoGZXIvYX-sesame</Message>"
		"</Error></ErrorResponse>");
	fails(NULL, BACKEND_ERROR_AUTH, "sent: x-amz-security-token:***");
	tiny_server_answer(f->server, 400, NULL,
		"<E><Error><Code>InvalidIdentityToken</Code>"
		"<Message>not eyJh.web-sesame.x</Message></Error></E>");
	fails("w", BACKEND_ERROR_AUTH, "not ***");
}

static void container_set(ChainFixture *f)
{
	g_autofree char *url =
		g_strconcat(tiny_server_url(f->server), "/creds", NULL);

	g_setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, TRUE);
	g_setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "tok", TRUE);
}

/* The others are not asked as somebody else. */
static void strict(ChainFixture *f, const void *unused)
{
	container_set(f);
	tiny_server_rest(f->server, (TinyAnswer){.body = CONTAINER_ANSWER});
	finds(NULL, "box-id/b-sesame/b-token");
	g_setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere", TRUE);
	fails(NULL, BACKEND_ERROR_AUTH, "AWS_ROLE_ARN is not set");
	g_setenv("AWS_ROLE_ARN", "arn", TRUE);
	fails(NULL, BACKEND_ERROR_NO_KEY, "/nowhere");
	g_unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	aws_home_config(f, "[default]\ncredential_process = sh -c 'exit 1'\n");
	fails(NULL, BACKEND_ERROR_AUTH, "ended with status 1");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

static void container_bad(ChainFixture *f, const void *unused)
{
	container_set(f);
	tiny_server_answer(f->server, 404, NULL, "{}");
	fails(NULL, BACKEND_ERROR_AUTH, "answered with status 404");
	tiny_server_answer(f->server, 503, NULL, "{}");
	fails(NULL, BACKEND_ERROR_REMOTE, "answered with status 503");
	tiny_server_answer(f->server, 200, NULL, "<html>");
	fails(NULL, BACKEND_ERROR_BAD_ANSWER, "is not JSON");
	tiny_server_answer(f->server, 200, NULL, "{\"AccessKeyId\":\"x\"}");
	fails(NULL, BACKEND_ERROR_AUTH, "SecretAccessKey is missing");
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HUGE});
	fails(NULL, BACKEND_ERROR_BAD_ANSWER, "over the limit");
	g_setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nb: sesame", TRUE);
	fails(NULL, BACKEND_ERROR_AUTH, "line break");
}

static void container_hosts(ChainFixture *f, const void *unused)
{
	static const char *const bad[] = {"http://169.254.169.254/x",
		"http://example.com/x", "http://127.0.0.1.example.com/",
		"ftp://127.0.0.1/", "//127.0.0.1/", "http:///x", "x",
		"http://[fd00:ec2::24]/", "http://127.0.0.1@example.com/"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", bad[i], TRUE);
		fails(NULL, BACKEND_ERROR_AUTH, "neither https nor one of");
	}
}

static void sso_config(ChainFixture *f, const char *expiry)
{
	/* SHA-1 of "corp". */
	g_autofree char *token = g_strdup_printf(
		"{\"accessToken\":\"sso-sesame\",\"expiresAt\":\"%s\"}",
		expiry);

	aws_home_config(f, "[default]\nsso_session = corp\n"
			   "sso_account_id = 1\nsso_role_name = r\n"
			   "[sso-session corp]\nsso_region = eu-west-1\n"
			   "sso_start_url = https://corp.example\n");
	g_free(chain_fixture_put(f,
		".aws/sso/cache/"
		"ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
		token));
}

static void sso(ChainFixture *f, const void *unused)
{
	g_setenv("AWS_ENDPOINT_URL_SSO", tiny_server_url(f->server), TRUE);
	sso_config(f, "2020-01-01T00:00:00Z");
	fails(NULL, BACKEND_ERROR_AUTH_EXPIRED,
		"run `aws sso login --profile default`");
	sso_config(f, "2099-01-01T00:00:00Z");
	tiny_server_answer(f->server, 200, NULL,
		"{\"roleCredentials\":{\"accessKeyId\":\"sso-id\","
		"\"secretAccessKey\":\"r-sesame\",\"sessionToken\":\"t\","
		"\"expiration\":4070908800000}}");
	finds(NULL, "sso-id/r-sesame/t");
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_nonnull(strstr(request, "x-amz-sso_bearer_token: sso-sesame"));
	tiny_server_answer(f->server, 401, NULL, "{}");
	fails(NULL, BACKEND_ERROR_AUTH_EXPIRED, "refuses the token");
	tiny_server_answer(f->server, 404, NULL, "{}");
	fails(NULL, BACKEND_ERROR_DENIED, "does not give the role r");
	tiny_server_answer(f->server, 200, NULL, "{}");
	fails(NULL, BACKEND_ERROR_BAD_ANSWER, "makes no sense");
}

/* Keys and tokens go nowhere in the clear. */
static void plain_http(ChainFixture *f, const void *unused)
{
	g_setenv("AWS_ENDPOINT_URL", "http://192.0.2.1", TRUE);
	sso_config(f, "2099-01-01T00:00:00Z");
	fails(NULL, BACKEND_ERROR_CONFIG, "plain http");
	aws_home_config(
		f, "[default]\n" ROLE "source_profile = default\n" PAIR);
	fails(NULL, BACKEND_ERROR_CONFIG, "plain http");
	g_free(chain_fixture_put(f, "jwt", "web-sesame"));
	g_setenv("AWS_ROLE_ARN", "arn", TRUE);
	g_autofree char *file = g_build_filename(f->home, "jwt", NULL);
	g_setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file, TRUE);
	aws_home_config(f, "");
	fails(NULL, BACKEND_ERROR_CONFIG, "plain http");
}

static void metadata_set(ChainFixture *f)
{
	g_unsetenv("AWS_EC2_METADATA_DISABLED");
	g_setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT",
		tiny_server_url(f->server), TRUE);
}

/* Who answers there would choose the account. */
static void metadata_hosts(ChainFixture *f, const void *unused)
{
	static const char *const bad[] = {"http://192.0.2.1",
		"http://metadata.example", "http://169.254.169.254@192.0.2.1",
		"http://[fd00:ec2::255]", "file:///etc"};

	g_unsetenv("AWS_EC2_METADATA_DISABLED");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", bad[i], TRUE);
		fails(NULL, BACKEND_ERROR_CONFIG, "looked in");
	}
}

/* Where there are no tokens, on without one, unless that is forbidden. */
static void metadata_v1(ChainFixture *f, const void *unused)
{
	static const guint no_token[] = {403, 404, 405};

	metadata_set(f);
	for (gsize i = 0; i < G_N_ELEMENTS(no_token); i++) {
		tiny_server_answer(f->server, no_token[i], NULL, "");
		tiny_server_answer(f->server, 200, NULL, "role");
		tiny_server_answer(f->server, 200, NULL, CONTAINER_ANSWER);
		finds(NULL, "box-id/b-sesame/b-token");
	}
	g_autofree char *request = tiny_server_request(f->server, 1);
	g_assert_null(strstr(request, "x-aws-ec2-metadata-token"));
	tiny_server_answer(f->server, 400, NULL, "");
	fails(NULL, BACKEND_ERROR_AUTH, "with status 400");
	g_setenv("AWS_EC2_METADATA_V1_DISABLED", "true", TRUE);
	tiny_server_answer(f->server, 403, NULL, "");
	fails(NULL, BACKEND_ERROR_AUTH, "forbids to go without");
}

/* An outage is no reason to lose keys that are still good. */
static void metadata_outage(ChainFixture *f, const void *unused)
{
	g_autoptr(CredentialSource) source = chain(NULL);

	metadata_set(f);
	tiny_server_answer(f->server, 200, NULL, "token");
	tiny_server_answer(f->server, 200, NULL, "role");
	tiny_server_answer(f->server, 200, NULL, CONTAINER_ANSWER);
	g_autoptr(Credentials) first = chain_ask(source, 20000, NULL);
	g_assert_nonnull(first);
	g_assert_cmpstr(first->access_key_id, ==, "box-id");
	tiny_server_rest(f->server, (TinyAnswer){.status = 500});
	aws_home_config(f, "# a change makes the chain ask anew\n");
	g_autoptr(Credentials) second = chain_ask(source, 20000, NULL);
	g_assert_true(second == first);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
}

#define add(name, function)                                                    \
	chain_fixture_add("/aws_chain/" name, function, NULL)
#define add_for(name, function, data)                                          \
	chain_fixture_add("/aws_chain/" name "/" data, function, data)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("in_sight", in_sight);
	add_for("in_sight", in_sight_of, "AWS_ACCESS_KEY_ID");
	add_for("in_sight", in_sight_of, "AWS_WEB_IDENTITY_TOKEN_FILE");
	add_for("in_sight", in_sight_of,
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	add_for("in_sight", in_sight_of, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	add_for("in_sight", in_sight_of_kind, "aws_access_key_id");
	add_for("in_sight", in_sight_of_kind, "role_arn");
	add_for("in_sight", in_sight_of_kind, "web_identity_token_file");
	add_for("in_sight", in_sight_of_kind, "credential_process");
	add_for("in_sight", in_sight_of_kind, "sso_session");
	add_for("in_sight", in_sight_of_kind, "sso_start_url");
	add_for("in_sight", in_sight_of_kind, "login_session");
	add("nothing_says_where_it_looked", nothing);
	add("environment", environment);
	add("environment_wins_over_a_profile_nobody_configured",
		environment_and_profile);
	add("keys_of_a_profile", keys);
	add("bad_profiles_say_what_is_wrong", bad_profiles);
	add("a_chain_of_profiles_has_an_end", deep_chain);
	add("a_process_with_an_odd_id", process_odd_id);
	add("a_process_that_hangs_is_ended", process_hangs);
	add("abort_ends_a_process", process_aborted);
	add("a_changed_file_is_followed", follows_files);
	add("role_at_a_configured_endpoint", role);
	add("role_with_a_wrong_clock", role_clock);
	add("a_role_that_hangs_ends_in_time", role_hangs);
	add("a_quoted_secret_is_masked", role_quoted);
	add("refusals_of_the_token_service", role_refused);
	add("a_failed_source_is_the_last", strict);
	add("bad_answers_of_a_container", container_bad);
	add("no_token_to_strange_hosts", container_hosts);
	add("sso_by_the_cached_token", sso);
	add("no_plain_http_to_token_services", plain_http);
	add("no_plain_http_to_strange_metadata", metadata_hosts);
	add("metadata_without_tokens", metadata_v1);
	add("outage_keeps_good_keys", metadata_outage);
	return g_test_run();
}
