#include "pending.h"

#include <errno.h>
#include <pthread.h>

#include "proc.h"
#include "reply.h"
#include "thread.h"

/*
 * A FUSE_INTERRUPT comes once a request, for any signal; a later fatal one is
 * only seen by looking.
 */
#define FATAL_CHECK_US (200 * G_TIME_SPAN_MILLISECOND)

typedef struct {
	ParkSpec spec;
	fuse_req_t req;
	pid_t tid;
	Pending *owner;
	gboolean ripe; /* to be asked again */
	gboolean interrupted;
	gint64 check_us; /* when to look for a fatal signal again */
} Parked;

struct Pending {
	pthread_mutex_t lock; /* of all below; nothing is called under it */
	pthread_cond_t moved;
	GQueue parked; /* Parked *; removed by the thread alone */
	gboolean stopping;
	pthread_t thread;
	Metrics *metrics;
};

int pending_leave_plain(LeftReason reason, void *data)
{
	switch (reason) {
	case LEFT_LATE:
		return ETIMEDOUT;
	case LEFT_INTERRUPTED:
		return EINTR;
	case LEFT_STOPPED:
		break;
	}
	return ENOTCONN;
}

/* libfuse calls this under the request's lock: only a flag may be set. */
static void interrupted(fuse_req_t req, void *data)
{
	Parked *parked = data;

	pthread_mutex_lock(&parked->owner->lock);
	parked->interrupted = TRUE;
	pthread_cond_signal(&parked->owner->moved);
	pthread_mutex_unlock(&parked->owner->lock);
}

static void answer(Parked *parked, LeftReason reason)
{
	reply_error(parked->req, parked->spec.leave(reason, parked->spec.data));
}

static gboolean may_leave(const Parked *parked, gboolean was_interrupted)
{
	if (!was_interrupted)
		return FALSE;
	return !parked->spec.fatal_only || proc_fatal_signal(parked->tid);
}

/* Without the lock.  TRUE when the request was answered. */
static gboolean attend(
	Parked *parked, gboolean ripe, gboolean was_interrupted, gint64 now)
{
	if (ripe && parked->spec.retry(parked->req, parked->spec.data))
		return TRUE;
	if (may_leave(parked, was_interrupted)) {
		answer(parked, LEFT_INTERRUPTED);
		return TRUE;
	}
	if (now >= parked->spec.deadline_us) {
		answer(parked, LEFT_LATE);
		return TRUE;
	}
	return FALSE;
}

static void parked_free(Parked *parked)
{
	if (parked->spec.free)
		parked->spec.free(parked->spec.data);
	g_free(parked);
}

static gboolean is_due(const Parked *parked, gint64 now)
{
	return parked->ripe || now >= parked->spec.deadline_us ||
	       (parked->interrupted && now >= parked->check_us);
}

static gint64 next_due(const Parked *parked)
{
	if (parked->interrupted)
		return MIN(parked->check_us, parked->spec.deadline_us);
	return parked->spec.deadline_us;
}

/* One pass over all; called and returns with the lock.  Only this thread
 * removes links, so a link stays good while the lock is open. */
static gint64 pass(Pending *self)
{
	gint64 wake = G_MAXINT64;
	GList *next;

	for (GList *link = self->parked.head; link; link = next) {
		Parked *parked = link->data;
		gint64 now = g_get_monotonic_time();
		gboolean done = FALSE;

		if (is_due(parked, now)) {
			gboolean ripe = parked->ripe;
			gboolean signalled = parked->interrupted;

			parked->ripe = FALSE;
			parked->check_us = now + FATAL_CHECK_US;
			pthread_mutex_unlock(&self->lock);
			done = attend(parked, ripe, signalled, now);
			pthread_mutex_lock(&self->lock);
		}
		next = link->next;
		if (done) {
			g_queue_delete_link(&self->parked, link);
			parked_free(parked);
		} else {
			wake = MIN(wake, parked->ripe ? 0 : next_due(parked));
		}
	}
	return wake;
}

static void *pending_run(void *data)
{
	Pending *self = data;

	pthread_mutex_lock(&self->lock);
	while (!self->stopping) {
		gint64 wake = pass(self);

		if (!self->stopping && wake > g_get_monotonic_time())
			thread_wait(&self->moved, &self->lock, wake);
	}
	pthread_mutex_unlock(&self->lock);
	return NULL;
}

Pending *pending_new(Metrics *metrics)
{
	Pending *self = g_new0(Pending, 1);

	pthread_mutex_init(&self->lock, NULL);
	thread_cond_init(&self->moved);
	g_queue_init(&self->parked);
	self->metrics = metrics;
	self->thread = thread_start("pending", pending_run, self);
	return self;
}

void pending_stop(Pending *self)
{
	Parked *parked;

	pthread_mutex_lock(&self->lock);
	if (self->stopping) {
		pthread_mutex_unlock(&self->lock);
		return;
	}
	self->stopping = TRUE;
	pthread_cond_signal(&self->moved);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	while ((parked = g_queue_pop_head(&self->parked))) {
		if (!parked->spec.retry(parked->req, parked->spec.data))
			answer(parked, LEFT_STOPPED);
		parked_free(parked);
	}
}

void pending_free(Pending *self)
{
	if (!self)
		return;
	pending_stop(self);
	pthread_cond_destroy(&self->moved);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

void pending_park(Pending *self, fuse_req_t req, const ParkSpec *spec)
{
	Parked *parked = g_new0(Parked, 1);

	parked->spec = *spec;
	parked->req = req;
	parked->tid = fuse_req_ctx(req)->pid;
	parked->owner = self;
	parked->ripe = TRUE;
	metrics_count(self->metrics, OP_PARKED);
	/* First, since the thread may answer as soon as it is in the queue. */
	fuse_req_interrupt_func(req, interrupted, parked);
	pthread_mutex_lock(&self->lock);
	if (!self->stopping) {
		g_queue_push_tail(&self->parked, parked);
		pthread_cond_signal(&self->moved);
		parked = NULL;
	}
	pthread_mutex_unlock(&self->lock);
	if (parked) {
		answer(parked, LEFT_STOPPED);
		parked_free(parked);
	}
}

void pending_wake(Pending *self, guint32 key)
{
	gboolean any = FALSE;

	pthread_mutex_lock(&self->lock);
	for (GList *link = self->parked.head; link; link = link->next) {
		Parked *parked = link->data;

		if (parked->spec.key == key)
			any = parked->ripe = TRUE;
	}
	if (any)
		pthread_cond_signal(&self->moved);
	pthread_mutex_unlock(&self->lock);
}

gboolean pending_busy(Pending *self, guint32 key)
{
	gboolean busy = FALSE;

	pthread_mutex_lock(&self->lock);
	for (GList *link = self->parked.head; link && !busy;
		link = link->next) {
		const ParkSpec *spec = &((Parked *)link->data)->spec;

		busy = spec->in_dir && spec->key == key;
	}
	pthread_mutex_unlock(&self->lock);
	return busy;
}
