#include "cache/entry.h"
#include "cache/base/locked.h"
#include "cache/views/index.h"

/* So many lines at a time are written under the lock. */
#define LINES_AT_ONCE 1024u
/* So often a table that changes is written anew; then changes have to wait. */
#define TRIES_MAX 3

/* ---- the index ---- */

/* The index, if it can be read; asks for it otherwise. */
static Known index_want(Dir *dir, Index **ret, GError **error)
{
	Known known = listing_known(dir, error);
	Index *index;

	if (known != KNOWN_YES)
		return known;
	index = index_ensure(dir);
	*ret = index;
	if (__atomic_load_n(&index->ready, __ATOMIC_ACQUIRE))
		return KNOWN_YES;
	if (__atomic_exchange_n(&index->asked, 1, __ATOMIC_ACQ_REL) == 0 &&
		!pool_push(dir->provider->work[WORK_RESOLVE], index_run, dir))
		g_debug("%s: asked after the end", dir->id);
	return KNOWN_NOT_YET;
}

static Known workspace_want(Cache *cache, guint32 workspace, Dir **ret_dir,
	Index **ret, GError **error)
{
	*ret_dir = dir_workspace(cache, workspace);
	return *ret_dir != NULL ? index_want(*ret_dir, ret, error)
				: known_gone(error);
}

Known cache_view_ready(Cache *cache, guint32 workspace, GError **error)
{
	Index *index;
	Dir *dir;

	return workspace_want(cache, workspace, &dir, &index, error);
}

/* ---- groups ---- */

Known cache_groups(Cache *cache, guint32 workspace, ByWhat by, guint32 after,
	CacheVisit visit, void *data, GError **error)
{
	gboolean on = TRUE;
	Index *index;
	Known known;
	Dir *dir;

	known = workspace_want(cache, workspace, &dir, &index, error);
	if (known != KNOWN_YES || by == BY_NAME)
		return known;
	while (on) {
		g_autofree char *name = NULL;
		Entry entry;

		mutex_lock(&index->lock);
		after = number_set_next(&index->shown[by], after);
		if (after != 0) {
			const Group *group =
				groups_of_number(index->groups, after);

			name = g_strdup(group->name);
			group_entry(group, dir, &entry);
		}
		mutex_unlock(&index->lock);
		on = after != 0 && visit(&entry, name, data);
	}
	return KNOWN_YES;
}

Known cache_group_find(Cache *cache, guint32 workspace, ByWhat by,
	const char *name, Entry *ret, GError **error)
{
	const Group *group;
	Index *index;
	Known known;
	Dir *dir = dir_workspace(cache, workspace);

	if (dir == NULL)
		return KNOWN_NO;
	known = index_want(dir, &index, error);
	if (known != KNOWN_YES)
		return known;
	mutex_lock(&index->lock);
	group = groups_find(index->groups, by, name);
	if (group == NULL || !group->shown)
		known = KNOWN_NO;
	else
		group_entry(group, dir, ret);
	mutex_unlock(&index->lock);
	return known;
}

gint64 cache_view_mtime_ns(Cache *cache, guint32 workspace, ByWhat by)
{
	Dir *dir = dir_find(cache, workspace);
	Index *index = dir != NULL ? index_ready(dir) : NULL;

	if (index == NULL)
		return cache->created_ns;
	return LOCKED(&index->lock, index->view_ns[by]);
}

/* ---- links ---- */

/* Where links are: of a group, or, group 0, by name.  A provider has no groups. */
typedef struct {
	Dir *dir;
	Index *index;
	guint32 group;
} Place;

static gboolean place_find(Cache *cache, guint32 where, Place *ret)
{
	Dir *dir = dir_around(cache, where);

	if (dir == NULL || dir->kind == DIR_ROOT || !dir_is_there(dir))
		return FALSE;
	*ret = (Place){.dir = dir};
	ret->group = dir->number != where ? where : 0;
	return ret->group == 0 || dir->kind == DIR_WORKSPACE;
}

/* Moves to the next of the links, 0 at the end; *ret_link: its name, where that is not
 * the directory's; new string.  FALSE: the group is not shown. */
static gboolean next_link(const Place *self, guint32 *after, char **ret_link)
{
	Index *index = self->index;
	const NumberSet *links = &index->shown[BY_NAME];
	const Group *group;

	mutex_lock(&index->lock);
	if (self->group != 0) {
		group = groups_of_number(index->groups, self->group);
		links = group != NULL && group->shown ? &group->links : NULL;
	}
	if (links != NULL)
		*after = number_set_next(links, *after);
	if (links != NULL && *after != 0 && self->group == 0) {
		const IndexEntry *brief = g_hash_table_lookup(
			index->index_entries, GUINT_TO_POINTER(*after));

		*ret_link = g_strdup(brief->link);
	}
	mutex_unlock(&index->lock);
	return links != NULL;
}

/* What is linked and not shown any more is about to be unlinked. */
static gboolean visit_link(Dir *dir, guint32 number, const char *link,
	CacheVisit visit, void *data)
{
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	const Row *row = snapshot_find(shown, number);
	Entry entry;

	if (row == NULL)
		return TRUE;
	entry_of_row(dir, row, &entry);
	return visit(&entry, link != NULL ? link : id_name(row->id), data);
}

Known cache_links(Cache *cache, guint32 where, guint32 after, CacheVisit visit,
	void *data, GError **error)
{
	gboolean first = TRUE, on = TRUE;
	Place place;
	Known known;

	if (!place_find(cache, where, &place))
		return known_gone(error);
	known = index_want(place.dir, &place.index, error);
	for (; known == KNOWN_YES && on; first = FALSE) {
		g_autofree char *link = NULL;

		/* A group that goes while it is read is at its end. */
		if (!next_link(&place, &after, &link))
			return first ? known_gone(error) : KNOWN_YES;
		on = after != 0 &&
		     visit_link(place.dir, after, link, visit, data);
	}
	return known;
}

static guint32 number_of_name(Dir *dir, const char *name)
{
	g_autoptr(Snapshot) shown = NULL;
	const Row *row = dir_row_of_name(dir, name, &shown);

	return row != NULL ? row->number : 0;
}

/* What that link leads to; 0: there is none. */
static guint32 link_number(const Place *place, const char *name)
{
	guint32 number =
		place->group != 0 ? number_of_name(place->dir, name) : 0;
	Index *index = place->index;
	const IndexEntry *brief;

	mutex_lock(&index->lock);
	if (place->group == 0) {
		number = link_names_find(index->links, name);
	} else {
		const Group *group =
			groups_of_number(index->groups, place->group);

		brief = g_hash_table_lookup(
			index->index_entries, GUINT_TO_POINTER(number));
		if (brief == NULL || group == NULL ||
			brief->in[group->by] != group)
			number = 0;
	}
	mutex_unlock(&index->lock);
	return number;
}

Known cache_link_find(Cache *cache, guint32 where, const char *name, Entry *ret,
	GError **error)
{
	g_autoptr(Snapshot) shown = NULL;
	const Row *row = NULL;
	guint32 number;
	Place place;
	Known known;

	if (!place_find(cache, where, &place))
		return KNOWN_NO;
	known = index_want(place.dir, &place.index, error);
	if (known != KNOWN_YES)
		return known;
	number = link_number(&place, name);
	shown = dir_snapshot(place.dir);
	if (number != 0)
		row = snapshot_find(shown, number);
	if (row == NULL)
		return KNOWN_NO;
	entry_of_row(place.dir, row, ret);
	return KNOWN_YES;
}

/* ---- tables ---- */

Known cache_table_stat(Cache *cache, guint32 workspace, CacheTable table,
	gsize *ret_size, gint64 *ret_mtime_ns, GError **error)
{
	Index *index;
	Known known;
	Dir *dir;

	known = workspace_want(cache, workspace, &dir, &index, error);
	if (known != KNOWN_YES)
		return known;
	mutex_lock(&index->lock);
	*ret_size = index->sizes[table];
	*ret_mtime_ns = index->table_ns;
	mutex_unlock(&index->lock);
	return KNOWN_YES;
}

/* Some lines from *after on, which moves; FALSE at the end. */
static gboolean append_lines(const Index *self, CacheTable table,
	guint32 *after, gboolean all, GString *out) REQUIRES(self->lock)
{
	StateNames *state_names = self->dir->cache->state_names;

	for (guint i = 0; all || i < LINES_AT_ONCE; i++) {
		*after = number_set_next(&self->node_ids, *after);
		if (*after == 0)
			return FALSE;
		index_entry_append(g_hash_table_lookup(self->index_entries,
					   GUINT_TO_POINTER(*after)),
			state_names, table, out);
	}
	return TRUE;
}

/* NULL when it changed meanwhile, unless `all` is written under the lock. */
static GBytes *write_table(Index *self, CacheTable table, gboolean all)
{
	gboolean more = TRUE, same = TRUE;
	GBytes *bytes = NULL;
	guint32 after = 0;
	GString *out;
	gint64 ns;

	mutex_lock(&self->lock);
	out = g_string_sized_new(self->sizes[table]);
	ns = self->table_ns;
	mutex_unlock(&self->lock);
	table_append_header(out, table);
	while (more && same) {
		mutex_lock(&self->lock);
		same = ns == self->table_ns;
		more = same && append_lines(self, table, &after, all, out);
		if (same && !more) {
			g_clear_pointer(&self->texts[table], table_text_unref);
			self->texts[table] =
				table_text_new(g_steal_pointer(&out), &bytes);
		}
		mutex_unlock(&self->lock);
	}
	if (out != NULL)
		g_string_free(out, TRUE);
	return bytes;
}

Known cache_table(Cache *cache, guint32 workspace, CacheTable table,
	GBytes **ret, GError **error)
{
	GBytes *bytes = NULL;
	Index *index;
	Known known;
	Dir *dir;

	known = workspace_want(cache, workspace, &dir, &index, error);
	if (known != KNOWN_YES)
		return known;
	bytes = LOCKED(
		&index->lock, index->texts[table] != NULL
				      ? table_text_bytes(index->texts[table])
				      : NULL);
	for (guint i = 1; bytes == NULL; i++)
		bytes = write_table(index, table, i > TRIES_MAX);
	*ret = bytes;
	return KNOWN_YES;
}
