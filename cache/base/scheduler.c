#include "cache/base/scheduler.h"

#include <pthread.h>

#include "backends/base/thread.h"

struct Scheduler {
	const Clock *clock;
	SchedulerRun run;
	void *data;
	pthread_t thread;
	Mutex lock;
	pthread_cond_t wake;
	gboolean woken GUARDED_BY(lock), stopped GUARDED_BY(lock);
	gboolean started; /* by the thread that starts and stops it */
};

static void *thread_run(void *data)
{
	Scheduler *self = data;

	mutex_lock(&self->lock);
	while (!self->stopped) {
		gboolean early = TRUE;
		gint64 next_us;

		self->woken = FALSE;
		mutex_unlock(&self->lock);
		next_us = self->run(self->data);
		mutex_lock(&self->lock);
		while (!self->woken && !self->stopped && early)
			early = clock_wait(
				self->clock, &self->wake, &self->lock, next_us);
	}
	mutex_unlock(&self->lock);
	return NULL;
}

Scheduler *scheduler_new(const Clock *clock, SchedulerRun run, void *data)
{
	Scheduler *self = g_new0(Scheduler, 1);

	self->clock = clock;
	self->run = run;
	self->data = data;
	mutex_init(&self->lock);
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
	mutex_lock(&self->lock);
	self->woken = TRUE;
	pthread_cond_signal(&self->wake);
	mutex_unlock(&self->lock);
}

void scheduler_stop(Scheduler *self)
{
	if (!self->started)
		return;
	mutex_lock(&self->lock);
	self->stopped = TRUE;
	pthread_cond_signal(&self->wake);
	mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	self->started = FALSE;
}

void scheduler_free(Scheduler *self)
{
	scheduler_stop(self);
	pthread_cond_destroy(&self->wake);
	mutex_destroy(&self->lock);
	g_free(self);
}
