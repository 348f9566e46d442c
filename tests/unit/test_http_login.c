#include <pthread.h>
#include <string.h>

#include <glib.h>

#include "backends/error.h"
#include "backends/http/http.h"
#include "tiny_server.h"

/* Without a ticket: what is left of a login then, and what it must not do.  With
 * one it is tested against a real KDC by the mount suite. */

typedef struct {
	TinyServer *server;
	HttpClient *client;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	const HttpSettings settings = {NULL};

	f->server = tiny_server_new();
	tiny_server_rest(f->server, (TinyAnswer){0});
	f->client = http_client_new(&settings);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	http_client_free(f->client);
	tiny_server_free(f->server);
}

static HttpAnswer *send_with(HttpClient *client, TinyServer *server,
	const char *method, gboolean negotiate, GError **error)
{
	g_autoptr(HttpRequest) request =
		http_request_new(method, tiny_server_url(server));

	request->negotiate = negotiate;
	request->once = !g_str_equal(method, "GET");
	if (request->once)
		request->body = g_bytes_new_static("{\"a\":1}", 7);
	return http_send(client, request,
		g_get_monotonic_time() + 10 * G_USEC_PER_SEC, error);
}

/* The value of the header of the nth request; NULL: it has none. */
static char *header(Fixture *f, guint n, const char *name)
{
	g_autofree char *request = tiny_server_request(f->server, n);
	g_auto(GStrv) lines = g_strsplit(request, "\r\n", -1);
	gsize len = strlen(name);

	for (char **line = lines; *line; line++)
		if (g_ascii_strncasecmp(*line, name, len) == 0 &&
			(*line)[len] == ':')
			return g_strdup(*line + len + 2);
	return NULL;
}

static void cookies_are_for_those_who_log_in(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	const HttpSettings settings = {NULL};
	g_autoptr(HttpClient) other = http_client_new(&settings);

	tiny_server_answer(f->server, 200,
		"Set-Cookie: hadoop.auth=abc; Path=/; HttpOnly\r\n", "{}");
	http_answer_free(send_with(f->client, f->server, "GET", TRUE, &error));
	http_answer_free(send_with(f->client, f->server, "POST", TRUE, &error));
	http_answer_free(send_with(f->client, f->server, "GET", FALSE, &error));
	http_answer_free(send_with(f->client, f->server, "GET", TRUE, &error));
	http_answer_free(send_with(other, f->server, "GET", TRUE, &error));
	g_assert_no_error(error);
	g_autofree char *first = header(f, 0, "cookie");
	g_autofree char *post = header(f, 1, "cookie");
	g_autofree char *plain = header(f, 2, "cookie");
	g_autofree char *later = header(f, 3, "cookie");
	g_autofree char *stranger = header(f, 4, "cookie");
	g_assert_null(first);
	g_assert_cmpstr(post, ==, "hadoop.auth=abc");
	g_assert_null(plain);
	g_assert_cmpstr(later, ==, "hadoop.auth=abc");
	g_assert_null(stranger);
}

/* Each thread has a connection of its own, and one cookie serves them all. */
static void *send_one(void *data)
{
	Fixture *f = data;
	g_autoptr(GError) error = NULL;

	http_answer_free(send_with(f->client, f->server, "GET", TRUE, &error));
	g_assert_no_error(error);
	return NULL;
}

static void a_cookie_is_shared_between_connections(
	Fixture *f, gconstpointer data)
{
	pthread_t threads[8];

	tiny_server_answer(f->server, 200,
		"Set-Cookie: hadoop.auth=abc; Path=/\r\n", "{}");
	send_one(f);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, send_one, f), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_join(threads[i], NULL);
	for (guint n = 1; n < tiny_server_requests(f->server); n++) {
		g_autofree char *cookie = header(f, n, "cookie");
		g_assert_cmpstr(cookie, ==, "hadoop.auth=abc");
	}
}

static void a_challenge_without_a_ticket_is_an_answer(
	Fixture *f, gconstpointer data)
{
	static const char *const methods[] = {"GET", "POST", "DELETE"};

	tiny_server_rest(f->server,
		(TinyAnswer){.status = 401,
			.headers = "WWW-Authenticate: Negotiate\r\n"});
	for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
		guint before = tiny_server_requests(f->server);
		g_autoptr(GError) error = NULL;
		g_autoptr(HttpAnswer) answer = send_with(
			f->client, f->server, methods[i], TRUE, &error);

		g_assert_no_error(error);
		g_assert_cmpuint(answer->status, ==, 401);
		g_assert_cmpuint(
			tiny_server_requests(f->server) - before, ==, 1);
		g_autofree char *login = header(f, before, "authorization");
		g_assert_null(login);
	}
	/* What changes something went out in full, and not as a failpoint. */
	g_autofree char *length = header(f, 1, "content-length");
	g_assert_cmpstr(length, ==, "7");
}

static void a_refusal_with_a_word_is_no_other_round(
	Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	tiny_server_rest(f->server,
		(TinyAnswer){.status = 401,
			.headers = "WWW-Authenticate: Negotiate YII=\r\n"});
	g_autoptr(HttpAnswer) answer =
		send_with(f->client, f->server, "POST", TRUE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(answer->status, ==, 401);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

static void no_negotiation(void)
{
	g_test_skip("this libcurl has no SPNEGO");
}

#define ADD(name, function)                                                    \
	g_test_add("/http_login/" name, Fixture, NULL, set_up, function,       \
		tear_down)

int main(int argc, char **argv)
{
	/* No realm, and nobody's tickets. */
	g_setenv("KRB5_CONFIG", "/dev/null", TRUE);
	g_setenv("KRB5CCNAME", "MEMORY:", TRUE);
	g_test_init(&argc, &argv, NULL);
	if (!http_can_negotiate()) {
		g_test_add_func("/http_login/skipped", no_negotiation);
		return g_test_run();
	}
	ADD("cookies-are-for-those-who-log-in",
		cookies_are_for_those_who_log_in);
	ADD("a-cookie-is-shared-between-connections",
		a_cookie_is_shared_between_connections);
	ADD("a-challenge-without-a-ticket-is-an-answer",
		a_challenge_without_a_ticket_is_an_answer);
	ADD("a-refusal-with-a-word-is-no-other-round",
		a_refusal_with_a_word_is_no_other_round);
	return g_test_run();
}
