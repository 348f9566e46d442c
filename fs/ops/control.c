#include "fs/ops/control.h"

#include <errno.h>
#include <string.h>

#include "backends/base/clock.h"
#include "fs/base/pending.h"
#include "fs/base/proc.h"
#include "fs/base/reply.h"
#include "fs/keeper/wire.h"
#include "fs/kernel/notify.h"
#include "fs/ops/control_parts.h"

#define VERB_MAX 64
#define WORDS_MAX 1024

/* The order's own deadline answers first; this is for the worst case. */
#define OPERATION_SLACK_US (2 * G_TIME_SPAN_SECOND)

/* Called by the last who has it, too: what was collected, for the caller. */
static GByteArray *take_text(Control *self) REQUIRES(self->lock)
{
	GByteArray *text = self->text;

	__atomic_sub_fetch(
		&self->daemon->half_written, text->len, __ATOMIC_RELAXED);
	self->text = g_byte_array_new();
	return text;
}

/* FALSE: there is no room for so much more. */
static gboolean add_text(Control *self, const char *bytes, gsize len,
	guint64 most) REQUIRES(self->lock)
{
	guint64 *all = &self->daemon->half_written;

	if (__atomic_add_fetch(all, len, __ATOMIC_RELAXED) > most) {
		__atomic_sub_fetch(all, len, __ATOMIC_RELAXED);
		return FALSE;
	}
	g_byte_array_append(self->text, (const guint8 *)bytes, (guint)len);
	control_remember_text(self, len);
	return TRUE;
}

static void drop_text(Control *self) REQUIRES(self->lock)
{
	g_byte_array_unref(take_text(self));
}

static void start_anew(Control *self) REQUIRES(self->lock)
{
	self->state = FILLING;
	self->next = self->undo = 0;
	self->failure = 0;
	self->let_len = 0;
	document_init(&self->scan);
	drop_text(self);
	g_clear_pointer(&self->answer, g_bytes_unref);
}

Control *control_new(Daemon *daemon, const TreeRow *row, guint32 number,
	pid_t tid, gboolean append, guint64 handle)
{
	Control *self = g_new0(Control, 1);

	mutex_init(&self->lock);
	self->refs = 1;
	self->daemon = daemon;
	self->row = row;
	self->number = number;
	self->opener = proc_process_of(tid);
	self->opener_tid = tid;
	self->append = append;
	self->text = g_byte_array_new();
	self->handle = handle;
	start_anew(self);
	control_recall(self);
	return self;
}

Control *control_ref(Control *self)
{
	g_atomic_int_inc(&self->refs);
	return self;
}

void control_unref(Control *self)
{
	if (!g_atomic_int_dec_and_test(&self->refs))
		return;
	mutex_destroy(&self->lock);
	g_clear_pointer(&self->order, operation_unref);
	g_clear_pointer(&self->answer, g_bytes_unref);
	g_clear_error(&self->unrecorded);
	drop_text(self);
	g_byte_array_unref(self->text);
	g_free(self);
}

/* A write that fails leaves the descriptor's offset where it was, so that is
 * where a reader will ask for the sentence. */
static void reconcile(Control *self, GError *error, const char *answer)
	REQUIRES(self->lock)
{
	g_autofree char *text =
		error ? backend_error_sentence(error) : g_strdup(answer);
	g_autofree char *line = g_strconcat(g_strchomp(text), "\n", NULL);

	g_clear_pointer(&self->answer, g_bytes_unref);
	self->answer = g_bytes_new(line, strlen(line));
	self->state = error ? FAILED : DONE;
	/* The writer was told before, if he waited no longer. */
	if (error && !self->failure)
		self->failure = reply_errno(error);
	if (error)
		self->next = self->undo;
	drop_text(self);
}

/* A document that never became an order. */
static G_GNUC_PRINTF(3, 4) int fail(Control *self, BackendErrorCode code,
	const char *format, ...) REQUIRES(self->lock)
{
	g_autofree char *message = NULL;
	GError *error = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	backend_error_set(&error, code, "%s", message);
	reconcile(self, error, NULL);
	g_clear_error(&self->unrecorded);
	self->unrecorded = error;
	return self->failure;
}

static void lock(Control *self) ACQUIRE(self->lock)
{
	mutex_lock(&self->lock);
}

/* Opens the lock, and records what failed under it. */
static void unlock(Control *self) RELEASE(self->lock)
{
	g_autoptr(GError) error = g_steal_pointer(&self->unrecorded);

	control_remember(self);
	mutex_unlock(&self->lock);
	if (error)
		cache_record_error(self->daemon->cache, self->number, error);
}

/* ---- waiting for an order ---- */

typedef struct {
	Control *control;
	gsize len; /* of the write that waits, and where it began */
	off_t off;
} Waiting;

static void waiting_free(void *data)
{
	Waiting *waiting = data;

	control_unref(waiting->control);
	g_free(waiting);
}

static gboolean retry(fuse_req_t req, void *data)
{
	Waiting *waiting = data;
	Control *self = waiting->control;

	lock(self);
	ControlState state = self->state;
	int failure = self->failure;

	unlock(self);
	if (state == RUNNING)
		return FALSE;
	if (state == FAILED)
		reply_error(req, failure);
	else
		reply_written(req, waiting->len);
	return TRUE;
}

int control_left(LeftReason reason, Operation *order)
{
	gboolean dropped;

	if (reason == LEFT_UNSEEN)
		return EINTR;
	dropped = order && operation_drop(order);
	if (reason == LEFT_INTERRUPTED)
		return EINTR;
	/* Who lives on would write again after an EINTR. */
	return reason == LEFT_STOPPED && dropped ? ECANCELED : ETIMEDOUT;
}

static int leave(LeftReason reason, void *data)
{
	Waiting *waiting = data;
	Control *self = waiting->control;
	g_autoptr(Operation) order = NULL;

	int failure;

	lock(self);
	if (self->order)
		order = operation_ref(self->order);
	unlock(self);
	failure = control_left(reason, order);
	/* The order may go on.  A writer with a buffer writes the same again when
	 * it closes, and must not be told anything else then; nor EINTR, after
	 * which it would try for ever. */
	lock(self);
	if (reason == LEFT_UNSEEN) {
		self->let_off = waiting->off;
		self->let_len = waiting->len;
	} else {
		self->failure = failure == EINTR ? ETIMEDOUT : failure;
	}
	unlock(self);
	return failure;
}

/* On a cache worker: only a flag and a wake-up.  The observer has heard of what the
 * order has changed, and the writer may not find anything older after his write. */
static void operation_done(Operation *order, void *data)
{
	Control *self = data;

	lock(self);
	reconcile(self, operation_error(order), operation_answer(order));
	unlock(self);
	notify_wake(self->daemon->notify, self->number);
	control_unref(self);
}

void control_sends(const char *rid, OperationDone done, void *data)
{
	Control *self = data;

	if (done != operation_done)
		return;
	lock(self);
	g_strlcpy(self->rid, rid, sizeof(self->rid));
	unlock(self);
}

gint64 control_deadline(const Control *self)
{
	return clock_now_us(self->daemon->clock) +
	       self->daemon->create_timeout_us;
}

static void park(Control *self, fuse_req_t req, gsize len, off_t off)
{
	Waiting *waiting = g_new(Waiting, 1);

	*waiting = (Waiting){control_ref(self), len, off};
	pending_park(self->daemon->pending, req,
		&(ParkSpec){
			.key = self->number,
			.deadline_us =
				control_deadline(self) + OPERATION_SLACK_US,
			.fatal_only = TRUE,
			.retry = retry,
			.leave = leave,
			.free = waiting_free,
			.data = waiting,
		});
}

/* A writer who was let go lives on, and waits again for what he wrote. */
static gboolean waits_again(Control *self, fuse_req_t req, gsize len, off_t off)
{
	gboolean again;

	lock(self);
	again = len && len == self->let_len &&
		(self->append || off == self->let_off);
	self->let_len = 0;
	unlock(self);
	if (again)
		park(self, req, len, off);
	return again;
}

/* ---- documents ---- */

static gboolean is_blank(const char *bytes, gsize len)
{
	for (gsize i = 0; i < len; i++) {
		if (!g_ascii_isspace(bytes[i]))
			return FALSE;
	}
	return TRUE;
}

/* Files are written from their start, or appended to. */
static gboolean in_sequence(Control *self, off_t off) REQUIRES(self->lock)
{
	/* Where an append lands depends on what the kernel takes for the size,
	 * which any stat and any other writer moves. */
	if (self->append)
		self->next = off;
	self->undo = self->next;
	return off == self->next;
}

/* Returns 0 or an errno; *ret_complete when the document has ended in these
 * bytes. */
static int collect(Control *self, const char *bytes, gsize len,
	gboolean *ret_complete) REQUIRES(self->lock)
{
	gsize used, start = self->text->len;
	DocumentState state;

	if (len > CONTROL_DOCUMENT_MAX - start)
		return fail(self, BACKEND_ERROR_TOO_BIG,
			"the spec is over %d bytes: nothing was created",
			CONTROL_DOCUMENT_MAX);
	state = document_feed(&self->scan, bytes, len, &used);
	if (state == DOCUMENT_WRONG)
		return fail(self, BACKEND_ERROR_INVALID,
			"the spec is not a JSON object: at byte "
			"%" G_GSIZE_FORMAT ", %s",
			start + used, self->scan.problem);
	if (state == DOCUMENT_DONE && !is_blank(bytes + used, len - used))
		return fail(self, BACKEND_ERROR_INVALID,
			"something follows the spec, at byte %" G_GSIZE_FORMAT
			": nothing was created",
			start + used);
	*ret_complete = state == DOCUMENT_DONE;
	if (!add_text(self, bytes, len,
		    *ret_complete ? G_MAXUINT64 : CONTROL_HALF_WRITTEN_MAX))
		return fail(self, BACKEND_ERROR_CROWDED,
			"half-written specs take %d bytes together, and there "
			"is no room for this one: nothing was created",
			CONTROL_HALF_WRITTEN_MAX);
	return 0;
}

/* What a write means before anything is sent. */
static int take(Control *self, const char *bytes, gsize len, off_t off,
	gboolean *ret_complete) REQUIRES(self->lock)
{
	if (self->failure)
		return self->failure;
	if (self->state == RUNNING)
		return EBUSY;
	if (!in_sequence(self, off))
		return self->state == DONE ? EINVAL
					   : fail(self, BACKEND_ERROR_INVALID,
						     "the spec must be written "
						     "from its start, "
						     "without holes");
	self->next += (off_t)len;
	if (self->state == DONE)
		return is_blank(bytes, len) ? 0 : EINVAL;
	return collect(self, bytes, len, ret_complete);
}

/* ---- lines ---- */

/* What is wrong with a line for that row; NULL: nothing. */
static const char *line_problem(const TreeRow *row, const char *line)
{
	if (row->words)
		return strlen(line) > WORDS_MAX ||
				       !g_utf8_validate(line, -1, NULL) ||
				       strpbrk(line, "\r\n")
			       ? "takes one line a write"
			       : NULL;
	return strlen(line) > VERB_MAX || !g_str_is_ascii(line) ||
			       strpbrk(line, " \t\r\n")
		       ? "takes one verb a write"
		       : NULL;
}

static int take_line(Control *self, const char *bytes, gsize len, off_t off,
	char **ret_line) REQUIRES(self->lock)
{
	g_autofree char *line = NULL;
	const char *problem;

	if (self->failure)
		return self->failure;
	if (self->state == RUNNING)
		return EBUSY;
	self->undo = off;
	self->next = off + (off_t)len;
	/* The end of a line may come in a write of its own. */
	if (self->state == DONE && is_blank(bytes, len))
		return 0;
	if (memchr(bytes, '\0', len))
		return fail(self, BACKEND_ERROR_INVALID, "a line holds no NUL");
	line = g_strstrip(g_strndup(bytes, len));
	problem = line_problem(self->row, line);
	if (problem)
		return fail(self, BACKEND_ERROR_INVALID, "%s %s",
			self->row->name, problem);
	*ret_line = g_steal_pointer(&line);
	return 0;
}

/* ---- the file's calls ---- */

/* Gives the order for a document, or (NULL) for that line. */
static void give(
	Control *self, fuse_req_t req, const char *line, gsize len, off_t off)
{
	gint64 deadline = control_deadline(self);
	g_autoptr(GByteArray) text = NULL;
	Operation *order;

	lock(self);
	text = take_text(self);
	unlock(self);
	if (line)
		order = self->row->give(self->daemon->cache, self->number, line,
			deadline, operation_done, control_ref(self));
	else
		order = cache_create(self->daemon->cache, self->number,
			(const char *)text->data, text->len, deadline,
			operation_done, control_ref(self));
	lock(self);
	g_clear_pointer(&self->order, operation_unref);
	self->order = order;
	unlock(self);
	park(self, req, len, off);
}

void control_write(
	Control *self, fuse_req_t req, const char *bytes, gsize len, off_t off)
{
	g_autofree char *line = NULL;
	gboolean complete = FALSE;
	int failure;

	if (control_was_done(self, req, len, off) ||
		waits_again(self, req, len, off))
		return;
	lock(self);
	self->unique = wire_unique();
	if (self->row->kind == ROW_CREATE)
		failure = take(self, bytes, len, off, &complete);
	else
		failure = take_line(self, bytes, len, off, &line);
	if (complete || line) {
		self->state = RUNNING;
		self->collected = line ? 0 : self->text->len - (guint)len;
		*self->rid = '\0';
	}
	unlock(self);
	if (complete || line)
		give(self, req, line, len, off);
	else if (failure)
		reply_error(req, failure);
	else
		reply_written(req, len);
}

/* A reader on the same descriptor goes on where the writes ended; one that
 * went back to the start gets it from there. */
void control_read(Control *self, fuse_req_t req, gsize size, off_t off)
{
	g_autoptr(GBytes) answer = NULL;
	off_t base;

	lock(self);
	if (self->answer)
		answer = g_bytes_ref(self->answer);
	base = self->next;
	unlock(self);
	if (answer)
		reply_slice(req, answer, size, off >= base ? off - base : off);
	else
		reply_data(req, NULL, 0);
}

/*
 * Whether the opener closes it.  A child that inherited the descriptor, as in
 * { cat a; cat b; } > new, leaves the rest to those that still have it.  A caller
 * in another namespace of processes, or behind hidepid, is nobody we know: what
 * is not complete waits for the last close.
 */
typedef enum { CLOSER_OPENER, CLOSER_OTHER, CLOSER_UNKNOWN } Closer;

static Closer closer_of(const Control *self, pid_t tid)
{
	pid_t closer = proc_process_of(tid);

	if (tid > 0 && tid == self->opener_tid)
		return CLOSER_OPENER;
	if (!closer || !self->opener)
		return CLOSER_UNKNOWN;
	return closer == self->opener ? CLOSER_OPENER : CLOSER_OTHER;
}

int control_flush(Control *self, pid_t tid)
{
	Closer closer;
	int failure = 0;

	if (self->row->kind != ROW_CREATE)
		return 0;
	closer = closer_of(self, tid);
	lock(self);
	/* A child that has inherited it may close it while a write goes on. */
	if (self->state != RUNNING)
		self->undo = self->next;
	/* A large write that failed in its middle has told only of its start. */
	if (self->state == FAILED && closer != CLOSER_OTHER)
		failure = self->failure;
	else if (self->state == FILLING && self->scan.depth &&
		 closer == CLOSER_OPENER)
		failure = fail(self, BACKEND_ERROR_INVALID,
			"the spec is not complete: it ends after %u bytes",
			self->text->len);
	unlock(self);
	return failure;
}

int control_truncate(Control *self)
{
	int failure = 0;

	lock(self);
	if (self->state == RUNNING)
		failure = EBUSY;
	else
		start_anew(self);
	unlock(self);
	return failure;
}

void control_release(Control *self)
{
	lock(self);
	/* What is written down is that of who has it open still. */
	self->handle = 0;
	if (self->row->kind == ROW_CREATE && self->state == FILLING &&
		self->scan.depth)
		fail(self, BACKEND_ERROR_INVALID,
			"the spec was closed before it was complete: it ends "
			"after %u bytes",
			self->text->len);
	unlock(self);
	control_unref(self);
}
