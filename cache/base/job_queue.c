#include "cache/base/job_queue.h"

#include "backends/base/mutex.h"

struct JobQueue {
	guint most;
	GDestroyNotify free;
	Mutex lock;
	GQueue waiting GUARDED_BY(lock);
	guint workers GUARDED_BY(lock);
};

JobQueue *job_queue_new(guint most, GDestroyNotify free)
{
	JobQueue *self = g_new0(JobQueue, 1);

	self->most = most;
	self->free = free;
	mutex_init(&self->lock);
	g_queue_init(&self->waiting);
	return self;
}

void job_queue_free(JobQueue *self)
{
	mutex_destroy(&self->lock);
	if (self->free != NULL)
		g_queue_clear_full(&self->waiting, self->free);
	else
		g_queue_clear(&self->waiting);
	g_free(self);
}

gboolean job_queue_add(JobQueue *self, gpointer item)
{
	gboolean more;

	mutex_lock(&self->lock);
	more = self->workers < self->most;
	g_queue_push_tail(&self->waiting, item);
	self->workers += more;
	mutex_unlock(&self->lock);
	return more;
}

gpointer job_queue_next(JobQueue *self)
{
	gpointer item;

	mutex_lock(&self->lock);
	item = g_queue_pop_head(&self->waiting);
	self->workers -= item == NULL;
	mutex_unlock(&self->lock);
	return item;
}

gboolean job_queue_withdraw(JobQueue *self, gpointer item)
{
	gboolean waited;

	mutex_lock(&self->lock);
	self->workers--;
	waited = g_queue_remove(&self->waiting, item);
	mutex_unlock(&self->lock);
	return waited;
}
