#include "ending.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "notify.h"
#include "pending.h"

#define NUDGE_MS 50

struct Ending {
	Daemon *daemon;
	struct fuse_session *session;
	pthread_t server, thread;
	gint served; /* atomic: the loop is over */
	int signal;
};

/* sem_wait in libfuse's loop returns when a handler has run. */
static void nudged(int signal)
{
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

void ending_prepare(void)
{
	struct sigaction nudge = {.sa_handler = nudged};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t set = ending_signals();

	sigaction(SIGUSR2, &nudge, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Ignored, as some parents leave it, children would reap themselves, and
	 * their pids be somebody else's. */
	sigaction(SIGCHLD, &plain, NULL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void end_loop(Ending *self)
{
	struct timespec pause = {0, NUDGE_MS * 1000000};

	fuse_session_exit(self->session);
	while (!g_atomic_int_get(&self->served)) {
		pthread_kill(self->server, SIGUSR2);
		nanosleep(&pause, NULL);
	}
}

static void *ending_run(void *data)
{
	struct timespec pause = {0, NUDGE_MS * 1000000};
	sigset_t set = ending_signals();
	Ending *self = data;

	while (!g_atomic_int_get(&self->served)) {
		int signal = sigtimedwait(&set, NULL, &pause);

		if (signal <= 0)
			continue;
		self->signal = signal;
		g_message("ending on signal %d", signal);
		/* Who is told that all is over must not find that it went on. */
		cache_abort(self->daemon->cache);
		pending_stop(self->daemon->pending);
		notify_stop(self->daemon->notify);
		emitter_stop(self->daemon->emitter);
		end_loop(self);
	}
	return NULL;
}

Ending *ending_start(Daemon *daemon, struct fuse_session *session)
{
	Ending *self = g_new0(Ending, 1);

	self->daemon = daemon;
	self->session = session;
	self->server = pthread_self();
	if (pthread_create(&self->thread, NULL, ending_run, self))
		g_error("no thread could be started for signals");
	return self;
}

int ending_finish(Ending *self)
{
	int signal;

	g_atomic_int_set(&self->served, 1);
	pthread_join(self->thread, NULL);
	signal = self->signal;
	g_free(self);
	return signal;
}
