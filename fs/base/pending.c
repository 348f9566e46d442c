#include "fs/base/pending.h"

#include <errno.h>
#include <pthread.h>

#include "backends/base/thread.h"
#include "fs/base/proc.h"
#include "fs/base/reply.h"
#include "fs/base/trace.h"

/*
 * A FUSE_INTERRUPT comes once a request, for any signal; a later fatal one is
 * only seen by looking.
 */
#define FATAL_CHECK_US (200 * G_TIME_SPAN_MILLISECOND)

/* Whoever is in another namespace of processes may be dying, and can do so only
 * when he is answered: he waits no longer than this from his first signal. */
#define UNSEEN_MAX_US (500 * G_TIME_SPAN_MILLISECOND)

/* The longest pause of what is asked by time. */
#define EVERY_MAX_US (64 * G_TIME_SPAN_MILLISECOND)

/* How long a directory is taken for busy after somebody parked there left. */
#define COMES_BACK_US (100 * G_TIME_SPAN_MILLISECOND)

typedef struct {
	ParkSpec spec;
	fuse_req_t req;
	TraceOp op;
	pid_t tid;
	gboolean armed; /* may be attended to: its interrupts are heard */
	gboolean ripe;  /* to be asked again */
	gboolean interrupted;
	gint64 signal_us; /* when that was first attended to; 0: never */
	gint64 check_us;  /* when to look for a fatal signal again */
	gint64 again_us;  /* when it is ripe without being woken */
	gint64 every_us;  /* grows while nothing comes */
} Parked;

struct Pending {
	const Clock *clock;
	Mutex lock; /* nothing is called under it */
	pthread_cond_t moved;
	/* Parked *; removed by the thread alone */
	GQueue parked GUARDED_BY(lock);
	/* directory -> until when it is busy still, in us */
	GHashTable *left GUARDED_BY(lock);
	/* something became due since the pass began */
	gboolean stirred GUARDED_BY(lock);
	gboolean stopping GUARDED_BY(lock);
	pthread_t thread;
	Metrics *metrics;
	gint64 timeout_us;
};

int pending_leave_plain(LeftReason reason, void *data)
{
	switch (reason) {
	case LEFT_LATE:
		return ETIMEDOUT;
	case LEFT_INTERRUPTED:
	case LEFT_UNSEEN:
		return EINTR;
	case LEFT_STOPPED:
		break;
	}
	return ENOTCONN;
}

/* The thread must look again, wherever it is. */
static void stir(Pending *self) REQUIRES(self->lock)
{
	self->stirred = TRUE;
	pthread_cond_signal(&self->moved);
}

/*
 * libfuse calls this under the request's lock, so that only a flag may be set;
 * and even when the request is just being answered, so that it must be looked
 * for.  Its address stands for no other request until this has returned.
 */
static void interrupted(fuse_req_t req, void *data)
{
	Pending *self = data;

	mutex_lock(&self->lock);
	for (GList *link = self->parked.head; link; link = link->next) {
		Parked *parked = link->data;

		if (parked->req == req)
			parked->interrupted = TRUE;
	}
	stir(self);
	mutex_unlock(&self->lock);
}

static void answer(Parked *parked, LeftReason reason)
{
	reply_error(parked->req, parked->spec.leave(reason, parked->spec.data));
}

/* Of one who was interrupted: whether he may go, and why. */
static gboolean may_leave(Parked *parked, gint64 now, LeftReason *ret_reason)
{
	*ret_reason = LEFT_INTERRUPTED;
	if (!parked->signal_us)
		parked->signal_us = now;
	if (!parked->spec.fatal_only)
		return TRUE;
	switch (proc_signal(parked->tid)) {
	case PROC_SIGNAL_FATAL:
		return TRUE;
	case PROC_SIGNAL_NONE:
		return FALSE;
	case PROC_SIGNAL_UNSEEN:
		break;
	}
	*ret_reason = LEFT_UNSEEN;
	return now - parked->signal_us >= UNSEEN_MAX_US;
}

/* Without the lock.  TRUE when the request was answered. */
static gboolean attend(
	Parked *parked, gboolean ripe, gboolean was_interrupted, gint64 now)
{
	LeftReason reason;

	trace_resume(&parked->op);
	if (ripe && parked->spec.retry(parked->req, parked->spec.data))
		return TRUE;
	if (ripe && parked->spec.until)
		parked->spec.deadline_us =
			parked->spec.until(parked->spec.data);
	if (was_interrupted && may_leave(parked, now, &reason)) {
		answer(parked, reason);
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
	if (!parked->armed)
		return FALSE;
	return parked->ripe || now >= parked->again_us ||
	       now >= parked->spec.deadline_us ||
	       (parked->interrupted && now >= parked->check_us);
}

static void set_again(Parked *parked, gint64 now)
{
	parked->again_us =
		parked->every_us ? now + parked->every_us : G_MAXINT64;
	parked->every_us = MIN(2 * parked->every_us, EVERY_MAX_US);
}

static gint64 next_due(const Parked *parked)
{
	gint64 due = MIN(parked->again_us, parked->spec.deadline_us);

	/* It is attended to when pending_park has armed it: to look before then
	 * would keep the lock from it. */
	if (!parked->armed)
		return G_MAXINT64;
	if (parked->ripe)
		return 0;
	return parked->interrupted ? MIN(parked->check_us, due) : due;
}

static void note_left(Pending *self, guint32 dir) REQUIRES(self->lock)
{
	gint64 until = clock_now_us(self->clock) + COMES_BACK_US;

	if (dir)
		g_hash_table_insert(self->left, GUINT_TO_POINTER(dir),
			GSIZE_TO_POINTER((gsize)until));
}

static gboolean has_just_left(Pending *self, guint32 dir) REQUIRES(self->lock)
{
	gpointer key = GUINT_TO_POINTER(dir);
	gsize until = GPOINTER_TO_SIZE(g_hash_table_lookup(self->left, key));

	if (!until || (gsize)clock_now_us(self->clock) < until)
		return until > 0;
	g_hash_table_remove(self->left, key);
	return FALSE;
}

/* One pass over all; called and returns with the lock.  Only this thread
 * removes links, so a link stays good while the lock is open. */
static gint64 pass(Pending *self) REQUIRES(self->lock)
{
	gint64 wake = G_MAXINT64;
	GList *next;

	for (GList *link = self->parked.head; link; link = next) {
		Parked *parked = link->data;
		gint64 now = clock_now_us(self->clock);
		gboolean done = FALSE;

		if (is_due(parked, now)) {
			gboolean ripe = parked->ripe || now >= parked->again_us;
			gboolean signalled = parked->interrupted;

			parked->ripe = FALSE;
			parked->check_us = now + FATAL_CHECK_US;
			set_again(parked, now);
			mutex_unlock(&self->lock);
			done = attend(parked, ripe, signalled, now);
			mutex_lock(&self->lock);
		}
		next = link->next;
		if (done) {
			note_left(self, parked->spec.dir);
			g_queue_delete_link(&self->parked, link);
			parked_free(parked);
		} else {
			wake = MIN(wake, next_due(parked));
		}
	}
	return wake;
}

static void *pending_run(void *data)
{
	Pending *self = data;

	mutex_lock(&self->lock);
	while (!self->stopping) {
		self->stirred = FALSE;
		gint64 wake = pass(self);

		if (!self->stirred && wake > clock_now_us(self->clock))
			clock_wait(
				self->clock, &self->moved, &self->lock, wake);
	}
	mutex_unlock(&self->lock);
	return NULL;
}

Pending *pending_new(Metrics *metrics, const Clock *clock, gint64 timeout_us)
{
	Pending *self = g_new0(Pending, 1);

	self->clock = clock;
	mutex_init(&self->lock);
	thread_cond_init(&self->moved);
	g_queue_init(&self->parked);
	self->left = g_hash_table_new(NULL, NULL);
	self->metrics = metrics;
	self->timeout_us = timeout_us;
	self->thread = thread_start("pending", pending_run, self);
	return self;
}

/* What is not armed yet is still in the hands of pending_park. */
static void take_armed(Pending *self, GQueue *ret)
{
	GList *next;

	mutex_lock(&self->lock);
	for (GList *link = self->parked.head; link; link = next) {
		next = link->next;
		if (!((Parked *)link->data)->armed)
			continue;
		g_queue_unlink(&self->parked, link);
		g_queue_push_tail_link(ret, link);
	}
	mutex_unlock(&self->lock);
}

static void turn_away(Parked *parked)
{
	trace_resume(&parked->op);
	if (!parked->spec.retry(parked->req, parked->spec.data))
		answer(parked, LEFT_STOPPED);
	parked_free(parked);
}

void pending_stop(Pending *self)
{
	GQueue left = G_QUEUE_INIT;
	Parked *parked;

	mutex_lock(&self->lock);
	if (self->stopping) {
		mutex_unlock(&self->lock);
		return;
	}
	self->stopping = TRUE;
	stir(self);
	mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	take_armed(self, &left);
	while ((parked = g_queue_pop_head(&left)))
		turn_away(parked);
}

void pending_free(Pending *self)
{
	pending_stop(self);
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->left);
	pthread_cond_destroy(&self->moved);
	g_free(self);
}

/* TRUE when the thread will attend to it. */
static gboolean arm(Pending *self, Parked *parked)
{
	gboolean stopping;

	mutex_lock(&self->lock);
	stopping = self->stopping;
	if (stopping)
		g_queue_remove(&self->parked, parked);
	else
		parked->armed = TRUE;
	stir(self);
	mutex_unlock(&self->lock);
	return !stopping;
}

void pending_park(Pending *self, fuse_req_t req, const ParkSpec *spec)
{
	Parked *parked = g_new0(Parked, 1);

	parked->spec = *spec;
	if (!spec->leave)
		parked->spec.leave = pending_leave_plain;
	if (!spec->deadline_us)
		parked->spec.deadline_us =
			clock_now_us(self->clock) + self->timeout_us;
	parked->req = req;
	trace_park(&parked->op);
	parked->tid = fuse_req_ctx(req)->pid;
	parked->ripe = TRUE;
	parked->every_us = spec->every_us;
	parked->again_us = G_MAXINT64;
	metrics_count(self->metrics, OP_PARKED);
	mutex_lock(&self->lock);
	g_queue_push_tail(&self->parked, parked);
	mutex_unlock(&self->lock);
	/* Calls back at once when it was interrupted already. */
	fuse_req_interrupt_func(req, interrupted, self);
	if (!arm(self, parked))
		turn_away(parked);
}

/* key 0, the root's, is as good as any other. */
static void wake(Pending *self, guint32 key, gboolean all)
{
	gboolean any = FALSE;

	mutex_lock(&self->lock);
	for (GList *link = self->parked.head; link; link = link->next) {
		Parked *parked = link->data;

		if ((all || parked->spec.key == key) && !parked->spec.every_us)
			any = parked->ripe = TRUE;
	}
	if (any)
		stir(self);
	mutex_unlock(&self->lock);
}

void pending_wake(Pending *self, guint32 key)
{
	wake(self, key, FALSE);
}

void pending_wake_all(Pending *self)
{
	wake(self, 0, TRUE);
}

GArray *pending_keys(Pending *self)
{
	GArray *keys = g_array_new(FALSE, FALSE, sizeof(guint32));

	mutex_lock(&self->lock);
	for (GList *link = self->parked.head; link; link = link->next)
		g_array_append_val(keys, ((Parked *)link->data)->spec.key);
	mutex_unlock(&self->lock);
	return keys;
}

gboolean pending_busy(Pending *self, guint32 key)
{
	gboolean busy;

	mutex_lock(&self->lock);
	busy = has_just_left(self, key);
	for (GList *link = self->parked.head; link && !busy;
		link = link->next) {
		const ParkSpec *spec = &((Parked *)link->data)->spec;

		busy = key && spec->dir == key;
	}
	mutex_unlock(&self->lock);
	return busy;
}
