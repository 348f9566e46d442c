#include <string.h>

#include <glib.h>

#include "backends/error.h"
#include "backends/http/http.h"
#include "tiny_server.h"

#define MS 1000

/* How a failure is told: the code, and the words that say what would help. */

typedef struct {
	TinyServer *server;
	HttpClient *client;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	const HttpSettings settings = {NULL};

	f->server = tiny_server_new();
	f->client = http_client_new(&settings);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	http_client_free(f->client);
	tiny_server_free(f->server);
}

static void assert_told(HttpClient *client, const char *url,
	BackendErrorCode code, const char *words)
{
	g_autoptr(HttpRequest) request = http_request_new("GET", url);
	g_autoptr(GError) error = NULL;
	g_autoptr(HttpAnswer) answer = http_send(
		client, request, g_get_monotonic_time() + 10000 * MS, &error);

	g_assert_null(answer);
	if (!strstr(error->message, words))
		g_test_message("%s", error->message);
	g_assert_error(error, BACKEND_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, words));
}

static void assert_raw(
	Fixture *f, const char *body, BackendErrorCode code, const char *words)
{
	tiny_server_push(
		f->server, (TinyAnswer){.kind = TINY_RAW, .body = body});
	assert_told(f->client, tiny_server_url(f->server), code, words);
}

static void test_way_is_barred(Fixture *f, gconstpointer data)
{
	assert_told(f->client, "http://127.0.0.1:1/", BACKEND_ERROR_REFUSED,
		"refuses the connection");
	assert_told(f->client, "https://nobody.invalid/",
		BACKEND_ERROR_UNREACHABLE,
		"the host nobody.invalid is unknown");
}

static void test_proxy_that_refuses(Fixture *f, gconstpointer data)
{
	const HttpSettings settings = {.proxy = "http://127.0.0.1:1"};
	g_autoptr(HttpClient) client = http_client_new(&settings);

	assert_told(client, "https://far.test/", BACKEND_ERROR_REFUSED,
		"the proxy, through which far.test is asked, refuses");
}

static void test_authorities_that_cannot_be_read(Fixture *f, gconstpointer data)
{
	const HttpSettings settings = {.ca_file = "/nonexistent/ca.pem"};
	g_autoptr(HttpClient) client = http_client_new(&settings);
	g_autofree char *tls = g_strconcat(
		"https", tiny_server_url(f->server) + strlen("http"), NULL);

	assert_told(client, tls, BACKEND_ERROR_TLS, "ca_file");
}

static void test_another_protocol(Fixture *f, gconstpointer data)
{
	assert_raw(f, "SSH-2.0-OpenSSH_9.2\r\n", BACKEND_ERROR_UNSUPPORTED,
		"but SSH");
	assert_raw(f, "\x15\x03\x01", BACKEND_ERROR_UNSUPPORTED,
		"TLS: write https");
	assert_raw(f, "hello\r\n", BACKEND_ERROR_TIMEOUT, "is not HTTP");
}

static char *repeated(const char *start, const char *part, guint n)
{
	GString *out = g_string_new(start);

	for (guint i = 0; i < n; i++)
		g_string_append(out, part);
	g_string_append(out, "\r\n");
	return g_string_free(out, FALSE);
}

static void test_limits_are_named(Fixture *f, gconstpointer data)
{
	g_autofree char *many =
		repeated("HTTP/1.1 200 OK\r\n", "X-A: 1\r\n", 256);
	g_autofree char *interim =
		repeated("", "HTTP/1.1 102 Processing\r\n\r\n", 300);
	g_autofree char *value = g_strnfill(300 * 1024, 'a');
	g_autofree char *wide = g_strconcat(
		"HTTP/1.1 200 OK\r\nX-A: ", value, "\r\n\r\n", NULL);
	g_autofree char *line = g_strnfill(60 * 1024, 'a');
	g_autofree char *header = g_strconcat("X-A: ", line, "\r\n", NULL);
	g_autofree char *long_ones = repeated("HTTP/1.1 200 OK\r\n", header, 5);

	assert_raw(f, many, BACKEND_ERROR_BAD_ANSWER, "256 headers");
	assert_raw(f, interim, BACKEND_ERROR_BAD_ANSWER, "interim answers");
	assert_raw(f, wide, BACKEND_ERROR_BAD_ANSWER, "header");
	assert_raw(f, long_ones, BACKEND_ERROR_BAD_ANSWER, "KiB of headers");
}

static void test_a_few_interim_answers_are_fine(Fixture *f, gconstpointer data)
{
	g_autofree char *interim =
		repeated("", "HTTP/1.1 102 Processing\r\nX-A: 1\r\n\r\n", 90);
	g_autofree char *whole = g_strconcat(g_strchomp(interim),
		"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", NULL);
	g_autoptr(HttpRequest) request =
		http_request_new("GET", tiny_server_url(f->server));
	g_autoptr(GError) error = NULL;

	tiny_server_push(
		f->server, (TinyAnswer){.kind = TINY_RAW, .body = whole});
	g_autoptr(HttpAnswer) answer = http_send(f->client, request,
		g_get_monotonic_time() + 10000 * MS, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(answer->status, ==, 200);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, test)                                                        \
	g_test_add(                                                            \
		"/http_failure/" path, Fixture, NULL, set_up, test, tear_down)
	ADD("barred", test_way_is_barred);
	ADD("proxy", test_proxy_that_refuses);
	ADD("ca_file", test_authorities_that_cannot_be_read);
	ADD("protocol", test_another_protocol);
	ADD("limits", test_limits_are_named);
	ADD("interim", test_a_few_interim_answers_are_fine);
	return g_test_run();
}
