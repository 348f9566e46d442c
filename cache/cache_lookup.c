#include "backends/base/clock.h"
#include "cache/entry.h"

#include "cache/base/locked.h"
#include "cache/base/name.h"
#include "cache/merge/apply.h"
#include "cache/model/news.h"
#include "cache/refresh/resolve_name.h"
#include "cache/refresh/refresh.h"
#include "cache/views/index.h"

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
	ret->mtime_ns = dir_mtime_ns(dir);
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
	char *name;

	if (dir == NULL || dir->number == number)
		return dir != NULL ? g_strdup(dir->name) : NULL;
	name = dir_name_of(dir, number);
	if (name == NULL)
		name = index_group(dir, number, NULL);
	return name != NULL ? name : name_of_request(cache, number);
}

/* ---- what is not known ---- */

/* Of a listing that was never complete: asks for it, unless that failed just now. */
static Known want_listing(Dir *dir, gboolean *ret_wake, GError **error)
{
	if (listing_is_complete(dir->listing))
		return KNOWN_YES;
	return listing_want(dir->listing, clock_now_us(dir->cache->clock),
		breaker_heard_us(dir->provider->breaker), ret_wake, error);
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
	Known known = want_listing(dir, &wake, error);

	if (wake)
		scheduler_wake(dir->cache->scheduler);
	return known;
}

/* A name that is not shown.  YES: it may be now. */
static Known want_name(Dir *dir, const char *name, GError **error)
{
	if (dir->kind == DIR_WORKSPACE && !name_is_cut(name))
		return resolve_name(dir, name, error);
	return *name == '.' ? KNOWN_NO : listing_known(dir, error);
}

Known cache_find(Cache *cache, guint32 parent, const char *name, Entry *ret,
	GError **error)
{
	Dir *dir = dir_find(cache, parent);
	Known known = dir != NULL ? KNOWN_YES : KNOWN_NO;

	while (known == KNOWN_YES) {
		/* First: what makes it complete is shown before. */
		gboolean complete = listing_is_complete(dir->listing);
		g_autoptr(Snapshot) shown = NULL;
		const Row *row = dir_row_of_name(dir, name, &shown);

		if (row != NULL) {
			entry_of_row(dir, row, ret);
			return KNOWN_YES;
		}
		known = complete ? KNOWN_NO : want_name(dir, name, error);
	}
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
	/* First, since what makes it complete is shown before. */
	known = want_listing(dir, &wake, &local);
	shown = dir_snapshot(dir);
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

/* What is no session, such as a request, is not asked for. */
static void look_session(Dir *dir, guint32 number, gint64 now_us)
{
	g_autoptr(Snapshot) shown = dir_snapshot(dir);

	if (snapshot_find(shown, number) != NULL &&
		watch_look(dir->watch, number, now_us))
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
	else
		look_session(dir, number, now_us);
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
	ret->relist = listing_ask(dir->listing);
	if (listing_get(dir->listing).pages > 1)
		partials_ask(dir->partials);
	scheduler_wake(cache->scheduler);
}

Known cache_refreshed(Cache *cache, CacheAsked *asked, GError **error)
{
	Dir *dir = dir_find(cache, asked->number);
	Known known;

	if (dir == NULL)
		return known_gone(error);
	if (asked->relist == 0)
		return KNOWN_YES;
	known = listing_answered(dir->listing, asked->relist, error);
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
