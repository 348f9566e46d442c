#include "cache/refresh/partial_refresh.h"

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "cache/merge/apply.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"
#include "cache/model/pace.h"

/* Calls at a time, and gets in one partial refresh. */
#define ASKERS_MAX 4
#define WATCHED_MAX 64
#define MISSED_MAX 16
#define PAGES_MAX 4
/* A partial refresh may take half of the time. */
#define LOAD_FACTOR 2

/* ---- when ---- */

static gint64 base_us(const Dir *dir)
{
	return dir->provider->refresh_ms * 1000;
}

/* Whether its listing costs more than a partial refresh: by its pages, or since it takes
 * so long, one under way at that time included, that the next would come late.
 * Nothing is cheaper than a single page. */
static gboolean is_slow(
	const Dir *dir, const ListingState *listing, gint64 at_us)
{
	gint64 took_us = listing->took_us;

	if (listing->relisting)
		took_us = MAX(took_us, at_us - listing->started_us);
	return listing->pages > PARTIAL_REFRESH_PAGES ||
	       (listing->pages > 1 &&
		       PACE_LOAD_FACTOR * took_us > base_us(dir));
}

static gboolean lists(const Dir *dir)
{
	return dir_class(dir)->list_living != NULL ||
	       dir_class(dir)->newest_first;
}

static gint64 interval_us(const Dir *dir, const ListingState *listing,
	const PartialState *partial, gint64 now_us)
{
	gint64 us = base_us(dir);

	if (partial->boost || listing->boost_us > now_us)
		us = pace_fast_us(us);
	us = MAX(us, LOAD_FACTOR * partial->took_us);
	if (partial->unheard &&
		breaker_heard_us(dir->provider->breaker) > partial->failed_us)
		return us;
	return pace_backed_off_us(us, partial->failures, partial->broken);
}

static gint64 regular_us(const Dir *dir, const ListingState *listing,
	const PartialState *partial, gint64 now_us)
{
	gint64 due_us = now_us;

	if (partial->started_us != 0)
		due_us = partial->started_us +
			 interval_us(dir, listing, partial, now_us);
	/* One under way will be slow from then on, unless it ends before. */
	if (listing->relisting && !is_slow(dir, listing, MAX(due_us, now_us)))
		due_us = MAX(due_us, now_us + base_us(dir));
	return due_us;
}

gint64 partial_refresh_due_us(const Dir *dir, const ListingState *listing,
	const PartialState *partial, gint64 now_us)
{
	gint64 due_us = G_MAXINT64;

	if (dir->kind != DIR_WORKSPACE || partial->running ||
		listing->started_us == 0 || !dir_is_there(dir) ||
		(!listing->relisting && !is_slow(dir, listing, now_us)))
		return G_MAXINT64;
	if (!lists(dir) && watch_is_empty(dir->watch, now_us))
		return G_MAXINT64;
	if (dir_has_interest(dir, now_us))
		due_us = regular_us(dir, listing, partial, now_us);
	if (partial->asked && is_slow(dir, listing, now_us))
		due_us = MIN(due_us,
			partial->started_us +
				MAX(G_USEC_PER_SEC,
					LOAD_FACTOR * partial->took_us));
	if (due_us == G_MAXINT64)
		return due_us;
	return MAX(due_us, MAX(partial->retry_us, listing->retry_us));
}

/* ---- asking for some, a few at a time ---- */

typedef struct {
	int refs; /* atomic: the partial refresh's, and one of each job in the pool */
	Dir *dir;

	Mutex lock;
	pthread_cond_t idle;
	GPtrArray *ids; /* char * */
	guint next GUARDED_BY(lock), asking GUARDED_BY(lock);
	/* how many answers there were, and failures */
	guint told GUARDED_BY(lock), failed GUARDED_BY(lock);
	/* the first; counts when there was no answer */
	GError *failure GUARDED_BY(lock);
	GError *error GUARDED_BY(lock); /* ends it */
} Round;

static void round_unref(Round *self)
{
	if (__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	mutex_destroy(&self->lock);
	g_ptr_array_unref(self->ids);
	g_clear_error(&self->failure);
	g_clear_error(&self->error);
	pthread_cond_destroy(&self->idle);
	g_free(self);
}

/* What was asked for is refused, and would be again; other things may not be. */
static gboolean is_refusal(const GError *error)
{
	return g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_DENIED) ||
	       g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
}

/* A provider that fails for one session may tell of others. */
static gboolean is_failure(const GError *error)
{
	return g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE) ||
	       g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
}

/* What is wrong with one session says nothing of the others. */
static GError *ask_one(Dir *dir, const char *id)
{
	Call call = call_for(dir, FALSE);
	GError *error = NULL;
	gboolean ok = fetch_session(dir, id, &call, &error);

	news_deliver(dir->cache->news);
	if (!ok && (is_refusal(error) || g_error_matches(error, BACKEND_ERROR,
						 BACKEND_ERROR_BAD_ANSWER)))
		g_clear_error(&error);
	return error;
}

/* Takes the error. */
static void round_note(Round *self, GError *error) REQUIRES(self->lock)
{
	if (error == NULL) {
		self->told++;
		return;
	}
	if (is_failure(error) && self->failed++ <= self->told) {
		if (self->failure == NULL)
			self->failure = g_steal_pointer(&error);
	} else if (self->error == NULL) {
		self->error = g_steal_pointer(&error);
	}
	g_clear_error(&error);
}

static void round_work(Round *self)
{
	mutex_lock(&self->lock);
	while (self->error == NULL && self->next < self->ids->len &&
		!cache_is_stopping(self->dir->cache)) {
		const char *id = g_ptr_array_index(self->ids, self->next++);
		GError *error;

		self->asking++;
		mutex_unlock(&self->lock);
		error = ask_one(self->dir, id);
		mutex_lock(&self->lock);
		self->asking--;
		round_note(self, error);
	}
	if (self->asking == 0)
		pthread_cond_broadcast(&self->idle);
	mutex_unlock(&self->lock);
}

static void round_job(void *data)
{
	round_work(data);
	round_unref(data);
}

/* Takes the ids. */
static Round *round_new(Dir *dir, GPtrArray *ids)
{
	Round *self = g_new0(Round, 1);

	self->refs = 1;
	self->dir = dir;
	self->ids = ids;
	mutex_init(&self->lock);
	pthread_cond_init(&self->idle, NULL);
	return self;
}

/* Takes the ids.  The caller asks too: so nothing waits for the pool. */
static gboolean ask_all(Dir *dir, GPtrArray *ids, GError **error)
{
	guint jobs = MIN(ids->len, ASKERS_MAX);
	Round *self = round_new(dir, ids);
	const GError *why;
	gboolean ok;

	for (guint i = 1; i < jobs; i++) {
		__atomic_add_fetch(&self->refs, 1, __ATOMIC_RELAXED);
		if (!pool_push(
			    dir->provider->work[WORK_PARTIAL], round_job, self))
			round_unref(self);
	}
	round_work(self);
	mutex_lock(&self->lock);
	while (self->asking > 0)
		thread_wait(&self->idle, &self->lock, G_MAXINT64);
	why = self->error;
	if (why == NULL && self->told == 0)
		why = self->failure;
	ok = why == NULL;
	/* It stays: jobs that have yet to begin are to see it. */
	if (!ok)
		g_propagate_error(error, g_error_copy(why));
	mutex_unlock(&self->lock);
	round_unref(self);
	return ok;
}

/* The same where a list tells whether all fails. */
static gboolean ask_beside_list(Dir *dir, GPtrArray *ids, GError **error)
{
	GError *local = NULL;

	if (ask_all(dir, ids, &local))
		return TRUE;
	if (!is_failure(local)) {
		g_propagate_error(error, local);
		return FALSE;
	}
	g_clear_error(&local);
	return TRUE;
}

/* ---- those that are watched ---- */

typedef struct {
	Dir *dir;
	guint32 first_tick; /* what was asked for since needs no more */
	gint64 begun_us;
	GPtrArray *unsure; /* see Applied */
} PartialRefresh;

/* It is its turn: those that pass come at each partial refresh, others at the pace of
 * the provider. */
static gboolean is_due(
	const PartialRefresh *self, const Row *row, gint64 asked_us)
{
	if (row->id->asked >= self->first_tick)
		return FALSE;
	return dir_row_passes(self->dir, row) || asked_us == 0 ||
	       self->begun_us - asked_us >= base_us(self->dir);
}

/* listed: a list comes with it. */
static gboolean ask_watched(
	PartialRefresh *self, gboolean listed, GError **error)
{
	Dir *dir = self->dir;
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) watched = watch_list(dir->watch, self->begun_us);

	mutex_lock(&dir->apply);
	for (guint i = 0; i < watched->len && ids->len < WATCHED_MAX; i++) {
		const Watched *one = &g_array_index(watched, Watched, i);
		const Row *row = snapshot_find(dir_shown(dir), one->number);

		if (row == NULL || !is_due(self, row, one->asked_us))
			continue;
		g_ptr_array_add(ids, g_strdup(row->id->text));
		watch_asked(dir->watch, one->number, self->begun_us);
	}
	mutex_unlock(&dir->apply);
	return listed ? ask_beside_list(dir, ids, error)
		      : ask_all(dir, ids, error);
}

static gboolean any_passes(PartialRefresh *self)
{
	Dir *dir = self->dir;
	g_autoptr(GArray) watched = watch_list(dir->watch, self->begun_us);
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	gboolean passes = FALSE;

	for (guint i = 0; !passes && i < watched->len; i++) {
		const Row *row = snapshot_find(
			shown, g_array_index(watched, Watched, i).number);

		passes = row != NULL && dir_row_passes(dir, row);
	}
	return passes;
}

/* ---- lists ---- */

static gboolean names_new(const Dir *dir, const SessionPage *page)
	REQUIRES(dir->apply)
{
	for (guint i = 0; i < page->sessions->len; i++) {
		const Session *session = g_ptr_array_index(page->sessions, i);

		if (ids_get(dir_ids(dir), session->id) == NULL)
			return TRUE;
	}
	return FALSE;
}

typedef SessionPage *(*ListPage)(Backend *backend, const char *workspace,
	const char *token, const Call *call, GError **error);

/* One page; *ret_new: it has what was never seen. */
static gboolean show_page(PartialRefresh *self, ListPage list, char **token,
	gboolean *ret_new, GError **error)
{
	Dir *dir = self->dir;
	Applied applied = {.unsure = self->unsure};
	Ticks ticks = {.asked = dir_tick(dir)};
	Call call = call_for(dir, FALSE);
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autoptr(SessionPage) page =
		list(backend, dir->id, *token, &call, error);

	if (page == NULL)
		return FALSE;
	dir_heard(dir);
	mutex_lock(&dir->apply);
	*ret_new = names_new(dir, page);
	mutex_unlock(&dir->apply);
	if (!apply_page(dir, page, &ticks, 0, &applied, error))
		return FALSE;
	news_deliver(dir->cache->news);
	g_free(*token);
	*token = g_steal_pointer(&page->next);
	return TRUE;
}

static gboolean list_newest(PartialRefresh *self, GError **error)
{
	const Dir *dir = self->dir;
	g_autofree char *token = NULL;
	gboolean ok = TRUE, more = TRUE;

	for (guint i = 0; ok && more && i < PAGES_MAX; i++) {
		ok = show_page(self, backend_list_page, &token, &more, error);
		more = more && token != NULL && !cache_is_stopping(dir->cache);
	}
	return ok;
}

/* Living ones that the list of the living has not named: they have ended, or are
 * gone.  Those asked for longest ago. */
static GPtrArray *missed(const PartialRefresh *self)
{
	Dir *dir = self->dir;
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	const Row *found[MISSED_MAX];
	guint n = 0;

	mutex_lock(&dir->apply);
	snapshot_foreach (row, dir_shown(dir), 0) {
		guint i = n;

		if (phase_has_ended((Phase)row->phase) ||
			row->id->asked >= self->first_tick)
			continue;
		if (n == MISSED_MAX &&
			found[n - 1]->id->asked <= row->id->asked)
			continue;
		i = n < MISSED_MAX ? n++ : n - 1;
		for (; i > 0 && found[i - 1]->id->asked > row->id->asked; i--)
			found[i] = found[i - 1];
		found[i] = row;
	}
	for (guint i = 0; i < n; i++)
		g_ptr_array_add(ids, g_strdup(found[i]->id->text));
	mutex_unlock(&dir->apply);
	return ids;
}

/* *ret_all: there were few enough to list all.  Where such a list is refused, it
 * is done without until the next full listing ends. */
static gboolean list_living(
	PartialRefresh *self, gboolean *ret_all, GError **error)
{
	Dir *dir = self->dir;
	g_autofree char *token = NULL;
	g_autoptr(GError) local = NULL;
	gboolean ok = TRUE, more = TRUE, fresh;

	for (guint i = 0; ok && more && i < PAGES_MAX; i++) {
		ok = show_page(
			self, backend_list_living, &token, &fresh, &local);
		more = token != NULL;
	}
	if (!ok && !is_refusal(local)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	more = more || !ok;
	partials_note_living(dir->partials, !more);
	*ret_all = !more;
	return more || ask_beside_list(dir, missed(self), error);
}

static gboolean list_some(PartialRefresh *self, gboolean living, GError **error)
{
	gboolean all = FALSE;

	if (living && !list_living(self, &all, error))
		return FALSE;
	return all || !dir_class(self->dir)->newest_first ||
	       list_newest(self, error);
}

/* ---- the whole ---- */

static gboolean refresh_partially(PartialRefresh *self, GError **error)
{
	Dir *dir = self->dir;
	PartialState state = partials_get(dir->partials);
	gboolean living =
		dir_class(dir)->list_living != NULL && !state.living_many;
	gboolean listed = living || dir_class(dir)->newest_first;

	/* Then it tells most of what is watched, too. */
	if (state.living_few)
		return list_some(self, living, error) &&
		       ask_watched(self, listed, error);
	return ask_watched(self, listed, error) &&
	       list_some(self, living, error);
}

void partial_refresh_run(void *data)
{
	Dir *dir = data;
	gint64 begun_ms = clock_wall_ms(dir->cache->clock);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) unsure = g_ptr_array_new_with_free_func(g_free);
	PartialRefresh self = {.dir = dir, .unsure = unsure};

	self.begun_us = partials_get(dir->partials).started_us;
	self.first_tick = dir_tick(dir);
	if (!refresh_partially(&self, &error) ||
		!ask_beside_list(dir, g_steal_pointer(&unsure), &error))
		g_debug("%s: %s", dir->name, error->message);
	partials_end(dir->partials, clock_now_us(dir->cache->clock),
		any_passes(&self), begun_ms, error);
	scheduler_wake(dir->cache->scheduler);
}
