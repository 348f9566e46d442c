/* What a directory shows, and what it says in words: the functions of dir.h that take its
 * lock. */
#include "cache/base/locked.h"
#include "cache/model/dir.h"

/* ---- reading ---- */

Snapshot *dir_snapshot(Dir *self)
{
	return LOCKED(&self->lock, snapshot_ref(self->shown));
}

static const Row *row_of(const Dir *self, const Id *id, Snapshot **ret_shown)
	REQUIRES(self->lock)
{
	*ret_shown = snapshot_ref(self->shown);
	return id != NULL ? snapshot_find(self->shown, id->number) : NULL;
}

const Row *dir_row_of_name(Dir *self, const char *name, Snapshot **ret_shown)
{
	const Row *row;

	mutex_lock(&self->lock);
	row = row_of(self, ids_find(self->ids, name), ret_shown);
	mutex_unlock(&self->lock);
	return row;
}

const Row *dir_row_of_id(
	Dir *self, const char *raw, Snapshot **ret_shown, const char **ret_name)
{
	const Row *row;
	const Id *id;

	mutex_lock(&self->lock);
	id = ids_get(self->ids, raw);
	row = row_of(self, id, ret_shown);
	mutex_unlock(&self->lock);
	*ret_name = id != NULL ? id_name(id) : NULL;
	return row;
}

guint32 dir_number(Dir *self, const char *raw)
{
	g_autoptr(Snapshot) shown = NULL;
	const char *name;
	const Row *row = dir_row_of_id(self, raw, &shown, &name);

	return row != NULL ? row->number : 0;
}

const Id *dir_id_of_name(Dir *self, const char *name)
{
	return LOCKED(&self->lock, ids_find(self->ids, name));
}

gboolean dir_knows(Dir *self, const char *raw)
{
	return LOCKED(&self->lock, ids_get(self->ids, raw) != NULL);
}

static const Id *id_of_number(const Dir *self, guint32 number)
	REQUIRES(self->lock)
{
	const Row *row = snapshot_find(self->shown, number);

	if (row != NULL)
		return row->id;
	return self->cut != NULL ? g_hash_table_lookup(
					   self->cut, GUINT_TO_POINTER(number))
				 : NULL;
}

char *dir_name_of(Dir *self, guint32 number)
{
	const Id *id = LOCKED(&self->lock, id_of_number(self, number));

	return id != NULL ? g_strdup(id_name(id)) : NULL;
}

guint64 dir_count(Dir *self)
{
	return LOCKED(&self->lock, self->shown->count);
}

gint64 dir_mtime_ns(Dir *self)
{
	return LOCKED(
		&self->lock, MAX(self->shown->mtime_ns, self->presence_ns));
}

void dir_with_row(Dir *self, guint32 number,
	void (*fn)(const Row *row, void *data), void *data)
{
	mutex_lock(&self->lock);
	fn(snapshot_find(self->shown, number), data);
	mutex_unlock(&self->lock);
}

/* ---- changing ---- */

Id *dir_add_id(Dir *self, const char *id)
{
	return LOCKED(&self->lock, ids_add(self->ids, id, 0));
}

void dir_set_number(Dir *self, Id *id, guint32 number)
{
	mutex_lock(&self->lock);
	id->number = number;
	mutex_unlock(&self->lock);
}

void dir_show(Dir *self, Snapshot *next)
{
	Snapshot *old = self->shown;

	mutex_lock(&self->lock);
	self->shown = next;
	mutex_unlock(&self->lock);
	snapshot_unref(old);
}

/* Whom the numbers stood for.  cache_name may be asked. */
static void keep_cut(Dir *self, const DirChange *change) REQUIRES(self->lock)
{
	if (self->kind != DIR_WORKSPACE || change->n_cuts == 0)
		return;
	if (self->cut == NULL)
		self->cut = g_hash_table_new(NULL, NULL);
	for (guint i = 0; i < change->n_cuts; i++) {
		guint32 number = change->cuts[i];
		const Row *row = snapshot_find(self->shown, number);

		if (row != NULL)
			g_hash_table_insert(
				self->cut, GUINT_TO_POINTER(number), row->id);
	}
}

static const char *last_name(const Dir *self) REQUIRES(self->lock)
{
	const Id *id = self->last_id;

	return id != NULL && id->number == self->last ? id_name(id) : NULL;
}

/* .last, .partial or the views came or went. */
static void presence_changed(Dir *self) REQUIRES(self->lock)
{
	self->presence_ns =
		time_after(MAX(self->presence_ns, self->shown->mtime_ns));
}

static void news(const Dir *self, NewsKind kind, guint texts)
{
	News news = {.kind = kind, .number = self->number, .texts = texts};

	news.parent = self->parent != NULL ? self->parent->number : 0;
	news_push(self->cache->news, &news, 1);
}

void dir_publish(Dir *self, const DirChange *change)
{
	g_autoptr(Snapshot) old = NULL;
	gboolean linked;

	mutex_lock(&self->lock);
	keep_cut(self, change);
	old = self->shown;
	self->shown = change->next;
	linked = last_name(self) != NULL;
	for (guint i = 0; i < change->n_renumbered; i++)
		change->renumbered[i].id->number = change->renumbered[i].number;
	change->tell(change->data);
	if (linked && last_name(self) == NULL) {
		presence_changed(self);
		texts_touch(self->texts);
		news(self, NEWS_TEXT, TEXT_LAST_GONE);
	}
	mutex_unlock(&self->lock);
}

/* ---- the session that was made last ---- */

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

static void set_last(Dir *self, guint32 number)
	REQUIRES(self->apply, self->lock)
{
	Numbered wanted = {.number = number};

	if (number != 0)
		ids_foreach(self->ids, match_number, &wanted);
	self->last = number;
	self->last_id = wanted.found;
}

void dir_restore_last(Dir *self, guint32 number)
{
	mutex_lock(&self->lock);
	set_last(self, number);
	mutex_unlock(&self->lock);
}

void dir_set_last(Dir *self, guint32 number)
{
	gboolean first;

	mutex_lock(&self->lock);
	first = last_name(self) == NULL;
	if (first)
		presence_changed(self);
	set_last(self, number);
	texts_touch(self->texts);
	news(self, NEWS_TEXT, TEXT_LAST_MADE | (first ? 0 : TEXT_LAST_GONE));
	mutex_unlock(&self->lock);
}

const char *dir_last(Dir *self)
{
	return LOCKED(&self->lock, last_name(self));
}

/* ---- news and texts ---- */

void dir_news_listing(const Dir *self)
{
	news(self, NEWS_LISTING, 0);
}

void dir_links_changed(Dir *self)
{
	mutex_lock(&self->lock);
	presence_changed(self);
	news(self, NEWS_TEXT, TEXT_LINKS);
	mutex_unlock(&self->lock);
}

void dir_set_partial(Dir *self, char *text)
{
	guint change = texts_set_partial(self->texts, text);

	if (change == 0)
		return;
	mutex_lock(&self->lock);
	if (change & (TEXT_PARTIAL_MADE | TEXT_PARTIAL_GONE))
		presence_changed(self);
	news(self, NEWS_TEXT, change);
	mutex_unlock(&self->lock);
}

static void keep_error(void *data)
{
	Dir *self = data;
	g_autofree char *text = NULL;

	mutex_lock(&self->apply);
	text = texts_keep_error(self->texts);
	disk_keep_error(self->disk, text);
	mutex_unlock(&self->apply);
}

void dir_set_error(Dir *self, const char *what, GError *error)
{
	gboolean keep;
	g_autofree char *when = time_text(clock_wall_ms(self->cache->clock));
	g_autofree char *sentence = backend_error_sentence(error);
	char *text = g_strdup_printf("%s %s: %s\n", when, what, sentence);

	if (texts_set_error(self->texts, text, &keep))
		news(self, NEWS_TEXT, TEXT_LAST_ERROR);
	if (keep && self->disk != NULL &&
		!pool_push(self->cache->common, keep_error, self))
		g_debug("%s: an error after the end", what);
}
