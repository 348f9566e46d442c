#include "fs/emitter/emitter.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "backends/base/thread.h"
#include "cache/base/failpoint.h"
#include "fs/emitter/emitter_process.h"

/* What waits for a process that cannot keep up; beyond that events are lost, and
 * counted. */
#define WAITING_MAX 200000u

/* A directory in which somebody is parked is left alone until he is answered:
 * longer than any deadline of ours it does not take. */
#define BUSY_RETRY_US (20 * G_TIME_SPAN_MILLISECOND)
#define BUSY_MAX_US (60 * G_TIME_SPAN_SECOND)

/* How often the process is tried again that could not be started, and looked
 * after while nothing happens. */
#define RETRY_US (100 * G_TIME_SPAN_MILLISECOND)
#define CHECK_US (2 * G_TIME_SPAN_SECOND)

/* What could not be done is tried again so soon, and given up after so long: the
 * events of its directory wait for it. */
#define AGAIN_US (10 * G_TIME_SPAN_MILLISECOND)
#define AGAIN_MAX_US (10 * G_TIME_SPAN_SECOND)

/* How long an act is waited for, which is much longer than one takes. */
#define ACT_US (100 * G_TIME_SPAN_MILLISECOND)

/* What was lost is told of at most this often. */
#define WARN_US (60 * G_TIME_SPAN_SECOND)

typedef struct {
	SynthEvent *event;
	gint64 since_us;
	gint64 failed_us; /* when it first did; 0: it did not */
	gint64 next_us;   /* not before */
} Waiting;

struct Emitter {
	const Clock *clock;
	char *mountpoint;
	Pending *pending;
	Metrics *metrics;
	EmitterProcess *process;
	EmitterFailed failed;
	void *data;
	gint64 warned_us; /* this and the next: the thread's own */
	guint lost;       /* since then */

	Mutex lock;
	pthread_cond_t moved, ended;   /* an act has */
	GQueue queue GUARDED_BY(lock); /* Waiting * */
	dev_t device GUARDED_BY(lock); /* 0: not attached */
	gboolean stopping GUARDED_BY(lock), started GUARDED_BY(lock),
		overrun GUARDED_BY(lock);
	const SynthEvent *current GUARDED_BY(lock);
	gboolean made GUARDED_BY(lock), asked GUARDED_BY(lock);
	gboolean slow GUARDED_BY(lock); /* it was waited for in vain */
	gboolean shut GUARDED_BY(lock); /* none begins */
	pthread_t thread;
};

static void waiting_free(Waiting *waiting)
{
	synth_event_free(waiting->event);
	g_free(waiting);
}

/* ---- its own requests ---- */

gboolean emitter_is(Emitter *self, pid_t tid)
{
	return self && emitter_process_is(self->process, tid);
}

static void describe(Emitter *self, const SynthEventStep *step,
	EmitterStep *ret) REQUIRES(self->lock)
{
	*ret = (EmitterStep){
		.kind = self->current->kind,
		.ino = step->ino,
		.type = step->type,
		.last = step == synth_event_last(self->current),
		.replaced = step == &self->current->to,
		.asked = self->asked,
	};
	ret->negative =
		step->ino == 0 ||
		(ret->last && ret->kind == SYNTH_EVENT_MAKE && !self->made);
}

gboolean emitter_step(
	Emitter *self, fuse_ino_t parent, const char *name, EmitterStep *ret)
{
	const SynthEventStep *step = NULL;

	mutex_lock(&self->lock);
	if (self->current)
		step = synth_event_find(self->current, parent, name);
	if (step)
		describe(self, step, ret);
	mutex_unlock(&self->lock);
	return step != NULL;
}

gboolean emitter_step_of(Emitter *self, fuse_ino_t node, EmitterStep *ret)
{
	const SynthEventStep *step = NULL;

	mutex_lock(&self->lock);
	for (guint i = 0; self->current && i < self->current->steps->len; i++) {
		const SynthEventStep *at =
			&g_array_index(self->current->steps, SynthEventStep, i);

		if (at->ino == node)
			step = at;
	}
	if (step)
		describe(self, step, ret);
	mutex_unlock(&self->lock);
	return step != NULL;
}

gboolean emitter_moves(Emitter *self, fuse_ino_t parent, const char *name,
	fuse_ino_t to_parent, const char *to)
{
	const SynthEvent *event;
	gboolean moves;

	mutex_lock(&self->lock);
	event = self->current;
	moves = event && event->kind == SYNTH_EVENT_MOVE &&
		parent == synth_event_parent(event) && to_parent == parent &&
		!strcmp(synth_event_last(event)->name, name) &&
		!strcmp(event->to.name, to);
	mutex_unlock(&self->lock);
	return moves;
}

void emitter_made(Emitter *self)
{
	mutex_lock(&self->lock);
	self->made = TRUE;
	mutex_unlock(&self->lock);
}

void emitter_asked(Emitter *self)
{
	mutex_lock(&self->lock);
	self->asked = TRUE;
	mutex_unlock(&self->lock);
}

/* ---- the queue; under the lock ---- */

/*
 * The first act whose directory is free.  What comes behind one that waits, in
 * the same directory, waits too: events keep their order.
 */
static Waiting *take(Emitter *self) REQUIRES(self->lock)
{
	g_autoptr(GHashTable) busy = g_hash_table_new(NULL, NULL);
	gint64 now = clock_now_us(self->clock);

	for (GList *link = self->queue.head; link; link = link->next) {
		Waiting *waiting = link->data;
		gpointer dir = GUINT_TO_POINTER(waiting->event->dir);

		if (g_hash_table_contains(busy, dir))
			continue;
		if (waiting->next_us > now ||
			(now - waiting->since_us < BUSY_MAX_US &&
				pending_busy(
					self->pending, waiting->event->dir))) {
			g_hash_table_add(busy, dir);
			continue;
		}
		g_queue_delete_link(&self->queue, link);
		return waiting;
	}
	return NULL;
}

/* ---- the thread ---- */

static void note_lost(Emitter *self, const SynthEvent *event, int error)
{
	gint64 now = clock_now_us(self->clock);
	g_autofree char *path = synth_event_path(event);

	metrics_count(self->metrics, OP_EVENT_FAILED);
	self->lost++;
	if (self->warned_us && now - self->warned_us < WARN_US)
		return;
	self->warned_us = now;
	g_warning("%u file events could not be made, and are lost to watchers; "
		  "the last: %s: %s",
		self->lost, path, g_strerror(error));
	self->lost = 0;
}

/* No second try would end otherwise.  (EXDEV: something lies over the mount.) */
static gboolean is_final(int error)
{
	return error == EACCES || error == EPERM || error == EROFS ||
	       error == ENAMETOOLONG || error == EXDEV;
}

/* Whether to try it again; without the lock. */
static gboolean is_due_again(Emitter *self, Waiting *waiting, int error)
{
	gint64 now = clock_now_us(self->clock);
	gboolean owed = self->failed(waiting->event, self->data);

	if (!waiting->failed_us)
		waiting->failed_us = now;
	waiting->next_us = now + AGAIN_US;
	if (owed && !is_final(error) && now - waiting->failed_us < AGAIN_MAX_US)
		return TRUE;
	if (owed)
		note_lost(self, waiting->event, error);
	return FALSE;
}

static int carry_out(Emitter *self, const SynthEvent *event)
	REQUIRES(self->lock)
{
	g_autofree char *path = synth_event_path(event);
	g_autofree char *to = event->kind == SYNTH_EVENT_MOVE
				      ? synth_event_path_to(event)
				      : NULL;
	EmitterCommand order = {
		.device = self->device,
		.kind = event->kind,
		.type = synth_event_last(event)->type & S_IFMT,
	};
	int error;

	self->current = event;
	self->made = self->asked = self->slow = FALSE;
	mutex_unlock(&self->lock);
	failpoint_step("event", "made");
	error = emitter_process_do(
		self->process, &order, self->mountpoint, path, to);
	mutex_lock(&self->lock);
	self->current = NULL;
	pthread_cond_signal(&self->ended);
	return error;
}

/* What came to no answer (ECHILD) was most
 * likely not done: somebody held the directory's lock, or the process was ended. */
static void attend(Emitter *self, Waiting *waiting) REQUIRES(self->lock)
{
	int error = carry_out(self, waiting->event);
	gboolean again;

	if (error && !self->stopping) {
		mutex_unlock(&self->lock);
		again = is_due_again(self, waiting, error);
		mutex_lock(&self->lock);
		if (again) {
			g_queue_push_head(&self->queue, waiting);
			return;
		}
	} else if (!error) {
		metrics_count(self->metrics, OP_EVENT);
	}
	waiting_free(waiting);
}

static void rest(Emitter *self, gint64 us) REQUIRES(self->lock)
{
	clock_wait(self->clock, &self->moved, &self->lock,
		clock_now_us(self->clock) + us);
}

static gboolean is_ready(Emitter *self) REQUIRES(self->lock)
{
	gboolean ready;

	mutex_unlock(&self->lock);
	ready = emitter_process_ready(self->process);
	mutex_lock(&self->lock);
	return ready;
}

static void *emitter_run(void *data)
{
	Emitter *self = data;
	Waiting *waiting;

	mutex_lock(&self->lock);
	while (!self->stopping) {
		if (!is_ready(self)) {
			rest(self, RETRY_US);
		} else if (self->shut || g_queue_is_empty(&self->queue)) {
			rest(self, CHECK_US);
		} else if ((waiting = take(self))) {
			attend(self, waiting);
		} else {
			rest(self, BUSY_RETRY_US);
		}
	}
	mutex_unlock(&self->lock);
	return NULL;
}

/* ---- the daemon's side ---- */

Emitter *emitter_new(const char *mountpoint, const Clock *clock,
	Pending *pending, Metrics *metrics, EmitterFailed failed, void *data)
{
	Emitter *self = g_new0(Emitter, 1);

	self->mountpoint = g_strdup(mountpoint);
	self->pending = pending;
	self->metrics = metrics;
	self->failed = failed;
	self->data = data;
	self->process = emitter_process_new(mountpoint);
	self->clock = clock;
	mutex_init(&self->lock);
	thread_cond_init(&self->moved);
	thread_cond_init(&self->ended);
	g_queue_init(&self->queue);
	return self;
}

void emitter_attach(Emitter *self, dev_t device)
{
	if (!self)
		return;
	if (!device) {
		g_warning("%s is not found among the mounts: there will be no "
			  "file events",
			self->mountpoint);
		return;
	}
	mutex_lock(&self->lock);
	self->device = device;
	self->started = TRUE;
	mutex_unlock(&self->lock);
	self->thread = thread_start("emit", emitter_run, self);
}

void emitter_stop(Emitter *self)
{
	gboolean running;

	if (!self)
		return;
	emitter_process_dismiss(self->process);
	mutex_lock(&self->lock);
	running = self->started && !self->stopping;
	self->stopping = TRUE;
	pthread_cond_signal(&self->moved);
	mutex_unlock(&self->lock);
	if (running)
		pthread_join(self->thread, NULL);
}

void emitter_free(Emitter *self)
{
	Waiting *waiting;

	emitter_stop(self);
	emitter_process_free(self->process);
	while ((waiting = g_queue_pop_head(&self->queue)))
		waiting_free(waiting);
	pthread_cond_destroy(&self->moved);
	pthread_cond_destroy(&self->ended);
	mutex_destroy(&self->lock);
	g_free(self->mountpoint);
	g_free(self);
}

/* Whether the kernel may take that directory's lock for it. */
static gboolean acts_in(const SynthEvent *event, fuse_ino_t dir)
{
	gboolean acts = dir == FUSE_ROOT_ID;

	for (guint i = 0; i < event->steps->len && !acts; i++)
		acts = g_array_index(event->steps, SynthEventStep, i).ino ==
		       dir;
	return acts;
}

static gboolean is_at(const Emitter *self, fuse_ino_t dir) REQUIRES(self->lock)
{
	return self->current && acts_in(self->current, dir);
}

gboolean emitter_keep_out(Emitter *self, fuse_ino_t dir)
{
	gboolean out;
	gint64 until;

	if (!self)
		return TRUE;
	until = clock_now_us(self->clock) + ACT_US;
	mutex_lock(&self->lock);
	/* Before the wait: else it went on with the next act there. */
	self->shut = TRUE;
	while (is_at(self, dir) && !self->slow) {
		clock_wait(self->clock, &self->ended, &self->lock, until);
		self->slow =
			is_at(self, dir) && clock_now_us(self->clock) >= until;
	}
	out = !is_at(self, dir);
	if (!out)
		self->shut = FALSE;
	mutex_unlock(&self->lock);
	return out;
}

void emitter_return(Emitter *self)
{
	if (!self)
		return;
	mutex_lock(&self->lock);
	self->shut = FALSE;
	pthread_cond_signal(&self->moved);
	mutex_unlock(&self->lock);
}

static void push(Emitter *self, SynthEvent *event)
{
	Waiting *waiting = g_new(Waiting, 1);

	*waiting = (Waiting){
		.event = event, .since_us = clock_now_us(self->clock)};
	g_queue_push_tail(&self->queue, waiting);
	pthread_cond_signal(&self->moved);
}

void emitter_push(Emitter *self, SynthEvent *event)
{
	gboolean full = FALSE, told = FALSE;

	if (!self) {
		synth_event_free(event);
		return;
	}
	mutex_lock(&self->lock);
	full = self->queue.length >= WAITING_MAX;
	if (self->device && !self->stopping && !full)
		push(self, g_steal_pointer(&event));
	told = self->overrun;
	self->overrun = full;
	mutex_unlock(&self->lock);
	if (full)
		metrics_count(self->metrics, OP_EVENT_FAILED);
	if (full && !told)
		g_warning("more changes than events can be made of: some are "
			  "lost to watchers");
	synth_event_free(event);
}
