#include "fs/tree/link.h"

/* Whether groups are in it, rather than links. */
static gboolean has_groups(const View *dir)
{
	return dir->row && dir->row->by != BY_NAME;
}

static ByWhat view_of(const View *dir)
{
	return dir->row ? dir->row->by : dir->entry.by;
}

Known link_find(Daemon *daemon, const View *dir, const char *name, View *ret,
	GError **error)
{
	guint32 where = dir->entry.number;
	ByWhat by = view_of(dir);
	Entry entry;
	Known known;

	if (has_groups(dir))
		known = cache_group_find(
			daemon->cache, where, by, name, &entry, error);
	else
		known = cache_link_find(
			daemon->cache, where, name, &entry, error);
	if (known == KNOWN_YES && has_groups(dir))
		view_of_entry(&entry, ret);
	else if (known == KNOWN_YES)
		view_of_link(&entry, by, ret);
	return known;
}

typedef struct {
	const View *dir;
	LinkVisit visit;
	void *data;
} Walk;

static gboolean step(const Entry *entry, const char *name, void *data)
{
	const Walk *walk = data;
	View view;

	if (has_groups(walk->dir))
		view_of_entry(entry, &view);
	else
		view_of_link(entry, view_of(walk->dir), &view);
	return walk->visit(&view, name, walk->data);
}

Known link_list(Daemon *daemon, const View *dir, guint32 after, LinkVisit visit,
	void *data, GError **error)
{
	Walk walk = {dir, visit, data};
	guint32 where = dir->entry.number;

	if (has_groups(dir))
		return cache_groups(daemon->cache, where, dir->row->by, after,
			step, &walk, error);
	return cache_links(daemon->cache, where, after, step, &walk, error);
}
