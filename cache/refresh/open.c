#include "cache/refresh/open.h"

#include "backends/base/clock.h"
#include "cache/base/locked.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"
#include "cache/model/content.h"

/* In the past, but not 0, which would be until the session changes. */
#define NOT_LONGER_MS 1
/* The answer, or that there is none, comes so much before the end of the time
 * that a reader has: he is to get it, and others are to hear of it before he
 * opens the next file. */
#define EARLIER 20 /* a twentieth */
/* Of one workspace at a time. */
#define OPENERS_MAX 8
/* Likewise, for nobody who waits: what hangs there must not keep others waiting. */
#define FOLLOWERS_MAX 2

/* ---- asking: jobs ---- */

typedef struct {
	Dir *dir;
	guint32 session;
	guint file;
	gint64 asked_us;
	gint64 until_us; /* so long somebody may wait for the answer */
	gboolean waits;  /* somebody does */
} Question;

/* Where the session stands: bytes that are good until it changes, or ends, are so
 * only if it did not while they were asked for. */
typedef struct {
	char *id, *body;
	guint64 body_hash;
	gint64 mtime_ns;
	guint16 word;
	guint8 phase;
} Stand;

static void stand_clear(Stand *self)
{
	g_clear_pointer(&self->id, g_free);
	g_clear_pointer(&self->body, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Stand, stand_clear)

/* Most of the time in which somebody may wait went by in the queue. */
static gboolean too_late(const Question *self)
{
	gint64 whole_us = self->dir->cache->deadline_ms * 1000;

	return self->until_us - clock_now_us(self->dir->cache->clock) <
	       whole_us / 10;
}

static gboolean stand_find(const Question *self, Stand *ret, GError **error)
{
	Dir *dir = self->dir;
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	const Row *row = snapshot_find(shown, self->session);

	if (!cache_goes_on(dir->cache, error))
		return FALSE;
	if (row == NULL)
		return backend_error_false(error, BACKEND_ERROR_GONE,
			"there is no such session any more");
	if (self->waits && !breaker_still_lets(dir->provider->breaker,
				   self->asked_us, error))
		return FALSE;
	if (self->waits && too_late(self))
		return backend_error_false(error, BACKEND_ERROR_TIMEOUT,
			"what was asked before it took too long");
	ret->body = dir_body(dir, shown, row, error);
	if (ret->body == NULL)
		return FALSE;
	ret->id = g_strdup(row->id->text);
	ret->body_hash = row->body_hash;
	ret->word = row->word;
	ret->phase = row->phase;
	if (self->file < N_SESSION_FILES)
		ret->mtime_ns = row_mtime_ns(row, self->file);
	return TRUE;
}

static gboolean stand_has_moved(const Stand *self, const Row *row)
{
	return row->body_hash != self->body_hash || row->word != self->word ||
	       row->phase != self->phase;
}

static gboolean grows(const Question *self)
{
	return content_grows(dir_class(self->dir), self->file);
}

static void tell(const Question *self, OnDemandNow now)
{
	News news = {.kind = NEWS_ON_DEMAND,
		.number = self->session,
		.parent = self->dir->number};

	if (now != ON_DEMAND_SAME)
		news.files = 1u << self->file;
	if (now == ON_DEMAND_OTHER && grows(self))
		news.grown = news.files;

	news_push(self->dir->cache->news, &news, 1);
}

/* The answer becomes what is shown, while nothing else can. */
static void question_close(const Question *self, const Stand *stand,
	GBytes *bytes, gint64 until_ms, GError *error)
{
	OnDemand *on_demand = self->dir->cache->on_demand;
	Dir *dir = self->dir;
	OnDemandNow now = ON_DEMAND_SAME;
	const Row *row;

	mutex_lock(&dir->lock);
	row = snapshot_find(dir->shown, self->session);
	if (row != NULL && stand_has_moved(stand, row) &&
		(until_ms == 0 || phase_has_ended((Phase)row->phase)))
		until_ms = NOT_LONGER_MS;
	if (error != NULL)
		on_demand_fail(on_demand, self->session, self->file, error);
	else
		now = on_demand_store(on_demand, self->session, self->file,
			grows(self), bytes, until_ms, stand->mtime_ns);
	if (row == NULL)
		on_demand_forget(on_demand, self->session);
	tell(self, now);
	mutex_unlock(&dir->lock);
	news_deliver(dir->cache->news);
}

static void note_open(const Question *self, const GError *error)
{
	Breaker *breaker = self->dir->provider->breaker;

	if (self->waits)
		breaker_note(breaker, self->asked_us, error);
	else if (breaker_counts(error))
		breaker_missed(breaker);
	if (error == NULL)
		dir_heard(self->dir);
}

static GBytes *describe(const Question *self, const Stand *stand,
	gint64 *ret_until_ms, GError **error)
{
	Dir *dir = self->dir;
	Call call = self->waits ? call_until(dir, self->until_us, TRUE)
				: call_for(dir, FALSE);
	g_autoptr(GError) local = NULL;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autoptr(GBytes) bytes =
		backend_describe(backend, dir->id, stand->id, stand->body,
			(SessionFile)self->file, &call, ret_until_ms, &local);

	note_open(self, local);
	if (local != NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	if (bytes == NULL || g_bytes_get_size(bytes) <= ON_DEMAND_MAX)
		return g_steal_pointer(&bytes);
	backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
		"the answer is too long to be shown");
	return NULL;
}

static void describe_one(const Question *self)
{
	g_auto(Stand) stand = {0};
	GError *error = NULL;
	GBytes *bytes = NULL;
	gint64 until_ms = 0;

	if (stand_find(self, &stand, &error))
		bytes = describe(self, &stand, &until_ms, &error);
	question_close(self, &stand, bytes, until_ms, error);
}

static void fetch_session_one(const Question *self)
{
	g_auto(Stand) stand = {0};
	GError *error = NULL;

	if (stand_find(self, &stand, &error)) {
		Call call = call_until(self->dir, self->until_us, TRUE);

		if (!fetch_session(self->dir, stand.id, &call, &error)) {
			note_open(self, error);
			g_debug("%s: %s", stand.id, error->message);
		}
	}
	question_close(self, &stand, NULL, NOT_LONGER_MS, error);
}

static void answer(Dir *dir, JobQueue *queue)
{
	Question *question;

	while ((question = job_queue_next(dir, queue)) != NULL) {
		if (question->file == ON_DEMAND_WHOLE)
			fetch_session_one(question);
		else
			describe_one(question);
		/* When it is due next can be told now. */
		if (!question->waits)
			scheduler_wake(dir->cache->scheduler);
		g_free(question);
	}
}

static void open_run(void *data)
{
	Dir *dir = data;

	answer(dir, &dir->opening);
}

static void follow_run(void *data)
{
	Dir *dir = data;

	answer(dir, &dir->following);
}

/* ---- open ---- */

/* A slow workspace must not take all workers.  waits: somebody does. */
static gboolean question_push(
	Dir *dir, guint32 session, guint file, gboolean waits)
{
	Question *question = g_new(Question, 1);
	JobQueue *queue = waits ? &dir->opening : &dir->following;
	gint64 now_us = clock_now_us(dir->cache->clock);
	gint64 whole_us = dir->cache->deadline_ms * 1000;
	gboolean push;

	*question = (Question){dir, session, file, now_us,
		now_us + whole_us - whole_us / EARLIER, waits};
	push = LOCKED(&dir->lock, job_queue_add(queue, question,
					  waits ? OPENERS_MAX : FOLLOWERS_MAX));
	if (!push ||
		pool_push(
			dir->provider->work[waits ? WORK_OPEN : WORK_BACKFILL],
			waits ? open_run : follow_run, dir))
		return TRUE;
	mutex_lock(&dir->lock);
	queue->workers--;
	if (g_queue_remove(&queue->waiting, question))
		g_free(question);
	mutex_unlock(&dir->lock);
	return FALSE;
}

Known open_ask(
	Dir *dir, guint32 session, guint file, GBytes **ret, GError **error)
{
	OnDemand *on_demand = dir->cache->on_demand;
	gboolean begin = FALSE;
	Known known;

	if (on_demand_would_begin(on_demand, session, file) &&
		!breaker_lets(dir->provider->breaker, error))
		return KNOWN_FAILED;
	known = on_demand_open(on_demand, session, file, ret, &begin, error);
	if (!begin || question_push(dir, session, file, TRUE))
		return known;
	on_demand_forget(on_demand, session);
	backend_error_set(error, BACKEND_ERROR_CANCELLED,
		"the file system is being unmounted");
	return KNOWN_FAILED;
}

gint64 open_follow(Cache *cache)
{
	gint64 next_us = G_MAXINT64;
	guint32 session;
	guint file;

	while (on_demand_follow(cache->on_demand, &session, &file, &next_us)) {
		Dir *dir = dir_around(cache, session);

		if (dir == NULL || dir->kind != DIR_WORKSPACE ||
			!question_push(dir, session, file, FALSE))
			on_demand_forget(cache->on_demand, session);
	}
	return next_us;
}
