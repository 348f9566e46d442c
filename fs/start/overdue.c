#include "fs/start/overdue.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "fs/start/mount.h"

static struct {
	Mutex lock;
	pthread_cond_t over;
	gboolean started GUARDED_BY(lock), stopped GUARDED_BY(lock);
	pthread_t thread;
	Daemon *daemon;
	const char *mountpoint;
	dev_t device;
} state = {.lock = MUTEX_INIT};

static void *exit_soon(void *data)
{
	sleep(OVERDUE_WORDS_S);
	_exit(EXIT_FAILURE);
}

G_NORETURN static void give_up(void)
{
	g_autofree char *left = NULL;

	thread_start("last", exit_soon, NULL);
	left = cache_left(state.daemon->cache);
	/* Nobody will serve it. */
	if (state.device && mount_device(state.mountpoint) == state.device)
		mount_detach(state.mountpoint);
	g_warning("exiting after %d s, without waiting for what does not end: "
		  "%s",
		OVERDUE_S,
		*left ? left : "requests of the kernel, or a reload");
	_exit(EXIT_FAILURE);
}

static void *overdue_run(void *data)
{
	gint64 until_us =
		clock_now_us(&clock_real) + OVERDUE_S * G_USEC_PER_SEC;

	mutex_lock(&state.lock);
	while (!state.stopped && clock_now_us(&clock_real) < until_us)
		thread_wait(&state.over, &state.lock, until_us);
	/* Held to the end: what is named must not be freed meanwhile. */
	if (!state.stopped)
		give_up();
	mutex_unlock(&state.lock);
	return NULL;
}

void overdue_start(Daemon *daemon, const char *mountpoint, dev_t device)
{
	mutex_lock(&state.lock);
	if (!state.started) {
		thread_cond_init(&state.over);
		state.daemon = daemon;
		state.mountpoint = mountpoint;
		state.device = device;
		state.started = TRUE;
		state.thread = thread_start("overdue", overdue_run, NULL);
	}
	mutex_unlock(&state.lock);
}

void overdue_stop(void)
{
	gboolean started;

	mutex_lock(&state.lock);
	started = state.started;
	state.stopped = TRUE;
	if (started)
		pthread_cond_broadcast(&state.over);
	mutex_unlock(&state.lock);
	if (started)
		pthread_join(state.thread, NULL);
}
