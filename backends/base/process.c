#include "backends/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/complaint.h"
#include "backends/base/secret.h"
#include "backends/base/spawn.h"
#include "backends/error.h"

#define REAP_POLL_MS 5
#define STOP_POLL_MS 50
#define ERROR_MAX 8192 /* of standard error; half of it is kept */

/* Who waits for the program, and for how long. */
typedef struct {
	const char *program;
	gint64 deadline_us;
	const gint *stop;
} Patience;

/* Milliseconds to wait before asking again; 0 with an error when it is over. */
static int patience_left(const Patience *p, GError **error)
{
	gint64 left = p->deadline_us - clock_now_us(&clock_real);

	if (g_atomic_int_get(p->stop)) {
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"waiting for %s was cancelled", p->program);
		return 0;
	}
	if (left <= 0)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"%s did not answer in time", p->program);
	return (int)CLAMP((left + 999) / 1000, 0, STOP_POLL_MS);
}

/* What comes from a pipe.  Of standard error the end is kept. */
typedef struct {
	int fd;
	char *buffer; /* of max + 1 bytes */
	gsize max, len;
	gboolean tail; /* what is too much pushes out the beginning */
	gboolean over; /* nothing more comes */
} Stream;

static void stream_push(Stream *stream, gsize n)
{
	stream->len += n;
	if (!stream->tail || stream->len <= stream->max / 2)
		return;
	gsize gone = stream->len - stream->max / 2;
	memmove(stream->buffer, stream->buffer + gone, stream->max / 2);
	stream->len -= gone;
}

/* FALSE when there is too much. */
static gboolean stream_read(Stream *stream)
{
	ssize_t n = read(stream->fd, stream->buffer + stream->len,
		stream->max + 1 - stream->len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return TRUE;
	if (n > 0)
		stream_push(stream, n);
	stream->over = n <= 0;
	return stream->len <= stream->max;
}

/* Reads to the end of out; err may stay open in what the program left behind. */
static gboolean drain(
	Stream *out, Stream *err, const Patience *p, GError **error)
{
	while (!out->over) {
		struct pollfd readable[] = {{.fd = out->fd, .events = POLLIN},
			{.fd = err->over ? -1 : err->fd, .events = POLLIN}};
		int left = patience_left(p, error);

		if (left == 0)
			return FALSE;
		if (poll(readable, G_N_ELEMENTS(readable), left) <= 0)
			continue;
		if (readable[1].revents)
			stream_read(err);
		if (readable[0].revents && !stream_read(out))
			return backend_error_false(error, BACKEND_ERROR_AUTH,
				"%s printed more than %" G_GSIZE_FORMAT
				" bytes",
				p->program, out->max);
	}
	out->buffer[out->len] = '\0';
	return TRUE;
}

/* What is there already. */
static void drain_rest(Stream *err)
{
	while (!err->over) {
		struct pollfd readable = {.fd = err->fd, .events = POLLIN};

		if (poll(&readable, 1, 0) <= 0)
			return;
		stream_read(err);
	}
}

/* Waits for its end; whoever ignores SIGCHLD has none to collect (ECHILD).
 * *ret_gone: the pid stands for nothing any more. */
static gboolean reap(pid_t pid, Stream *err, const Patience *p,
	gboolean *ret_gone, GError **error)
{
	int status = 0;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid || (got < 0 && errno == ECHILD))
			break;
		if (patience_left(p, error) == 0)
			return FALSE;
		drain_rest(err);
		g_usleep(REAP_POLL_MS * 1000);
	}
	*ret_gone = TRUE;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"%s ended with %s %d", p->program,
		WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* Itself too: it may have left its group. */
static void finish_off(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static char *said_of(Stream *err, char *const *argv, const Stream *out)
{
	drain_rest(err);
	out->buffer[MIN(out->len, out->max)] = '\0';
	return complaint_quote(err->buffer, err->len, argv, out->buffer);
}

static void stream_close(Stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	secret_wipe(stream->buffer, stream->max + 1);
	g_free(stream->buffer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Stream, stream_close)

/* A pipe, whose reading end is the stream's; returns the other; -1: none.  That
 * one is above those that spawn replaces one after another. */
static int stream_open(Stream *stream, GError **error)
{
	int ends[2], high = -1;

	if (pipe2(ends, O_CLOEXEC) == 0) {
		high = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
		close(ends[1]);
		if (high < 0)
			close(ends[0]);
	}
	if (high < 0) {
		backend_error_set(error, BACKEND_ERROR_LOCAL, "no pipe: %s",
			g_strerror(errno));
		return -1;
	}
	stream->fd = ends[0];
	stream->buffer = g_malloc0(stream->max + 1);
	return high;
}

static gboolean run(char **argv, int ends[2], Stream *out, Stream *err,
	const Patience *patience, GError **error)
{
	pid_t pid;
	gboolean gone = FALSE;
	g_autoptr(GError) cause = NULL;
	const Spawn how = {
		.files = {SPAWN_NULL, ends[0], ends[1]}, .apart = TRUE};
	int failed = spawn_program(&how, argv, &pid);

	close(ends[0]);
	close(ends[1]);
	if (failed)
		return backend_error_false(error, BACKEND_ERROR_NO_KEY,
			"%s cannot be run: %s", argv[0], g_strerror(failed));
	if (drain(out, err, patience, &cause) &&
		reap(pid, err, patience, &gone, &cause))
		return TRUE;
	if (!gone)
		finish_off(pid);
	g_autofree char *said = said_of(err, argv, out);
	return backend_error_false(error, cause->code, "%s%s%s", cause->message,
		said ? ": " : "", said ? said : "");
}

SecretText *process_run(char **argv, gsize max, gint64 deadline_us,
	const gint *stop, char **ret_said, GError **error)
{
	const Patience patience = {argv[0], deadline_us, stop};
	g_auto(Stream) out = {.fd = -1, .max = max};
	g_auto(Stream) err = {.fd = -1, .max = ERROR_MAX, .tail = TRUE};
	int ends[2];

	ends[0] = stream_open(&out, error);
	if (ends[0] < 0)
		return NULL;
	ends[1] = stream_open(&err, error);
	if (ends[1] < 0) {
		close(ends[0]);
		return NULL;
	}
	if (!run(argv, ends, &out, &err, &patience, error))
		return NULL;
	for (gsize i = 0; i < out.len; i++)
		if (!out.buffer[i])
			out.buffer[i] = '\1';
	if (ret_said)
		*ret_said = said_of(&err, argv, &out);
	return g_steal_pointer(&out.buffer);
}
