#include "cache/views/index.h"

#include "cache/base/name.h"

/* Between two looks at whether the cache is stopped. */
#define LOOK_EVERY 256u

static Index *index_new(Dir *dir)
{
	Index *self = g_new0(Index, 1);

	mutex_init(&self->lock);
	self->dir = dir;
	mutex_is_held(&self->dir->apply); /* nobody else knows the index yet */
	self->links = link_names_new();
	self->index_entries = g_hash_table_new_full(
		NULL, NULL, NULL, (GDestroyNotify)index_entry_free);
	return self;
}

static void drop_texts(Index *self)
{
	for (guint i = 0; i < G_N_ELEMENTS(self->texts); i++)
		g_clear_pointer(&self->texts[i], table_text_unref);
}

void index_free(Index *self)
{
	mutex_destroy(&self->lock);
	mutex_is_held(&self->dir->apply);
	drop_texts(self);
	g_hash_table_unref(self->index_entries);
	link_names_free(self->links);
	for (ByWhat by = 0; by < N_VIEWS; by++)
		number_set_clear(&self->shown[by]);
	number_set_clear(&self->node_ids);
	groups_free(self->groups);
	g_free(self);
}

Index *index_ensure(Dir *dir)
{
	Index *index = __atomic_load_n(&dir->index, __ATOMIC_ACQUIRE), *made;

	if (index != NULL)
		return index;
	made = index_new(dir);
	/* Somebody else may have made it meanwhile. */
	if (__atomic_compare_exchange_n(&dir->index, &index, made, FALSE,
		    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return made;
	index_free(made);
	return index;
}

Index *index_ready(const Dir *dir)
{
	Index *index = __atomic_load_n(&dir->index, __ATOMIC_ACQUIRE);

	if (index == NULL || !__atomic_load_n(&index->ready, __ATOMIC_ACQUIRE))
		return NULL;
	return index;
}

char *index_group(Dir *dir, guint32 number, Entry *ret)
{
	Index *index = index_ready(dir);
	const Group *group = NULL;
	char *name = NULL;

	if (index == NULL)
		return NULL;
	mutex_lock(&index->lock);
	if (index->groups != NULL)
		group = groups_of_number(index->groups, number);
	if (group != NULL && (group->shown || ret == NULL))
		name = g_strdup(group->name);
	if (name != NULL && ret != NULL)
		group_entry(group, dir, ret);
	mutex_unlock(&index->lock);
	return name;
}

/* ---- one change ---- */

typedef struct {
	Index *index;
	GPtrArray *index_entries; /* Brief: new, or in place of what there is */
	GPtrArray *past;          /* Brief: what it was in the place of */
	GPtrArray *dropped;       /* char *: links that news name */
	GPtrArray *touched;       /* Group */
	GArray *news;             /* NULL: nobody has seen the views yet */
	BodyWindow window;
	guint views; /* bit set of 1 << ByWhat: another membership */
	gboolean table;
} Update;

static void update_begin(Update *self, Index *index, gboolean tells)
{
	*self = (Update){.index = index};
	self->index_entries = g_ptr_array_new();
	self->past = g_ptr_array_new_with_free_func(
		(GDestroyNotify)index_entry_free);
	self->dropped = g_ptr_array_new_with_free_func(g_free);
	self->touched = g_ptr_array_new();
	if (tells)
		self->news = g_array_new(FALSE, FALSE, sizeof(News));
}

static void update_end(Update *self)
{
	g_ptr_array_unref(self->index_entries);
	g_ptr_array_unref(self->past);
	g_ptr_array_unref(self->dropped);
	g_ptr_array_unref(self->touched);
	g_clear_pointer(&self->news, g_array_unref);
	body_window_clear(&self->window);
}

static void tell(Update *self, NewsKind kind, ByWhat by, guint32 number,
	guint32 parent, const char *name)
{
	News news = {.kind = kind, .number = number, .parent = parent};

	if (self->news == NULL)
		return;
	news.by = by;
	news.name = name;
	g_array_append_val(self->news, news);
}

static void touch(Update *self, Group *group)
{
	if (group->touched)
		return;
	group->touched = TRUE;
	g_ptr_array_add(self->touched, group);
}

/* ---- links; with the lock ---- */

static void unlink_name(Update *self, IndexEntry *brief)
	REQUIRES(self->index->dir->apply)
{
	Index *index = self->index;
	char *link;

	if (brief->link == NULL)
		return;
	link = link_names_drop(index->links, brief->link);
	brief->link = NULL;
	g_ptr_array_add(self->dropped, link);
	number_set_remove(&index->shown[BY_NAME], brief->number);
	self->views |= 1u << BY_NAME;
	tell(self, NEWS_UNLINKED, BY_NAME, brief->number, index->dir->number,
		link);
}

static void link_name(Update *self, IndexEntry *brief)
	REQUIRES(self->index->dir->apply)
{
	Index *index = self->index;
	g_autofree char *name = NULL;

	if (brief->name == NULL || brief->link != NULL)
		return;
	name = name_escape(brief->name, NULL);
	brief->link = link_names_take(index->links, name, brief->number);
	number_set_add(&index->shown[BY_NAME], brief->number);
	self->views |= 1u << BY_NAME;
	tell(self, NEWS_LINKED, BY_NAME, brief->number, index->dir->number,
		brief->link);
}

static void unlink_from(Update *self, const IndexEntry *brief, Group *group)
{
	if (group == NULL || !number_set_remove(&group->links, brief->number))
		return;
	touch(self, group);
	tell(self, NEWS_UNLINKED, group->by, brief->number, group->number,
		id_name(brief->id));
}

static void show_group(Update *self, Group *group)
	REQUIRES(self->index->dir->apply)
{
	Index *index = self->index;

	if (group->shown)
		return;
	group->shown = TRUE;
	number_set_add(&index->shown[group->by], group->number);
	self->views |= 1u << group->by;
	tell(self, NEWS_GROUPED, group->by, group->number, index->dir->number,
		group->name);
}

static void link_into(Update *self, const IndexEntry *brief, Group *group)
	REQUIRES(self->index->dir->apply)
{
	if (group == NULL || !number_set_add(&group->links, brief->number))
		return;
	touch(self, group);
	show_group(self, group);
	tell(self, NEWS_LINKED, group->by, brief->number, group->number,
		id_name(brief->id));
}

/* What it leaves for what it becomes; NULL: it goes. */
static void unlink_all(Update *self, IndexEntry *brief, IndexEntry *next)
	REQUIRES(self->index->dir->apply)
{
	if (next != NULL && g_strcmp0(next->name, brief->name) == 0)
		next->link = brief->link;
	else
		unlink_name(self, brief);
	for (ByWhat by = BY_NAME + 1; by < N_VIEWS; by++)
		if (next == NULL || next->in[by] != brief->in[by])
			unlink_from(self, brief, brief->in[by]);
}

static void link_all(Update *self, IndexEntry *brief)
	REQUIRES(self->index->dir->apply)
{
	link_name(self, brief);
	for (ByWhat by = BY_NAME + 1; by < N_VIEWS; by++)
		link_into(self, brief, brief->in[by]);
}

/* Last of all: a group may be left by one and joined by another. */
static void reconcile_group(Update *self, Group *group)
	REQUIRES(self->index->dir->apply)
{
	Index *index = self->index;

	group->touched = FALSE;
	group->mtime_ns = time_after(group->mtime_ns);
	if (group->links.size > 0 || group->by == BY_PHASE)
		return;
	group->shown = FALSE;
	number_set_remove(&index->shown[group->by], group->number);
	self->views |= 1u << group->by;
	tell(self, NEWS_UNGROUPED, group->by, group->number, index->dir->number,
		group->name);
}

/* ---- sessions; with the lock ---- */

static IndexEntry *entry_of(const Index *self, guint32 number)
	REQUIRES(self->dir->apply)
{
	return g_hash_table_lookup(
		self->index_entries, GUINT_TO_POINTER(number));
}

/* The old one is freed when it is told what it was called. */
static void forget(Update *self, IndexEntry *brief)
	REQUIRES(self->index->dir->apply, self->index->lock)
{
	Index *index = self->index;

	for (guint i = 0; i < G_N_ELEMENTS(index->sizes); i++)
		index->sizes[i] -= brief->lens[i];
	index->unread -= brief->unread;
	g_hash_table_steal(
		index->index_entries, GUINT_TO_POINTER(brief->number));
	g_ptr_array_add(self->past, brief);
}

static void cut(Update *self, guint32 number)
	REQUIRES(self->index->dir->apply, self->index->lock)
{
	IndexEntry *brief = entry_of(self->index, number);

	if (brief == NULL)
		return;
	unlink_all(self, brief, NULL);
	forget(self, brief);
	number_set_remove(&self->index->node_ids, number);
	self->table = TRUE;
}

static void replace(Update *self, IndexEntry *next)
	REQUIRES(self->index->dir->apply) REQUIRES(self->index->lock)
{
	IndexEntry *old = entry_of(self->index, next->number);

	if (old == NULL) {
		number_set_add(&self->index->node_ids, next->number);
		self->table = TRUE;
		return;
	}
	unlink_all(self, old, next);
	forget(self, old);
	self->table = self->table || !index_entry_is_same(old, next);
}

static void put(Update *self, IndexEntry *next)
	REQUIRES(self->index->dir->apply, self->index->lock)
{
	Index *index = self->index;

	link_all(self, next);
	for (guint i = 0; i < G_N_ELEMENTS(index->sizes); i++)
		index->sizes[i] += next->lens[i];
	index->unread += next->unread;
	g_hash_table_insert(
		index->index_entries, GUINT_TO_POINTER(next->number), next);
}

static void reconcile(Update *self)
	REQUIRES(self->index->dir->apply, self->index->lock)
{
	Index *index = self->index;

	for (guint i = 0; i < self->touched->len; i++)
		reconcile_group(self, g_ptr_array_index(self->touched, i));
	for (ByWhat by = 0; by < N_VIEWS; by++)
		if (self->views & 1u << by)
			index->view_ns[by] = time_after(index->view_ns[by]);
	if (!self->table || index->groups == NULL)
		return;
	index->table_ns = time_after(index->table_ns);
	drop_texts(index);
	tell(self, NEWS_TABLE, BY_NAME, index->dir->number,
		index->dir->parent->number, NULL);
}

/* All that was there leaves before anything comes, so that names and groups that
 * are free then are taken. */
static void update_apply(Update *self, const guint32 *cuts, guint n_cuts)
	REQUIRES(self->index->dir->apply)
{
	mutex_lock(&self->index->lock);
	for (guint i = 0; i < n_cuts; i++)
		cut(self, cuts[i]);
	for (guint i = 0; i < self->index_entries->len; i++)
		replace(self, g_ptr_array_index(self->index_entries, i));
	for (guint i = 0; i < self->index_entries->len; i++)
		put(self, g_ptr_array_index(self->index_entries, i));
	reconcile(self);
	mutex_unlock(&self->index->lock);
}

static void update_row(Update *self, const Row *row)
	REQUIRES(self->index->dir->apply)
{
	Index *index = self->index;
	const IndexEntry *old = entry_of(index, row->number);

	g_ptr_array_add(self->index_entries,
		index_entry_new(index->dir, dir_shown(index->dir), row, old,
			index->groups, &self->window));
}

void index_follow(Index *self, const Row *rows, guint n_rows,
	const guint32 *cuts, guint n_cuts)
{
	Update update;

	if (!__atomic_load_n(&self->ready, __ATOMIC_ACQUIRE))
		return;
	mutex_is_held(&self->dir->apply);
	update_begin(&update, self, TRUE);
	mutex_is_held(&update.index->dir->apply);
	for (guint i = 0; i < n_rows; i++)
		update_row(&update, &rows[i]);
	update_apply(&update, cuts, n_cuts);
	news_push(self->dir->cache->news,
		(const News *)(void *)update.news->data, update.news->len);
	update_end(&update);
}

void index_mend(Dir *dir)
{
	Index *self = index_ready(dir);
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
	GHashTableIter at;
	gpointer entry;

	if (self == NULL)
		return;
	mutex_is_held(&self->dir->apply); /* which is the caller's dir */
	if (self->unread == 0)
		return;
	g_hash_table_iter_init(&at, self->index_entries);
	while (g_hash_table_iter_next(&at, NULL, &entry)) {
		const IndexEntry *brief = entry;
		const Row *row = brief->unread ? snapshot_find(dir_shown(dir),
							 brief->number)
					       : NULL;

		if (row != NULL)
			g_array_append_val(rows, *row);
	}
	rows_sort(rows);
	index_follow(self, (const Row *)(void *)rows->data, rows->len, NULL, 0);
}

/* ---- making it ---- */

/* NULL: there is none. */
static Group *phase_group(const Index *self, Phase phase)
	REQUIRES(self->dir->apply)
{
	return self->groups != NULL
		       ? groups_get(self->groups, BY_PHASE, phase_name(phase))
		       : NULL;
}

static void show_phases(Update *self) REQUIRES(self->index->dir->apply)
{
	for (Phase phase = 0; phase < N_PHASES; phase++) {
		Group *group = phase_group(self->index, phase);

		if (group == NULL)
			continue;
		mutex_lock(&self->index->lock);
		show_group(self, group);
		mutex_unlock(&self->index->lock);
	}
}

static void begin_tables(Index *self) REQUIRES(self->dir->apply, self->lock)
{
	for (CacheTable table = 0; table < G_N_ELEMENTS(self->sizes); table++) {
		g_autoptr(GString) header = g_string_new(NULL);

		table_append_header(header, table);
		self->sizes[table] = header->len;
	}
}

static void index_begin(Index *self) REQUIRES(self->dir->apply)
{
	mutex_is_held(&self->lock); /* nobody reads what is not ready */
	if (self->dir->kind == DIR_WORKSPACE)
		self->groups = groups_new(self->dir, &self->lock);
	begin_tables(self);
}

/* When anything that is shown last changed. */
static gint64 newest_ns(const Snapshot *shown)
{
	gint64 ns = shown->mtime_ns;

	snapshot_foreach (row, shown, 0)
		ns = MAX(ns, row_newest_ns(row));
	return ns;
}

/* That they are made just now is no change: each start would be one. */
static void set_times(Index *self, const Update *update)
	REQUIRES(self->dir->apply)
{
	gint64 ns = newest_ns(dir_shown(self->dir));
	Group *phases[N_PHASES];

	for (Phase phase = 0; phase < N_PHASES; phase++)
		phases[phase] = phase_group(self, phase);
	mutex_lock(&self->lock);
	self->table_ns = ns;
	for (ByWhat by = 0; by < N_VIEWS; by++)
		self->view_ns[by] = ns;
	for (guint i = 0; i < update->touched->len; i++) {
		Group *group = g_ptr_array_index(update->touched, i);

		group->mtime_ns = ns;
	}
	for (Phase phase = 0; phase < N_PHASES; phase++)
		if (phases[phase] != NULL)
			phases[phase]->mtime_ns = ns;
	mutex_unlock(&self->lock);
}

/* FALSE: the cache is stopped. */
static gboolean index_make(Index *self) REQUIRES(self->dir->apply)
{
	Dir *dir = self->dir;
	gboolean on = TRUE;
	Update update;

	index_begin(self);
	update_begin(&update, self, FALSE);
	mutex_is_held(&update.index->dir->apply);
	show_phases(&update);
	snapshot_foreach (row, dir_shown(dir), 0) {
		update_row(&update, row);
		on = update.index_entries->len % LOOK_EVERY != 0 ||
		     !cache_is_stopping(dir->cache);
		if (!on)
			break;
	}
	update_apply(&update, NULL, 0);
	set_times(self, &update);
	update_end(&update);
	return on;
}

void index_run(void *data)
{
	Dir *dir = data;
	Index *self = __atomic_load_n(&dir->index, __ATOMIC_ACQUIRE);

	mutex_lock(&dir->apply);
	mutex_is_held(&self->dir->apply);
	if (!index_make(self)) {
		mutex_unlock(&dir->apply);
		return;
	}
	__atomic_store_n(&self->ready, 1, __ATOMIC_RELEASE);
	dir_news_listing(dir);
	mutex_unlock(&dir->apply);
	news_deliver(dir->cache->news);
}
