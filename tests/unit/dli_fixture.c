#include "dli_fixture.h"

#include <string.h>

#include "backends/auth/sign.h"
#include "backends/classes.h"

#define KEY_ID "HWAKEXAMPLE000000001"
#define KEY "not-a-secret-but-long-enough"
#define SESSION_TOKEN "ggpjbi1ub3J0aC00//wEa+token=="

void dli_fixture_environment(void)
{
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++)
		if (g_str_has_prefix(*name, "HUAWEICLOUD_"))
			g_unsetenv(*name);
	g_setenv("HOME", "/nonexistent", TRUE);
	g_setenv("HUAWEICLOUD_SDK_AK", KEY_ID, TRUE);
	g_setenv("HUAWEICLOUD_SDK_SK", KEY, TRUE);
	g_setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", SESSION_TOKEN, TRUE);
}

static void open_with(ProviderFixture *f, GHashTable *keys)
{
	provider_set_key(keys, "region", "cn-test-1");
	provider_open(f, &dli_class, keys, "q-1");
}

void dli_fixture_set_up(ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	provider_set_key(keys, "project", DLI_TEST_PROJECT);
	open_with(f, keys);
}

void dli_fixture_set_up_clusters(ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	provider_set_key(keys, "project", DLI_TEST_PROJECT);
	provider_set_key(keys, "containers", "clusters");
	open_with(f, keys);
}

void dli_fixture_set_up_lookup(ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	f->iam = tiny_server_new();
	provider_set_key(keys, "iam_endpoint", tiny_server_url(f->iam));
	open_with(f, keys);
}

static void is_signed(TinyServer *server, guint n)
{
	g_autoptr(HttpRequest) request = provider_sent_request(server, n);
	g_autofree char *authorization =
		provider_sent_header(server, n, "authorization");
	g_autofree char *token =
		provider_sent_header(server, n, "x-security-token");
	g_autoptr(Credentials) credentials = credentials_new(KEY_ID,
		secret_new(KEY, -1), secret_new(SESSION_TOKEN, -1), 0, "test");
	const SignScope scope = {.now = 0};
	g_auto(Signed) made = {NULL};

	sign_compute(SIGN_SDK_HMAC, request, credentials, &scope, NULL, &made);
	g_assert_cmpstr(authorization, ==, made.authorization);
	g_assert_cmpstr(token, ==, SESSION_TOKEN);
}

void dli_saw(TinyServer *server, guint n, const char *line, const char *body,
	const char *project)
{
	g_autofree char *sent_body = NULL;
	g_auto(GStrv) head = provider_sent(server, n, &sent_body);
	g_autofree char *whole = g_strconcat(line, " HTTP/1.1", NULL);
	g_autofree char *named =
		provider_sent_header(server, n, "x-project-id");
	g_autofree char *type = provider_sent_header(server, n, "content-type");

	g_assert_cmpstr(head[0], ==, whole);
	g_assert_cmpstr(sent_body, ==, body);
	g_assert_cmpstr(named, ==, project);
	g_assert_cmpstr(type, ==, "application/json");
	is_signed(server, n);
}
