/* The making and the end of a cache.  README.md has the rooms, and core.h the order of
 * the locks. */
#include "cache/cache.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "cache/merge/apply.h"
#include "cache/model/provider.h"
#include "cache/refresh/refresh.h"
#include "cache/requests/requests.h"
#include "cache/views/index.h"

/* So many numbers may have been given out that no file tells of. */
#define NODE_IDS_LOST_MAX 1000000u

static gboolean reserve_numbers(guint32 limit, void *data, GError **error)
{
	return dirlog_reserve(((Cache *)data)->tree, limit, error);
}

static void init_locks(Cache *cache) ASSERT_HELD(cache->lock)
{
	mutex_init(&cache->stop_lock);
	mutex_init(&cache->lock);
	thread_cond_init(&cache->stop_cond);
}

/* The highest that fn answers for an entry of a directory. */
static guint32 highest_below(const char *path, guint32 (*fn)(const char *path))
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	guint32 highest = 0;
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		highest = MAX(highest, fn(below));
	}
	return highest;
}

static guint32 workspace_highest(const char *path)
{
	g_autofree char *index = g_build_filename(path, "index", NULL);

	return disk_highest(index);
}

static guint32 provider_highest(const char *path)
{
	return highest_below(path, workspace_highest);
}

/* Where it is not known how far numbers were given out: far beyond all that was
 * kept, also in workspaces that nobody has named yet. */
static void skip_numbers(Cache *cache)
{
	guint32 limit = dirlog_limit(cache->tree), highest = 0;
	g_autoptr(GError) error = NULL;

	if (dirlog_is_damaged(cache->tree))
		highest = MAX(highest_below(cache->state_dir, provider_highest),
			requests_highest(cache->requests));
	if (highest > 0) {
		limit = MAX(limit, highest + NODE_IDS_LOST_MAX);
		/* The tree looks sound from here on: it must say so itself. */
		if (!dirlog_reserve(cache->tree, limit, &error))
			g_warning("%s", error->message);
	}
	node_ids_skip(cache->node_ids, limit);
}

Cache *cache_new(const CacheSettings *settings, GError **error)
{
	g_autoptr(DirLog) tree = dirlog_open(settings->state_dir, error);
	Cache *cache;

	if (tree == NULL)
		return NULL;
	cache = g_new0(Cache, 1);
	init_locks(cache);
	cache->state_dir = g_strdup(settings->state_dir);
	cache->reserved = g_strdupv((char **)settings->reserved);
	cache->refresh_ms = settings->refresh_ms;
	cache->window_ms = settings->window_ms;
	cache->deadline_ms = settings->deadline_ms;
	cache->sessions_max = settings->sessions_max > 0
				      ? settings->sessions_max
				      : CACHE_SESSIONS_MAX;
	cache->workspaces_max = settings->workspaces_max > 0
					? settings->workspaces_max
					: CACHE_WORKSPACES_MAX;
	cache->clock = settings->clock != NULL ? settings->clock : &clock_real;
	cache->created_ns = now_ns();
	cache->state_names = state_names_new();
	cache->node_ids = node_ids_new(reserve_numbers, cache);
	cache->tree = g_steal_pointer(&tree);
	cache->news = news_new(settings->observer, settings->data);
	cache->called = settings->called;
	cache->traced = settings->traced;
	cache->owes = settings->owes;
	cache->owes_not = settings->owes_not;
	cache->sends = settings->sends;
	cache->told = settings->data;
	cache->sizes = sizes_new();
	cache->on_demand = on_demand_new(cache->clock);
	cache->common = pool_new("cache");
	cache->scheduler = scheduler_new(cache->clock, refresh_run, cache);
	cache->providers = g_ptr_array_new();
	cache->dirs = g_ptr_array_new();
	cache->requests = requests_new(cache, error);
	cache->root = dir_new(cache, DIR_ROOT, NULL, NULL, 0, "", "", NULL);
	listing_fix(cache->root->listing, TRUE);
	dir_join(cache->root);
	if (cache->requests == NULL) {
		cache_free(cache);
		return NULL;
	}
	skip_numbers(cache);
	return cache;
}

guint32 cache_home(Cache *cache, guint32 number)
{
	const Dir *dir = dir_around(cache, number);

	return dir != NULL ? dir->number : 0;
}

/* ---- beginning and end ---- */

void cache_start(Cache *cache)
{
	scheduler_start(cache->scheduler);
}

/* All threads are gone, so that no lock is needed for the list. */
static void reconcile_all(Cache *cache)
{
	g_autoptr(GError) error = NULL;

	mutex_is_held(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++)
		apply_finish(g_ptr_array_index(cache->dirs, i));
	if (!dirlog_reserve(
		    cache->tree, node_ids_next(cache->node_ids), &error))
		g_debug("%s", error->message);
}

void cache_abort(Cache *cache)
{
	mutex_lock(&cache->stop_lock);
	__atomic_store_n(&cache->stopping, TRUE, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&cache->stop_cond);
	mutex_unlock(&cache->stop_lock);
	g_autoptr(GPtrArray) providers = providers_all(cache);

	for (guint i = 0; i < providers->len; i++)
		provider_abort(g_ptr_array_index(providers, i));
	if (cache->requests != NULL)
		requests_stop(cache->requests);
}

void cache_stop(Cache *cache)
{
	g_autoptr(GPtrArray) providers = providers_all(cache);
	gboolean before = cache->stopped;

	cache->stopped = TRUE;
	cache_abort(cache);
	if (before)
		return;
	scheduler_stop(cache->scheduler);
	for (guint i = 0; i < providers->len; i++)
		provider_stop(g_ptr_array_index(providers, i));
	pool_stop(cache->common);
	news_stop(cache->news);
	reconcile_all(cache);
}

char *cache_left(Cache *cache)
{
	g_autoptr(GPtrArray) providers = providers_all(cache);
	GString *out = g_string_new(NULL);
	guint common = pool_running(cache->common);

	for (guint i = 0; i < providers->len; i++)
		provider_left(g_ptr_array_index(providers, i), out);
	if (common > 0)
		g_string_append_printf(
			out, "%sothers: %u", out->len > 0 ? ", " : "", common);
	return g_string_free(out, FALSE);
}

void cache_free(Cache *cache)
{
	if (cache == NULL)
		return;
	cache_stop(cache);
	scheduler_free(cache->scheduler);
	pool_free(cache->common);
	mutex_destroy(&cache->lock);
	mutex_destroy(&cache->stop_lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *dir = g_ptr_array_index(cache->dirs, i);

		g_clear_pointer(&dir->index, index_free);
		dir_free(dir);
	}
	g_ptr_array_unref(cache->dirs);
	requests_free(cache->requests);
	for (guint i = 0; i < cache->providers->len; i++)
		provider_free(g_ptr_array_index(cache->providers, i));
	g_ptr_array_unref(cache->providers);
	news_free(cache->news);
	sizes_free(cache->sizes);
	on_demand_free(cache->on_demand);
	state_names_free(cache->state_names);
	node_ids_free(cache->node_ids);
	dirlog_free(cache->tree);
	pthread_cond_destroy(&cache->stop_cond);
	g_strfreev(cache->reserved);
	g_free(cache->state_dir);
	g_free(cache);
}
