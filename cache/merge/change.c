#include "cache/merge/change.h"

#include "cache/base/failpoint.h"
#include "cache/model/account.h"

#include "cache/views/index.h"

void change_begin(Change *self, Dir *dir)
{
	*self = (Change){.dir = dir};
	self->rows = g_array_new(FALSE, FALSE, sizeof(Row));
	self->cuts = g_array_new(FALSE, FALSE, sizeof(guint32));
	self->renumbered = g_array_new(FALSE, FALSE, sizeof(Renumbered));
	self->news = g_array_new(FALSE, FALSE, sizeof(News));
}

void change_end(Change *self)
{
	for (guint i = 0; i < self->rows->len; i++)
		mtimes_unref(g_array_index(self->rows, Row, i).mtimes);
	g_array_unref(self->rows);
	g_array_unref(self->cuts);
	g_array_unref(self->renumbered);
	g_array_unref(self->news);
	if (self->dir->disk != NULL)
		disk_abandon(self->dir->disk);
}

/* `row` is new, stands for `old`, or (NULL) goes with `old`. */
static void add_news(Change *self, NewsKind kind, const Row *row,
	const Row *old, guint files)
{
	StateNames *state_names = self->dir->cache->state_names;
	const Id *id = row != NULL ? row->id : old->id;
	News news = {.kind = kind, .files = files, .id = id->text};

	news.number = row != NULL ? row->number : old->number;
	news.parent = self->dir->number;
	if (kind != NEWS_CHANGED)
		news.name = id_name(id);
	news.from = old != NULL ? state_names_get(state_names, old->word) : "";
	news.to = row != NULL ? state_names_get(state_names, row->word) : "";
	/* That more is known of it now is no event at the provider. */
	if (row != NULL && old != NULL)
		news.first = old->partial && !row->partial &&
			     old->word == row->word && old->phase == row->phase;
	g_array_append_val(self->news, news);
}

gboolean change_put(Change *self, Row *row, const Row *old, const char *body,
	gsize len, guint files, GError **error)
{
	Dir *dir = self->dir;

	g_array_append_val(self->rows, *row); /* owns the mtimes from here */
	if (dir->disk != NULL) {
		const char *word = dir_word(dir, row);

		if (!disk_put(dir->disk, row, old, word, body, len, error))
			return FALSE;
		g_array_index(self->rows, Row, self->rows->len - 1) = *row;
	}
	self->transitional += dir_row_passes(dir, row);
	if (old != NULL)
		self->transitional -= dir_row_passes(dir, old);
	if (old == NULL) {
		self->added++;
		self->members = TRUE;
		add_news(self, NEWS_APPEARED, row, NULL, 0);
	} else if (files != 0) {
		add_news(self, NEWS_CHANGED, row, old, files);
	}
	return TRUE;
}

void change_remove(Change *self, const Row *row)
{
	Dir *dir = self->dir;

	if (dir->disk != NULL)
		disk_remove(dir->disk, row);
	if (dir->disk != NULL)
		self->newest_ns = MAX(self->newest_ns, row_newest_ns(row));
	g_array_append_val(self->cuts, row->number);
	self->transitional -= dir_row_passes(dir, row);
	self->members = TRUE;
	add_news(self, NEWS_VANISHED, NULL, row,
		dir->provider != NULL ? backend_files(dir_class(dir)) : 0);
}

gboolean change_renumber(
	Change *self, Id *id, guint32 *ret_number, GError **error)
{
	Renumbered entry = {.id = id};
	Dir *dir = self->dir;

	if (!node_ids_take(dir->cache->node_ids, dir, &entry.number, error))
		return FALSE;
	g_array_append_val(self->renumbered, entry);
	*ret_number = entry.number;
	return TRUE;
}

void change_renumber_as(Change *self, Id *id, guint32 number)
{
	Renumbered entry = {.id = id, .number = number};

	g_array_append_val(self->renumbered, entry);
}

/* ---- publishing ---- */

static gint number_compare(gconstpointer a, gconstpointer b)
{
	guint32 one = *(const guint32 *)a, two = *(const guint32 *)b;

	return one < two ? -1 : one > two;
}

/* What was got by calls of its own for what the sessions were before. */
static void drop_on_demand(Change *self)
{
	Dir *dir = self->dir;
	OnDemand *on_demand = dir->cache->on_demand;
	News news = {.kind = NEWS_ON_DEMAND, .parent = dir->number};

	if (dir->kind != DIR_WORKSPACE ||
		(dir_class(dir)->described == 0 &&
			dir_class(dir)->whole_files == 0))
		return;
	for (guint i = 0; i < self->rows->len; i++) {
		const Row *row = &g_array_index(self->rows, Row, i);
		gboolean ended = phase_has_ended((Phase)row->phase);

		news.number = row->number;
		news.files = on_demand_changed(on_demand, row->number, ended) &
			     dir_class(dir)->described;
		if (news.files != 0)
			news_push(dir->cache->news, &news, 1);
	}
	for (guint i = 0; i < self->cuts->len; i++)
		on_demand_forget(
			on_demand, g_array_index(self->cuts, guint32, i));
}

static void mark_there(Change *self, guint32 number, int there)
{
	Dir *child = node_ids_owner(self->dir->cache->node_ids, number);

	if (child != NULL && child->number == number)
		__atomic_store_n(&child->there, there, __ATOMIC_RELEASE);
}

static void mark_children(Change *self)
{
	if (self->dir->kind == DIR_WORKSPACE)
		return;
	for (guint i = 0; i < self->rows->len; i++)
		mark_there(self, g_array_index(self->rows, Row, i).number, 1);
	for (guint i = 0; i < self->cuts->len; i++)
		mark_there(self, g_array_index(self->cuts, guint32, i), 0);
}

static gboolean keep_on_disk(Change *self, gint64 mtime_ns, GError **error)
{
	Dir *dir = self->dir;

	if (dir->disk == NULL)
		return !self->members || dir->kind == DIR_ROOT ||
		       dirlog_touch(
			       dir->cache->tree, dir->number, mtime_ns, error);
	if (self->members)
		disk_touch(dir->disk, mtime_ns);
	return disk_commit(dir->disk, error);
}

/* What was ordered here is an event, whatever is known. */
static void mark_first(Change *self) REQUIRES(self->dir->apply)
{
	Dir *dir = self->dir;

	if (listing_is_complete(dir->listing))
		return;
	for (guint i = 0; i < self->news->len; i++) {
		News *news = &g_array_index(self->news, News, i);
		const Id *id = ids_get(dir_ids(dir), news->id);

		if (news->kind == NEWS_APPEARED)
			news->first = !recent_writes_spares(
				dir->recent_writes, id, 0);
	}
}

/* The views: only where somebody has asked for one. */
static void follow(const Change *self)
{
	Index *index = __atomic_load_n(&self->dir->index, __ATOMIC_ACQUIRE);

	if (index != NULL)
		index_follow(index, (const Row *)(void *)self->rows->data,
			self->rows->len,
			(const guint32 *)(void *)self->cuts->data,
			self->cuts->len);
}

static void tell(void *data)
{
	Change *self = data;
	Dir *dir = self->dir;

	mutex_is_held(&self->dir->apply); /* by publish */
	mark_children(self);
	mark_first(self);
	news_push(dir->cache->news, (const News *)(void *)self->news->data,
		self->news->len);
	drop_on_demand(self);
}

static void publish(Change *self, Snapshot *next) REQUIRES(self->dir->apply)
{
	Dir *dir = self->dir;
	const DirChange change = {.next = next,
		.cuts = (const guint32 *)(void *)self->cuts->data,
		.n_cuts = self->cuts->len,
		.renumbered =
			(const Renumbered *)(void *)self->renumbered->data,
		.n_renumbered = self->renumbered->len,
		.tell = tell,
		.data = self};

	__atomic_add_fetch(
		&dir->passing, (guint)self->transitional, __ATOMIC_RELAXED);
	if (dir->kind == DIR_WORKSPACE)
		__atomic_add_fetch(&dir->account->shown,
			next->count - dir_shown(dir)->count, __ATOMIC_RELAXED);
	dir_publish(dir, &change);
}

/* Once it is true: an entry too many is gone with the next listing. */
static void forget_workspaces(const Change *self)
{
	Dir *dir = self->dir;

	if (dir->disk != NULL)
		return;
	for (guint i = 0; i < self->cuts->len; i++) {
		g_autoptr(GError) error = NULL;

		if (!dirlog_remove(dir->cache->tree,
			    g_array_index(self->cuts, guint32, i), &error))
			g_warning("%s", error->message);
	}
}

/* Before it is true on disk.  What a first listing brings is no event. */
static void owe(Change *self)
{
	Dir *dir = self->dir;
	const Cache *cache = dir->cache;
	gboolean complete;

	if (cache->owes == NULL)
		return;
	complete = listing_is_complete(dir->listing);
	for (guint i = 0; i < self->news->len; i++) {
		News *news = &g_array_index(self->news, News, i);

		if (complete || news->kind != NEWS_APPEARED)
			news->debt = cache->owes(news, cache->told);
	}
}

static void owe_not(const Change *self)
{
	const Cache *cache = self->dir->cache;

	for (guint i = 0; i < self->news->len; i++) {
		const News *news = &g_array_index(self->news, News, i);

		if (news->debt != 0)
			cache->owes_not(news->debt, cache->told);
	}
}

gboolean change_commit(Change *self, GError **error)
{
	Dir *dir = self->dir;
	gint64 mtime_ns = dir_shown(dir)->mtime_ns;

	if (self->rows->len == 0 && self->cuts->len == 0)
		return TRUE;
	if (self->members)
		mtime_ns = time_noticed(MAX(mtime_ns, self->newest_ns));
	owe(self);
	if (!keep_on_disk(self, mtime_ns, error)) {
		owe_not(self);
		return FALSE;
	}
	failpoint_step("change", "stored");
	rows_sort(self->rows);
	g_array_sort(self->cuts, number_compare);
	publish(self,
		snapshot_apply(dir_shown(dir),
			(const Row *)(void *)self->rows->data, self->rows->len,
			(const guint32 *)(void *)self->cuts->data,
			self->cuts->len, mtime_ns,
			dir->disk != NULL ? dir->disk->store : NULL));
	follow(self);
	forget_workspaces(self);
	dir->unsettled = TRUE;
	if (dir->provider != NULL)
		__atomic_add_fetch(&dir->provider->changed, self->news->len,
			__ATOMIC_RELAXED);
	return TRUE;
}

gboolean change_record(Dir *dir, gint64 complete_ms, GError **error)
{
	if (dir->disk != NULL) {
		disk_complete(dir->disk, complete_ms);
		if (!disk_commit(dir->disk, error))
			return FALSE;
	} else if (!dirlog_complete(
			   dir->cache->tree, dir->number, complete_ms, error)) {
		return FALSE;
	}
	dir->recorded_ms = complete_ms;
	dir->unsettled = FALSE;
	return TRUE;
}
