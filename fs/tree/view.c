#include "fs/tree/view.h"

#include <string.h>

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
		.dir = DIR_SELF,
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

mode_t view_type(const View *view)
{
	if (view_is_dir(view))
		return S_IFDIR;
	switch (view->row->kind) {
	case ROW_LINK:
	case ROW_SESSION:
		return S_IFLNK;
	default:
		return S_IFREG;
	}
}

static mode_t mode_of(const View *view)
{
	const TreeRow *row = view->row;
	guint file = row->kind == ROW_CONTENT ? 1u << row->file : 0;

	if (view->entry.secret & file)
		return 0600;
	return view->entry.quoting & file ? row->mode & 0770 : row->mode;
}

static double directory_timeout(const Daemon *daemon, DirKind kind)
{
	switch (kind) {
	case DIR_PROVIDER:
	case DIR_WORKSPACE:
		return daemon->window;
	case DIR_REQUEST:
		return 0;
	default:
		return VIEW_KEEP;
	}
}

static void directory_attr(
	Daemon *daemon, const View *view, struct stat *ret, double *ret_timeout)
{
	ret->st_mode = S_IFDIR | (view->dir == DIR_REQUEST ? 0750 : 0755);
	set_times(ret, view->entry.mtime_ns ? view->entry.mtime_ns
					    : daemon->started_ns);
	*ret_timeout = directory_timeout(daemon, view->dir);
}

/* The kernel is told when it changes. */
static void own_directory_attr(
	Daemon *daemon, const View *view, struct stat *ret)
{
	gint64 mtime_ns = 0;

	if (view_is_moving(view))
		mtime_ns = view_moved_ns(daemon, view);
	else if (view_dir_kind(view) == DIR_SELF)
		mtime_ns = MAX(daemon->started_ns,
			eventlog_turned_ns(daemon->eventlog));
	if (mtime_ns)
		set_times(ret, mtime_ns);
}

static char *view_text(Daemon *daemon, const View *view, GError **error)
{
	guint32 number = view->entry.number;
	char *text = view->row->kind == ROW_REQUEST
			     ? cache_request_text(
				       daemon->cache, number, view->row->part)
			     : view->row->text(daemon, number);

	if (!text)
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no %s now", view->row->name);
	return text;
}

/* A text is made anew for each question, so that its size is the true one, unless
 * its row says that this would be too much. */
static gboolean text_size(
	Daemon *daemon, const View *view, struct stat *ret, GError **error)
{
	g_autofree char *text = NULL;

	if (view->row->size) {
		set_size(ret, view->row->size(daemon));
		return TRUE;
	}
	text = view_text(daemon, view, error);
	if (text)
		set_size(ret, strlen(text));
	return text != NULL;
}

static gboolean text_attr(
	Daemon *daemon, const View *view, struct stat *ret, GError **error)
{
	if (!text_size(daemon, view, ret, error))
		return FALSE;
	if (view->row->changing)
		set_times(ret, g_get_real_time() * 1000);
	else if (view->row->kind == ROW_REQUEST)
		set_times(ret, view->entry.mtime_ns);
	else if (view->entry.number)
		set_times(ret,
			cache_text_mtime_ns(daemon->cache, view->entry.number));
	return TRUE;
}

static gboolean link_attr(
	Daemon *daemon, const View *view, struct stat *ret, GError **error)
{
	g_autofree char *text = view_text(daemon, view, error);

	if (!text)
		return FALSE;
	set_size(ret, strlen(text));
	/* A session's never changes; that of a workspace often does. */
	if (view->entry.kind == ENTRY_SESSION && view->entry.mtime_ns)
		set_times(ret, view->entry.mtime_ns);
	return TRUE;
}

/* Whoever looked its name up found the index made. */
static gboolean table_attr(
	Daemon *daemon, const View *view, struct stat *ret, GError **error)
{
	gint64 mtime_ns;
	gsize size;

	switch (cache_table_stat(daemon->cache, view->entry.number,
		view->row->table, &size, &mtime_ns, error)) {
	case KNOWN_YES:
		set_size(ret, size);
		set_times(ret, mtime_ns);
		return TRUE;
	case KNOWN_NO:
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no such workspace any more");
		return FALSE;
	case KNOWN_NOT_YET:
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"the workspace was not listed yet");
		return FALSE;
	case KNOWN_FAILED:
		break;
	}
	return FALSE;
}

/* Somebody may hold a generation that is gone. */
static gboolean log_attr(
	Daemon *daemon, const View *view, struct stat *ret, GError **error)
{
	g_autoptr(EventFile) file =
		eventlog_find(daemon->eventlog, node_slot(view->ino));
	gint64 mtime_ns;
	gsize size;

	if (!file) {
		backend_error_set(error, BACKEND_ERROR_GONE,
			"these events are not kept any more");
		return FALSE;
	}
	eventfile_stat(file, &size, &mtime_ns);
	set_size(ret, size);
	set_times(ret, mtime_ns);
	ret->st_nlink = eventfile_age(file) < 2;
	return TRUE;
}

/* Until it was opened, the kernel has to ask for the size of what costs a
 * call each time. */
static double seconds_of(gint64 keep_ms)
{
	return keep_ms < 0 ? VIEW_KEEP : MIN((double)keep_ms / 1000, VIEW_KEEP);
}

GBytes *view_part(const View *view, GBytes *bytes)
{
	gboolean first = tree_is_first_line(view->row, &view->entry);
	gsize size = 0, line;
	const char *text, *end;
	GBytes *part;

	if (!bytes || !(first || view->row->rest))
		return bytes;
	text = g_bytes_get_data(bytes, &size);
	end = size ? memchr(text, '\n', size) : NULL;
	line = end ? (gsize)(end - text) + 1 : size;
	part = g_bytes_new_from_bytes(
		bytes, first ? 0 : line, first ? line : size - line);
	g_bytes_unref(bytes);
	return part;
}

/* whole: of all the file; stays where its bytes are not known. */
static gsize part_size(Daemon *daemon, const View *view, gsize whole)
{
	GBytes *bytes = cache_read(
		daemon->cache, view->entry.number, view->row->file, NULL);
	g_autoptr(GBytes) part = NULL;

	if (!bytes || g_bytes_get_size(bytes) != whole) {
		g_clear_pointer(&bytes, g_bytes_unref);
		return whole;
	}
	part = view_part(view, bytes);
	return g_bytes_get_size(part);
}

static gboolean content_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	ContentStat content;

	if (!cache_stat(daemon->cache, view->entry.number, view->row->file,
		    &content, error))
		return FALSE;
	if (view->row->rest || tree_is_first_line(view->row, &view->entry))
		content.size = part_size(daemon, view, content.size);
	set_size(ret, content.size);
	set_times(ret, content.mtime_ns);
	*ret_timeout = seconds_of(content.keep_ms);
	return TRUE;
}

/* What the kind of the row decides: size, times and how long they hold. */
static gboolean row_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	switch (view->row->kind) {
	case ROW_DIR:
		own_directory_attr(daemon, view, ret);
		*ret_timeout = VIEW_KEEP;
		return TRUE;
	case ROW_CONTENT:
		return content_attr(daemon, view, ret, ret_timeout, error);
	case ROW_TEXT:
	case ROW_REQUEST:
	case ROW_LINK:
		return text_attr(daemon, view, ret, error);
	case ROW_SESSION:
		*ret_timeout = VIEW_KEEP;
		return link_attr(daemon, view, ret, error);
	case ROW_TABLE:
		return table_attr(daemon, view, ret, error);
	case ROW_LOG:
		return log_attr(daemon, view, ret, error);
	case ROW_WAIT:
		set_size(ret, CACHE_ON_DEMAND_SIZE);
		return TRUE;
	case ROW_CREATE:
	case ROW_VERB:
	case ROW_REFRESH:
		return TRUE;
	}
	return FALSE;
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
	attr.st_mode = view_type(view) | mode_of(view);
	if (!row_attr(daemon, view, &attr, &timeout, error))
		return FALSE;
	*ret = attr;
	*ret_timeout = timeout;
	return TRUE;
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

GBytes *view_bytes(Daemon *daemon, const View *view, GError **error)
{
	RowKind kind = view->row->kind;
	char *text;

	if (kind == ROW_CONTENT)
		return view_part(
			view, cache_read(daemon->cache, view->entry.number,
				      view->row->file, error));
	/* A control file without a control of its own. */
	if (kind != ROW_REQUEST && !view->row->text)
		return g_bytes_new_static("", 0);
	text = view_text(daemon, view, error);
	if (!text)
		return NULL;
	return g_bytes_new_take(text, strlen(text));
}
