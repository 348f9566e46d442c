/*
 * The making and the end of a cache; what it does in between is in
 *
 *   lookup.c   what FUSE threads ask: answered from snapshots, never waiting
 *   view.c     the same of views and tables, from index.c
 *   index.c    what views are made of; follows change.c       (worker, WORK_ASK)
 *   ask.c      one name, while a listing is incomplete        (worker, WORK_ASK)
 *   open.c     the bytes that only a call of their own gets  (worker, WORK_OPEN)
 *   fill.c     records that a listing tells in part          (worker, WORK_FILL)
 *   refresh.c  when a listing is due                        (its own thread)
 *   sweep.c    a listing, page by page                       (worker, WORK_LIST)
 *   glance.c   what somebody watches, between long ones    (worker, WORK_GLANCE)
 *   order*.c   creating and steering                        (worker, WORK_ORDER)
 *   requests.c what was ordered, in memory and, by journal.c, on disk
 *   settle.c   what came of orders whose answer was lost     (worker, WORK_LIST)
 *   apply*.c   what any of these was answered becomes what is shown:
 *              change.c -> disk.c or tree.c -> snapshot.c -> news.c
 *
 * core.h has the lock order.
 */
#include "cache.h"

#include <string.h>

#include "apply.h"
#include "clock.h"
#include "refresh.h"
#include "requests.h"

/* So many numbers may have been given out that no file tells of. */
#define NUMBERS_LOST_MAX 1000000u
/* At least so long a provider that does not answer opens is left alone. */
#define SILENCE_MIN_MS 5000
#define SILENCE_MAX_MS 30000

static gboolean reserve_numbers(guint32 limit, void *data, GError **error)
{
	return tree_reserve(((Cache *)data)->tree, limit, error);
}

static void init_locks(Cache *cache)
{
	clock_cond_init(&cache->stop_cond);
	pthread_mutex_init(&cache->stop_lock, NULL);
	pthread_mutex_init(&cache->lock, NULL);
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
	guint32 limit = tree_limit(cache->tree), highest = 0;
	g_autoptr(GError) error = NULL;

	if (tree_is_damaged(cache->tree))
		highest = MAX(highest_below(cache->state_dir, provider_highest),
			requests_highest(cache->requests));
	if (highest > 0) {
		limit = MAX(limit, highest + NUMBERS_LOST_MAX);
		/* The tree looks sound from here on: it must say so itself. */
		if (!tree_reserve(cache->tree, limit, &error))
			g_warning("%s", error->message);
	}
	numbers_skip(cache->numbers, limit);
}

Cache *cache_new(const CacheSettings *settings, GError **error)
{
	g_autoptr(Tree) tree = tree_open(settings->state_dir, error);
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
	cache->born_ns = now_ns();
	cache->words = words_new();
	cache->numbers = numbers_new(reserve_numbers, cache);
	cache->tree = g_steal_pointer(&tree);
	cache->news = news_new(settings->observer, settings->data);
	cache->sizes = sizes_new();
	cache->described = described_new();
	cache->common = pool_new();
	cache->refresh = refresh_new(cache);
	cache->providers = g_ptr_array_new();
	cache->dirs = g_ptr_array_new();
	cache->requests = requests_new(cache, error);
	cache->root = dir_new(cache, DIR_ROOT, NULL, NULL, 0, "", "", NULL);
	cache->root->listing.complete = TRUE;
	if (cache->requests == NULL) {
		cache_free(cache);
		return NULL;
	}
	skip_numbers(cache);
	return cache;
}

/* ---- providers ---- */

static void provider_stop(Provider *provider)
{
	for (guint i = 0; i < WORK_KINDS; i++)
		pool_stop(provider->work[i]);
}

static void provider_free(Provider *provider)
{
	for (guint i = 0; i < WORK_KINDS; i++)
		pool_free(provider->work[i]);
	backend_close(provider->backend);
	silence_free(provider->silence);
	g_strfreev(provider->workspaces);
	g_free(provider);
}

/* An entry known from an earlier run keeps its number. */
static Id *entry_id(
	Dir *dir, const TreeEntry *known, const char *raw, GError **error)
{
	Numbers *numbers = dir->cache->numbers;
	guint32 number;
	Id *id;

	if (known != NULL && numbers_claim(numbers, known->number, dir))
		number = known->number;
	else if (!numbers_take(numbers, dir, &number, error))
		return NULL;
	id = ids_add(dir->ids, raw, number);
	if (id == NULL)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the name %s is empty, too long, or given twice", raw);
	return id;
}

static gboolean keep_entry(Dir *dir, const TreeEntry *known, const Id *id,
	gint64 created_ms, GError **error)
{
	if (known != NULL && known->number == id->number && known->there)
		return TRUE;
	return tree_put(dir->cache->tree, id->number, dir->number, id->text,
		created_ms, error);
}

typedef struct {
	Dir *dir;
	GArray *rows;
	GError *error;
} EntryLoad;

static void add_workspace(
	EntryLoad *self, const TreeEntry *known, const char *raw)
{
	Row row = {.phase = PHASE_IDLE};
	Dir *dir;

	row.id = ids_get(self->dir->ids, raw);
	if (self->error != NULL || row.id != NULL)
		return;
	row.id = entry_id(self->dir, known, raw, &self->error);
	if (row.id == NULL ||
		!keep_entry(self->dir, known, row.id, 0, &self->error))
		return;
	row.number = row.id->number;
	row.since_ms = known != NULL ? known->created_ms : 0;
	dir = apply_workspace_dir(self->dir, row.id);
	__atomic_store_n(&dir->there, 1, __ATOMIC_RELEASE);
	g_array_append_val(self->rows, row);
}

static void visit_known(const TreeEntry *entry, void *data)
{
	EntryLoad *self = data;

	if (entry->there)
		add_workspace(self, entry, entry->id);
	else if (numbers_claim(
			 self->dir->cache->numbers, entry->number, self->dir))
		ids_add(self->dir->ids, entry->id, entry->number);
}

static void show_rows(Dir *dir, GArray *rows, gint64 mtime_ns)
{
	Snapshot *old = dir->shown;

	rows_sort(rows);
	dir->shown = snapshot_apply(old, (const Row *)(void *)rows->data,
		rows->len, NULL, 0, mtime_ns, NULL);
	snapshot_unref(old);
}

static gboolean load_workspaces(
	Dir *dir, const TreeEntry *known, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
	EntryLoad load = {.dir = dir, .rows = rows};
	char **fixed = dir->provider->workspaces;
	Tree *tree = dir->cache->tree;
	gint64 mtime_ns = dir->cache->born_ns;

	if (fixed == NULL)
		tree_foreach(tree, dir->number, visit_known, &load);
	for (; fixed != NULL && *fixed != NULL; fixed++)
		add_workspace(
			&load, tree_find(tree, dir->number, *fixed), *fixed);
	if (load.error != NULL) {
		g_propagate_error(error, load.error);
		return FALSE;
	}
	dir->listing.complete = dir->provider->workspaces != NULL;
	if (known != NULL && !dir->listing.complete) {
		dir->recorded_ms = dir->listing.listed_ms = known->complete_ms;
		dir->listing.complete = known->complete_ms != 0;
		mtime_ns = known->mtime_ns != 0 ? known->mtime_ns : mtime_ns;
	}
	show_rows(dir, rows, mtime_ns);
	return TRUE;
}

static Provider *provider_new(Cache *cache, const CacheProvider *settings)
{
	Provider *provider = g_new0(Provider, 1);

	for (guint i = 0; i < WORK_KINDS; i++)
		provider->work[i] = pool_new();
	provider->backend = settings->backend;
	provider->workspaces = g_strdupv(settings->workspaces);
	provider->refresh_ms = settings->refresh_ms > 0 ? settings->refresh_ms
							: cache->refresh_ms;
	provider->silence = silence_new(
		CLAMP(provider->refresh_ms, SILENCE_MIN_MS, SILENCE_MAX_MS));
	provider->settle_ms = settings->settle_ms >= 0
				      ? settings->settle_ms
				      : settings->backend->class->settle_ms;
	provider->read_only = settings->read_only;
	provider->rmdir_ends = settings->rmdir_ends;
	provider->start = settings->start;
	provider->views = settings->views;
	provider->ended = settings->ended;
	g_ptr_array_add(cache->providers, provider);
	return provider;
}

gboolean cache_add(Cache *cache, const CacheProvider *settings, GError **error)
{
	Provider *provider = provider_new(cache, settings);
	const TreeEntry *known = tree_find(cache->tree, 0, settings->name);
	Id *id = entry_id(cache->root, known, settings->name, error);
	Row row = {.phase = PHASE_IDLE, .id = id};
	Snapshot *old;

	if (id == NULL || !keep_entry(cache->root, known, id, 0, error))
		return FALSE;
	row.number = id->number;
	provider->dir = dir_new(cache, DIR_PROVIDER, cache->root, provider,
		id->number, id->text, id_name(id), NULL);
	numbers_assign(cache->numbers, id->number, provider->dir);
	if (!load_workspaces(provider->dir, known, error))
		return FALSE;
	old = cache->root->shown;
	cache->root->shown =
		snapshot_apply(old, &row, 1, NULL, 0, cache->born_ns, NULL);
	snapshot_unref(old);
	__atomic_store_n(&provider->dir->there, 1, __ATOMIC_RELEASE);
	return TRUE;
}

guint32 cache_home(Cache *cache, guint32 number)
{
	const Dir *dir = dir_around(cache, number);

	return dir != NULL ? dir->number : 0;
}

/* ---- beginning and end ---- */

void cache_start(Cache *cache)
{
	refresh_start(cache->refresh);
}

static void settle_all(Cache *cache)
{
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < cache->dirs->len; i++)
		apply_settle(g_ptr_array_index(cache->dirs, i));
	if (!tree_reserve(cache->tree, numbers_next(cache->numbers), &error))
		g_debug("%s", error->message);
}

void cache_abort(Cache *cache)
{
	pthread_mutex_lock(&cache->stop_lock);
	__atomic_store_n(&cache->stopping, TRUE, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&cache->stop_cond);
	pthread_mutex_unlock(&cache->stop_lock);
	for (guint i = 0; i < cache->providers->len; i++) {
		const Provider *provider =
			g_ptr_array_index(cache->providers, i);

		backend_abort(provider->backend);
	}
	if (cache->requests != NULL)
		requests_stop(cache->requests);
}

void cache_stop(Cache *cache)
{
	gboolean before = cache->stopped;

	cache->stopped = TRUE;
	cache_abort(cache);
	if (before)
		return;
	refresh_stop(cache->refresh);
	for (guint i = 0; i < cache->providers->len; i++)
		provider_stop(g_ptr_array_index(cache->providers, i));
	pool_stop(cache->common);
	news_stop(cache->news);
	settle_all(cache);
}

void cache_free(Cache *cache)
{
	if (cache == NULL)
		return;
	cache_stop(cache);
	refresh_free(cache->refresh);
	pool_free(cache->common);
	for (guint i = 0; i < cache->dirs->len; i++)
		dir_free(g_ptr_array_index(cache->dirs, i));
	g_ptr_array_unref(cache->dirs);
	requests_free(cache->requests);
	for (guint i = 0; i < cache->providers->len; i++)
		provider_free(g_ptr_array_index(cache->providers, i));
	g_ptr_array_unref(cache->providers);
	news_free(cache->news);
	sizes_free(cache->sizes);
	described_free(cache->described);
	words_free(cache->words);
	numbers_free(cache->numbers);
	tree_free(cache->tree);
	pthread_mutex_destroy(&cache->lock);
	pthread_mutex_destroy(&cache->stop_lock);
	pthread_cond_destroy(&cache->stop_cond);
	g_strfreev(cache->reserved);
	g_free(cache->state_dir);
	g_free(cache);
}
