#include "fs/ops/wait.h"

#include <errno.h>
#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/keeper/kept.h"

/* A word that the provider does not document may stand for a step on the way, which
 * takes a few minutes, or for an end. */
#define UNDOCUMENTED_MIN 10

struct Wait {
	gint refs;
	Daemon *daemon;
	guint32 session;
	Phase phase;
	guint64 number;
	Mutex lock;
	GBytes *answer GUARDED_BY(lock); /* of the last read at the start */
};

static GBytes *line_of(const char *state)
{
	char *line = g_strconcat(state, "\n", NULL);

	return g_bytes_new_take(line, strlen(line));
}

/* The answer that another process gave to who has it open. */
static GBytes *answer_before(const Wait *self)
{
	const KeptHandle *kept = kept_handle(self->daemon->kept, self->number);

	return kept && *kept->text ? line_of(kept->text) : NULL;
}

Wait *wait_new(Daemon *daemon, guint32 session, Phase phase, guint64 number)
{
	Wait *self = g_new0(Wait, 1);

	mutex_init(&self->lock);
	self->refs = 1;
	self->daemon = daemon;
	self->session = session;
	self->phase = phase;
	self->number = number;
	self->answer = answer_before(self);
	return self;
}

void wait_unref(Wait *self)
{
	if (!g_atomic_int_dec_and_test(&self->refs))
		return;
	mutex_destroy(&self->lock);
	g_clear_pointer(&self->answer, g_bytes_unref);
	g_free(self);
}

WaitVerdict wait_judge(Phase phase, Phase now)
{
	if (now == phase || (phase == PHASE_IDLE && now == PHASE_BUSY))
		return WAIT_MET;
	return now == PHASE_STOPPED || now == PHASE_FAILED ? WAIT_IN_VAIN
							   : WAIT_ON;
}

gint64 wait_until_ms(const SessionState *state)
{
	return state->documented
		       ? G_MAXINT64
		       : state->since_ms + UNDOCUMENTED_MIN * 60 * 1000;
}

static GBytes *answer_get(Wait *self)
{
	return LOCKED(
		&self->lock, self->answer ? g_bytes_ref(self->answer) : NULL);
}

static GBytes *answer_set(Wait *self, const char *state)
{
	KeptHandle *kept = kept_handle(self->daemon->kept, self->number);
	GBytes *answer = line_of(state);

	if (kept && strlen(state) < sizeof(kept->text))
		g_strlcpy(kept->text, state, sizeof(kept->text));
	mutex_lock(&self->lock);
	g_clear_pointer(&self->answer, g_bytes_unref);
	self->answer = g_bytes_ref(answer);
	mutex_unlock(&self->lock);
	return answer;
}

/* One read that waits. */
typedef struct {
	Wait *wait;
	gsize size;
	off_t off;
} Waiting;

/* A session that was removed has come to its end.  Of one whose section or workspace
 * is not shown any more nobody knows the phase. */
static int vanished_error(const Wait *self)
{
	Cache *cache = self->daemon->cache;
	Entry home;

	return cache_entry(cache, cache_home(cache, self->session), &home)
		       ? ECANCELED
		       : ENOENT;
}

/* TRUE when the request was answered. */
static gboolean answer(fuse_req_t req, void *data)
{
	const Waiting *waiting = data;
	Wait *self = waiting->wait;
	WaitVerdict verdict;
	SessionState now;

	if (!cache_state(self->daemon->cache, self->session, &now)) {
		reply_error(req, vanished_error(self));
		return TRUE;
	}
	verdict = wait_judge(self->phase, now.phase);
	if (verdict == WAIT_ON)
		return FALSE;
	if (verdict == WAIT_MET) {
		g_autoptr(GBytes) bytes = answer_set(self, now.word);

		reply_slice(req, bytes, waiting->size, waiting->off);
	} else {
		reply_error(req, ECANCELED);
	}
	return TRUE;
}

static gint64 until_us(void *data)
{
	const Waiting *waiting = data;
	const Wait *self = waiting->wait;
	gint64 until_ms = G_MAXINT64;
	SessionState now;

	if (cache_state(self->daemon->cache, self->session, &now))
		until_ms = wait_until_ms(&now);
	if (until_ms == G_MAXINT64)
		return G_MAXINT64;
	return clock_now_us(self->daemon->clock) + until_ms * 1000 -
	       clock_wall_us(self->daemon->clock);
}

static void tell_why(const Wait *self)
{
	Cache *cache = self->daemon->cache;
	g_autofree char *name = cache_name(cache, self->session);
	g_autoptr(GError) error = NULL;
	SessionState now;

	if (!cache_state(cache, self->session, &now))
		return;
	backend_error_set(&error, BACKEND_ERROR_UNSUPPORTED,
		"the state of %s is %s, and has been for %d minutes by what is "
		"known; the provider documents no such state, and nobody can "
		"tell whether the session will ever be %s",
		name, now.word, UNDOCUMENTED_MIN, phase_name(self->phase));
	cache_record_error(cache, self->session, error);
}

static int leave(LeftReason reason, void *data)
{
	const Waiting *waiting = data;

	if (reason != LEFT_LATE)
		return pending_leave_plain(reason, NULL);
	tell_why(waiting->wait);
	return ECANCELED;
}

static void waiting_free(void *data)
{
	Waiting *waiting = data;

	wait_unref(waiting->wait);
	g_free(waiting);
}

static void park(fuse_req_t req, const Waiting *waiting)
{
	Wait *self = waiting->wait;

	g_atomic_int_inc(&self->refs);
	pending_park(self->daemon->pending, req,
		&(ParkSpec){
			.key = self->session,
			.deadline_us = G_MAXINT64,
			.until = until_us,
			.retry = answer,
			.leave = leave,
			.free = waiting_free,
			.data = g_memdup2(waiting, sizeof(*waiting)),
		});
}

void wait_read(Wait *self, fuse_req_t req, gsize size, off_t off)
{
	Waiting waiting = {self, size, off};
	g_autoptr(GBytes) bytes = off > 0 ? answer_get(self) : NULL;

	if (bytes)
		reply_slice(req, bytes, size, off);
	else if (!answer(req, &waiting))
		park(req, &waiting);
}
