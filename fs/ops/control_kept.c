#include "fs/ops/control_parts.h"

#include <errno.h>
#include <string.h>

#include "cache/base/failpoint.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/keeper/wire.h"
#include "fs/ops/control.h"

#define FAILED_BEFORE                                                          \
	"it failed before the process that serves the mount was replaced: "    \
	".last_error tells why\n"

/* 0 stands for nothing written. */
static guint32 state_of(const Control *self) REQUIRES(self->lock)
{
	return self->state == FILLING && !self->text->len && !self->next &&
			       !self->unique
		       ? 0
		       : (guint32)self->state + 1;
}

/* Before its request has a name nothing of it was sent: whoever comes after us is to
 * begin the write again, and so finds what was true before it. */
void control_remember(Control *self)
{
	Kept *kept = self->daemon->kept;
	gboolean running = self->state == RUNNING;
	KeptHandle *handle = kept_handle(kept, self->handle);
	const KeptWrite is = {
		.unique = self->unique,
		.next = (guint64)(running ? self->undo : self->next),
		.len = running ? self->collected : self->text->len,
		.failure = self->failure,
		.state = state_of(self),
	};

	if (!handle || (running && !*self->rid))
		return;
	if (running)
		memcpy(handle->text, self->rid, sizeof(handle->text));
	kept_write_set(kept, self->handle, &is);
}

void control_remember_text(Control *self, gsize n)
{
	gsize at = self->text->len - n;

	if (n)
		kept_text_add(self->daemon->kept, self->handle, at,
			self->text->data + at, n);
}

static void take_answer(Control *self, const char *text) REQUIRES(self->lock)
{
	self->answer = g_bytes_new_static(text, strlen(text));
}

static void recall_failure(Control *self, int failure, const char *why)
	REQUIRES(self->lock)
{
	self->state = FAILED;
	self->failure = failure;
	take_answer(self, why);
}

/* FALSE: it is lost. */
static gboolean recall_text(Control *self, gsize n) REQUIRES(self->lock)
{
	g_autoptr(GByteArray) text =
		kept_text(self->daemon->kept, self->handle, n);
	gsize used;

	if (!text)
		return FALSE;
	g_byte_array_append(self->text, text->data, text->len);
	__atomic_add_fetch(
		&self->daemon->half_written, text->len, __ATOMIC_RELAXED);
	return document_feed(&self->scan, (const char *)text->data, text->len,
		       &used) == DOCUMENT_MORE;
}

/* The number of the request of that name; 0: there is none. */
static guint32 request_of(const Control *self, const char *rid)
{
	Cache *cache = self->daemon->cache;
	guint32 workspace = self->number;
	Entry entry;

	if (!cache_entry(cache, workspace, &entry))
		return 0;
	if (entry.kind == ENTRY_SESSION)
		workspace = entry.workspace;
	return cache_request_find(cache, workspace, rid, &entry) ? entry.number
								 : 0;
}

/* What was collected before it, or all that there is. */
static void recall_filling(Control *self, const KeptWrite *was)
	REQUIRES(self->lock)
{
	if (was->len && !recall_text(self, was->len))
		recall_failure(self, EIO, FAILED_BEFORE);
}

static void recall_running(Control *self, const KeptWrite *was)
	REQUIRES(self->lock)
{
	const KeptHandle *handle =
		kept_handle(self->daemon->kept, self->handle);

	if (handle)
		memcpy(self->rid, handle->text, sizeof(self->rid));
	self->rid[sizeof(self->rid) - 1] = '\0';
	if (request_of(self, self->rid)) {
		self->state = RUNNING;
		self->collected = was->len;
		return;
	}
	/* It was not sent: the write comes again. */
	self->unique = 0;
	recall_filling(self, was);
}

void control_recall(Control *self)
{
	KeptWrite was;

	if (!kept_write_get(self->daemon->kept, self->handle, &was) ||
		!was.state)
		return;
	self->next = self->undo = (off_t)was.next;
	self->unique = was.unique;
	switch ((ControlState)(was.state - 1)) {
	case FILLING:
		recall_filling(self, &was);
		break;
	case RUNNING:
		recall_running(self, &was);
		break;
	case DONE:
		self->state = DONE;
		break;
	case FAILED:
		recall_failure(self, was.failure, FAILED_BEFORE);
		break;
	}
}

/* ---- a write whose operation another process has begun ---- */

/* How often its request is looked at first. */
#define LOOK_US (10 * G_TIME_SPAN_MILLISECOND)

typedef struct {
	Control *control;
	guint32 request;
	gsize len;
} Orphan;

static void orphan_free(void *data)
{
	Orphan *orphan = data;

	control_unref(orphan->control);
	g_free(orphan);
}

/* answer: taken; NULL: there is none. */
static void end(Control *self, int failure, char *answer)
{
	mutex_lock(&self->lock);
	g_clear_pointer(&self->answer, g_bytes_unref);
	if (answer)
		self->answer = g_bytes_new_take(answer, strlen(answer));
	self->state = failure ? FAILED : DONE;
	self->failure = failure;
	if (failure)
		self->next = self->undo;
	control_remember(self);
	mutex_unlock(&self->lock);
}

int control_outcome(Cache *cache, guint32 request)
{
	static const struct {
		const char *state;
		int failure;
	} outcomes[] = {
		{"done", 0},
		{"failed", EREMOTEIO},
		{"unknown", ETIMEDOUT},
		{"abandoned", ETIMEDOUT},
	};

	g_autofree char *state =
		cache_request_text(cache, request, REQUEST_TEXT_STATE);

	for (gsize i = 0; state && i < G_N_ELEMENTS(outcomes); i++) {
		gsize n = strlen(outcomes[i].state);

		if (!strncmp(state, outcomes[i].state, n))
			return outcomes[i].failure;
	}
	return state ? -1 : ETIMEDOUT;
}

static gboolean answer_orphan(fuse_req_t req, void *data)
{
	const Orphan *orphan = data;
	Control *self = orphan->control;
	Cache *cache = self->daemon->cache;
	int failure = control_outcome(cache, orphan->request);

	if (failure < 0)
		return FALSE;
	end(self, failure,
		cache_request_text(cache, orphan->request,
			failure ? REQUEST_TEXT_ERROR : REQUEST_TEXT_RESULT));
	if (failure)
		reply_error(req, failure);
	else
		reply_written(req, orphan->len);
	return TRUE;
}

static int leave_orphan(LeftReason reason, void *data)
{
	const Orphan *orphan = data;
	int failure = control_left(reason, NULL);

	end(orphan->control, failure == EINTR ? ETIMEDOUT : failure, NULL);
	return failure;
}

static void park_orphan(
	Control *self, fuse_req_t req, guint32 request, gsize len)
{
	Orphan *orphan = g_new(Orphan, 1);

	*orphan = (Orphan){control_ref(self), request, len};
	pending_park(self->daemon->pending, req,
		&(ParkSpec){
			.key = self->number,
			.every_us = LOOK_US,
			.deadline_us = control_deadline(self),
			.fatal_only = TRUE,
			.retry = answer_orphan,
			.leave = leave_orphan,
			.free = orphan_free,
			.data = orphan,
		});
}

gboolean control_was_done(Control *self, fuse_req_t req, gsize len, off_t off)
{
	guint32 request = 0;
	gboolean done;
	int failure;

	if (!wire_is_again() || failpoint_flaw("unremembered"))
		return FALSE;
	mutex_lock(&self->lock);
	done = self->unique == wire_unique();
	failure = self->failure;
	if (done && self->state == RUNNING) {
		request = request_of(self, self->rid);
		self->next = off + (off_t)len;
	}
	mutex_unlock(&self->lock);
	if (request)
		park_orphan(self, req, request, len);
	else if (done && failure)
		reply_error(req, failure);
	else if (done)
		reply_written(req, len);
	return done;
}
