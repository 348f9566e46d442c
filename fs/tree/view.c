#include "fs/tree/view.h"

#include "fs/base/node.h"
#include "fs/tree/eventlog.h"

static const DirKind kind_of_entry[] = {
	[ENTRY_PROVIDER] = DIR_PROVIDER,
	[ENTRY_WORKSPACE] = DIR_WORKSPACE,
	[ENTRY_SESSION] = DIR_SESSION,
	[ENTRY_GROUP] = DIR_GROUP,
	[ENTRY_REQUEST] = DIR_REQUEST,
};

static gboolean resolve_log(Daemon *daemon, fuse_ino_t ino, View *ret)
{
	g_autoptr(EventFile) file =
		eventlog_find(daemon->eventlog, node_slot(ino));
	guint age = file ? MIN(eventfile_age(file), 1) : 0;

	*ret = (View){
		.ino = ino,
		.dir = DIR_ROOT,
		.row = tree_by_slot(DIR_SELF, NODE_EVENTS + age),
	};
	return file != NULL;
}

static gboolean resolve_own(Daemon *daemon, fuse_ino_t ino, View *ret)
{
	guint slot = node_slot(ino);

	if (slot >= NODE_EVENTS && slot < NODE_EVENTS + NODE_EVENTS_N)
		return resolve_log(daemon, ino, ret);
	if (ino == NODE_ROOT) {
		*ret = (View){.ino = ino, .dir = DIR_ROOT};
		return TRUE;
	}
	for (DirKind in = DIR_ROOT; in <= DIR_SELF; in++) {
		const TreeRow *row = tree_by_slot(in, node_slot(ino));

		if (row) {
			*ret = (View){.ino = ino, .dir = DIR_ROOT, .row = row};
			return TRUE;
		}
	}
	return FALSE;
}

void view_of_entry(const Entry *entry, View *ret)
{
	*ret = (View){
		.ino = node_make(entry->number, 0),
		.dir = kind_of_entry[entry->kind],
		.entry = *entry,
	};
}

void view_of_row(const View *dir, const TreeRow *row, View *ret)
{
	*ret = (View){
		.ino = node_make(dir->entry.number, row->slot),
		.dir = dir->dir,
		.row = row,
		.entry = dir->entry,
	};
}

void view_of_now(Daemon *daemon, View *view)
{
	g_autoptr(EventFile) file = NULL;

	if (!view->row || view->row->kind != ROW_LOG)
		return;
	file = eventlog_file(daemon->eventlog, view->row->age);
	if (file)
		view->ino = node_make(0, eventfile_slot(file));
}

void view_of_link(const Entry *target, ByWhat by, View *ret)
{
	View dir;

	view_of_entry(target, &dir);
	view_of_row(&dir, tree_link(by), ret);
}

gboolean view_resolve(Daemon *daemon, fuse_ino_t ino, View *ret)
{
	guint32 number = node_number(ino);
	Entry entry;
	View dir;

	if (!number)
		return resolve_own(daemon, ino, ret);
	if (!cache_entry(daemon->cache, number, &entry))
		return FALSE;
	view_of_entry(&entry, &dir);
	if (!node_slot(ino)) {
		*ret = dir;
		return TRUE;
	}
	const TreeRow *row = tree_by_slot(dir.dir, node_slot(ino));

	if (row)
		view_of_row(&dir, row, ret);
	return row != NULL;
}

gboolean view_is_dir(const View *view)
{
	return !view->row || view->row->kind == ROW_DIR;
}

gboolean view_is_control(const View *view)
{
	return view->row &&
	       (view->row->kind == ROW_CREATE || view->row->kind == ROW_VERB);
}

gboolean view_is_refresh(const View *view)
{
	return view->row && view->row->kind == ROW_REFRESH;
}

DirKind view_dir_kind(const View *view)
{
	return view->row ? view->row->leads : view->dir;
}

gboolean view_has_links(const View *view)
{
	DirKind kind = view_dir_kind(view);

	return kind == DIR_VIEW || kind == DIR_GROUP;
}

gboolean view_is_moving(const View *view)
{
	return view_has_links(view) || view_dir_kind(view) == DIR_REQUESTS;
}

guint32 view_listing(const View *view)
{
	return view->entry.kind == ENTRY_GROUP ? view->entry.parent
					       : view->entry.number;
}

gint64 view_moved_ns(Daemon *daemon, const View *view)
{
	Entry now;

	if (view_dir_kind(view) == DIR_REQUESTS)
		return cache_requests_mtime_ns(
			daemon->cache, view->entry.number);
	if (view->row)
		return cache_view_mtime_ns(
			daemon->cache, view->entry.number, view->row->by);
	return cache_entry(daemon->cache, view->entry.number, &now)
		       ? now.mtime_ns
		       : 0;
}

double view_entry_timeout(const Daemon *daemon, const View *view)
{
	if (!view->row &&
		(view->dir == DIR_PROVIDER || view->dir == DIR_WORKSPACE))
		return daemon->window;
	/* The same name is another file's tomorrow. */
	if (view->row && view->row->kind == ROW_LOG)
		return 0;
	return VIEW_KEEP;
}

gboolean view_is_on_demand(const View *view)
{
	return view->row && view->row->kind == ROW_CONTENT &&
	       ((view->entry.on_demand >> view->row->file) & 1);
}

gboolean view_is_growing(const View *view)
{
	return view_is_on_demand(view) &&
	       ((view->entry.grows >> view->row->file) & 1);
}
