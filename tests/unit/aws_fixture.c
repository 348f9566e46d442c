#include "aws_fixture.h"

#include <string.h>

#include "backends/auth/sign.h"

#define REGION "eu-test-1"
#define KEY_ID "AKIDEXAMPLE000000001"
#define KEY "not-a-secret-but-long-enough"
#define SESSION_TOKEN "IQoJb3JpZ2lu//wEa+token=="

void aws_fixture_environment(void)
{
	static const char *const stale[] = {"AWS_PROFILE",
		"AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EMR",
		"AWS_ENDPOINT_URL_EMR_SERVERLESS", "AWS_USE_FIPS_ENDPOINT",
		"AWS_USE_DUALSTACK_ENDPOINT", "AWS_CREDENTIAL_EXPIRATION"};

	for (gsize i = 0; i < G_N_ELEMENTS(stale); i++)
		g_unsetenv(stale[i]);
	g_setenv("HOME", "/nonexistent", TRUE);
	g_setenv("AWS_CONFIG_FILE", "/nonexistent/config", TRUE);
	g_setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/keys", TRUE);
	g_setenv("AWS_EC2_METADATA_DISABLED", "true", TRUE);
	g_setenv("AWS_ACCESS_KEY_ID", KEY_ID, TRUE);
	g_setenv("AWS_SECRET_ACCESS_KEY", KEY, TRUE);
	g_setenv("AWS_SESSION_TOKEN", SESSION_TOKEN, TRUE);
}

void aws_fixture_set_up(
	ProviderFixture *f, const BackendClass *class, const char *workspace)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	provider_set_key(keys, "region", REGION);
	provider_open(f, class, keys, workspace);
}

static void is_signed(ProviderFixture *f, guint n, const char *service)
{
	g_autoptr(HttpRequest) request = provider_sent_request(f->server, n);
	g_autofree char *sent =
		provider_sent_header(f->server, n, "authorization");
	g_autofree char *token =
		provider_sent_header(f->server, n, "x-amz-security-token");
	const SignScope scope = {.region = REGION, .service = service};
	g_autoptr(Credentials) credentials = credentials_new(KEY_ID,
		secret_new(KEY, -1), secret_new(SESSION_TOKEN, -1), 0, "test");
	g_auto(Signed) made = {NULL};

	sign_compute(SIGN_SIGV4, request, credentials, &scope, NULL, &made);
	g_assert_cmpstr(sent, ==, made.authorization);
	g_assert_cmpstr(token, ==, SESSION_TOKEN);
	g_assert_nonnull(strstr(sent, "/" REGION "/"));
}

void aws_saw(ProviderFixture *f, guint n, const char *line, const char *body,
	const char *service)
{
	g_autofree char *sent_body = NULL;
	g_auto(GStrv) head = provider_sent(f->server, n, &sent_body);
	g_autofree char *whole = g_strconcat(line, " HTTP/1.1", NULL);

	g_assert_cmpstr(head[0], ==, whole);
	g_assert_cmpstr(sent_body, ==, body);
	is_signed(f, n, service);
}

char *aws_describe(ProviderFixture *f, const char *id, const char *record,
	SessionFile file, gint64 *ret_until_ms, GError **error)
{
	const Call call = provider_soon();
	g_autoptr(GBytes) bytes = backend_describe(f->backend, f->workspace, id,
		record, file, &call, ret_until_ms, error);
	gsize len = 0;
	const char *text = bytes ? g_bytes_get_data(bytes, &len) : NULL;

	return bytes ? g_strndup(text, len) : NULL;
}
