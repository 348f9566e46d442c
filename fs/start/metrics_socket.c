#include "fs/start/metrics_socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "fs/tree/self.h"

#define BACKLOG 8
#define REQUEST_MAX 4096
#define CLIENT_US (2 * G_USEC_PER_SEC)

struct MetricsSocket {
	Daemon *daemon;
	char *path;
	int listener, stop; /* stop: an eventfd */
	gboolean serving;
	pthread_t thread;
	struct stat bound; /* what bind made; st_ino 0: nothing */
};

/* ---- one client ---- */

/* FALSE: the time is over, or the daemon ends. */
static gboolean wait_for(
	const MetricsSocket *self, int fd, short events, gint64 until_us)
{
	struct pollfd fds[] = {{fd, events, 0}, {self->stop, POLLIN, 0}};
	gint64 left_ms = -1;

	if (until_us != G_MAXINT64)
		left_ms = (until_us - clock_now_us(&clock_real)) / 1000;
	if (until_us != G_MAXINT64 && left_ms <= 0)
		return FALSE;
	return poll(fds, 2, (int)left_ms) > 0 && !fds[1].revents;
}

/* TRUE: the head of a request is complete. */
static gboolean read_request(
	const MetricsSocket *self, int fd, char *ret, gint64 until_us)
{
	gsize len = 0;

	while (len < REQUEST_MAX && wait_for(self, fd, POLLIN, until_us)) {
		ssize_t got = recv(fd, ret + len, REQUEST_MAX - len, 0);

		if (got <= 0)
			return FALSE;
		len += (gsize)got;
		ret[len] = '\0';
		if (strstr(ret, "\r\n\r\n") || strstr(ret, "\n\n"))
			return TRUE;
	}
	return FALSE;
}

static void send_all(const MetricsSocket *self, int fd, const char *text,
	gsize len, gint64 until_us)
{
	while (len && wait_for(self, fd, POLLOUT, until_us)) {
		ssize_t got = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (got < 0 && errno != EAGAIN)
			return;
		text += MAX(got, 0);
		len -= (gsize)MAX(got, 0);
	}
}

static gboolean has_path(const char *request, const char *path)
{
	gsize len = strlen(path);

	return !strncmp(request, path, len) && request[len] &&
	       strchr(" ?\r\n", request[len]);
}

static char *answer_to(const MetricsSocket *self, const char *request)
{
	const char *status = "200 OK", *type = "text/plain; version=0.0.4";
	gboolean head = g_str_has_prefix(request, "HEAD ");
	g_autofree char *body = NULL;

	if (!head && !g_str_has_prefix(request, "GET "))
		status = "405 Method Not Allowed";
	else if (!has_path(strchr(request, ' ') + 1, "/metrics"))
		status = "404 Not Found";
	else
		body = self_metrics(self->daemon);
	if (!body) {
		body = g_strdup_printf("%s: GET /metrics\n", status);
		type = "text/plain";
	}
	return g_strdup_printf(
		"HTTP/1.0 %s\r\nContent-Type: %s; "
		"charset=utf-8\r\nContent-Length: %" G_GSIZE_FORMAT
		"\r\n%sConnection: close\r\n\r\n%s",
		status, type, strlen(body),
		*status == '4' && status[2] == '5' ? "Allow: GET, HEAD\r\n"
						   : "",
		head ? "" : body);
}

static void serve_client(const MetricsSocket *self, int fd)
{
	gint64 until_us = clock_now_us(&clock_real) + CLIENT_US;
	char request[REQUEST_MAX + 1];
	g_autofree char *answer = NULL;

	if (!read_request(self, fd, request, until_us))
		return;
	answer = answer_to(self, request);
	send_all(self, fd, answer, strlen(answer), until_us);
}

static void *socket_run(void *data)
{
	const MetricsSocket *self = data;

	while (wait_for(self, self->listener, POLLIN, G_MAXINT64)) {
		int fd = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			serve_client(self, fd);
			close(fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			/* The client stays in line. */
			g_usleep(G_USEC_PER_SEC / 10);
		}
	}
	return NULL;
}

/* ---- the socket ---- */

static gboolean failed(const char *path, const char *why, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"[sessionfs] metrics_socket: %s: %s", path, why);
	return FALSE;
}

/* EAGAIN: more wait there already than it lets in. */
static gboolean is_in_use(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	gboolean used = fd < 0 ||
			!connect(fd, (const void *)address, sizeof(*address)) ||
			errno != ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return used;
}

/* What a killed daemon left goes; anything else stays. */
static gboolean make_room(const struct sockaddr_un *address, GError **error)
{
	const char *path = address->sun_path;
	struct stat attr;

	if (lstat(path, &attr))
		return TRUE;
	if (!S_ISSOCK(attr.st_mode))
		return failed(path, "there is something else", error);
	if (is_in_use(address))
		return failed(path, "somebody listens there already", error);
	return !unlink(path) || failed(path, g_strerror(errno), error);
}

static gboolean listen_at(MetricsSocket *self, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(self->path) >= sizeof(address.sun_path))
		return failed(self->path,
			"the path of a socket has at most 107 bytes", error);
	g_strlcpy(address.sun_path, self->path, sizeof(address.sun_path));
	if (!make_room(&address, error))
		return FALSE;
	self->listener =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Before bind, so that nobody finds another mode. */
	if (self->listener < 0 || fchmod(self->listener, 0600) ||
		bind(self->listener, (void *)&address, sizeof(address)) ||
		lstat(self->path, &self->bound) ||
		listen(self->listener, BACKLOG))
		return failed(self->path, g_strerror(errno), error);
	return TRUE;
}

MetricsSocket *metrics_socket_open(
	const char *path, Daemon *daemon, GError **error)
{
	MetricsSocket *self = g_new0(MetricsSocket, 1);

	self->daemon = daemon;
	self->path = g_strdup(path);
	self->listener = -1;
	self->stop = eventfd(0, EFD_CLOEXEC);
	if (self->stop >= 0 && listen_at(self, error))
		return self;
	if (self->stop < 0)
		failed(path, g_strerror(errno), error);
	metrics_socket_close(self);
	return NULL;
}

void metrics_socket_serve(MetricsSocket *self)
{
	if (!self)
		return;
	self->serving = TRUE;
	self->thread = thread_start("metrics", socket_run, self);
}

/* Somebody else may have put his own there meanwhile.  Its inode is not given out
 * again while it is open. */
static void remove_ours(const MetricsSocket *self)
{
	struct stat attr;

	if (self->bound.st_ino && !lstat(self->path, &attr) &&
		attr.st_dev == self->bound.st_dev &&
		attr.st_ino == self->bound.st_ino)
		unlink(self->path);
}

void metrics_socket_close(MetricsSocket *self)
{
	if (!self)
		return;
	if (self->serving) {
		eventfd_write(self->stop, 1);
		pthread_join(self->thread, NULL);
	}
	remove_ours(self);
	if (self->listener >= 0)
		close(self->listener);
	if (self->stop >= 0)
		close(self->stop);
	g_free(self->path);
	g_free(self);
}
