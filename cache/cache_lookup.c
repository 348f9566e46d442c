#include "backends/base/clock.h"
#include "cache/entry.h"

#include "cache/base/locked.h"
#include "cache/base/name.h"
#include "cache/merge/apply.h"
#include "cache/model/news.h"
#include "cache/refresh/resolve_name.h"
#include "cache/refresh/refresh.h"
#include "cache/views/index.h"

/* A listing that failed is asked for again on a look, but not at once; later
 * from time to time, unless nobody has asked for long. */
#define FAILED_US G_USEC_PER_SEC
#define FAILED_MAX_US (60 * G_USEC_PER_SEC)
/* Where there was no answer: whoever asks waits for it. */
#define UNHEARD_MAX_US (5 * G_USEC_PER_SEC)
#define FAILED_SHIFT_MAX 6

/* ---- entries ---- */

static void entry_of_session(const Dir *dir, const Row *row, Entry *ret)
{
	const BackendClass *class = dir_class(dir);

	*ret = entry_in(dir, ENTRY_SESSION, row->number);
	ret->files = backend_files(class);
	ret->on_demand = dir_on_demand(dir, row);
	ret->grows = class->grows & ret->on_demand;
	ret->secret = class->secret_files & ret->files;
	ret->quoting = class->quoting_files & ret->files;
	ret->mtime_ns = row->since_ms * 1000000;
}

static void entry_of_dir(Dir *dir, Entry *ret)
{
	*ret = (Entry){.number = dir->number, .kind = ENTRY_PROVIDER};
	if (dir->kind != DIR_ROOT) {
		ret->parent = dir->parent->number;
		ret->provider =
			dir->kind == DIR_PROVIDER ? dir->number : ret->parent;
		ret->read_only = dir->provider->read_only;
		ret->rmdir_ends = dir->provider->rmdir_ends;
		ret->views = dir->provider->views;
	}
	if (dir->kind == DIR_WORKSPACE) {
		ret->kind = ENTRY_WORKSPACE;
		ret->steered = dir_is_steered(dir);
		ret->workspace = dir->number;
	}
	mutex_lock(&dir->lock);
	ret->mtime_ns = MAX(dir->shown->mtime_ns, dir->presence_ns);
	mutex_unlock(&dir->lock);
}

void entry_of_row(Dir *dir, const Row *row, Entry *ret)
{
	if (dir->kind == DIR_WORKSPACE)
		entry_of_session(dir, row, ret);
	else
		entry_of_dir(
			node_ids_owner(dir->cache->node_ids, row->number), ret);
}

static gboolean is_group(Cache *cache, guint32 number, Entry *ret)
{
	Dir *dir = dir_around(cache, number);
	g_autofree char *name = NULL;

	if (dir == NULL || !dir_is_there(dir))
		return FALSE;
	name = index_group(dir, number, ret);
	return name != NULL;
}

gboolean cache_entry(Cache *cache, guint32 number, Entry *ret)
{
	Dir *dir = dir_find(cache, number);
	g_auto(Seen) seen = {NULL};

	if (dir != NULL) {
		entry_of_dir(dir, ret);
		return TRUE;
	}
	seen = dir_session(cache, number);
	if (seen.row != NULL)
		entry_of_session(seen.dir, seen.row, ret);
	return seen.row != NULL || is_group(cache, number, ret) ||
	       entry_of_request(cache, number, ret);
}

char *cache_name(Cache *cache, guint32 number)
{
	Dir *dir = dir_around(cache, number);
	const Row *row;
	const Id *id = NULL;
	char *name;

	if (dir == NULL || dir->number == number)
		return dir != NULL ? g_strdup(dir->name) : NULL;
	mutex_lock(&dir->lock);
	row = snapshot_find(dir->shown, number);
	if (row != NULL)
		id = row->id;
	else if (dir->cut != NULL)
		id = g_hash_table_lookup(dir->cut, GUINT_TO_POINTER(number));
	name = id != NULL ? g_strdup(id_name(id)) : NULL;
	mutex_unlock(&dir->lock);
	if (name == NULL)
		name = index_group(dir, number, NULL);
	return name != NULL ? name : name_of_request(cache, number);
}

/* ---- what is not known ---- */

/* With Dir.lock: when somebody may ask again for a listing that failed; he who
 * comes after a long silence may at once. */
static gint64 again_us(Dir *dir, gint64 now)
{
	Listing *listing = &dir->listing;
	guint shift = MIN(listing->failures, FAILED_SHIFT_MAX);
	gboolean unheard = breaker_counts(listing->error);
	gint64 pause_us = MIN(
		FAILED_US << shift, unheard ? UNHEARD_MAX_US : FAILED_MAX_US);
	gboolean at_once = now - listing->begged_us > FAILED_MAX_US;

	if (unheard &&
		breaker_heard_us(dir->provider->breaker) > listing->failed_us)
		at_once = TRUE;
	listing->begged_us = now;
	return MAX(
		at_once ? 0 : listing->failed_us + pause_us, listing->retry_us);
}

/* With Dir.lock, for a listing that was never complete: asks for it, unless
 * that failed just now. */
static Known want_listing(Dir *dir, gboolean *ret_wake, GError **error)
{
	Listing *listing = &dir->listing;
	gint64 now = clock_now_us(dir->cache->clock);
	gint64 again;

	if (listing->complete)
		return KNOWN_YES;
	again = again_us(dir, now);
	if (listing->relisting)
		return KNOWN_NOT_YET;
	if (listing->error != NULL && now < again) {
		g_propagate_error(error, g_error_copy(listing->error));
		return KNOWN_FAILED;
	}
	if (!listing->wanted)
		listing->wanted = *ret_wake = TRUE;
	return KNOWN_NOT_YET;
}

Known known_gone(GError **error)
{
	backend_error_set(error, BACKEND_ERROR_GONE,
		"there is no such directory any more");
	return KNOWN_FAILED;
}

Known listing_known(Dir *dir, GError **error)
{
	gboolean wake = FALSE;
	Known known = LOCKED(&dir->lock, want_listing(dir, &wake, error));

	if (wake)
		scheduler_wake(dir->cache->scheduler);
	return known;
}

/* A name that is not shown. */
static Known want_name(Dir *dir, const char *name, gboolean *ret_wake,
	gboolean *ret_push, GError **error) REQUIRES(dir->lock)
{
	if (dir->listing.complete)
		return KNOWN_NO;
	if (dir->kind == DIR_WORKSPACE && !name_is_cut(name))
		return resolve_name(dir, name, ret_push, error);
	if (*name == '.')
		return KNOWN_NO;
	return want_listing(dir, ret_wake, error);
}

Known cache_find(Cache *cache, guint32 parent, const char *name, Entry *ret,
	GError **error)
{
	Dir *dir = dir_find(cache, parent);
	g_autoptr(Snapshot) shown = NULL;
	gboolean wake = FALSE, push = FALSE;
	const Row *row = NULL;
	Known known = KNOWN_YES;
	const Id *id;

	if (dir == NULL)
		return KNOWN_NO;
	mutex_lock(&dir->lock);
	id = ids_find(dir->ids, name);
	if (id != NULL)
		row = snapshot_find(dir->shown, id->number);
	if (row == NULL)
		known = want_name(dir, name, &wake, &push, error);
	else
		shown = snapshot_ref(dir->shown);
	mutex_unlock(&dir->lock);
	if (row != NULL)
		entry_of_row(dir, row, ret);
	if (wake)
		scheduler_wake(cache->scheduler);
	if (push && !pool_push(dir->provider->work[WORK_RESOLVE],
			    resolve_name_run, dir))
		g_debug("%s: asked after the end", dir->id);
	return known;
}

/* ---- listing ---- */

Known cache_list(Cache *cache, guint32 parent, guint32 after, CacheVisit visit,
	void *data, GError **error)
{
	Dir *dir = dir_find(cache, parent);
	g_autoptr(Snapshot) shown = NULL;
	g_autoptr(GError) local = NULL;
	gboolean wake = FALSE;
	Known known;

	if (dir == NULL)
		return known_gone(error);
	mutex_lock(&dir->lock);
	shown = snapshot_ref(dir->shown);
	known = want_listing(dir, &wake, &local);
	mutex_unlock(&dir->lock);
	if (wake)
		scheduler_wake(cache->scheduler);
	snapshot_foreach (row, shown, after) {
		Entry entry;

		entry_of_row(dir, row, &entry);
		if (!visit(&entry, id_name(row->id), data))
			return KNOWN_YES;
	}
	if (local != NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	return known;
}

guint64 cache_count(Cache *cache, guint32 number)
{
	Dir *dir = dir_find(cache, number);
	g_auto(Seen) seen = {NULL};
	g_autoptr(Snapshot) shown = NULL;
	guint64 count = 0;

	if (dir == NULL) {
		seen = dir_session(cache, number);
		return seen.row != NULL;
	}
	shown = dir_snapshot(dir);
	if (dir->kind == DIR_WORKSPACE)
		return shown->count;
	snapshot_foreach (row, shown, 0)
		count += cache_count(cache, row->number);
	return count;
}

/* ---- interest ---- */

static void look(Dir *dir, gint64 now_us)
{
	gboolean had = dir_has_interest(dir, now_us);

	__atomic_store_n(&dir->looked_us, now_us, __ATOMIC_RELAXED);
	if (!had)
		scheduler_wake(dir->cache->scheduler);
}

void cache_look(Cache *cache, guint32 number)
{
	Dir *dir = dir_around(cache, number);
	gint64 now_us = clock_now_us(cache->clock);

	if (dir == NULL)
		return;
	look(dir, now_us);
	if (dir->kind != DIR_WORKSPACE)
		return;
	if (dir->number == number)
		look(dir->parent, now_us);
	else if (LOCKED(&dir->lock, snapshot_find(dir->shown, number)) &&
		 watch_look(dir->watch, number, now_us))
		scheduler_wake(cache->scheduler);
}

void cache_watch(
	Cache *cache, guint32 workspace, const guint32 *sessions, gsize n)
{
	Dir *dir = dir_workspace(cache, workspace);

	if (dir != NULL &&
		watch_hold(dir->watch, sessions, n, clock_now_us(cache->clock)))
		scheduler_wake(cache->scheduler);
}

void cache_refresh(Cache *cache, guint32 number)
{
	CacheAsked asked;

	cache_refresh_for(cache, number, &asked);
}

void cache_refresh_for(Cache *cache, guint32 number, CacheAsked *ret)
{
	Dir *dir = dir_find(cache, number);

	*ret = (CacheAsked){.number = number};
	if (dir == NULL || !refresh_is_listing(dir))
		return;
	mutex_lock(&dir->lock);
	ret->relist = dir->listing.relist + 1;
	dir->listing.asked = TRUE;
	dir->partial_refresh.asked = dir->listing.pages > 1;
	mutex_unlock(&dir->lock);
	scheduler_wake(cache->scheduler);
}

/* With Dir.lock: whether that listing, or one after it, is over. */
static Known asked_for(const Listing *listing, guint32 relist, GError **error)
{
	if (listing->relist < relist ||
		(listing->relist == relist && listing->relisting))
		return KNOWN_NOT_YET;
	if (listing->error == NULL)
		return KNOWN_YES;
	g_propagate_error(error, g_error_copy(listing->error));
	return KNOWN_FAILED;
}

Known cache_refreshed(Cache *cache, CacheAsked *asked, GError **error)
{
	Dir *dir = dir_find(cache, asked->number);
	Known known;

	if (dir == NULL)
		return known_gone(error);
	if (asked->relist == 0)
		return KNOWN_YES;
	known = LOCKED(
		&dir->lock, asked_for(&dir->listing, asked->relist, error));
	if (known != KNOWN_YES)
		return known;
	/* What it brought is known once the observer has heard of it. */
	if (asked->news == 0)
		asked->news = news_pushed(cache->news);
	return news_has_told(cache->news, asked->news) ? KNOWN_YES
						       : KNOWN_NOT_YET;
}

guint64 cache_news(Cache *cache)
{
	return news_pushed(cache->news);
}

gboolean cache_has_told(Cache *cache, guint64 news)
{
	return news_has_told(cache->news, news);
}

void cache_hold(Cache *cache, guint32 number, gboolean held)
{
	Dir *dir = dir_around(cache, number);

	if (dir == NULL || dir->number != number)
		return;
	__atomic_store_n(&dir->held, held ? 1 : 0, __ATOMIC_RELAXED);
	if (held)
		scheduler_wake(cache->scheduler);
}
