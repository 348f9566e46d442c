#include "script_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX (4 * 1024 * 1024)

typedef struct {
	char *text;
	gsize len;
} Answer;

struct ScriptServer {
	int fd;
	char *url;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	GQueue answers;
	GPtrArray *requests;
};

static void answer_free(Answer *answer)
{
	g_free(answer->text);
	g_free(answer);
}

static gsize body_len(const char *head)
{
	g_autofree char *lower = g_ascii_strdown(head, -1);
	const char *found = strstr(lower, "\r\ncontent-length:");

	return found ? strtoul(found + strlen("\r\ncontent-length:"), NULL, 10)
		     : 0;
}

static gboolean is_whole(const GString *request)
{
	const char *end = strstr(request->str, "\r\n\r\n");

	return end && request->len >= (gsize)(end + 4 - request->str) +
					      body_len(request->str);
}

static char *receive(int fd)
{
	g_autoptr(GString) request = g_string_new(NULL);
	char chunk[4096];

	while (!is_whole(request) && request->len < REQUEST_MAX) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n <= 0)
			break;
		g_string_append_len(request, chunk, n);
	}
	return g_string_free(g_steal_pointer(&request), FALSE);
}

static void reply(int fd, const Answer *answer)
{
	static const char none[] = "HTTP/1.1 500 Used up\r\n"
				   "content-length: 0\r\n"
				   "connection: close\r\n\r\n";
	const char *text = answer ? answer->text : none;
	gsize len = answer ? answer->len : strlen(none);

	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= n;
	}
}

static void serve(ScriptServer *server, int fd)
{
	char *request = receive(fd);

	if (!*request) {
		g_free(request);
		return;
	}
	pthread_mutex_lock(&server->lock);
	g_ptr_array_add(server->requests, request);
	Answer *answer = g_queue_pop_head(&server->answers);
	pthread_mutex_unlock(&server->lock);
	reply(fd, answer);
	if (answer)
		answer_free(answer);
	shutdown(fd, SHUT_WR);
}

static void *run(void *data)
{
	ScriptServer *server = data;

	for (;;) {
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0)
			return NULL;
		serve(server, fd);
		close(fd);
	}
}

ScriptServer *script_server_new(void)
{
	ScriptServer *server = g_new0(ScriptServer, 1);
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(server->fd, >=, 0);
	g_assert_cmpint(
		bind(server->fd, (struct sockaddr *)&address, len), ==, 0);
	g_assert_cmpint(listen(server->fd, 64), ==, 0);
	g_assert_cmpint(
		getsockname(server->fd, (struct sockaddr *)&address, &len), ==,
		0);
	server->url =
		g_strdup_printf("http://127.0.0.1:%u", ntohs(address.sin_port));
	server->requests = g_ptr_array_new_with_free_func(g_free);
	pthread_mutex_init(&server->lock, NULL);
	g_assert_cmpint(
		pthread_create(&server->thread, NULL, run, server), ==, 0);
	return server;
}

void script_server_free(ScriptServer *server)
{
	if (!server)
		return;
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	g_queue_clear_full(&server->answers, (GDestroyNotify)answer_free);
	g_ptr_array_unref(server->requests);
	pthread_mutex_destroy(&server->lock);
	g_free(server->url);
	g_free(server);
}

const char *script_server_url(const ScriptServer *server)
{
	return server->url;
}

static void push(ScriptServer *server, char *text, gsize len)
{
	Answer *answer = g_new0(Answer, 1);

	answer->text = text;
	answer->len = MIN(len, strlen(text));
	pthread_mutex_lock(&server->lock);
	g_queue_push_tail(&server->answers, answer);
	pthread_mutex_unlock(&server->lock);
}

static char *whole(guint status, const char *headers, const char *body)
{
	return g_strdup_printf("HTTP/1.1 %u Scripted\r\n%s"
			       "content-length: %" G_GSIZE_FORMAT "\r\n"
			       "connection: close\r\n\r\n%s",
		status, headers ? headers : "", strlen(body), body);
}

void script_server_answer(ScriptServer *server, guint status,
	const char *headers, const char *body)
{
	push(server, whole(status, headers, body), G_MAXSIZE);
}

void script_server_cut(
	ScriptServer *server, guint status, const char *body, gsize cut)
{
	push(server, whole(status, NULL, body), cut);
}

guint script_server_count(ScriptServer *server)
{
	pthread_mutex_lock(&server->lock);
	guint count = server->requests->len;
	pthread_mutex_unlock(&server->lock);
	return count;
}

char *script_server_request(ScriptServer *server, guint index)
{
	pthread_mutex_lock(&server->lock);
	g_assert_cmpuint(index, <, server->requests->len);
	char *request = g_strdup(g_ptr_array_index(server->requests, index));
	pthread_mutex_unlock(&server->lock);
	return request;
}
