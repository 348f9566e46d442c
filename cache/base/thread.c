#include "cache/base/thread.h"

#include <signal.h>
#include <time.h>

pthread_t thread_start(const char *name, void *(*run)(void *), void *data)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, run, data))
		g_error("no thread could be started for %s", name);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_setname_np(thread, name);
	return thread;
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

void thread_wait(pthread_cond_t *cond, pthread_mutex_t *lock, gint64 until_us)
{
	struct timespec until = {
		.tv_sec = until_us / G_USEC_PER_SEC,
		.tv_nsec = until_us % G_USEC_PER_SEC * 1000,
	};

	if (until_us == G_MAXINT64)
		pthread_cond_wait(cond, lock);
	else
		pthread_cond_timedwait(cond, lock, &until);
}
