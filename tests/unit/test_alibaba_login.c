#include <string.h>

#include "backends/alibaba/alibaba_chain.h"
#include "chain_fixture.h"

#define LATER G_GINT64_CONSTANT(4102444800) /* the year 2100 */
#define KEYS                                                                   \
	"{\"AccessKeyId\":\"b-id\",\"AccessKeySecret\":\"b-sesame\","          \
	"\"SecurityToken\":\"b-token\","                                       \
	"\"Expiration\":\"2999-01-02T03:04:05Z\"}"

/* Profiles that `aliyun configure` filled after a login in a browser. */

static CredentialSource *chain(void)
{
	const HttpSettings http = {.proxy = ""};

	return chain_new(&alibaba_chain, "p", NULL, NULL, &http);
}

static void finds(const char *wanted)
{
	chain_finds(chain(), wanted);
}

static void fails(BackendErrorCode code, const char *say)
{
	chain_fails(chain(), code, say);
}

/* Times in seconds from now; 0: long ago. */
static void put(ChainFixture *f, const char *mode, gint64 keys, gint64 token)
{
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;
	g_autofree char *text = g_strdup_printf(
		"{\"profiles\":[{\"name\":\"p\",\"mode\":\"%s\","
		"\"access_key_id\":\"k-id\",\"access_key_secret\":\"k-sesame\","
		"\"sts_token\":\"k-token\",\"sts_expiration\":%" G_GINT64_FORMAT
		",\"cloud_sso_sign_in_url\":\"%s/device/login?x\","
		"\"cloud_sso_account_id\":\"1\",\"cloud_sso_access_config\":"
		"\"ac-1\",\"access_token\":\"t-sesame\","
		"\"cloud_sso_access_token_expire\":%" G_GINT64_FORMAT
		",\"oauth_site_type\":\"MOON\",\"oauth_access_token\":"
		"\"o-sesame\",\"oauth_access_token_expire\":%" G_GINT64_FORMAT
		"}]}",
		mode, keys ? now + keys : 1, tiny_server_url(f->server),
		token ? now + token : 1, token ? now + token : 1);

	g_free(chain_fixture_put(f, ".aliyun/config.json", text));
}

static void keys_are_used_while_they_last(ChainFixture *f, const void *mode)
{
	put(f, mode, 3600, 0);
	finds("k-id/k-sesame/k-token");
	/* Soon over, but nothing else is there. */
	put(f, mode, 60, 0);
	finds("k-id/k-sesame/k-token");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_login_that_is_over_names_the_command(
	ChainFixture *f, const void *mode)
{
	g_autofree char *say = g_strdup_printf(
		"the login has expired: run `aliyun configure --profile p "
		"--mode %s`",
		(const char *)mode);

	put(f, mode, 0, 0);
	fails(BACKEND_ERROR_AUTH_EXPIRED, say);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_token_buys_keys(ChainFixture *f, const void *unused)
{
	put(f, "CloudSSO", 0, 3600);
	tiny_server_answer(
		f->server, 200, NULL, "{\"CloudCredential\":" KEYS "}");
	g_autoptr(CredentialSource) source = chain();
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) found = chain_ask(source, 20000, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->access_key_id, ==, "b-id");
	g_assert_cmpstr(secret_peek(found->token), ==, "b-token");
	g_assert_cmpint(found->expires_ms, ==, 32472241445000);
	g_autofree char *request = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(
		request, "POST /cloud-credentials HTTP/1.1\r\n"));
	g_autofree char *lower = g_ascii_strdown(request, -1);
	g_assert_nonnull(
		strstr(lower, "\r\nauthorization: bearer t-sesame\r\n"));
	g_assert_nonnull(strstr(request,
		"{\"AccountId\":\"1\",\"AccessConfigurationId\":\"ac-1\"}"));
}

/* The site's clock is two hours ahead: what it names is put into ours. */
static void the_expiry_is_of_our_clock(ChainFixture *f, const void *unused)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autoptr(GDateTime) there = g_date_time_add_hours(now, 2);
	g_autoptr(GDateTime) end = g_date_time_add_hours(there, 1);
	g_autofree char *date = g_date_time_format(
		there, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
	g_autofree char *expiry = g_date_time_format(end, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *keys = g_strdup_printf(
		"{\"CloudCredential\":{\"AccessKeyId\":\"b-id\","
		"\"AccessKeySecret\":\"b-sesame\",\"SecurityToken\":\"b-token\""
		",\"Expiration\":\"%s\"}}",
		expiry);
	g_autoptr(CredentialSource) source = chain();

	put(f, "CloudSSO", 0, 3600);
	tiny_server_answer(f->server, 200, date, keys);
	g_autoptr(Credentials) found = chain_ask(source, 20000, NULL);
	g_assert_nonnull(found);
	g_assert_cmpint(
		ABS(found->expires_ms / 1000 - g_date_time_to_unix(now) - 3600),
		<, 60);
}

static void keys_that_end_soon_are_replaced(ChainFixture *f, const void *unused)
{
	put(f, "CloudSSO", 60, 3600);
	tiny_server_answer(
		f->server, 200, NULL, "{\"CloudCredential\":" KEYS "}");
	finds("b-id/b-sesame/b-token");
}

static void refusals_are_told(ChainFixture *f, const void *unused)
{
	put(f, "CloudSSO", 0, 3600);
	tiny_server_answer(f->server, 401, NULL, "{\"x\":\"t-sesame\"}");
	fails(BACKEND_ERROR_AUTH_EXPIRED, "the login's token is refused: run ");
	tiny_server_answer(f->server, 400, NULL,
		"{\"ErrorCode\":\"x\",\"Code\":\"Bad\","
		"\"Message\":\"not t-sesame\"}");
	fails(BACKEND_ERROR_INVALID, "not ***");
	tiny_server_answer(f->server, 200, NULL, "sesame");
	fails(BACKEND_ERROR_BAD_ANSWER, "makes no sense");
	tiny_server_answer(f->server, 200, NULL, "{}");
	fails(BACKEND_ERROR_AUTH, "AccessKeyId is missing");
}

/* Only these two are Alibaba's. */
static void oauth_has_two_sites(ChainFixture *f, const void *unused)
{
	put(f, "OAuth", 0, 3600);
	fails(BACKEND_ERROR_AUTH, "oauth_site_type is neither CN nor INTL");
}

static void a_token_goes_to_https_only(ChainFixture *f, const void *unused)
{
	g_autofree char *text = g_strdup_printf(
		"{\"profiles\":[{\"name\":\"p\",\"mode\":\"CloudSSO\","
		"\"cloud_sso_sign_in_url\":\"http://sso.example/\","
		"\"cloud_sso_account_id\":\"1\",\"cloud_sso_access_config\":"
		"\"ac-1\",\"access_token\":\"sesame\","
		"\"cloud_sso_access_token_expire\":%" G_GINT64_FORMAT "}]}",
		LATER);

	g_free(chain_fixture_put(f, ".aliyun/config.json", text));
	fails(BACKEND_ERROR_CONFIG, "plain http");
}

static void a_uri_of_the_profile_is_asked(ChainFixture *f, const void *unused)
{
	g_autofree char *text = g_strdup_printf(
		"{\"profiles\":[{\"name\":\"p\",\"mode\":\"CredentialsURI\","
		"\"credentials_uri\":\"%s/k\"}]}",
		tiny_server_url(f->server));

	g_free(chain_fixture_put(f, ".aliyun/config.json", text));
	tiny_server_answer(f->server, 200, NULL,
		"{\"Code\":\"Success\",\"AccessKeyId\":\"u-id\","
		"\"AccessKeySecret\":\"u-sesame\",\"SecurityToken\":\"u-"
		"token\","
		"\"Expiration\":\"2999-01-02T03:04:05Z\"}");
	finds("u-id/u-sesame/u-token");
}

#define ADD(path, function, data)                                              \
	chain_fixture_add("/alibaba-login/" path, function, data)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("keys/sso", keys_are_used_while_they_last, "CloudSSO");
	ADD("keys/oauth", keys_are_used_while_they_last, "OAuth");
	ADD("over/sso", a_login_that_is_over_names_the_command, "CloudSSO");
	ADD("over/oauth", a_login_that_is_over_names_the_command, "OAuth");
	ADD("buys", a_token_buys_keys, NULL);
	ADD("clock", the_expiry_is_of_our_clock, NULL);
	ADD("soon", keys_that_end_soon_are_replaced, NULL);
	ADD("refusals", refusals_are_told, NULL);
	ADD("sites", oauth_has_two_sites, NULL);
	ADD("https", a_token_goes_to_https_only, NULL);
	ADD("uri", a_uri_of_the_profile_is_asked, NULL);
	return g_test_run();
}
