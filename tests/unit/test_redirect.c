#include <string.h>

#include <glib.h>

#include "backends/api/api.h"
#include "backends/auth/tools.h"
#include "backends/error.h"
#include "tiny_server.h"

#define MS 1000

/* A server that redirects, and another that must not see what was meant for it. */
typedef struct {
	TinyServer *server, *other;
	GHashTable *keys;
	Api *api;
	guint signs;
} Fixture;

static Credentials *fetch(
	void *self, gboolean again, gint64 deadline_us, GError **error)
{
	return credentials_new("", secret_new("very-secret", -1), NULL, 0, "");
}

static const CredentialClass class = {.name = "fixed", .fetch = fetch};

static gboolean sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	Fixture *f = data;

	f->signs++;
	http_request_set(
		request, "authorization", secret_peek(credentials->secret));
	http_request_set(request, "x-signed", request->url);
	return TRUE;
}

static void refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_REMOTE, "refused");
}

static void set_up(Fixture *f, gconstpointer data)
{
	const ApiProtocol protocol = {
		.sign = sign, .refuse = refuse, .data = f};
	g_autoptr(GError) error = NULL;

	f->server = tiny_server_new();
	f->other = tiny_server_new();
	f->keys = g_hash_table_new(g_str_hash, g_str_equal);
	f->api = api_new(f->keys, tiny_server_url(f->server),
		credential_source_new(&class, NULL, &clock_real), &protocol,
		&error);
	g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	g_assert_cmpuint(tiny_server_requests(f->other), ==, 0);
	api_free(f->api);
	g_hash_table_unref(f->keys);
	tiny_server_free(f->server);
	tiny_server_free(f->other);
}

static Json *call(Fixture *f, gboolean safe, GError **error)
{
	const ApiRequest request = {.action = "X",
		.method = safe ? "GET" : "POST",
		.path = "/things",
		.body = safe ? NULL : "{}",
		.safe = safe};
	const Call grant = {
		.deadline_us = g_get_monotonic_time() + 5000 * MS,
		.interactive = TRUE,
	};

	return api_call(f->api, &request, &grant, NULL, error);
}

/* Fails with that code and words after one request, soon. */
static void assert_refused(
	Fixture *f, gboolean safe, BackendErrorCode code, const char *words)
{
	g_autoptr(GError) error = NULL;
	guint before = tiny_server_requests(f->server);
	gint64 start_us = g_get_monotonic_time();
	g_autoptr(Json) json = call(f, safe, &error);

	g_assert_null(json);
	g_assert_error(error, BACKEND_ERROR, (int)code);
	if (!strstr(error->message, words))
		g_test_message("%s", error->message);
	g_assert_null(strstr(error->message, "hush"));
	g_assert_nonnull(strstr(error->message, words));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, before + 1);
	g_assert_cmpint(g_get_monotonic_time() - start_us, <, 4000 * MS);
}

static void redirect(Fixture *f, guint status, const char *location)
{
	g_autofree char *header =
		g_strconcat("Location: ", location, "\r\n", NULL);

	tiny_server_answer(f->server, status, header, "");
}

static char *elsewhere(Fixture *f)
{
	return g_strconcat(tiny_server_url(f->other), "/x?ticket=hush", NULL);
}

static void test_a_read_is_followed_within_the_origin(
	Fixture *f, gconstpointer data)
{
	g_autofree char *whole =
		g_strconcat(tiny_server_url(f->server), "/there?b=1", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *sent = NULL, *wanted = NULL;

	redirect(f, 307, whole);
	redirect(f, 308, "/here");
	redirect(f, 307, "further");
	tiny_server_answer(f->server, 200, NULL, "{\"a\":1}");
	g_autoptr(Json) json = call(f, TRUE, &error);
	g_assert_no_error(error);
	g_assert_nonnull(json_get(json, "a"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
	/* Each is signed for its own address. */
	sent = tiny_server_request(f->server, 3);
	wanted = g_strconcat(
		"x-signed: ", tiny_server_url(f->server), "/further\r\n", NULL);
	g_assert_true(g_str_has_prefix(sent, "GET /further HTTP"));
	g_assert_nonnull(strstr(sent, wanted));
	g_assert_nonnull(strstr(sent, "authorization: very-secret\r\n"));
}

static void test_no_fourth_hop(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < 8; i++)
		redirect(f, 307, "/again");
	g_autoptr(Json) json = call(f, TRUE, &error);
	g_assert_null(json);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_nonnull(strstr(error->message, "/again (status 307)"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
}

static void test_what_changes_is_not_followed(Fixture *f, gconstpointer data)
{
	redirect(f, 307, "/there");
	assert_refused(f, FALSE, BACKEND_ERROR_UNSUPPORTED, "/there (status");
	redirect(f, 308, "/there");
	assert_refused(f, FALSE, BACKEND_ERROR_UNSUPPORTED, "/there (status");
}

static void test_another_origin_is_named(Fixture *f, gconstpointer data)
{
	static const guint statuses[] = {301, 302, 307, 308};
	g_autofree char *to = elsewhere(f);
	g_autofree char *tls = g_strconcat(
		"https", tiny_server_url(f->server) + strlen("http"), NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
		for (int safe = 0; safe < 2; safe++) {
			redirect(f, statuses[i], to);
			assert_refused(f, safe, BACKEND_ERROR_UNSUPPORTED,
				tiny_server_url(f->other));
			redirect(f, statuses[i], tls);
			assert_refused(
				f, safe, BACKEND_ERROR_UNSUPPORTED, "https://");
		}
}

static void test_a_login_is_told(Fixture *f, gconstpointer data)
{
	static const char *const logins[] = {
		"https://sso.example.com/login?to=x", "/login",
		"https://id.example/oauth2/authorize?client_id=1",
		"https://x.example/saml/redirect", "/users/sign_in",
		"https://idp.example/a", "/gateway/knoxsso/api/v1/websso"};
	static const guint statuses[] = {301, 302, 303};

	for (gsize i = 0; i < G_N_ELEMENTS(logins); i++)
		for (gsize k = 0; k < 2 * G_N_ELEMENTS(statuses); k++) {
			redirect(f, statuses[k / 2], logins[i]);
			assert_refused(f, k % 2 == 0, BACKEND_ERROR_AUTH,
				"wants a login");
		}
}

/* What a create may have done before it was sent on is unclear. */
static void test_see_other_is_unclear(Fixture *f, gconstpointer data)
{
	g_autofree char *to = elsewhere(f);

	redirect(f, 303, to);
	assert_refused(f, FALSE, BACKEND_ERROR_MAY_EXIST, "redirects to");
	redirect(f, 302, "/things/5");
	assert_refused(f, FALSE, BACKEND_ERROR_MAY_EXIST, "/things/5");
	tiny_server_answer(f->server, 304, NULL, "");
	assert_refused(f, FALSE, BACKEND_ERROR_MAY_EXIST, "status 304");
}

static void test_a_login_page_is_told(Fixture *f, gconstpointer data)
{
	static const char *const pages[] = {
		"<!DOCTYPE html><HTML><head><TITLE>Sign in - Example</TITLE>",
		"\n<html><body><form action=x><INPUT type=\"Password\" name=p>",
		("<html><head><meta http-equiv=\"refresh\" "
		 "content=\"0;url=/login\">"),
		"<html><script>window.location='https://x/signin'</script>",
		"<head><title>\n  Log in  </title></head>"};

	for (gsize i = 0; i < 2 * G_N_ELEMENTS(pages); i++) {
		tiny_server_answer(f->server, 200,
			"Content-Type: text/html; charset=utf-8\r\n",
			pages[i / 2]);
		assert_refused(f, i % 2 == 0, BACKEND_ERROR_AUTH, "login");
	}
	tiny_server_answer(f->server, 200, NULL, pages[0]);
	assert_refused(f, TRUE, BACKEND_ERROR_AUTH, "Sign in - Example");
}

static void test_any_other_page_is_named(Fixture *f, gconstpointer data)
{
	const char *page = "<html><title>Welcome to nginx!</title></html>";

	for (int i = 0; i < 4; i++)
		tiny_server_answer(f->server, 200, NULL, page);
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) json = call(f, TRUE, &error);
	g_assert_null(json);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	g_assert_nonnull(strstr(error->message, "Welcome to nginx!"));
}

/* Token services and metadata go the same way. */
static void test_credentials_stay_within_the_origin(
	Fixture *f, gconstpointer data)
{
	const HttpSettings settings = {NULL};
	g_autoptr(HttpClient) client = http_client_new(&settings);
	g_autofree char *url =
		g_strconcat(tiny_server_url(f->server), "/token", NULL);
	g_autofree char *to = elsewhere(f);
	gint64 until_us = g_get_monotonic_time() + 5000 * MS;
	g_autoptr(HttpRequest) get = http_request_new("GET", url);
	g_autoptr(HttpRequest) post = http_request_new("POST", url);
	g_autoptr(GError) error = NULL, login = NULL;

	redirect(f, 307, "/v2/token");
	tiny_server_answer(f->server, 200, NULL, "{}");
	HttpAnswer *answer = auth_send(client, get, 0, until_us, &error);
	g_assert_no_error(error);
	http_answer_free(answer);
	redirect(f, 307, to);
	answer = auth_send(client, get, 0, until_us, &error);
	g_assert_null(answer);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	g_assert_nonnull(strstr(error->message, tiny_server_url(f->other)));
	redirect(f, 302, "/login");
	answer = auth_send(client, post, 0, until_us, &login);
	g_assert_null(answer);
	g_assert_error(login, BACKEND_ERROR, BACKEND_ERROR_AUTH);
}

static void add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
	g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/redirect/followed", test_a_read_is_followed_within_the_origin);
	add("/redirect/hops", test_no_fourth_hop);
	add("/redirect/changing", test_what_changes_is_not_followed);
	add("/redirect/origin", test_another_origin_is_named);
	add("/redirect/login", test_a_login_is_told);
	add("/redirect/see_other", test_see_other_is_unclear);
	add("/redirect/login_page", test_a_login_page_is_told);
	add("/redirect/page", test_any_other_page_is_named);
	add("/redirect/credentials", test_credentials_stay_within_the_origin);
	return g_test_run();
}
