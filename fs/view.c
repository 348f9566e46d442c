#include "view.h"

#include <string.h>

#include "node.h"

static const DirKind kind_of_entry[] = {
	[ENTRY_PROVIDER] = DIR_PROVIDER,
	[ENTRY_WORKSPACE] = DIR_WORKSPACE,
	[ENTRY_SESSION] = DIR_SESSION,
};

static gboolean resolve_own(fuse_ino_t ino, View *ret)
{
	if (ino == NODE_ROOT) {
		*ret = (View){.ino = ino, .dir = DIR_ROOT};
		return TRUE;
	}
	for (DirKind in = DIR_ROOT; in <= DIR_SELF; in++) {
		const TreeRow *row = tree_by_slot(in, node_slot(ino));

		if (row) {
			*ret = (View){.ino = ino, .dir = in, .row = row};
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
		.dir = row->in,
		.row = row,
		.entry = dir->entry,
	};
}

gboolean view_resolve(Daemon *daemon, fuse_ino_t ino, View *ret)
{
	guint32 number = node_number(ino);
	Entry entry;
	View dir;

	if (!number)
		return resolve_own(ino, ret);
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

DirKind view_dir_kind(const View *view)
{
	return view->row ? DIR_SELF : view->dir;
}

static struct timespec time_of(gint64 ns)
{
	return (struct timespec){
		.tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000,
	};
}

static void set_times(struct stat *attr, gint64 ns)
{
	attr->st_mtim = attr->st_ctim = attr->st_atim = time_of(ns);
}

static void set_size(struct stat *attr, gsize size)
{
	attr->st_size = (off_t)size;
	attr->st_blocks = (blkcnt_t)((size + 511) / 512);
}

static mode_t type_of_row(const TreeRow *row)
{
	switch (row->kind) {
	case ROW_DIR:
		return S_IFDIR;
	case ROW_LINK:
		return S_IFLNK;
	default:
		return S_IFREG;
	}
}

static mode_t mode_of(const View *view)
{
	const TreeRow *row = view->row;
	gboolean secret = row->kind == ROW_CONTENT &&
			  ((view->entry.secret >> row->file) & 1);

	return secret ? 0600 : row->mode;
}

static void directory_attr(
	Daemon *daemon, const View *view, struct stat *ret, double *ret_timeout)
{
	gboolean watched =
		view->dir == DIR_PROVIDER || view->dir == DIR_WORKSPACE;

	ret->st_mode = S_IFDIR | 0755;
	set_times(ret, view->entry.mtime_ns ? view->entry.mtime_ns
					    : daemon->started_ns);
	*ret_timeout = watched ? daemon->window : VIEW_KEEP;
}

static char *view_text(Daemon *daemon, const View *view, GError **error)
{
	char *text = view->row->text(daemon, view->entry.number);

	if (!text)
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no %s now", view->row->name);
	return text;
}

/* A text is made anew for each question, so that its size is the true one. */
static gboolean text_attr(
	Daemon *daemon, const View *view, struct stat *ret, GError **error)
{
	g_autofree char *text = view_text(daemon, view, error);

	if (!text)
		return FALSE;
	set_size(ret, strlen(text));
	if (view->row->changing)
		set_times(ret, g_get_real_time() * 1000);
	else if (view->entry.number)
		set_times(ret,
			cache_text_mtime_ns(daemon->cache, view->entry.number));
	return TRUE;
}

/* Until it was opened, the kernel has to ask for the size of what costs a
 * call each time. */
static double seconds_of(gint64 keep_ms)
{
	return keep_ms < 0 ? VIEW_KEEP : MIN((double)keep_ms / 1000, VIEW_KEEP);
}

static gboolean content_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	ContentStat content;

	if (!cache_stat(daemon->cache, view->entry.number, view->row->file,
		    &content, error))
		return FALSE;
	set_size(ret, content.size);
	set_times(ret, content.mtime_ns);
	*ret_timeout = seconds_of(content.keep_ms);
	return TRUE;
}

gboolean view_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	struct stat attr = {
		.st_ino = view->ino,
		.st_nlink = 1,
		.st_uid = daemon->uid,
		.st_gid = daemon->gid,
		.st_blksize = 4096,
	};
	double timeout = 0;

	set_times(&attr, daemon->started_ns);
	if (!view->row) {
		directory_attr(daemon, view, &attr, &timeout);
		*ret = attr;
		*ret_timeout = timeout;
		return TRUE;
	}
	attr.st_mode = type_of_row(view->row) | mode_of(view);
	switch (view->row->kind) {
	case ROW_DIR:
		timeout = VIEW_KEEP;
		break;
	case ROW_CONTENT:
		if (!content_attr(daemon, view, &attr, &timeout, error))
			return FALSE;
		break;
	case ROW_TEXT:
	case ROW_LINK:
		if (!text_attr(daemon, view, &attr, error))
			return FALSE;
		break;
	case ROW_CREATE:
	case ROW_VERB:
		break;
	}
	*ret = attr;
	*ret_timeout = timeout;
	return TRUE;
}

double view_entry_timeout(const Daemon *daemon, const View *view)
{
	if (!view->row &&
		(view->dir == DIR_PROVIDER || view->dir == DIR_WORKSPACE))
		return daemon->window;
	return VIEW_KEEP;
}

gboolean view_is_costly(const View *view)
{
	return view->row && view->row->kind == ROW_CONTENT &&
	       ((view->entry.costly >> view->row->file) & 1);
}

GBytes *view_bytes(Daemon *daemon, const View *view, GError **error)
{
	char *text;

	if (view->row->kind == ROW_CONTENT)
		return cache_read(daemon->cache, view->entry.number,
			view->row->file, error);
	text = view_text(daemon, view, error);
	if (!text)
		return NULL;
	return g_bytes_new_take(text, strlen(text));
}
