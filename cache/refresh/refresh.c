#include "cache/refresh/refresh.h"

#include "backends/base/clock.h"
#include "cache/model/pace.h"
#include "cache/model/provider.h"
#include "cache/operations/reconcile.h"
#include "cache/refresh/open.h"
#include "cache/refresh/partial_refresh.h"
#include "cache/refresh/relist.h"

#define PROVIDER_TIMES 12
/* Listings that are asked for again and again. */
#define ASKED_MIN_US (G_USEC_PER_SEC / 5)
#define ASKED_LOAD_FACTOR 2
/* Those that are asked for to see what came of a request. */
#define RECONCILE_MIN_US (G_USEC_PER_SEC / 5)
#define SLEEP_MAX_US (60 * G_USEC_PER_SEC)
#define REVIVE_US (G_USEC_PER_SEC / 5)

/* ---- when ---- */

gboolean refresh_is_listing(const Dir *dir)
{
	return dir->kind == DIR_WORKSPACE ||
	       (dir->kind == DIR_PROVIDER && dir->provider->workspaces == NULL);
}

/* What had no answer is asked for as if it had not failed, once the provider has answered
 * anything else. */
static gint64 backed_off_us(
	const Dir *dir, const ListingState *listing, gint64 us)
{
	gboolean over =
		listing->unheard &&
		breaker_heard_us(dir->provider->breaker) > listing->failed_us;

	return pace_backed_off_us(
		us, over ? 0 : listing->failures, listing->broken);
}

static gint64 interval_us(
	const Dir *dir, const ListingState *listing, gint64 now_us)
{
	gint64 us = dir->provider->refresh_ms * 1000;

	if (dir->kind == DIR_PROVIDER)
		us *= PROVIDER_TIMES;
	else if (__atomic_load_n(&dir->passing, __ATOMIC_RELAXED) > 0 ||
		 listing->boost_us > now_us)
		us = pace_fast_us(us);
	us = MAX(us, PACE_LOAD_FACTOR * listing->took_us);
	return backed_off_us(dir, listing, us);
}

/* The next after one that began just now, when somebody tells to ask again and
 * again: with time for others in between. */
static gint64 asked_us(const Dir *dir, const ListingState *listing)
{
	gint64 us = MAX(ASKED_MIN_US, ASKED_LOAD_FACTOR * listing->took_us);

	if (listing->started_us == 0)
		return 0;
	/* Waiting for no answer was no load, and by now there may be one. */
	if (listing->unheard)
		return listing->started_us + ASKED_MIN_US;
	return listing->started_us + backed_off_us(dir, listing, us);
}

/* When a listing is due that will tell what came of a request. */
static gint64 reconciling_us(
	const Dir *dir, const ListingState *listing, gint64 now_us)
{
	gint64 due_us = reconcile_due_us(dir, now_us);

	if (due_us == G_MAXINT64 || listing->failures == 0)
		return due_us;
	return MAX(due_us, listing->started_us + backed_off_us(dir, listing,
							 RECONCILE_MIN_US));
}

/* What the configuration names no more has nobody who looks, but may have requests
 * that nobody knows the outcome of. */
static gint64 retired_due_us(
	const Dir *dir, const ListingState *listing, gint64 now_us)
{
	if (dir->kind != DIR_WORKSPACE ||
		!__atomic_load_n(&dir->retired, __ATOMIC_ACQUIRE))
		return G_MAXINT64;
	return MAX(reconciling_us(dir, listing, now_us), listing->retry_us);
}

gint64 refresh_due_us(
	const Dir *dir, const ListingState *listing, gint64 now_us)
{
	gint64 due_us = G_MAXINT64;

	if (!refresh_is_listing(dir) || listing->relisting)
		return G_MAXINT64;
	if (!dir_is_there(dir))
		return retired_due_us(dir, listing, now_us);
	if (listing->wanted)
		return MAX(now_us, listing->retry_us);
	if (dir_has_interest(dir, now_us))
		due_us = listing->started_us == 0
				 ? now_us
				 : listing->started_us +
					   interval_us(dir, listing, now_us);
	if (listing->asked)
		due_us = MIN(due_us, MAX(now_us, asked_us(dir, listing)));
	due_us = MIN(due_us, reconciling_us(dir, listing, now_us));
	return MAX(due_us, listing->retry_us);
}

/* ---- starting what is due ---- */

static void list(Dir *dir, gint64 now_us)
{
	if (!dir_is_there(dir))
		__atomic_store_n(&dir->cache->untidy, 1, __ATOMIC_RELEASE);
	listing_begin(dir->listing, now_us);
	if (!pool_push(dir->provider->work[WORK_LIST], relist_run, dir))
		listing_abandon(dir->listing);
}

static void refresh_partially(Dir *dir, gint64 now_us)
{
	partials_begin(dir->partials, now_us);
	if (!pool_push(dir->provider->work[WORK_PARTIAL], partial_refresh_run,
		    dir))
		partials_abandon(dir->partials);
}

/* Starts what is due; says when the next will be. */
static gint64 visit(Dir *dir, gint64 now_us)
{
	ListingState listing = listing_get(dir->listing);
	PartialState partial;
	gint64 due_us, partial_us;

	due_us = refresh_due_us(dir, &listing, now_us);
	if (due_us <= now_us) {
		list(dir, now_us);
		listing = listing_get(dir->listing);
		due_us = G_MAXINT64;
	}
	partial = partials_get(dir->partials);
	partial_us = partial_refresh_due_us(dir, &listing, &partial, now_us);
	if (partial_us <= now_us) {
		refresh_partially(dir, now_us);
		partial_us = G_MAXINT64;
	}
	return MIN(due_us, partial_us);
}

/* What a configuration has left behind. */
static gint64 tidy(Cache *cache, gint64 now_us)
{
	gint64 due_us = providers_tidy_due_us(cache);

	if (due_us > now_us)
		return due_us;
	__atomic_store_n(&cache->tidying, 1, __ATOMIC_RELEASE);
	if (!pool_push(cache->common, providers_tidy_run, cache))
		g_debug("nothing is tidied after the end");
	return G_MAXINT64;
}

/* Those that found no thread when there was work; says when to look again. */
static gint64 revive(Cache *cache, gint64 now_us) REQUIRES(cache->lock)
{
	gboolean all = pool_revive(cache->common);

	for (guint i = 0; i < cache->providers->len; i++) {
		const Provider *provider =
			g_ptr_array_index(cache->providers, i);

		for (guint kind = 0; kind < WORK_KINDS; kind++)
			all &= pool_revive(provider->work[kind]);
	}
	return all ? G_MAXINT64 : now_us + REVIVE_US;
}

gint64 refresh_run(void *data)
{
	Cache *cache = data;
	gint64 now_us = clock_now_us(cache->clock);
	gint64 next_us = now_us + SLEEP_MAX_US;

	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *dir = g_ptr_array_index(cache->dirs, i);

		next_us = MIN(next_us, visit(dir, now_us));
	}
	next_us = MIN(next_us, revive(cache, now_us));
	mutex_unlock(&cache->lock);
	next_us = MIN(next_us, tidy(cache, now_us));
	return MIN(next_us, open_follow(cache));
}
