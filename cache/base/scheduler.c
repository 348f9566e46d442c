#include "cache/base/scheduler.h"

#include <pthread.h>

#include "cache/base/thread.h"

struct Scheduler {
	SchedulerRun run;
	void *data;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	gboolean woken, stopped;
	gboolean started; /* by the thread that starts and stops it */
};

static void *thread_run(void *data)
{
	Scheduler *self = data;

	pthread_mutex_lock(&self->lock);
	while (!self->stopped) {
		gboolean early = TRUE;
		gint64 next_us;

		self->woken = FALSE;
		pthread_mutex_unlock(&self->lock);
		next_us = self->run(self->data);
		pthread_mutex_lock(&self->lock);
		while (!self->woken && !self->stopped && early)
			early = thread_wait(&self->wake, &self->lock, next_us);
	}
	pthread_mutex_unlock(&self->lock);
	return NULL;
}

Scheduler *scheduler_new(SchedulerRun run, void *data)
{
	Scheduler *self = g_new0(Scheduler, 1);

	self->run = run;
	self->data = data;
	pthread_mutex_init(&self->lock, NULL);
	thread_cond_init(&self->wake);
	return self;
}

void scheduler_start(Scheduler *self)
{
	self->thread = thread_start("scheduler", thread_run, self);
	self->started = TRUE;
}

void scheduler_wake(Scheduler *self)
{
	pthread_mutex_lock(&self->lock);
	self->woken = TRUE;
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
}

void scheduler_stop(Scheduler *self)
{
	if (!self->started)
		return;
	pthread_mutex_lock(&self->lock);
	self->stopped = TRUE;
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	self->started = FALSE;
}

void scheduler_free(Scheduler *self)
{
	scheduler_stop(self);
	pthread_cond_destroy(&self->wake);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}
