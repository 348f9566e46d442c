#include "dir.h"

#include "ask.h"

Dir *dir_new(Cache *cache, DirKind kind, Dir *parent, Provider *provider,
	guint32 number, const char *id, const char *name, Disk *disk)
{
	Dir *self = g_new0(Dir, 1);

	self->cache = cache;
	self->kind = kind;
	self->parent = parent;
	self->provider = provider;
	self->number = number;
	self->id = id;
	self->name = name;
	self->disk = disk;
	pthread_mutex_init(&self->apply, NULL);
	pthread_mutex_init(&self->lock, NULL);
	self->ids = ids_new((const char *const *)cache->reserved);
	self->shown = snapshot_new(cache->born_ns, NULL);
	self->questions = questions_new();
	g_queue_init(&self->asking);
	self->text_ns = cache->born_ns;
	pthread_mutex_lock(&cache->lock);
	g_ptr_array_add(cache->dirs, self);
	pthread_mutex_unlock(&cache->lock);
	return self;
}

void dir_free(Dir *self)
{
	snapshot_unref(self->shown);
	ids_free(self->ids);
	disk_free(self->disk);
	g_hash_table_unref(self->questions);
	g_queue_clear(&self->asking);
	g_clear_error(&self->listing.error);
	g_free(self->last_error);
	g_free(self->partial);
	pthread_mutex_destroy(&self->apply);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

Dir *dir_around(Cache *cache, guint32 number)
{
	return number == 0 ? cache->root
			   : numbers_owner(cache->numbers, number);
}

Dir *dir_find(Cache *cache, guint32 number)
{
	Dir *self = dir_around(cache, number);

	if (self == NULL || self->number != number || !dir_is_there(self))
		return NULL;
	return self;
}

gboolean dir_is_there(const Dir *self)
{
	for (; self->parent != NULL; self = self->parent)
		if (!__atomic_load_n(&self->there, __ATOMIC_ACQUIRE))
			return FALSE;
	return TRUE;
}

Snapshot *dir_snapshot(Dir *self)
{
	Snapshot *shown;

	pthread_mutex_lock(&self->lock);
	shown = snapshot_ref(self->shown);
	pthread_mutex_unlock(&self->lock);
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

void dir_presence_changed(Dir *self)
{
	self->presence_ns =
		time_after(MAX(self->presence_ns, self->shown->mtime_ns));
}

void dir_set_text(Dir *self, char **text, char *value)
{
	gboolean same = g_strcmp0(*text, value) == 0;

	if (text == &self->partial && (*text == NULL) != (value == NULL))
		dir_presence_changed(self);

	g_free(*text);
	*text = value;
	if (same)
		return;
	self->text_ns = time_after(self->text_ns);
	dir_news(self, NEWS_TEXT);
}

char *dir_path(const Dir *self)
{
	if (self->kind == DIR_ROOT)
		return g_strdup("/");
	if (self->kind == DIR_PROVIDER)
		return g_strdup(self->name);
	return g_strdup_printf("%s/%s", self->parent->name, self->name);
}

void dir_set_error(Dir *self, const char *what, GError *error)
{
	g_autofree char *when = time_text(now_ms());
	g_autofree char *sentence = backend_error_sentence(error);
	char *text = g_strdup_printf("%s %s: %s\n", when, what, sentence);

	pthread_mutex_lock(&self->lock);
	dir_set_text(self, &self->last_error, text);
	pthread_mutex_unlock(&self->lock);
}

gboolean dir_has_interest(const Dir *self, gint64 now_us)
{
	gint64 looked = __atomic_load_n(&self->looked_us, __ATOMIC_RELAXED);

	if (__atomic_load_n(&self->held, __ATOMIC_RELAXED) > 0)
		return TRUE;
	return looked != 0 && now_us - looked < self->cache->window_ms * 1000;
}

Call dir_call(const Dir *self, gboolean interactive)
{
	Call call = {.interactive = interactive};

	call.deadline_us =
		g_get_monotonic_time() + self->cache->deadline_ms * 1000;
	return call;
}

char *dir_body(Dir *self, const Snapshot *shown, const Row *row, GError **error)
{
	char *body;

	if (row->body_len == 0 || shown->heap == NULL)
		return g_strdup("");
	body = heap_read(shown->heap, row->body_at, row->body_len,
		row->body_hash, error);
	if (body == NULL)
		__atomic_store_n(&self->distrust, 1, __ATOMIC_RELAXED);
	return body;
}
