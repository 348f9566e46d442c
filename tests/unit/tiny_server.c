#include "tiny_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/base/mutex.h"
#include "until.h"

#define REQUEST_MAX (1024 * 1024)
#define TICK_MS 20

struct TinyServer {
	int listener;
	char *url;
	pthread_t acceptor;
	int stop; /* atomic */

	Mutex lock;
	GQueue answers; /* TinyAnswer, owned */
	TinyAnswer rest;
	GPtrArray *requests; /* char * */
	GArray *threads;     /* pthread_t, one a connection */
	guint closed;
};

typedef struct {
	TinyServer *server;
	int fd;
} Connection;

static gboolean stopping(TinyServer *server)
{
	return __atomic_load_n(&server->stop, __ATOMIC_ACQUIRE);
}

/* Waits for the socket in short steps, so that the end is noticed. */
static gboolean wait_ready(TinyServer *server, int fd, short events)
{
	struct pollfd item = {.fd = fd, .events = events};

	while (!stopping(server))
		if (poll(&item, 1, TICK_MS) > 0)
			return TRUE;
	return FALSE;
}

static gboolean pause_ms(TinyServer *server, guint ms)
{
	gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;

	while (!stopping(server) && g_get_monotonic_time() < until)
		g_usleep(MIN(ms, TICK_MS) * 1000); /* sleeps: a slow answer */
	return !stopping(server);
}

static gboolean send_all(Connection *c, const char *bytes, gsize len)
{
	while (len > 0) {
		ssize_t n;

		if (!wait_ready(c->server, c->fd, POLLOUT))
			return FALSE;
		n = send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return FALSE;
		bytes += n;
		len -= (gsize)n;
	}
	return TRUE;
}

static gsize announced_length(const char *head)
{
	g_autofree char *lower = g_ascii_strdown(head, -1);
	const char *mark = strstr(lower, "\r\ncontent-length:");

	return mark ? (gsize)g_ascii_strtoull(
			      mark + strlen("\r\ncontent-length:"), NULL, 10)
		    : 0;
}

/* How long the request is; 0: not all of its head is there. */
static gsize whole_length(const GString *text)
{
	const char *end = strstr(text->str, "\r\n\r\n");
	g_autofree char *head = NULL;

	if (!end)
		return 0;
	head = g_strndup(text->str, (gsize)(end - text->str));
	return (gsize)(end + 4 - text->str) + announced_length(head);
}

/* One request; NULL when the peer has gone. */
static char *read_request(Connection *c)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[16384];
	gsize whole = 0;

	while ((whole == 0 || text->len < whole) && text->len < REQUEST_MAX) {
		ssize_t n;

		if (!wait_ready(c->server, c->fd, POLLIN))
			return NULL;
		n = recv(c->fd, buffer, sizeof(buffer), 0);
		if (n <= 0)
			return NULL;
		g_string_append_len(text, buffer, n);
		if (whole == 0)
			whole = whole_length(text);
	}
	return g_strndup(text->str, text->len);
}

static TinyAnswer *answer_copy(const TinyAnswer *answer)
{
	TinyAnswer *copy = g_new(TinyAnswer, 1);

	*copy = *answer;
	copy->headers = g_strdup(answer->headers);
	copy->body = g_strdup(answer->body);
	return copy;
}

static TinyAnswer *take_answer(TinyServer *server, char *request)
{
	TinyAnswer *answer;

	mutex_lock(&server->lock);
	g_ptr_array_add(server->requests, request);
	answer = g_queue_pop_head(&server->answers);
	if (!answer)
		answer = answer_copy(&server->rest);
	mutex_unlock(&server->lock);
	return answer;
}

static void answer_free(gpointer data)
{
	TinyAnswer *answer = data;

	g_free((char *)answer->headers);
	g_free((char *)answer->body);
	g_free(answer);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TinyAnswer, answer_free)

static gboolean send_head(
	Connection *c, const TinyAnswer *answer, gint64 length)
{
	g_autoptr(GString) head = g_string_new(NULL);

	g_string_printf(head, "HTTP/1.1 %u Tiny\r\n%s",
		answer->status ? answer->status : 200,
		answer->headers ? answer->headers : "");
	if (length >= 0)
		g_string_append_printf(head,
			"Content-Length: %" G_GINT64_FORMAT "\r\n", length);
	g_string_append(head, "\r\n");
	return send_all(c, head->str, head->len);
}

static void send_endless(Connection *c, const TinyAnswer *answer)
{
	static const char block[64 * 1024] = "";
	gint64 left = 16 * 1024; /* times 64 KiB */

	if (answer->kind == TINY_HEADERS) {
		if (!send_all(c, "HTTP/1.1 200 Tiny\r\n", 19))
			return;
		while (send_all(c, "X-More: more\r\n", 14))
			continue;
		return;
	}
	if (!send_head(c, answer, answer->kind == TINY_HUGE ? 1 << 30 : -1))
		return;
	while (left-- > 0 && send_all(c, block, sizeof(block)))
		continue;
}

static gboolean send_drip(
	Connection *c, const TinyAnswer *answer, const char *body)
{
	if (!send_head(c, answer, (gint64)strlen(body)))
		return FALSE;
	for (; *body; body++)
		if (!pause_ms(c->server, answer->delay_ms) ||
			!send_all(c, body, 1))
			return FALSE;
	return TRUE;
}

static void reset(int fd)
{
	const struct linger hard = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

/* After the end of a connection was sent: until the peer's kernel has it. */
static void await_noticed(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	fixture_until(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
		      info.tcpi_state != TCP_FIN_WAIT1);
}

/* Whether the connection goes on. */
static gboolean serve_answer(Connection *c, const TinyAnswer *answer)
{
	const char *body = answer->body ? answer->body : "{}";
	gint64 length = (gint64)strlen(body);

	if (answer->kind != TINY_DRIP && !pause_ms(c->server, answer->delay_ms))
		return FALSE;
	switch (answer->kind) {
	case TINY_ANSWER:
		return send_head(c, answer, length) &&
		       send_all(c, body, strlen(body));
	case TINY_LAST:
	case TINY_CUT:
		length += answer->kind == TINY_CUT ? 10 : 0;
		if (send_head(c, answer, length))
			send_all(c, body, strlen(body));
		shutdown(c->fd, SHUT_WR);
		return FALSE;
	case TINY_DRIP:
		return send_drip(c, answer, body);
	case TINY_RESET:
		reset(c->fd);
		return FALSE;
	case TINY_HANG:
		while (pause_ms(c->server, 1000))
			continue;
		return FALSE;
	case TINY_RAW:
		send_all(c, body, strlen(body));
		return FALSE;
	case TINY_CLOSE:
		return FALSE;
	default:
		send_endless(c, answer);
		return FALSE;
	}
}

static void *serve(void *data)
{
	Connection *c = data;
	char *request;

	while ((request = read_request(c))) {
		g_autoptr(TinyAnswer) answer = take_answer(c->server, request);

		if (!serve_answer(c, answer))
			break;
	}
	await_noticed(c->fd);
	close(c->fd);
	mutex_lock(&c->server->lock);
	c->server->closed++;
	mutex_unlock(&c->server->lock);
	g_free(c);
	return NULL;
}

static void *accept_all(void *data)
{
	TinyServer *server = data;

	while (wait_ready(server, server->listener, POLLIN)) {
		int fd = accept(server->listener, NULL, NULL);
		const int on = 1;
		Connection *c;
		pthread_t thread;

		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c = g_new0(Connection, 1);
		c->server = server;
		c->fd = fd;
		mutex_lock(&server->lock);
		if (pthread_create(&thread, NULL, serve, c) != 0)
			g_error("no thread");
		g_array_append_val(server->threads, thread);
		mutex_unlock(&server->lock);
	}
	return NULL;
}

TinyServer *tiny_server_new(void)
{
	TinyServer *server = g_new0(TinyServer, 1);
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, len) != 0 ||
		listen(server->listener, 64) != 0 ||
		getsockname(server->listener, (struct sockaddr *)&address,
			&len) != 0)
		g_error("no port on loopback");
	server->url =
		g_strdup_printf("http://127.0.0.1:%u", ntohs(address.sin_port));
	server->requests = g_ptr_array_new_with_free_func(g_free);
	server->threads = g_array_new(FALSE, FALSE, sizeof(pthread_t));
	server->rest = (TinyAnswer){.status = 500, .body = ""};
	mutex_init(&server->lock);
	if (pthread_create(&server->acceptor, NULL, accept_all, server) != 0)
		g_error("no thread");
	return server;
}

void tiny_server_free(TinyServer *server)
{
	if (!server)
		return;
	__atomic_store_n(&server->stop, 1, __ATOMIC_RELEASE);
	pthread_join(server->acceptor, NULL);
	for (guint i = 0; i < server->threads->len; i++)
		pthread_join(
			g_array_index(server->threads, pthread_t, i), NULL);
	close(server->listener);
	g_queue_clear_full(&server->answers, answer_free);
	g_ptr_array_unref(server->requests);
	g_array_unref(server->threads);
	mutex_destroy(&server->lock);
	g_free(server->url);
	g_free(server);
}

const char *tiny_server_url(const TinyServer *server)
{
	return server->url;
}

void tiny_server_push(TinyServer *server, TinyAnswer answer)
{
	mutex_lock(&server->lock);
	g_queue_push_tail(&server->answers, answer_copy(&answer));
	mutex_unlock(&server->lock);
}

void tiny_server_answer(
	TinyServer *server, guint status, const char *headers, const char *body)
{
	tiny_server_push(server,
		(TinyAnswer){
			.status = status, .headers = headers, .body = body});
}

void tiny_server_rest(TinyServer *server, TinyAnswer answer)
{
	mutex_lock(&server->lock);
	server->rest = answer;
	mutex_unlock(&server->lock);
}

guint tiny_server_connections(TinyServer *server)
{
	guint n;

	mutex_lock(&server->lock);
	n = server->threads->len;
	mutex_unlock(&server->lock);
	return n;
}

guint tiny_server_closed(TinyServer *server)
{
	guint n;

	mutex_lock(&server->lock);
	n = server->closed;
	mutex_unlock(&server->lock);
	return n;
}

guint tiny_server_requests(TinyServer *server)
{
	guint n;

	mutex_lock(&server->lock);
	n = server->requests->len;
	mutex_unlock(&server->lock);
	return n;
}

char *tiny_server_request(TinyServer *server, guint n)
{
	char *request;

	mutex_lock(&server->lock);
	g_assert_cmpuint(n, <, server->requests->len);
	request = g_strdup(g_ptr_array_index(server->requests, n));
	mutex_unlock(&server->lock);
	return request;
}

void tiny_server_wait(TinyServer *server, guint n)
{
	fixture_until(tiny_server_requests(server) >= n);
}
