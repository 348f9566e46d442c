#include "fs/start/shutdown.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/inherited.h"
#include "backends/base/thread.h"
#include "cache/base/failpoint.h"
#include "fs/base/pending.h"
#include "fs/kernel/notify.h"
#include "fs/service/pulse.h"
#include "fs/start/overdue.h"

#define NUDGE_MS 50

struct Shutdown {
	Daemon *daemon;
	struct fuse_session *session;
	const char *mountpoint;
	dev_t device;
	pthread_t server, thread;
	gint served; /* atomic: the loop is over */
	int signal;
	gboolean terminal; /* SIGHUP says that it is gone */
	Reload *reload;
};

/* sem_wait in libfuse's loop returns when a handler has run. */
static void nudged(int signal)
{
}

/*
 * What asks for the end: of these, each that was not ignored when we were started,
 * as nohup, a shell's & and trap do.  The kernel keeps a blocked signal for
 * sigtimedwait though it be ignored.
 */
static sigset_t shutdown_signals(void)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM,
		SIGVTALRM, SIGPROF, SIGXCPU};
	sigset_t set;

	sigemptyset(&set);
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		if (!inherited_ignored(ends[i]))
			sigaddset(&set, ends[i]);
	}
	return set;
}

/* Unless a library that somebody loaded into us has its own use for it. */
static void ignore_unused(int signal)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, now;

	if (!sigaction(signal, NULL, &now) && now.sa_handler == SIG_DFL)
		sigaction(signal, &ignore, NULL);
}

void shutdown_prepare(void)
{
	/* Ending us, they would leave a mount that nobody serves; a write beyond
	 * the limit of a file's size is an error; stopped by a terminal that we
	 * write to we would hold up everybody. */
	static const int unused[] = {SIGPIPE, SIGUSR1, SIGXFSZ, SIGIO, SIGPWR,
		SIGSTKFLT, SIGTTIN, SIGTTOU};
	struct sigaction nudge = {.sa_handler = nudged};

	for (gsize i = 0; i < G_N_ELEMENTS(unused); i++)
		ignore_unused(unused[i]);
	for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
		ignore_unused(signal);
	sigaction(SIGUSR2, &nudge, NULL);
}

static gboolean has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

gboolean shutdown_hangup_reloads(void)
{
	return !inherited_ignored(SIGHUP) && !has_terminal();
}

void shutdown_hold_reloads(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	if (shutdown_hangup_reloads())
		pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void shutdown_block(void)
{
	sigset_t set = shutdown_signals();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void end_loop(Shutdown *self)
{
	struct timespec pause = {0, NUDGE_MS * 1000000};

	fuse_session_exit(self->session);
	while (!g_atomic_int_get(&self->served)) {
		pthread_kill(self->server, SIGUSR2);
		nanosleep(&pause, NULL);
	}
}

static void *shutdown_run(void *data)
{
	struct timespec pause = {0, NUDGE_MS * 1000000};
	sigset_t set = shutdown_signals();
	Shutdown *self = data;

	while (!g_atomic_int_get(&self->served)) {
		int signal = sigtimedwait(&set, NULL, &pause);

		if (signal == SIGHUP && !self->terminal) {
			reload_ask(self->reload);
			continue;
		}
		/* The loop waits for its threads, of which one may hang. */
		if (signal > 0 || fuse_session_exited(self->session))
			overdue_start(
				self->daemon, self->mountpoint, self->device);
		if (signal <= 0)
			continue;
		self->signal = signal;
		g_message("ending on signal %d", signal);
		failpoint_step("end", "begun");
		pulse_stop(self->daemon->pulse);
		/* Who is told that all is over must not find that it went on. */
		cache_abort(self->daemon->cache);
		pending_stop(self->daemon->pending);
		notify_stop(self->daemon->notify);
		emitter_stop(self->daemon->emitter);
		end_loop(self);
	}
	return NULL;
}

Shutdown *shutdown_start(Daemon *daemon, struct fuse_session *session,
	const char *mountpoint, dev_t device, Reload *reload)
{
	Shutdown *self = g_new0(Shutdown, 1);

	self->daemon = daemon;
	self->session = session;
	self->mountpoint = mountpoint;
	self->device = device;
	self->reload = reload;
	self->terminal = has_terminal();
	self->server = pthread_self();
	self->thread = thread_start("signals", shutdown_run, self);
	return self;
}

int shutdown_finish(Shutdown *self)
{
	int signal;

	g_atomic_int_set(&self->served, 1);
	pthread_join(self->thread, NULL);
	signal = self->signal;
	g_free(self);
	return signal;
}
