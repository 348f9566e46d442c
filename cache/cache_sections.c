/* The sections of the configuration: those of the start, and what another
 * configuration makes of them while the cache runs. */
#include "backends/base/clock.h"
#include "cache/cache.h"

#include "cache/base/failpoint.h"
#include "cache/base/log_about.h"
#include "cache/merge/provider_open.h"
#include "cache/merge/section.h"
#include "cache/model/provider.h"
#include "cache/requests/requests_aside.h"

/* Its number is that of the account which is shown. */
static Id *section_id(Dir *root, const char *name, GError **error)
{
	Id *id;

	mutex_is_held(&root->apply); /* by the caller, or no thread runs yet */
	id = ids_get(dir_ids(root), name);
	if (id == NULL)
		id = dir_add_id(root, name);
	if (id == NULL)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the name %s is empty, too long, or given twice", name);
	return id;
}

gboolean cache_add(Cache *cache, const CacheProvider *settings, GError **error)
{
	Provider *provider = provider_new(cache, settings);
	Id *id = section_id(cache->root, settings->name, error);
	Row row = {.phase = PHASE_IDLE, .id = id};
	Dir *dir;

	if (id == NULL) {
		provider_free(provider);
		return FALSE;
	}
	provider->section = id;
	provider_join(provider);
	accounts_load(provider, NULL);
	dir = provider_open(provider, account_choose(provider), error);
	if (dir == NULL)
		return FALSE;
	/* No thread runs yet. */
	mutex_is_held(&cache->root->apply);
	provider->dir = dir;
	row.number = id->number = dir->number;
	dir_show(cache->root, snapshot_apply(dir_shown(cache->root), &row, 1,
				      NULL, 0, cache->created_ns, NULL));
	__atomic_store_n(&dir->there, 1, __ATOMIC_RELEASE);
	return TRUE;
}

/* ---- while it runs; with the root's apply lock ---- */

/* The one that the configuration names; NULL: none. */
static Provider *find_shown(Cache *cache, const char *name)
{
	g_autoptr(GPtrArray) named = providers_named(cache);

	for (guint i = 0; i < named->len; i++) {
		Provider *one = g_ptr_array_index(named, i);

		if (g_str_equal(one->section->text, name))
			return one;
	}
	return NULL;
}

/* One of the section that speaks to that place, or, NULL, to any. */
static Provider *find_kept(Cache *cache, const char *name, const char *place)
{
	g_autoptr(GPtrArray) all = providers_all(cache);

	for (guint i = 0; i < all->len; i++) {
		Provider *one = g_ptr_array_index(all, i);

		if (g_str_equal(one->section->text, name) &&
			provider_dir(one) != NULL &&
			(place == NULL || g_str_equal(one->place, place)))
			return one;
	}
	return NULL;
}

/* What went wrong before is no reason to wait with what is new.  links: they come or
 * go in each: under who works there the kernel keeps all that it knows. */
static void ask_anew(Cache *cache, const Dir *dir, gboolean links)
{
	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *one = g_ptr_array_index(cache->dirs, i);

		if (one != dir && one->parent != dir)
			continue;
		listing_forgive(one->listing,
			dir_has_interest(one, clock_now_us(cache->clock)));
		if (links)
			dir_links_changed(one);
	}
	mutex_unlock(&cache->lock);
}

/* The section speaks to the same place: its directory stays. */
static gboolean change_same(
	Provider *provider, const CacheProvider *settings, GError **error)
{
	Dir *dir = provider_dir(provider);
	gboolean links = provider->views != settings->views;

	provider_change(provider, settings);
	if (settings->backend != NULL)
		__atomic_store_n(&dir->account->proved, 0, __ATOMIC_RELAXED);
	ask_anew(provider->root->cache, dir, links);
	return section_workspaces(dir, error);
}

static Provider *make(Cache *cache, const CacheProvider *settings,
	const Provider *kept, Dir **ret, GError **error)
{
	Id *id = section_id(cache->root, settings->name, error);
	Provider *made;

	if (id == NULL) {
		backend_close(settings->backend);
		return NULL;
	}
	made = provider_new(cache, settings);
	made->section = id;
	accounts_load(made, kept);
	provider_join(made);
	failpoint_step("reload", "made");
	*ret = provider_open(made, account_choose(made), error);
	return *ret != NULL ? made : NULL;
}

/* Another place, or a section that was not there. */
static gboolean put_other(Cache *cache, Provider *shown,
	const CacheProvider *settings, const char *place, GError **error)
{
	Dir *old = shown != NULL ? provider_dir(shown) : NULL;
	Provider *kept = find_kept(cache, settings->name, place);
	gboolean links = kept != NULL && kept->views != settings->views;
	Dir *dir = NULL;

	if (kept != NULL) {
		provider_change(kept, settings);
		dir = provider_dir(kept);
	} else if (make(cache, settings, find_kept(cache, settings->name, NULL),
			   &dir, error) == NULL) {
		return FALSE;
	}
	section_retire(dir, FALSE);
	if (!section_show(old, dir, error)) {
		section_retire(dir, TRUE);
		return FALSE;
	}
	if (old != NULL)
		section_retire(old, TRUE);
	failpoint_step("reload", "shown");
	ask_anew(cache, dir, links);
	requests_show(cache->requests, dir->provider);
	return kept == NULL || section_workspaces(dir, error);
}

static gboolean put(Cache *cache, const CacheProvider *settings, GError **error)
{
	Provider *shown = find_shown(cache, settings->name);
	g_autofree char *place = NULL;

	if (settings->backend == NULL)
		return change_same(shown, settings, error);
	place = account_place(settings->backend);
	if (shown != NULL && g_str_equal(shown->place, place))
		return change_same(shown, settings, error);
	return put_other(cache, shown, settings, place, error);
}

static gboolean drop(Cache *cache, const char *name, GError **error)
{
	Provider *shown = find_shown(cache, name);
	Dir *dir = shown != NULL ? provider_dir(shown) : NULL;

	if (dir == NULL)
		return TRUE;
	if (!section_show(dir, NULL, error))
		return FALSE;
	section_retire(dir, TRUE);
	failpoint_step("reload", "dropped");
	return TRUE;
}

/* The observer is called on a worker. */
static void deliver(void *data)
{
	Cache *cache = data;

	news_deliver(cache->news);
	__atomic_store_n(&cache->untidy, 1, __ATOMIC_RELEASE);
	scheduler_wake(cache->scheduler);
}

gboolean cache_put(Cache *cache, const CacheProvider *settings, GError **error)
{
	gboolean ok;

	failpoint_hang("reload");
	mutex_lock(&cache->root->apply);
	ok = put(cache, settings, error);
	mutex_unlock(&cache->root->apply);
	if (!pool_push(cache->common, deliver, cache))
		g_debug("%s: changed after the end", settings->name);
	return ok;
}

gboolean cache_drop(Cache *cache, const char *name, GError **error)
{
	gboolean ok;

	mutex_lock(&cache->root->apply);
	ok = drop(cache, name, error);
	mutex_unlock(&cache->root->apply);
	if (!pool_push(cache->common, deliver, cache))
		g_debug("%s: dropped after the end", name);
	return ok;
}
