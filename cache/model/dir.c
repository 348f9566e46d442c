#include "cache/model/dir.h"

#include "backends/base/clock.h"

/* Between the end of a window and the word of who asked the kernel what it still
 * holds (cache_hold) four quarters of it pass, of four seconds at most. */
#define GRACE_MAX_MS 4000
/* Workers that open files for somebody, of one workspace at a time; and those for nobody
 * who waits: what hangs there must not keep others waiting. */
#define OPENERS_MAX 8
#define FOLLOWERS_MAX 2

Dir *dir_new(Cache *cache, DirKind kind, Dir *parent, Provider *provider,
	guint32 number, const char *id, const char *name, Disk *disk)
{
	const News tells = {.kind = NEWS_LISTING,
		.number = number,
		.parent = parent != NULL ? parent->number : 0};
	Dir *self = g_new0(Dir, 1);

	mutex_init(&self->apply);
	mutex_init(&self->lock);
	self->cache = cache;
	self->kind = kind;
	self->parent = parent;
	self->provider = provider;
	self->account = parent != NULL ? parent->account : NULL;
	self->number = number;
	self->id = id;
	self->name = name;
	self->disk = disk;
	self->ids = ids_new((const char *const *)cache->reserved);
	self->shown = snapshot_new(cache->created_ns, NULL);
	self->recent_writes = recent_writes_new();
	self->listing = listing_new(cache->news, &tells);
	self->partials = partials_new();
	self->questions = questions_new(cache->clock);
	self->opening = job_queue_new(OPENERS_MAX, g_free);
	self->following = job_queue_new(FOLLOWERS_MAX, g_free);
	self->texts = texts_new(cache->created_ns);
	self->backfill = tried_new();
	self->cause = tried_new();
	self->watch = watch_new(cache->window_ms * 1000);
	return self;
}

void dir_join(Dir *self)
{
	Cache *cache = self->cache;

	mutex_lock(&cache->lock);
	g_ptr_array_add(cache->dirs, self);
	mutex_unlock(&cache->lock);
}

void dir_free(Dir *self)
{
	mutex_destroy(&self->apply);
	mutex_destroy(&self->lock);
	snapshot_unref(self->shown);
	ids_free(self->ids);
	disk_free(self->disk);
	g_hash_table_unref(self->recent_writes);
	g_clear_pointer(&self->cut, g_hash_table_unref);
	listing_free(self->listing);
	partials_free(self->partials);
	questions_free(self->questions);
	job_queue_free(self->opening);
	job_queue_free(self->following);
	texts_free(self->texts);
	tried_free(self->backfill);
	tried_free(self->cause);
	watch_free(self->watch);
	g_clear_pointer(&self->merge_memo, g_hash_table_unref);
	g_clear_pointer(&self->past_retention, g_hash_table_unref);
	g_free(self->title);
	g_free(self);
}

Dir *dir_around(Cache *cache, guint32 number)
{
	return number == 0 ? cache->root
			   : node_ids_owner(cache->node_ids, number);
}

Dir *dir_find(Cache *cache, guint32 number)
{
	Dir *self = dir_around(cache, number);

	if (self == NULL || self->number != number || !dir_is_there(self))
		return NULL;
	return self;
}

Dir *dir_workspace(Cache *cache, guint32 number)
{
	Dir *self = dir_find(cache, number);

	return self != NULL && self->kind == DIR_WORKSPACE ? self : NULL;
}

gboolean dir_is_there(const Dir *self)
{
	for (; self->parent != NULL; self = self->parent)
		if (!__atomic_load_n(&self->there, __ATOMIC_ACQUIRE))
			return FALSE;
	return TRUE;
}

void seen_clear(Seen *self)
{
	g_clear_pointer(&self->shown, snapshot_unref);
}

Seen dir_session(Cache *cache, guint32 number)
{
	Seen seen = {.dir = dir_around(cache, number)};

	if (seen.dir != NULL && seen.dir->kind == DIR_WORKSPACE &&
		seen.dir->number != number && dir_is_there(seen.dir)) {
		seen.shown = dir_snapshot(seen.dir);
		seen.row = snapshot_find(seen.shown, number);
	}
	if (seen.row != NULL)
		return seen;
	seen_clear(&seen);
	return (Seen){NULL};
}

gboolean phase_has_ended(Phase phase)
{
	return phase == PHASE_STOPPED || phase == PHASE_FAILED;
}

gboolean dir_row_passes(const Dir *self, const Row *row)
{
	return phase_is_transitional((Phase)row->phase) &&
	       backend_is_transitional(self->provider->class,
		       state_names_get(self->cache->state_names, row->word),
		       (Phase)row->phase);
}

gboolean dir_is_steered(const Dir *self)
{
	const BackendVerb *verbs = self->provider->class->workspace_verbs;

	return verbs != NULL && verbs->name != NULL;
}

guint dir_on_demand(const Dir *self, const Row *row)
{
	const BackendClass *class = self->provider->class;
	guint files = class->described;

	if (row->partial)
		files |= class->whole_files;
	return files & backend_files(class);
}

guint32 dir_tick(Dir *self)
{
	return __atomic_add_fetch(&self->tick, 1, __ATOMIC_RELAXED);
}

char *dir_path(const Dir *self)
{
	if (self->kind == DIR_ROOT)
		return g_strdup("/");
	if (self->kind == DIR_PROVIDER)
		return g_strdup(self->name);
	return g_strdup_printf("%s/%s", self->parent->name, self->name);
}

gboolean dir_has_interest(const Dir *self, gint64 now_us)
{
	gint64 looked = __atomic_load_n(&self->looked_us, __ATOMIC_RELAXED);
	gint64 window_ms = self->cache->window_ms;
	gint64 life_ms = window_ms + MIN(window_ms, GRACE_MAX_MS);

	if (__atomic_load_n(&self->held, __ATOMIC_RELAXED) > 0)
		return TRUE;
	return looked != 0 && now_us - looked < life_ms * 1000;
}

void dir_heard(const Dir *self)
{
	if (breaker_heard(self->provider->breaker))
		scheduler_wake(self->cache->scheduler);
}

/* Once, until a whole listing has made it good again. */
static void tell_damage(Dir *self, GError *error)
{
	g_autofree char *place = NULL;

	if (__atomic_exchange_n(&self->verify_bodies, 1, __ATOMIC_RELAXED) != 0)
		return;
	place = dir_path(self);
	g_warning("%s: %s", place, error->message);
	dir_set_error(self, place, error);
}

char *dir_body(Dir *self, const Snapshot *shown, const Row *row, GError **error)
{
	g_autoptr(GError) local = NULL;
	char *body;

	if (row->body_len == 0 || shown->store == NULL)
		return g_strdup("");
	body = body_store_read(shown->store, row->body_at, row->body_len,
		row->body_hash, &local);
	if (body != NULL)
		return body;
	if (!g_error_matches(local, BACKEND_ERROR, BACKEND_ERROR_NO_FILES))
		tell_damage(self, local);
	g_propagate_error(error, g_steal_pointer(&local));
	return NULL;
}
