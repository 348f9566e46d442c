#include "cache/refresh/open.h"

#include "backends/base/clock.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"
#include "cache/model/content.h"

/* In the past, but not 0, which would be until the session changes. */
#define NOT_LONGER_MS 1
/* The answer, or that there is none, comes so much before the end of the time
 * that a reader has: he is to get it, and others are to hear of it before he
 * opens the next file. */
#define EARLIER 20 /* a twentieth */

/* ---- asking: jobs ---- */

typedef struct {
	Dir *dir;
	guint32 session;
	guint file;
	gint64 asked_us;
	gint64 until_us; /* so long somebody may wait for the answer */
	gboolean waits;  /* somebody does */
} Opening;

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
static gboolean too_late(const Opening *self)
{
	gint64 whole_us = self->dir->cache->deadline_ms * 1000;

	return self->until_us - clock_now_us(self->dir->cache->clock) <
	       whole_us / 10;
}

static gboolean stand_find(const Opening *self, Stand *ret, GError **error)
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

static gboolean grows(const Opening *self)
{
	return content_grows(dir_class(self->dir), self->file);
}

static void tell(const Opening *self, OnDemandNow now)
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

/* An answer on its way to what is shown. */
typedef struct {
	const Opening *question;
	const Stand *stand;
	GBytes *bytes;   /* NULL: none, with: */
	GError *error;   /* taken; NULL: none */
	gint64 until_ms; /* as `describe` gives it */
} Answer;

/* While nothing else can be shown. */
static void keep(const Row *row, void *data)
{
	const Answer *self = data;
	const Opening *question = self->question;
	OnDemand *on_demand = question->dir->cache->on_demand;
	OnDemandNow now = ON_DEMAND_SAME;
	gint64 until_ms = self->until_ms;

	if (row != NULL && stand_has_moved(self->stand, row) &&
		(until_ms == 0 || phase_has_ended((Phase)row->phase)))
		until_ms = NOT_LONGER_MS;
	if (self->error != NULL)
		on_demand_fail(on_demand, question->session, question->file,
			self->error);
	else
		now = on_demand_store(on_demand, question->session,
			question->file, grows(question), self->bytes, until_ms,
			self->stand->mtime_ns);
	if (row == NULL)
		on_demand_forget(on_demand, question->session);
	tell(question, now);
}

/* The answer becomes what is shown. */
static void question_close(const Answer *self)
{
	Dir *dir = self->question->dir;

	dir_with_row(dir, self->question->session, keep, (void *)self);
	news_deliver(dir->cache->news);
}

static void note_open(const Opening *self, const GError *error)
{
	Breaker *breaker = self->dir->provider->breaker;

	if (self->waits)
		breaker_note(breaker, self->asked_us, error);
	else if (breaker_counts(error))
		breaker_missed(breaker);
	if (error == NULL)
		dir_heard(self->dir);
}

static GBytes *describe(const Opening *self, const Stand *stand,
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

static void describe_one(const Opening *self)
{
	g_auto(Stand) stand = {0};
	Answer answer = {.question = self, .stand = &stand};

	if (stand_find(self, &stand, &answer.error))
		answer.bytes =
			describe(self, &stand, &answer.until_ms, &answer.error);
	question_close(&answer);
}

static void fetch_session_one(const Opening *self)
{
	g_auto(Stand) stand = {0};
	Answer answer = {
		.question = self, .stand = &stand, .until_ms = NOT_LONGER_MS};

	if (stand_find(self, &stand, &answer.error)) {
		Call call = call_until(self->dir, self->until_us, TRUE);

		if (!fetch_session(self->dir, stand.id, &call, &answer.error)) {
			note_open(self, answer.error);
			g_debug("%s: %s", stand.id, answer.error->message);
		}
	}
	question_close(&answer);
}

static void answer_all(Dir *dir, JobQueue *queue)
{
	Opening *question;

	while ((question = job_queue_next(queue)) != NULL) {
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

	answer_all(dir, dir->opening);
}

static void follow_run(void *data)
{
	Dir *dir = data;

	answer_all(dir, dir->following);
}

/* ---- open ---- */

/* A slow workspace must not take all workers.  waits: somebody does. */
static gboolean question_push(
	Dir *dir, guint32 session, guint file, gboolean waits)
{
	Opening *question = g_new(Opening, 1);
	JobQueue *queue = waits ? dir->opening : dir->following;
	gint64 now_us = clock_now_us(dir->cache->clock);
	gint64 whole_us = dir->cache->deadline_ms * 1000;

	*question = (Opening){dir, session, file, now_us,
		now_us + whole_us - whole_us / EARLIER, waits};
	if (!job_queue_add(queue, question) ||
		pool_push(
			dir->provider->work[waits ? WORK_OPEN : WORK_BACKFILL],
			waits ? open_run : follow_run, dir))
		return TRUE;
	if (job_queue_withdraw(queue, question))
		g_free(question);
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
