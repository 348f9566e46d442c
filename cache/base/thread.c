#include "cache/base/thread.h"

#include <signal.h>
#include <time.h>

/* With its NUL. */
#define NAME_SIZE 16

static void give_name(pthread_t thread, const char *name)
{
	char kept[NAME_SIZE];

	/* A name that is too long would be refused. */
	g_strlcpy(kept, name, sizeof(kept));
	pthread_setname_np(thread, kept);
}

gboolean thread_try(
	pthread_t *ret, const char *name, void *(*run)(void *), void *data)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(ret, NULL, run, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		give_name(*ret, name);
	return !failed;
}

pthread_t thread_start(const char *name, void *(*run)(void *), void *data)
{
	pthread_t thread;

	if (!thread_try(&thread, name, run, data))
		g_error("no thread could be started for %s", name);
	return thread;
}

void thread_name(const char *name)
{
	give_name(pthread_self(), name);
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

gboolean thread_wait(
	pthread_cond_t *cond, pthread_mutex_t *lock, gint64 until_us)
{
	struct timespec until = {
		.tv_sec = until_us / G_USEC_PER_SEC,
		.tv_nsec = until_us % G_USEC_PER_SEC * 1000,
	};

	if (until_us == G_MAXINT64)
		return pthread_cond_wait(cond, lock) == 0;
	return pthread_cond_timedwait(cond, lock, &until) == 0;
}
