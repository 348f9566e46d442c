#include "dli_fixture.h"

#include <string.h>

#include "auth/sign.h"
#include "classes.h"

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

static void set_key(GHashTable *keys, const char *name, const char *value)
{
	g_hash_table_insert(keys, (char *)name, (char *)value);
}

static void open_with(DliFixture *f, GHashTable *keys)
{
	g_autoptr(GError) error = NULL;

	f->server = tiny_server_new();
	set_key(keys, "endpoint", tiny_server_url(f->server));
	set_key(keys, "region", "cn-test-1");
	f->dli = backend_open(&dli_class, keys, &error);
	g_assert_no_error(error);
}

void dli_fixture_set_up(DliFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	set_key(keys, "project", DLI_TEST_PROJECT);
	open_with(f, keys);
}

void dli_fixture_set_up_clusters(DliFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	set_key(keys, "project", DLI_TEST_PROJECT);
	set_key(keys, "containers", "clusters");
	open_with(f, keys);
}

void dli_fixture_set_up_lookup(DliFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	f->iam = tiny_server_new();
	set_key(keys, "iam_endpoint", tiny_server_url(f->iam));
	open_with(f, keys);
}

void dli_fixture_tear_down(DliFixture *f, const void *unused)
{
	backend_close(f->dli);
	tiny_server_free(f->server);
	g_clear_pointer(&f->iam, tiny_server_free);
}

Call dli_soon(void)
{
	return (Call){
		.deadline_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC};
}

void dli_answer(DliFixture *f, guint status, const char *body)
{
	tiny_server_answer(f->server, status, NULL, body);
}

SessionPage *dli_list(DliFixture *f, const char *token, GError **error)
{
	const Call call = dli_soon();

	return backend_list_page(f->dli, "q-1", token, &call, error);
}

/* ---- what was sent ---- */

/* The lines of its head; *ret_body: a new string. */
static char **sent(TinyServer *server, guint n, char **ret_body)
{
	g_autofree char *request = tiny_server_request(server, n);
	char *end = strstr(request, "\r\n\r\n");

	g_assert_nonnull(end);
	*ret_body = g_strdup(end + 4);
	*end = '\0';
	return g_strsplit(request, "\r\n", -1);
}

char *dli_sent_header(TinyServer *server, guint n, const char *name)
{
	g_autofree char *body = NULL;
	g_auto(GStrv) head = sent(server, n, &body);
	gsize len = strlen(name);

	for (char **line = head + 1; *line; line++)
		if (g_ascii_strncasecmp(*line, name, len) == 0 &&
			(*line)[len] == ':')
			return g_strdup(*line + len + 2);
	return NULL;
}

/* The request as a server has it before it checks the signature. */
static HttpRequest *rebuild(TinyServer *server, guint n)
{
	g_autofree char *body = NULL;
	g_auto(GStrv) head = sent(server, n, &body);
	g_auto(GStrv) words = g_strsplit(head[0], " ", 3);
	g_autofree char *url =
		g_strconcat(tiny_server_url(server), words[1], NULL);
	HttpRequest *request = http_request_new(words[0], url);

	for (char **line = head + 1; *line; line++) {
		g_auto(GStrv) pair = g_strsplit(*line, ": ", 2);

		if (g_ascii_strcasecmp(pair[0], "authorization") != 0)
			http_request_set(request, pair[0], pair[1]);
	}
	if (*body)
		request->body = g_bytes_new(body, strlen(body));
	return request;
}

static void is_signed(TinyServer *server, guint n)
{
	g_autoptr(HttpRequest) request = rebuild(server, n);
	g_autofree char *authorization =
		dli_sent_header(server, n, "authorization");
	g_autofree char *token = dli_sent_header(server, n, "x-security-token");
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
	g_auto(GStrv) head = sent(server, n, &sent_body);
	g_autofree char *whole = g_strconcat(line, " HTTP/1.1", NULL);
	g_autofree char *named = dli_sent_header(server, n, "x-project-id");
	g_autofree char *type = dli_sent_header(server, n, "content-type");

	g_assert_cmpstr(head[0], ==, whole);
	g_assert_cmpstr(sent_body, ==, body);
	g_assert_cmpstr(named, ==, project);
	g_assert_cmpstr(type, ==, "application/json");
	is_signed(server, n);
}
