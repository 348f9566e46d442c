#include "cache/base/worker.h"

#include <errno.h>
#include <pthread.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "cache/base/locked.h"

#define IDLE_US (5 * G_USEC_PER_SEC)

typedef enum { SLOT_FREE, SLOT_RUNNING, SLOT_ENDED } SlotState;

typedef struct {
	Pool *pool;
	pthread_t thread;
	SlotState state;
} Slot;

typedef struct {
	PoolJob run;
	void *data;
} Job;

struct Pool {
	Mutex lock;
	pthread_cond_t pushed, ended;
	char *name;
	GQueue jobs GUARDED_BY(lock); /* Job */
	guint idle GUARDED_BY(lock), running GUARDED_BY(lock);
	gboolean stopped GUARDED_BY(lock);
	/* there is work, and nobody to do it */
	gboolean starved GUARDED_BY(lock);
	Slot slots[POOL_THREADS_MAX] GUARDED_BY(lock);
};

Pool *pool_new(const char *name)
{
	Pool *self = g_new0(Pool, 1);

	mutex_init(&self->lock);
	thread_cond_init(&self->pushed);
	thread_cond_init(&self->ended);
	g_queue_init(&self->jobs);
	self->name = g_strdup(name);
	for (guint i = 0; i < POOL_THREADS_MAX; i++)
		self->slots[i].pool = self;
	return self;
}

/* The next job; NULL when it is time to go. */
static Job *next_job(Pool *self) REQUIRES(self->lock)
{
	gint64 until_us = clock_now_us(&clock_real) + IDLE_US;
	gboolean early = TRUE;

	self->idle++;
	while (g_queue_is_empty(&self->jobs) && !self->stopped && early)
		early = thread_wait(&self->pushed, &self->lock, until_us);
	self->idle--;
	return g_queue_pop_head(&self->jobs);
}

/* Without the lock, which is taken again. */
static void run_here(Pool *self, Job *job) REQUIRES(self->lock)
{
	mutex_unlock(&self->lock);
	job->run(job->data);
	g_free(job);
	mutex_lock(&self->lock);
}

static void *slot_run(void *data)
{
	Slot *slot = data;
	Pool *self = slot->pool;
	Job *job;

	mutex_lock(&self->lock);
	while ((job = next_job(self)) != NULL)
		run_here(self, job);
	slot->state = SLOT_ENDED;
	self->running--;
	pthread_cond_broadcast(&self->ended);
	mutex_unlock(&self->lock);
	return NULL;
}

static void slot_reap(Slot *slot)
{
	if (slot->state != SLOT_ENDED)
		return;
	pthread_join(slot->thread, NULL);
	slot->state = SLOT_FREE;
}

static gboolean slot_start(Pool *self, Slot *slot) REQUIRES(self->lock)
{
	if (!thread_try(&slot->thread, self->name, slot_run, slot))
		return FALSE;
	slot->state = SLOT_RUNNING;
	self->running++;
	return TRUE;
}

/* One thread more, when there may be one. */
static void pool_grow(Pool *self) REQUIRES(self->lock)
{
	for (guint i = 0; i < POOL_THREADS_MAX; i++) {
		slot_reap(&self->slots[i]);
		if (self->slots[i].state != SLOT_FREE)
			continue;
		if (!slot_start(self, &self->slots[i]) && self->running == 0 &&
			!self->starved)
			g_warning("cannot start a thread: work has to wait");
		break;
	}
	self->starved = self->running == 0;
}

gboolean pool_revive(Pool *self)
{
	gboolean starved;

	mutex_lock(&self->lock);
	if (self->starved)
		pool_grow(self);
	starved = self->starved;
	mutex_unlock(&self->lock);
	return !starved;
}

gboolean pool_push(Pool *self, PoolJob job, void *data)
{
	Job *entry;

	mutex_lock(&self->lock);
	if (self->stopped) {
		mutex_unlock(&self->lock);
		return FALSE;
	}
	entry = g_new(Job, 1);
	*entry = (Job){job, data};
	g_queue_push_tail(&self->jobs, entry);
	/* An idle thread may be promised to a job pushed a moment ago. */
	if (self->idle < g_queue_get_length(&self->jobs))
		pool_grow(self);
	pthread_cond_signal(&self->pushed);
	mutex_unlock(&self->lock);
	return TRUE;
}

void pool_stop(Pool *self)
{
	Job *job;

	mutex_lock(&self->lock);
	self->stopped = TRUE;
	self->starved = FALSE;
	pthread_cond_broadcast(&self->pushed);
	while (self->running > 0)
		thread_wait(&self->ended, &self->lock, G_MAXINT64);
	while ((job = g_queue_pop_head(&self->jobs)) != NULL)
		run_here(self, job);
	for (guint i = 0; i < POOL_THREADS_MAX; i++)
		slot_reap(&self->slots[i]);
	mutex_unlock(&self->lock);
}

gboolean pool_rest(Pool *self)
{
	gboolean at_rest;

	mutex_lock(&self->lock);
	for (guint i = 0; i < POOL_THREADS_MAX; i++)
		slot_reap(&self->slots[i]);
	at_rest = self->running == 0;
	mutex_unlock(&self->lock);
	return at_rest;
}

guint pool_running(Pool *self)
{
	return LOCKED(&self->lock, self->running);
}

void pool_free(Pool *self)
{
	pool_stop(self);
	g_queue_clear_full(&self->jobs, g_free);
	g_free(self->name);
	pthread_cond_destroy(&self->pushed);
	pthread_cond_destroy(&self->ended);
	mutex_destroy(&self->lock);
	g_free(self);
}
