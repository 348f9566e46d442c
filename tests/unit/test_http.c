#include <pthread.h>
#include <string.h>

#include <glib.h>

#include "backends/error.h"
#include "backends/http/http.h"
#include "backends/http/http_rules.h"
#include "backends/http/http_url.h"
#include "tiny_server.h"
#include "until.h"

#define MS 1000
/* What comes at once does so in far less, on any machine. */
#define LONG_MS 60000

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

static HttpRequest *request_to(Fixture *f, const char *method, const char *path)
{
	g_autofree char *url =
		g_strconcat(tiny_server_url(f->server), path, NULL);

	return http_request_new(method, url);
}

static HttpAnswer *send_for(
	Fixture *f, const HttpRequest *request, gint64 ms, GError **error)
{
	return http_send(
		f->client, request, g_get_monotonic_time() + ms * MS, error);
}

static HttpAnswer *get(Fixture *f, gint64 ms, GError **error)
{
	g_autoptr(HttpRequest) request = request_to(f, "GET", "/");

	return send_for(f, request, ms, error);
}

static void assert_fails(Fixture *f, const HttpRequest *request, gint64 ms,
	BackendErrorCode code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HttpAnswer) answer = send_for(f, request, ms, &error);

	g_assert_null(answer);
	g_assert_error(error, BACKEND_ERROR, (int)code);
}

static void assert_get_fails(
	Fixture *f, TinyAnswer script, BackendErrorCode code)
{
	g_autoptr(HttpRequest) request = request_to(f, "GET", "/");

	tiny_server_push(f->server, script);
	assert_fails(f, request, LONG_MS, code);
}

static void test_answer(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpAnswer) answer = NULL;

	tiny_server_push(f->server,
		(TinyAnswer){.status = 404,
			.headers = "X-One: 1\r\nx-ONE:  2 \r\nEmpty:\r\n",
			.body = "{\"a\":1}"});
	answer = get(f, LONG_MS, NULL);
	g_assert_nonnull(answer);
	g_assert_cmpuint(answer->status, ==, 404);
	g_assert_cmpstr(http_answer_get(answer, "x-one"), ==, "2");
	g_assert_cmpstr(http_answer_get(answer, "empty"), ==, "");
	g_assert_null(http_answer_get(answer, "none"));
	g_assert_cmpstr((char *)answer->body->data, ==, "{\"a\":1}");
	g_assert_cmpuint(answer->body->len, ==, 7);
}

static void test_exact_request(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) request =
		request_to(f, "POST", "/a/../b%2f//?x=%7e&y=");
	g_autoptr(HttpAnswer) answer = NULL;
	g_autofree char *sent = NULL;

	http_request_set(request, "host", "signed.example:99");
	http_request_set(request, "Content-Type", "text/odd");
	http_request_set(request, "x-empty", "");
	http_request_set(request, "X-Twice", "one");
	http_request_set(request, "x-twice", "two");
	request->body = g_bytes_new_static("a\0b", 3);
	answer = send_for(f, request, LONG_MS, NULL);
	g_assert_nonnull(answer);
	sent = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(
		sent, "POST /a/../b%2f//?x=%7e&y= HTTP/1.1\r\n"));
	g_assert_nonnull(strstr(sent, "\r\nHost: signed.example:99\r\n"));
	g_assert_nonnull(strstr(sent, "\r\nContent-Type: text/odd\r\n"));
	g_assert_nonnull(strstr(sent, "\r\nx-empty:\r\n"));
	g_assert_nonnull(strstr(sent, "\r\nx-twice: two\r\n"));
	g_assert_nonnull(strstr(sent, "\r\nContent-Length: 3\r\n"));
	g_assert_null(strstr(sent, "one"));
	g_assert_null(strstr(sent, "Accept"));
	g_assert_null(strstr(sent, "Expect"));
}

static void assert_bare(Fixture *f, const char *method, gboolean length)
{
	g_autoptr(HttpRequest) request = request_to(f, method, "/");
	g_autoptr(HttpAnswer) answer = send_for(f, request, LONG_MS, NULL);
	g_autofree char *sent = tiny_server_request(
		f->server, tiny_server_requests(f->server) - 1);

	g_assert_nonnull(answer);
	g_assert_true(g_str_has_prefix(sent, method));
	g_assert_null(strstr(sent, "Content-Type"));
	g_assert_cmpint(
		strstr(sent, "Content-Length: 0\r\n") != NULL, ==, length);
}

static void test_no_body(Fixture *f, gconstpointer data)
{
	assert_bare(f, "GET", FALSE);
	assert_bare(f, "DELETE", FALSE);
	assert_bare(f, "POST", TRUE);
	assert_bare(f, "PUT", TRUE);
}

static void test_big_body(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) request = request_to(f, "POST", "/");
	g_autofree char *body = g_strnfill(900 * 1024, 'b');
	g_autoptr(HttpAnswer) answer = NULL;
	g_autofree char *sent = NULL;

	request->body = g_bytes_new(body, strlen(body));
	answer = send_for(f, request, LONG_MS, NULL);
	g_assert_nonnull(answer);
	sent = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_suffix(sent, body));
}

static void test_keeps_the_connection(Fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 20; i++) {
		g_autoptr(HttpAnswer) answer = get(f, LONG_MS, NULL);

		g_assert_nonnull(answer);
	}
	g_assert_cmpuint(tiny_server_connections(f->server), ==, 1);
}

static void test_once_takes_a_fresh_connection(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) once = request_to(f, "POST", "/");
	g_autoptr(HttpAnswer) first G_GNUC_UNUSED = get(f, LONG_MS, NULL);
	g_autoptr(HttpAnswer) second = NULL;

	once->once = TRUE;
	second = send_for(f, once, LONG_MS, NULL);
	g_assert_nonnull(second);
	g_assert_cmpuint(tiny_server_connections(f->server), ==, 2);
}

/* Idle connections that the server has closed are noticed before their use. */
static void test_closed_connection(Fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 3; i++) {
		g_autoptr(HttpAnswer) answer = NULL;

		tiny_server_push(f->server, (TinyAnswer){.kind = TINY_LAST});
		answer = get(f, LONG_MS, NULL);
		g_assert_nonnull(answer);
		fixture_until(tiny_server_closed(f->server) == i + 1);
	}
	g_assert_cmpuint(tiny_server_connections(f->server), ==, 3);
}

/* The server closes a kept connection on its next request, unanswered. */
static void test_nothing_is_repeated(Fixture *f, gconstpointer data)
{
	static const TinyKind kinds[] = {
		TINY_CLOSE, TINY_RESET, TINY_CLOSE, TINY_RESET};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(HttpRequest) once = request_to(f, "POST", "/");
		g_autoptr(HttpAnswer) warm G_GNUC_UNUSED =
			get(f, LONG_MS, NULL);
		guint before = tiny_server_requests(f->server);

		once->once = i < 2;
		tiny_server_push(f->server, (TinyAnswer){.kind = kinds[i]});
		assert_fails(f, once, LONG_MS, BACKEND_ERROR_TIMEOUT);
		g_assert_cmpuint(
			tiny_server_requests(f->server), ==, before + 1);
	}
}

static void test_cut(Fixture *f, gconstpointer data)
{
	assert_get_fails(f, (TinyAnswer){.kind = TINY_CUT, .body = "{\"a\""},
		BACKEND_ERROR_BAD_ANSWER);
	assert_get_fails(f,
		(TinyAnswer){.kind = TINY_RAW,
			.body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
				"chunked\r\n"
				"\r\n5\r\nab"},
		BACKEND_ERROR_BAD_ANSWER);
}

static void test_not_http(Fixture *f, gconstpointer data)
{
	static const char *const bad[] = {
		"HTTP/1.1 200 O", "HTTP/9.9 200 OK\r\n\r\n", "\r\n\r\n", "{}"};

	/* Nothing of these is an answer yet when the connection ends. */
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_get_fails(f,
			(TinyAnswer){.kind = TINY_RAW, .body = bad[i]},
			BACKEND_ERROR_TIMEOUT);
}

static void test_limits(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) request = request_to(f, "GET", "/");
	g_autoptr(HttpAnswer) exact = NULL;

	request->limit = 10;
	tiny_server_push(f->server, (TinyAnswer){.body = "0123456789"});
	exact = send_for(f, request, LONG_MS, NULL);
	g_assert_nonnull(exact);
	tiny_server_push(f->server, (TinyAnswer){.body = "0123456789a"});
	assert_fails(f, request, LONG_MS, BACKEND_ERROR_BAD_ANSWER);
	assert_get_fails(f, (TinyAnswer){.kind = TINY_HEADERS},
		BACKEND_ERROR_BAD_ANSWER);
}

static void test_a_gigabyte(Fixture *f, gconstpointer data)
{
	gint64 start = g_get_monotonic_time();

	assert_get_fails(
		f, (TinyAnswer){.kind = TINY_HUGE}, BACKEND_ERROR_BAD_ANSWER);
	assert_get_fails(
		f, (TinyAnswer){.kind = TINY_STREAM}, BACKEND_ERROR_BAD_ANSWER);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 30000 * MS);
}

static void test_deadline(Fixture *f, gconstpointer data)
{
	static const TinyAnswer scripts[] = {{.kind = TINY_HANG},
		{.kind = TINY_DRIP, .body = "0123456789", .delay_ms = 100},
		{.kind = TINY_ANSWER, .delay_ms = 2000}};

	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_autoptr(HttpRequest) request = request_to(f, "GET", "/");
		gint64 start = g_get_monotonic_time();
		gint64 took;

		tiny_server_push(f->server, scripts[i]);
		assert_fails(f, request, 300, BACKEND_ERROR_TIMEOUT);
		took = g_get_monotonic_time() - start;
		g_assert_cmpint(took, >=, 290 * MS);
		g_assert_cmpint(took, <, 900 * MS);
	}
}

static void test_unreachable(Fixture *f, gconstpointer data)
{
	static const char *const urls[] = {"http://127.0.0.1:1/",
		"https://127.0.0.1:1/", "http://[::1]:1/"};
	g_autofree char *tls = g_strconcat(
		"https", tiny_server_url(f->server) + strlen("http"), NULL);
	g_autoptr(HttpRequest) plain_server = http_request_new("GET", tls);
	g_autoptr(HttpRequest) late = request_to(f, "GET", "/");

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(HttpRequest) request =
			http_request_new("GET", urls[i]);

		assert_fails(f, request, 5000, BACKEND_ERROR_REFUSED);
	}
	assert_fails(f, plain_server, 1000, BACKEND_ERROR_UNREACHABLE);
	assert_fails(f, late, -1, BACKEND_ERROR_UNREACHABLE);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void test_no_redirects(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpAnswer) answer = NULL;

	tiny_server_push(f->server,
		(TinyAnswer){.status = 302, .headers = "Location: /other\r\n"});
	answer = get(f, LONG_MS, NULL);
	g_assert_nonnull(answer);
	g_assert_cmpuint(answer->status, ==, 302);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

static void test_interim_answers(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpAnswer) answer = NULL;

	tiny_server_push(f->server,
		(TinyAnswer){.kind = TINY_RAW,
			.body = "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n"
				"HTTP/1.1 200 OK\r\nContent-Length: "
				"2\r\n\r\n{}"});
	answer = get(f, LONG_MS, NULL);
	g_assert_nonnull(answer);
	g_assert_cmpuint(answer->status, ==, 200);
	g_assert_null(http_answer_get(answer, "x-early"));
}

static void test_headers_cannot_be_smuggled(Fixture *f, gconstpointer data)
{
	static const char *const bad[][2] = {{"X-A", "1\r\nX-B: 2"},
		{"X-A", "1\n"}, {"X-A\r\nX-B", "1"}, {"X A", "1"}, {"", "1"},
		{"X-A", "\x7f"}};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(HttpRequest) request = request_to(f, "GET", "/");

		http_request_set(request, bad[i][0], bad[i][1]);
		assert_fails(f, request, LONG_MS, BACKEND_ERROR_INVALID);
	}
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void *abort_soon(void *data)
{
	Fixture *f = data;

	tiny_server_wait(f->server, 1);
	http_client_abort(f->client);
	return NULL;
}

static void abort_while(Fixture *f, gboolean once, BackendErrorCode code)
{
	g_autoptr(HttpRequest) request = request_to(f, "POST", "/");
	gint64 start = g_get_monotonic_time();
	pthread_t thread;

	request->once = once;
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HANG});
	g_assert_cmpint(pthread_create(&thread, NULL, abort_soon, f), ==, 0);
	assert_fails(f, request, 10000, code);
	pthread_join(thread, NULL);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5000 * MS);
}

static void test_abort(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) next = request_to(f, "GET", "/");

	abort_while(f, FALSE, BACKEND_ERROR_CANCELLED);
	assert_fails(f, next, LONG_MS, BACKEND_ERROR_CANCELLED);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

static void test_abort_of_once_is_unclear(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) next = request_to(f, "POST", "/");

	abort_while(f, TRUE, BACKEND_ERROR_TIMEOUT);
	next->once = TRUE;
	assert_fails(f, next, LONG_MS, BACKEND_ERROR_CANCELLED);
}

static void *send_many(void *data)
{
	for (guint i = 0; i < 25; i++) {
		g_autoptr(HttpAnswer) answer = get(data, 10000, NULL);

		g_assert_nonnull(answer);
		g_assert_cmpstr((char *)answer->body->data, ==, "{}");
	}
	return NULL;
}

static void test_threads(Fixture *f, gconstpointer data)
{
	pthread_t threads[4];

	for (gsize i = 0; i < 4; i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, send_many, f), ==, 0);
	for (gsize i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 100);
	g_assert_cmpuint(tiny_server_connections(f->server), <=, 4);
}

static void assert_url(const char *url, gboolean insecure, gboolean want)
{
	g_autoptr(GError) error = NULL;
	gboolean got = http_url_check(url, insecure, &error);

	if (got != want)
		g_test_message("%s", url);
	g_assert_cmpint(got, ==, want);
	if (!want)
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
}

static void test_urls(void)
{
	static const char *const fine[] = {"https://h.example/",
		"http://localhost:1/", "http://127.0.0.1/",
		"http://127.9.9.9:8/", "http://[::1]:80/",
		"http://169.254.169.254/latest", "http://169.254.170.2/",
		"http://100.100.100.200/x", "http://[fd00:ec2::254]/",
		"http://[fd00:ec2::23]/", "http://127.1/"};
	static const char *const plain[] = {"http://h.example/",
		"http://10.0.0.1/", "http://100.100.100.201/",
		"http://localhost.evil.example/", "http://128.0.0.1/",
		"http://169.253.1.1/", "http://[fd00:ec2::25]/",
		"http://[::2]/", "http://127.0.0.1.evil.example/"};
	static const char *const never[] = {"ftp://localhost/", "file:///etc/x",
		"localhost", "", "http://u:p@localhost/", "https://",
		"http://127.0.0.1@evil.example/", "https://a b/"};

	for (gsize i = 0; i < G_N_ELEMENTS(fine); i++)
		assert_url(fine[i], FALSE, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(plain); i++) {
		assert_url(plain[i], FALSE, FALSE);
		assert_url(plain[i], TRUE, TRUE);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
		assert_url(never[i], TRUE, FALSE);
}

static void test_refused_urls_send_nothing(Fixture *f, gconstpointer data)
{
	g_autoptr(HttpRequest) request =
		http_request_new("GET", "http://h.example/");

	assert_fails(f, request, LONG_MS, BACKEND_ERROR_CONFIG);
}

static void test_proxy(Fixture *f, gconstpointer data)
{
	const HttpSettings settings = {.proxy = tiny_server_url(f->server),
		.insecure_http = TRUE,
		.no_proxy = "127.0.0.2"};
	g_autoptr(HttpClient) client = http_client_new(&settings);
	g_autoptr(HttpRequest) through =
		http_request_new("GET", "http://h.invalid/x");
	g_autoptr(HttpRequest) direct =
		http_request_new("GET", "http://127.0.0.2:1/x");
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	g_autoptr(HttpAnswer) answer =
		http_send(client, through, deadline, NULL);
	g_autoptr(HttpAnswer) none = http_send(client, direct, deadline, NULL);
	g_autofree char *sent = tiny_server_request(f->server, 0);

	g_assert_nonnull(answer);
	g_assert_null(none);
	g_assert_true(g_str_has_prefix(sent, "GET http://h.invalid/x HTTP"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

static void test_environment_proxy_is_not_for_loopback(
	Fixture *f, gconstpointer data)
{
	g_autoptr(HttpAnswer) answer = NULL;

	g_setenv("http_proxy", "http://127.0.0.1:1", TRUE);
	answer = get(f, LONG_MS, NULL);
	g_unsetenv("http_proxy");
	g_assert_nonnull(answer);
}

static void test_encode(void)
{
	g_autofree char *encoded = http_encode("aZ0-._~ /+*é%");
	g_autoptr(GString) query = g_string_new(NULL);

	g_assert_cmpstr(encoded, ==, "aZ0-._~%20%2F%2B%2A%C3%A9%25");
	http_query_add(query, "a b", "c&d");
	http_query_add(query, "e", "");
	http_query_add(query, "f", NULL);
	http_query_add(query, "g", "h");
	g_assert_cmpstr(query->str, ==, "a%20b=c%26d&g=h");
}

static void test_addresses(void)
{
	g_assert_true(http_rules_is_metadata("100.100.100.200"));
	g_assert_true(http_rules_is_metadata("[fd00:ec2::254]"));
	g_assert_true(http_rules_is_metadata("fd00:0ec2:0::254"));
	g_assert_false(http_rules_is_metadata("127.0.0.1"));
	g_assert_false(http_rules_is_metadata(""));
	g_assert_true(http_rules_is_loopback("LOCALHOST"));
	g_assert_false(http_rules_is_loopback("169.254.1.1"));
	g_assert_false(http_rules_is_loopback("0.0.0.0"));
	g_assert_false(http_rules_is_loopback("["));
}

static void test_bodies_are_wiped(void)
{
	HttpBody *body = g_byte_array_new();
	g_autoptr(GByteArray) kept = g_byte_array_ref(body);
	static const guint8 none[7];

	g_byte_array_append(body, (const guint8 *)"sesame", 7);
	http_body_free(body);
	g_assert_cmpmem(kept->data, kept->len, none, sizeof(none));
	http_body_free(NULL);
}

#define ADD(name, function)                                                    \
	g_test_add("/http/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("answer-of-any-status", test_answer);
	ADD("request-goes-out-as-it-is", test_exact_request);
	ADD("request-without-a-body", test_no_body);
	ADD("big-body", test_big_body);
	ADD("keeps-the-connection", test_keeps_the_connection);
	ADD("once-takes-a-fresh-connection",
		test_once_takes_a_fresh_connection);
	ADD("closed-connection-is-replaced", test_closed_connection);
	ADD("nothing-is-repeated", test_nothing_is_repeated);
	ADD("cut-answer-is-bad", test_cut);
	ADD("what-is-not-http-is-an-error", test_not_http);
	ADD("answers-are-limited", test_limits);
	ADD("a-gigabyte-is-refused-early", test_a_gigabyte);
	ADD("deadline-holds", test_deadline);
	ADD("unreachable-only-when-unsent", test_unreachable);
	ADD("redirects-are-not-followed", test_no_redirects);
	ADD("interim-answers-are-dropped", test_interim_answers);
	ADD("headers-cannot-be-smuggled", test_headers_cannot_be_smuggled);
	ADD("abort-ends-it-at-once", test_abort);
	ADD("abort-of-once-is-unclear", test_abort_of_once_is_unclear);
	ADD("threads-share-a-client", test_threads);
	ADD("refused-urls-send-nothing", test_refused_urls_send_nothing);
	ADD("proxy-and-no-proxy", test_proxy);
	ADD("environment-proxy-is-not-for-loopback",
		test_environment_proxy_is_not_for_loopback);
	g_test_add_func("/http/bodies-are-wiped", test_bodies_are_wiped);
	g_test_add_func("/http/urls-that-are-allowed", test_urls);
	g_test_add_func("/http/encoding-is-strict", test_encode);
	g_test_add_func("/http/addresses", test_addresses);
	return g_test_run();
}
