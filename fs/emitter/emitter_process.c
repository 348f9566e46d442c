#include "fs/emitter/emitter_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/spawn.h"

/* A system call on the mount takes far less than a millisecond, unless somebody
 * stopped the process or the machine stands still. */
#define PATIENCE_US (10 * G_TIME_SPAN_SECOND)
#define SLICE_MS 100

/* After a process that could not be used, no other one for so long. */
#define RESPAWN_US (1 * G_TIME_SPAN_SECOND)

#define REAP_TRIES 50
#define REAP_PAUSE_NS 20000000

struct EmitterProcess {
	gint trusted;   /* atomic: the pid that is surely ours; 0: none */
	gint dismissed; /* atomic */
	pid_t child;    /* 0: none */
	int socket;
	gint64 next_us; /* no sooner is one started */
	char *mountpoint;
	GArray *dead; /* pid_t: killed, not reaped yet */
};

EmitterProcess *emitter_process_new(const char *mountpoint)
{
	EmitterProcess *self = g_new0(EmitterProcess, 1);

	self->mountpoint = g_strdup(mountpoint);
	self->socket = -1;
	self->dead = g_array_new(FALSE, FALSE, sizeof(pid_t));
	return self;
}

gboolean emitter_process_is(EmitterProcess *self, pid_t tid)
{
	return tid > 0 && g_atomic_int_get(&self->trusted) == tid;
}

void emitter_process_dismiss(EmitterProcess *self)
{
	g_atomic_int_set(&self->dismissed, 1);
}

/* ---- its life ---- */

/* Its end of the socket becomes its standard input. */
static int spawn(const EmitterProcess *self, pid_t *ret_child, int end)
{
	char *argv[] = {(char *)"sessionfs", (char *)EMITTER_CHILD_OPTION,
		self->mountpoint, NULL};
	const Spawn how = {.program = "/proc/self/exe",
		.files = {end, SPAWN_NULL, SPAWN_KEEP}};

	return spawn_program(&how, argv, ret_child);
}

static gboolean start(EmitterProcess *self)
{
	gint64 now = clock_now_us(&clock_real);
	int ends[2], error;

	if (now < self->next_us)
		return FALSE;
	self->next_us = now + RESPAWN_US;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return FALSE;
	error = spawn(self, &self->child, ends[1]);
	close(ends[1]);
	if (error) {
		g_warning("no process could be started that makes file events: "
			  "%s",
			g_strerror(error));
		close(ends[0]);
		self->child = 0;
		return FALSE;
	}
	self->socket = ends[0];
	g_atomic_int_set(&self->trusted, self->child);
	return TRUE;
}

/* Reaps what can be. */
static void reap(EmitterProcess *self)
{
	for (guint i = self->dead->len; i-- > 0;) {
		pid_t pid = g_array_index(self->dead, pid_t, i);

		if (waitpid(pid, NULL, WNOHANG))
			g_array_remove_index_fast(self->dead, i);
	}
}

/* Its pid may be another's as soon as it is reaped: trust ends before. */
static void bury(EmitterProcess *self)
{
	g_atomic_int_set(&self->trusted, 0);
	close(self->socket);
	self->socket = -1;
	kill(self->child, SIGKILL);
	g_array_append_val(self->dead, self->child);
	self->child = 0;
	reap(self);
}

/* It never speaks unasked. */
static gboolean is_gone(const EmitterProcess *self)
{
	struct pollfd end = {self->socket, POLLIN, 0};

	return poll(&end, 1, 0) > 0;
}

gboolean emitter_process_ready(EmitterProcess *self)
{
	reap(self);
	if (self->child && is_gone(self))
		bury(self);
	return self->child || start(self);
}

static void wait_for_end(EmitterProcess *self)
{
	const struct timespec pause = {0, REAP_PAUSE_NS};
	pid_t child = self->child;

	/* It ends when its socket does. */
	close(self->socket);
	self->socket = -1;
	for (int i = 0; i < REAP_TRIES && self->child; i++) {
		if (waitpid(child, NULL, WNOHANG))
			self->child = 0;
		else
			nanosleep(&pause, NULL);
	}
	if (!self->child)
		return;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

void emitter_process_free(EmitterProcess *self)
{
	g_atomic_int_set(&self->trusted, 0);
	if (self->child)
		wait_for_end(self);
	for (guint i = 0; i < self->dead->len; i++)
		waitpid(g_array_index(self->dead, pid_t, i), NULL, 0);
	g_array_unref(self->dead);
	g_free(self->mountpoint);
	g_free(self);
}

/* ---- what it does ---- */

static gboolean ask(EmitterProcess *self, const EmitterCommand *order,
	const char *mountpoint, const char *path, const char *to)
{
	struct iovec parts[] = {
		{(void *)order, sizeof(*order)},
		{(void *)mountpoint, strlen(mountpoint) + 1},
		{(void *)path, strlen(path) + 1},
		{(void *)to, strlen(to) + 1},
	};
	struct msghdr packet = {
		.msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts)};

	return sendmsg(self->socket, &packet, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/* FALSE when none comes. */
static gboolean hear(EmitterProcess *self, gint32 *ret)
{
	gint64 until = clock_now_us(&clock_real) + PATIENCE_US;

	while (!g_atomic_int_get(&self->dismissed) &&
		clock_now_us(&clock_real) < until) {
		struct pollfd answer = {self->socket, POLLIN, 0};

		if (poll(&answer, 1, SLICE_MS) <= 0)
			continue;
		return recv(self->socket, ret, sizeof(*ret), MSG_DONTWAIT) ==
		       sizeof(*ret);
	}
	return FALSE;
}

int emitter_process_do(EmitterProcess *self, const EmitterCommand *order,
	const char *mountpoint, const char *path, const char *to)
{
	gint32 answer;

	to = to ? to : "";
	if (sizeof(*order) + strlen(mountpoint) + strlen(path) + strlen(to) +
			3 >
		EMITTER_CHILD_MAX)
		return ENAMETOOLONG;
	if (!emitter_process_ready(self))
		return ECHILD;
	if (ask(self, order, mountpoint, path, to) && hear(self, &answer))
		return answer;
	/* Dismissed, it may still wait for the mount: then the mount ends it. */
	if (!g_atomic_int_get(&self->dismissed))
		bury(self);
	return ECHILD;
}
