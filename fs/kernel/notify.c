#include "fs/kernel/notify.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backends/base/thread.h"
#include "cache/base/failpoint.h"
#include "cache/base/locked.h"
#include "fs/base/node.h"

/* How soon an entry whose directory was busy is tried again. */
#define BUSY_RETRY_US (20 * G_TIME_SPAN_MILLISECOND)
#define BUSY_MAX_US (1 * G_TIME_SPAN_SECOND)

/* Wire facts (linux/fuse.h) that libfuse has no calls for: FUSE_NOTIFY_INC_EPOCH
 * (since 6.16; a header alone) and FUSE_NOTIFY_PRUNE. */
#define NOTIFY_INC_EPOCH 8
#define NOTIFY_PRUNE 9
#define PRUNE_BATCH 1024

#define STOP_CHECK 256

typedef struct {
	guint32 len, error;
	guint64 unique; /* 0: a notification, whose code stands in error */
} NoticeOut;

typedef struct {
	NoticeOut header;
	guint32 count, padding;
	guint64 spare;
} PruneOut;

typedef struct {
	fuse_ino_t node; /* or, with a name, the directory */
	char *name;      /* NULL: the inode itself */
	gboolean pages;  /* of the inode too, not only its attributes */
	gint64 until_us; /* it waits no longer for a busy directory; 0: not yet */
	/* One of these instead of all that; taken. */
	SynthEvent *event;
	struct fuse_pollhandle *poll;
	guint32 wakes; /* who is parked for that number; 0: nobody */
	gboolean anew; /* of all names */
} Notice;

struct Notify {
	const Clock *clock;
	Mutex lock;
	pthread_cond_t moved;
	GQueue queue GUARDED_BY(lock);      /* Notice * */
	GHashTable *known GUARDED_BY(lock); /* Notice * of the queue: a set */
	struct fuse_session *session GUARDED_BY(lock);
	gboolean stopping GUARDED_BY(lock);
	guint64 queued GUARDED_BY(lock); /* notices so far */
	guint64 told;                    /* of these, in their order; atomic */
	gboolean cannot_prune, cannot_ask_anew; /* the notifier thread's own */
	Pending *pending;
	Metrics *metrics;
	Emitter *emitter;
	Readers *readers;
	gint64 tick_us;
	void (*tick)(void *data);
	void *data;
	pthread_t thread;
};

static guint notice_hash(gconstpointer key)
{
	const Notice *notice = key;

	return (guint)notice->node ^
	       (notice->name ? g_str_hash(notice->name) : 0);
}

static gboolean notice_equal(gconstpointer a, gconstpointer b)
{
	const Notice *x = a, *y = b;

	return x->node == y->node && x->pages == y->pages &&
	       !g_strcmp0(x->name, y->name);
}

static void notice_free(Notice *notice)
{
	g_free(notice->name);
	synth_event_free(notice->event);
	if (notice->poll)
		fuse_pollhandle_destroy(notice->poll);
	g_free(notice);
}

/* Acts, polls and wake-ups are each one of their own. */
static gboolean is_plain(const Notice *notice)
{
	return !notice->event && !notice->poll && !notice->wakes &&
	       !notice->anew;
}

/* Takes the notice. */
static void push(Notify *self, Notice *notice)
{
	mutex_lock(&self->lock);
	if (!self->stopping &&
		(!is_plain(notice) ||
			!g_hash_table_contains(self->known, notice))) {
		if (is_plain(notice))
			g_hash_table_add(self->known, notice);
		g_queue_push_tail(&self->queue, g_steal_pointer(&notice));
		self->queued++;
		pthread_cond_signal(&self->moved);
	}
	mutex_unlock(&self->lock);
	if (notice)
		notice_free(notice);
}

static void push_new(Notify *self, Notice notice)
{
	push(self, g_memdup2(&notice, sizeof(notice)));
}

void notify_inode(Notify *self, fuse_ino_t node)
{
	push_new(self, (Notice){.node = node, .pages = TRUE});
}

void notify_listing(Notify *self, fuse_ino_t node)
{
	push_new(self, (Notice){.node = node});
}

void notify_entry(Notify *self, fuse_ino_t parent, const char *name)
{
	push_new(self, (Notice){.node = parent, .name = g_strdup(name)});
}

void notify_anew(Notify *self)
{
	push_new(self, (Notice){.anew = TRUE});
}

void notify_then(Notify *self, SynthEvent *event)
{
	push_new(self, (Notice){.event = event});
}

void notify_poll(Notify *self, struct fuse_pollhandle *handle)
{
	push_new(self, (Notice){.poll = handle});
}

void notify_wake(Notify *self, guint32 number)
{
	push_new(self, (Notice){.wakes = number});
}

guint64 notify_queued(Notify *self)
{
	return LOCKED(&self->lock, self->queued);
}

gboolean notify_has_told(Notify *self, guint64 queued)
{
	return __atomic_load_n(&self->told, __ATOMIC_ACQUIRE) >= queued;
}

static gboolean has_waited(const Notify *self, Notice *notice)
{
	gint64 now = clock_now_us(self->clock);

	if (!notice->until_us)
		notice->until_us = now + BUSY_MAX_US;
	return now >= notice->until_us;
}

/* The kernel takes the size from the answer to a touch, however late that is; so
 * one that is under way comes first.  FALSE: it goes on. */
static gboolean tell_content(
	Notify *self, struct fuse_session *session, fuse_ino_t node)
{
	gboolean alone = emitter_keep_out(
		self->emitter, node_make(node_number(node), 0));

	readers_pass(self->readers, node);
	failpoint_step("content", "told");
	fuse_lowlevel_notify_inval_inode(session, node, 0, 0);
	if (alone)
		emitter_return(self->emitter);
	return alone;
}

/* Makes the kernel ask for every name again, which takes no lock.  FALSE when
 * this kernel cannot. */
static gboolean ask_anew(Notify *self, struct fuse_session *session)
{
	const NoticeOut out = {.len = sizeof(out), .error = NOTIFY_INC_EPOCH};

	if (!session)
		return TRUE;
	if (self->cannot_ask_anew)
		return FALSE;
	metrics_count(self->metrics, OP_INVALIDATION);
	self->cannot_ask_anew =
		write(fuse_session_fd(session), &out, sizeof(out)) < 0 &&
		errno == EINVAL;
	return !self->cannot_ask_anew;
}

/* Errors mean that the kernel does not know the node: as good.  FALSE: it is to be
 * told again. */
static gboolean tell(Notify *self, struct fuse_session *session, Notice *notice)
{
	if (notice->event) {
		emitter_push(self->emitter, g_steal_pointer(&notice->event));
		return TRUE;
	}
	if (notice->poll) {
		fuse_lowlevel_notify_poll(notice->poll);
		return TRUE;
	}
	if (notice->wakes) {
		pending_wake(self->pending, notice->wakes);
		return TRUE;
	}
	if (notice->anew) {
		ask_anew(self, session);
		return TRUE;
	}
	metrics_count(self->metrics, OP_INVALIDATION);
	if (notice->pages)
		return tell_content(self, session, notice->node) ||
		       has_waited(self, notice);
	if (notice->name)
		fuse_lowlevel_notify_inval_entry(session, notice->node,
			notice->name, strlen(notice->name));
	else
		fuse_lowlevel_notify_inval_inode(session, notice->node, -1, 0);
	return TRUE;
}

/* To invalidate a name the kernel takes the lock of its directory.  FALSE when
 * somebody may hold that; else the emitter is kept out until leave(). */
static gboolean enter(Notify *self, fuse_ino_t dir)
{
	return !pending_busy(self->pending, node_number(dir)) &&
	       emitter_keep_out(self->emitter, dir);
}

static void leave(Notify *self)
{
	emitter_return(self->emitter);
}

/*
 * A name in a directory where somebody is parked, or the emitter is at work, is
 * never told by itself: this thread would wait there for the lock, and everybody's
 * news behind it; and a daemon that is killed meanwhile could not die, since the
 * answer that gives the lock back would not come any more.  Others may be parked
 * there one after the other, so after a while all names are asked for again
 * instead.
 */
static gboolean must_wait(
	Notify *self, struct fuse_session *session, Notice *notice)
{
	return !has_waited(self, notice) || !ask_anew(self, session);
}

static struct fuse_session *session_of(Notify *self)
{
	struct fuse_session *session =
		LOCKED(&self->lock, self->stopping ? NULL : self->session);

	return session;
}

/* Tells, and returns what has to wait.  Without the lock. */
static void deliver(Notify *self, struct fuse_session *session, GQueue *batch,
	GQueue *ret_waiting)
{
	Notice *notice;
	guint told = 0;

	while ((notice = g_queue_pop_head(batch))) {
		gboolean busy = notice->name && !enter(self, notice->node);
		gboolean again = busy && must_wait(self, session, notice);

		/* There may be millions, and the mount may be ending. */
		if (++told % STOP_CHECK == 0)
			session = session_of(self);
		if (session && !busy)
			again = !tell(self, session, notice);
		if (notice->name && !busy)
			leave(self);
		/* That is queued, and counted, again. */
		if (again)
			g_queue_push_tail(ret_waiting, notice);
		else
			notice_free(notice);
		__atomic_add_fetch(&self->told, 1, __ATOMIC_RELEASE);
	}
}

static void requeue(Notify *self, GQueue *waiting)
{
	Notice *notice;

	while ((notice = g_queue_pop_head(waiting)))
		push(self, notice);
}

static void drain(Notify *self) REQUIRES(self->lock)
{
	struct fuse_session *session = self->session;
	GQueue batch = self->queue, waiting = G_QUEUE_INIT;

	g_queue_init(&self->queue);
	g_hash_table_remove_all(self->known);
	mutex_unlock(&self->lock);
	deliver(self, session, &batch, &waiting);
	gboolean delayed = !g_queue_is_empty(&waiting);

	requeue(self, &waiting);
	mutex_lock(&self->lock);
	if (delayed)
		clock_wait(self->clock, &self->moved, &self->lock,
			clock_now_us(self->clock) + BUSY_RETRY_US);
}

static void *notify_run(void *data)
{
	Notify *self = data;
	gint64 next_tick = clock_now_us(self->clock) + self->tick_us;

	mutex_lock(&self->lock);
	while (!self->stopping) {
		gint64 now = clock_now_us(self->clock);

		if (now >= next_tick) {
			next_tick = now + self->tick_us;
			mutex_unlock(&self->lock);
			self->tick(self->data);
			mutex_lock(&self->lock);
		} else if (!g_queue_is_empty(&self->queue)) {
			drain(self);
		} else {
			clock_wait(self->clock, &self->moved, &self->lock,
				next_tick);
		}
	}
	mutex_unlock(&self->lock);
	return NULL;
}

gboolean notify_drop(Notify *self, fuse_ino_t parent, const char *name)
{
	struct fuse_session *session = session_of(self);

	if (!enter(self, parent))
		return FALSE;
	metrics_count(self->metrics, OP_INVALIDATION);
	if (session)
		fuse_lowlevel_notify_inval_entry(
			session, parent, name, strlen(name));
	leave(self);
	return TRUE;
}

static gboolean prune_batch(int fd, const guint64 *nodes, gsize n)
{
	PruneOut out = {
		.header = {.len = (guint32)(sizeof(out) + n * sizeof(*nodes)),
			.error = NOTIFY_PRUNE},
		.count = (guint32)n,
	};
	struct iovec iov[] = {
		{&out, sizeof(out)}, {(void *)nodes, n * sizeof(*nodes)}};

	return writev(fd, iov, G_N_ELEMENTS(iov)) > 0;
}

gboolean notify_prune(Notify *self, const GArray *nodes)
{
	const guint64 *all = (const guint64 *)(void *)nodes->data;
	struct fuse_session *session;

	for (guint done = 0; !self->cannot_prune && done < nodes->len;
		done += PRUNE_BATCH) {
		session = session_of(self);
		if (!session)
			return TRUE;
		metrics_count(self->metrics, OP_INVALIDATION);
		self->cannot_prune =
			!prune_batch(fuse_session_fd(session), all + done,
				MIN(nodes->len - done, PRUNE_BATCH)) &&
			errno == EINVAL;
	}
	return !self->cannot_prune;
}

Notify *notify_new(const Clock *clock, Pending *pending, Metrics *metrics,
	Emitter *emitter, Readers *readers, gint64 tick_us,
	void (*tick)(void *data), void *data)
{
	Notify *self = g_new0(Notify, 1);

	self->clock = clock;
	mutex_init(&self->lock);
	thread_cond_init(&self->moved);
	g_queue_init(&self->queue);
	self->known = g_hash_table_new(notice_hash, notice_equal);
	self->pending = pending;
	self->metrics = metrics;
	self->emitter = emitter;
	self->readers = readers;
	self->tick_us = tick_us;
	self->tick = tick;
	self->data = data;
	self->thread = thread_start("notify", notify_run, self);
	return self;
}

void notify_attach(Notify *self, struct fuse_session *session)
{
	mutex_lock(&self->lock);
	self->session = session;
	mutex_unlock(&self->lock);
}

void notify_stop(Notify *self)
{
	mutex_lock(&self->lock);
	gboolean first = !self->stopping;

	self->stopping = TRUE;
	pthread_cond_signal(&self->moved);
	mutex_unlock(&self->lock);
	if (first)
		pthread_join(self->thread, NULL);
}

void notify_free(Notify *self)
{
	Notice *notice;

	notify_stop(self);
	mutex_destroy(&self->lock);
	while ((notice = g_queue_pop_head(&self->queue)))
		notice_free(notice);
	g_hash_table_destroy(self->known);
	pthread_cond_destroy(&self->moved);
	g_free(self);
}
