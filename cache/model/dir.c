#include "cache/model/dir.h"

#include "backends/base/clock.h"

/* Between the end of a window and the word of who asked the kernel what it still
 * holds (cache_hold) four quarters of it pass, of four seconds at most. */
#define GRACE_MAX_MS 4000

Dir *dir_new(Cache *cache, DirKind kind, Dir *parent, Provider *provider,
	guint32 number, const char *id, const char *name, Disk *disk)
{
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
	self->watch = watch_new(cache->window_ms * 1000);
	self->text_ns = cache->created_ns;
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
	g_clear_pointer(&self->questions, g_hash_table_unref);
	watch_free(self->watch);
	g_clear_pointer(&self->merge_memo, g_hash_table_unref);
	g_clear_pointer(&self->past_retention, g_hash_table_unref);
	g_clear_pointer(&self->backfill.again, g_hash_table_unref);
	g_clear_pointer(&self->cause.again, g_hash_table_unref);
	g_queue_clear(&self->asking.waiting);
	g_queue_clear_full(&self->opening.waiting, g_free);
	g_queue_clear_full(&self->following.waiting, g_free);
	g_clear_error(&self->listing.error);
	g_free(self->title);
	g_free(self->last_error);
	g_free(self->partial);
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

guint32 dir_number(Dir *self, const char *raw)
{
	guint32 number = 0;
	const Id *id;

	mutex_lock(&self->lock);
	id = ids_get(self->ids, raw);
	if (id != NULL && snapshot_find(self->shown, id->number) != NULL)
		number = id->number;
	mutex_unlock(&self->lock);
	return number;
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

gboolean job_queue_add(JobQueue *self, gpointer item, guint most)
{
	gboolean more = self->workers < most;

	g_queue_push_tail(&self->waiting, item);
	self->workers += more;
	return more;
}

gpointer job_queue_next(Dir *dir, JobQueue *self)
{
	gpointer item;

	mutex_lock(&dir->lock);
	item = g_queue_pop_head(&self->waiting);
	self->workers -= item == NULL;
	mutex_unlock(&dir->lock);
	return item;
}

Snapshot *dir_snapshot(Dir *self)
{
	Snapshot *shown;

	mutex_lock(&self->lock);
	shown = snapshot_ref(self->shown);
	mutex_unlock(&self->lock);
	return shown;
}

guint32 dir_tick(Dir *self)
{
	return __atomic_add_fetch(&self->tick, 1, __ATOMIC_RELAXED);
}

void dir_news(Dir *self, NewsKind kind)
{
	News news = {.kind = kind, .number = self->number};

	news.parent = self->parent != NULL ? self->parent->number : 0;
	news_push(self->cache->news, &news, 1);
}

typedef struct {
	guint32 number;
	const Id *found;
} Numbered;

static void match_number(Id *id, void *data)
{
	Numbered *wanted = data;

	if (id->number == wanted->number)
		wanted->found = id;
}

void dir_set_last(Dir *self, guint32 number)
{
	Numbered wanted = {.number = number};

	if (number != 0)
		ids_foreach(self->ids, match_number, &wanted);
	self->last = number;
	self->last_id = wanted.found;
}

const char *dir_last(const Dir *self)
{
	const Id *id = self->last_id;

	return id != NULL && id->number == self->last ? id_name(id) : NULL;
}

void dir_presence_changed(Dir *self)
{
	self->presence_ns =
		time_after(MAX(self->presence_ns, self->shown->mtime_ns));
}

void dir_text_news(Dir *self, guint texts)
{
	News news = {.kind = NEWS_TEXT, .number = self->number, .texts = texts};

	if (self->parent != NULL)
		news.parent = self->parent->number;
	news_push(self->cache->news, &news, 1);
}

static guint text_change(const Dir *self, char **text, const char *value)
{
	if (text != &self->partial)
		return TEXT_LAST_ERROR;
	if (*text == NULL)
		return TEXT_PARTIAL_MADE;
	return value != NULL ? TEXT_PARTIAL : TEXT_PARTIAL_GONE;
}

void dir_set_text(Dir *self, char **text, char *value)
{
	guint change = text_change(self, text, value);
	gboolean same = g_strcmp0(*text, value) == 0;

	g_free(*text);
	*text = value;
	if (same)
		return;
	if (change & (TEXT_PARTIAL_MADE | TEXT_PARTIAL_GONE))
		dir_presence_changed(self);
	self->text_ns = time_after(self->text_ns);
	dir_text_news(self, change);
}

char *dir_path(const Dir *self)
{
	if (self->kind == DIR_ROOT)
		return g_strdup("/");
	if (self->kind == DIR_PROVIDER)
		return g_strdup(self->name);
	return g_strdup_printf("%s/%s", self->parent->name, self->name);
}

static void keep_error(void *data)
{
	Dir *self = data;
	g_autofree char *text = NULL;

	mutex_lock(&self->apply);
	mutex_lock(&self->lock);
	text = g_strdup(self->last_error);
	self->error_unkept = FALSE;
	mutex_unlock(&self->lock);
	disk_keep_error(self->disk, text);
	mutex_unlock(&self->apply);
}

void dir_set_error(Dir *self, const char *what, GError *error)
{
	gboolean waits;
	g_autofree char *when = time_text(clock_wall_ms(self->cache->clock));
	g_autofree char *sentence = backend_error_sentence(error);
	char *text = g_strdup_printf("%s %s: %s\n", when, what, sentence);

	mutex_lock(&self->lock);
	dir_set_text(self, &self->last_error, text);
	waits = self->error_unkept;
	self->error_unkept = self->disk != NULL;
	mutex_unlock(&self->lock);
	if (!waits && self->disk != NULL &&
		!pool_push(self->cache->common, keep_error, self))
		g_debug("%s: an error after the end", what);
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
