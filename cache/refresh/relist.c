#include "cache/refresh/relist.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/base/hash.h"
#include "cache/merge/apply.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"
#include "cache/merge/gaps.h"
#include "cache/model/pace.h"
#include "cache/operations/reconcile.h"
#include "cache/refresh/backfill.h"
#include "cache/refresh/cause.h"
#include "cache/refresh/partial_refresh.h"
#include "cache/refresh/prefetch.h"

#define PAGES_MAX 100000u
/* Pages without an entry, and without a new one, one after the other. */
#define EMPTY_MAX 3u
#define STALE_MAX 3u
#define WAITS_MAX 3
#define WAIT_MIN_MS 1000
#define WAIT_MAX_MS (60 * 1000)
/* Sessions asked for at the end of a full listing. */
#define ASKED_MAX 16
#define TOKEN_SHOWN 64

typedef struct {
	Dir *dir;
	guint32 number, first_tick;
	guint page;         /* the one that is asked for, from 1 */
	guint empty, stale; /* pages without any entry; without a new one */
	char *token;        /* of that page; NULL: the first */
	GHashTable *tokens; /* hashes of all so far */
	Prefetch *prefetch;
	gint64 least;           /* of the totals so far; -1 unknown */
	guint64 seen;           /* entries, each once, and what was left out */
	guint pages;            /* of the first pass, in the second; else 0 */
	guint64 before;         /* seen when the second pass began */
	Gaps gaps;              /* of the first pass */
	GPtrArray *unsure;      /* see Applied */
	guint waits;            /* for this page, after one another */
	gboolean verify_bodies; /* damage on disk was known when it began */
} Relist;

/* What one page was. */
typedef struct {
	guint n, skipped, trimmed;
	char *next;
	gint64 total;
	gboolean last, counted;
	Applied applied;
} Page;

static void page_clear(Page *self)
{
	g_free(self->next);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_clear)

/* ---- one page ---- */

static gboolean page_sessions(Relist *self, Page *ret, GError **error)
{
	Dir *dir = self->dir;
	Ticks ticks = {0};
	g_autoptr(SessionPage) page =
		prefetch_take(self->prefetch, self->token, &ticks, error);

	ret->applied.unsure = self->unsure;
	if (page == NULL || !apply_page(dir, page, &ticks, self->number,
				    &ret->applied, error))
		return FALSE;
	ret->n = page->sessions->len + page->skipped;
	ret->skipped = page->skipped;
	ret->trimmed = page->trimmed;
	ret->total = page->total;
	ret->last = page->last;
	ret->counted = page->counted;
	ret->next = g_steal_pointer(&page->next);
	return TRUE;
}

static gboolean page_workspaces(Relist *self, Page *ret, GError **error)
{
	Dir *dir = self->dir;
	guint32 tick = dir_tick(dir);
	Call call = call_for(dir, FALSE);
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(backend, self->token, &call, error);

	if (page == NULL || !apply_workspaces(dir,
				    (Workspace *const *)page->workspaces->pdata,
				    page->workspaces->len, tick, self->number,
				    &ret->applied, error))
		return FALSE;
	ret->n = page->workspaces->len + page->skipped;
	ret->skipped = page->skipped;
	ret->total = -1;
	ret->next = g_steal_pointer(&page->next);
	return TRUE;
}

static void note_page(Relist *self, const Page *page)
{
	const Applied *applied = &page->applied;
	gboolean stale = applied->fresh == applied->clashed;

	self->empty = page->n > 0 ? 0 : self->empty + 1;
	self->stale = page->n > 0 && stale ? self->stale + 1 : 0;
	/* Sessions made meanwhile may stand on pages that were read before. */
	if (page->total >= 0 && (self->least < 0 || page->total < self->least))
		self->least = page->total;
	self->seen += applied->fresh;
	self->gaps.over += applied->over;
	if (self->pages > 0)
		return;
	self->seen += page->skipped;
	self->gaps.skipped += page->skipped;
	self->gaps.trimmed += page->trimmed;
	self->gaps.clashed += applied->clashed;
}

/* ---- a listing must have an end, and not too early ---- */

/*
 * A total is a hint.  Services count the page in it, or count wrongly; one that is
 * too low must not end a listing, and one that is too high must not make it
 * invalid for ever.
 *
 * So a provider whose pages have no tokens is asked until a page is empty.  What
 * that page's total says proves whether totals can be relied on: then the next
 * listing ends where the total is reached, unless it has become smaller, and
 * costs no question more.
 */
static gboolean is_proved_end(const Relist *self, const Page *page)
{
	gint64 *proved = &listing_totals(self->dir->listing)->proved;

	if (!page->last || *proved == 0 || page->total < *proved)
		return FALSE;
	*proved = page->total;
	return TRUE;
}

static void begin_again(Relist *self)
{
	self->pages = self->page;
	self->before = self->seen;
	self->page = 1;
	self->empty = self->stale = 0;
	g_clear_pointer(&self->token, g_free);
	g_hash_table_remove_all(self->tokens);
}

/* At the end of the pages.  A listing that has fewer entries than it tells of is gone
 * through again.  One that lacks as much as ever, or lacks the same when
 * it was gone through twice, is as whole as it will be. */
static gboolean check_whole(Relist *self, gboolean *ret_more, GError **error)
{
	gint64 *lacking = &listing_totals(self->dir->listing)->lacking;
	gint64 lack =
		self->least >= 0 ? MAX(0, self->least - (gint64)self->seen) : 0;

	*ret_more = FALSE;
	if (lack == 0 || self->gaps.looped || self->gaps.over > 0) {
		*lacking = 0;
		return TRUE;
	}
	if (self->pages == 0 && *lacking != lack) {
		begin_again(self);
		*ret_more = TRUE;
		return TRUE;
	}
	if (self->pages == 0 || self->seen == self->before) {
		self->gaps.lacking = *lacking = lack;
		return TRUE;
	}
	return backend_error_false(error, BACKEND_ERROR_BAD_ANSWER,
		"the listing ended after %" G_GUINT64_FORMAT
		" of %" G_GINT64_FORMAT " sessions, and has others each time",
		self->seen, self->least);
}

static gboolean check_end(Relist *self, const char *next, GError **error)
{
	guint64 hash = hash_bytes(next, strlen(next));
	const char *wrong = NULL;

	if (!g_hash_table_add(self->tokens, (gpointer)(guintptr)hash))
		wrong = "names a page again that it has given before";
	else if (self->empty > EMPTY_MAX)
		wrong = "goes on although page after page is empty";
	else if (self->page >= PAGES_MAX)
		wrong = "does not end";
	else if (self->pages > 0 && self->page > self->pages + STALE_MAX)
		wrong = "has more pages each time";
	return wrong == NULL ||
	       backend_error_false(error, BACKEND_ERROR_BAD_ANSWER,
		       "the provider's listing %s", wrong);
}

/* It goes on and on with what it has named before: there is nothing else. */
static gboolean is_looping(Relist *self)
{
	if (self->pages == 0 && self->stale > STALE_MAX)
		self->gaps.looped = TRUE;
	return self->gaps.looped;
}

static void tell_progress(const Relist *self)
{
	Dir *dir = self->dir;

	listing_progress(dir->listing, self->page, self->seen, self->least);
	news_deliver(dir->cache->news);
	/* Now partial refreshes may be worth while. */
	if (self->page == 2 || self->page == PARTIAL_REFRESH_PAGES + 1)
		scheduler_wake(dir->cache->scheduler);
}

static gboolean relist_page(Relist *self, gboolean *ret_more, GError **error)
{
	g_auto(Page) page = {0};
	gboolean ok;

	if (self->dir->kind == DIR_WORKSPACE)
		ok = page_sessions(self, &page, error);
	else
		ok = page_workspaces(self, &page, error);
	if (!ok)
		return FALSE;
	dir_heard(self->dir);
	note_page(self, &page);
	tell_progress(self);
	self->waits = 0;
	if (page.next == NULL)
		listing_totals(self->dir->listing)->proved =
			page.counted ? page.total : 0;
	if (page.next == NULL || self->gaps.over > 0 ||
		is_proved_end(self, &page))
		return check_whole(self, ret_more, error);
	if (!check_end(self, page.next, error))
		return FALSE;
	if (is_looping(self))
		return check_whole(self, ret_more, error);
	*ret_more = TRUE;
	g_free(self->token);
	self->token = g_steal_pointer(&page.next);
	self->page++;
	return TRUE;
}

/* What was listed so far need not be listed again because of a full budget.
 * (Before the first page is there, another full listing costs no more than a wait.)
 * TRUE after a wait: the page may be asked for again. */
static gboolean wait_for_peace(Relist *self, GError *error)
{
	gint64 ms;

	if (self->page == 1 || self->waits == WAITS_MAX ||
		(!g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_BUDGET) &&
			!g_error_matches(
				error, BACKEND_ERROR, BACKEND_ERROR_THROTTLED)))
		return FALSE;
	ms = MAX(pace_retry_us(error) / 1000, WAIT_MIN_MS);
	self->waits++;
	return ms <= WAIT_MAX_MS && cache_sleep(self->dir->cache, ms);
}

static gboolean relist_pages(Relist *self, GError **error)
{
	gboolean more = TRUE;

	while (more) {
		g_autoptr(GError) local = NULL;

		if (!cache_goes_on(self->dir->cache, error))
			return FALSE;
		if (!relist_page(self, &more, &local) &&
			!wait_for_peace(self, local)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return FALSE;
		}
	}
	return TRUE;
}

static void ask_each(Dir *dir, const GPtrArray *ids)
{
	gboolean on = TRUE;

	for (guint i = 0; on && i < ids->len; i++) {
		Call call = call_for(dir, FALSE);
		g_autoptr(GError) error = NULL;

		/* A session may be what cannot be understood: others not. */
		on = fetch_session(
			     dir, g_ptr_array_index(ids, i), &call, &error) ||
		     g_error_matches(
			     error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
}

/* What the listing has not named: one answer is worth a second listing. */
static void ask_missed(Dir *dir, Listed *listed)
{
	g_autoptr(GPtrArray) ids = apply_missed(
		dir, listed, dir->kind == DIR_WORKSPACE ? ASKED_MAX : 0);

	ask_each(dir, ids);
}

static gboolean relist_finish(
	const Relist *self, gint64 begun_ms, GError **error)
{
	Listed listed = {.relist = self->number,
		.first_tick = self->first_tick,
		.begun_ms = begun_ms,
		.gaps = gaps_any(&self->gaps)};

	/* Whoever has asked for this listing is shown nothing older. */
	ask_each(self->dir, self->unsure);
	ask_missed(self->dir, &listed);
	/* A workspace cannot be asked for: a second listing is wanted soon. */
	if (listed.missed > 0 && self->dir->kind != DIR_WORKSPACE)
		listing_ask(self->dir->listing);
	return apply_relist_end(self->dir, &listed, error);
}

/* ---- the end ---- */

static char *token_text(const char *token)
{
	g_autofree char *start = NULL;

	if (token == NULL)
		return g_strdup("");
	start = g_strndup(token, TOKEN_SHOWN);
	for (char *p = start; *p != '\0'; p++)
		if (!g_ascii_isgraph(*p))
			*p = '?';
	return g_strdup_printf(" (token %s%s)", start,
		strlen(token) > TOKEN_SHOWN ? ".." : "");
}

static char *partial_text(const Relist *self, GError *error)
{
	const ListingState listing = listing_get(self->dir->listing);
	g_autofree char *token = token_text(self->token);
	g_autofree char *when =
		time_text(clock_wall_ms(self->dir->cache->clock));
	g_autofree char *since = time_text(listing.listed_ms);
	g_autofree char *sentence = backend_error_sentence(error);

	if (listing.complete)
		return g_strdup_printf(
			"page %u%s of the listing failed at %s: %s; shown: "
			"the listing of %s%s\n",
			self->page, token, when, sentence, since,
			self->page > 1 || self->pages > 0
				? ", with the pages before this one renewed"
				: "");
	return g_strdup_printf(
		"page %u%s of the listing failed at %s: %s; shown: the %" //
		G_GUINT64_FORMAT " entries known so far\n",
		self->page, token, when, sentence, dir_count(self->dir));
}

/* The texts first: who sees that it is complete is to see what it left out. */
static void end_well(const Relist *self, gint64 listed_ms)
{
	Dir *dir = self->dir;

	dir_set_partial(dir, gaps_text(&self->gaps, dir));
	if (self->verify_bodies)
		__atomic_store_n(&dir->verify_bodies, 0, __ATOMIC_RELAXED);
	partials_all_listed(dir->partials);
	listing_end_well(dir->listing, clock_now_us(dir->cache->clock),
		listed_ms, self->page, gaps_left_out(&self->gaps));
	questions_forget(dir->questions);
}

static void end_badly(const Relist *self, GError *error)
{
	Dir *dir = self->dir;

	if (cache_is_stopping(dir->cache))
		error = NULL;
	if (breaker_counts(error))
		breaker_missed(dir->provider->breaker);
	if (error != NULL)
		dir_set_partial(dir, partial_text(self, error));
	listing_end_badly(dir->listing, clock_now_us(dir->cache->clock), error);
}

static void relist_end(const Relist *self, gint64 listed_ms, GError *error)
{
	Dir *dir = self->dir;
	Provider *provider = dir->provider;

	if (error == NULL)
		end_well(self, listed_ms);
	else
		end_badly(self, error);
	__atomic_add_fetch(
		error == NULL ? &provider->relists : &provider->failed, 1,
		__ATOMIC_RELAXED);
	news_deliver(dir->cache->news);
	scheduler_wake(dir->cache->scheduler);
}

/* Before another listing may begin: what one is judged by must not be judged by
 * two at a time. */
static void reconcile(const Relist *self, gint64 begun_ms, const GError *error)
{
	const Looked looked = {
		begun_ms, MAX(self->page, self->pages), gaps_any(&self->gaps)};

	if (self->dir->kind != DIR_WORKSPACE)
		return;
	if (error == NULL)
		reconcile_listed(self->dir, &looked);
	else if (g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_GONE))
		reconcile_gone(self->dir, begun_ms);
}

static void trace_begin(const Dir *dir)
{
	g_autofree char *path = dir_path(dir);

	cache_trace(dir->cache, "listing=begun path=\"/%s\"", path);
}

static void trace_end(const Relist *self, gint64 begun_ms, GError *error)
{
	g_autofree char *path = dir_path(self->dir);
	g_autofree char *sentence =
		error != NULL ? backend_error_sentence(error) : g_strdup("");

	cache_trace(self->dir->cache,
		"listing=%s pages=%u entries=%" G_GUINT64_FORMAT
		" ms=%" G_GINT64_FORMAT " path=\"/%s\"%s%s",
		error != NULL ? "failed" : "ended", self->page, self->seen,
		clock_wall_ms(self->dir->cache->clock) - begun_ms, path,
		*sentence != '\0' ? ": " : "", sentence);
}

void relist_run(void *data)
{
	Dir *dir = data;
	gint64 begun_ms = clock_wall_ms(dir->cache->clock);
	g_autoptr(GHashTable) tokens = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) unsure = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Prefetch) prefetch = prefetch_new(dir);
	g_autoptr(GError) error = NULL;
	Relist relist = {.dir = dir, .page = 1, .tokens = tokens};
	gboolean ok;

	trace_begin(dir);
	failpoint_hang("listing");
	failpoint_crash("listing");
	relist.number = listing_get(dir->listing).relist;
	relist.verify_bodies =
		__atomic_load_n(&dir->verify_bodies, __ATOMIC_RELAXED);
	relist.first_tick = dir_tick(dir);
	relist.prefetch = prefetch;
	relist.unsure = unsure;
	relist.least = -1;
	ok = relist_pages(&relist, &error);
	/* Nothing of this listing is on its way any more when it ends. */
	g_clear_pointer(&prefetch, prefetch_free);
	if (!ok || !relist_finish(&relist, begun_ms, &error))
		g_debug("%s: %s", dir->name, error->message);
	trace_end(&relist, begun_ms, error);
	reconcile(&relist, begun_ms, error);
	relist_end(&relist, begun_ms, error);
	backfill_start(dir);
	cause_start(dir);
	/* Nobody waits for this. */
	apply_tidy(dir);
	g_free(relist.token);
}
