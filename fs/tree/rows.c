#include "fs/tree/rows.h"

#include <string.h>

#include "backends/base/clock.h"
#include "fs/base/node.h"
#include "fs/base/trace.h"
#include "fs/tree/eventlog.h"

/* What a kind of rows shows; the table of all is `kinds`, below. */
typedef struct {
	mode_t type; /* S_IFDIR, S_IFREG or S_IFLNK */
	/* Whether the row stands in the directory of that entry now; NULL: it
	 * always does. */
	gboolean (*present)(
		Daemon *daemon, const TreeRow *row, const Entry *entry);
	/* Its bytes, where they are made anew each time: a new string, or NULL,
	 * there is none now. */
	char *(*text)(Daemon *daemon, const View *view);
	/* Puts its size and times into *ret, and, where the kernel may keep them,
	 * for how many seconds into *ret_timeout.  NULL: it is empty, and as old
	 * as the daemon. */
	gboolean (*attr)(Daemon *daemon, const View *view, struct stat *ret,
		double *ret_timeout, GError **error);
} RowClass;

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

/* ---- directories ---- */

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

/* Of a directory of the cache, or the root. */
static void directory_attr(
	Daemon *daemon, const View *view, struct stat *ret, double *ret_timeout)
{
	ret->st_mode = S_IFDIR | (view->dir == DIR_REQUEST ? 0750 : 0755);
	set_times(ret, view->entry.mtime_ns ? view->entry.mtime_ns
					    : daemon->started_ns);
	*ret_timeout = directory_timeout(daemon, view->dir);
}

/* Views and links are there where the section wants them. */
static gboolean dir_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	return entry->views || !tree_is_for_links(row);
}

/* The kernel is told when it changes. */
static gboolean dir_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	gint64 mtime_ns = 0;

	if (view_is_moving(view))
		mtime_ns = view_moved_ns(daemon, view);
	else if (view_dir_kind(view) == DIR_SELF)
		mtime_ns = MAX(daemon->started_ns,
			eventlog_turned_ns(daemon->eventlog));
	if (mtime_ns)
		set_times(ret, mtime_ns);
	*ret_timeout = VIEW_KEEP;
	return TRUE;
}

/* ---- a session's files ---- */

/* An endpoint that is a secret comes with what one needs to get in. */
static gboolean has_rest(const Entry *entry)
{
	return (entry->secret >> SESSION_ENDPOINT) & 1;
}

/* Whether it shows the first line of its file alone, and another row the rest. */
static gboolean is_first_line(const View *view)
{
	const TreeRow *row = view->row;

	return row->kind == ROW_CONTENT && row->file == SESSION_ENDPOINT &&
	       !row->rest && has_rest(&view->entry);
}

static gboolean content_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	return ((entry->files >> row->file) & 1) &&
	       (!row->rest || has_rest(entry));
}

GBytes *rows_part(const View *view, GBytes *bytes)
{
	gboolean first = is_first_line(view);
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
	part = rows_part(view, bytes);
	return g_bytes_get_size(part);
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
	if (view->row->rest || is_first_line(view))
		content.size = part_size(daemon, view, content.size);
	set_size(ret, content.size);
	set_times(ret, content.mtime_ns);
	*ret_timeout = seconds_of(content.keep_ms);
	return TRUE;
}

/* ---- texts and links ---- */

static char *cache_text(Daemon *daemon, const View *view)
{
	return view->row->text(daemon->cache, view->entry.number);
}

static char *request_text(Daemon *daemon, const View *view)
{
	return cache_request_text(
		daemon->cache, view->entry.number, view->row->part);
}

static char *self_text(Daemon *daemon, const View *view)
{
	return view->row->self(daemon);
}

static char *table_of_trace(Daemon *daemon, const View *view)
{
	return trace_text(daemon->trace, view->row->trace);
}

static gboolean text_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	g_autofree char *text = row->text(daemon->cache, entry->number);

	return text != NULL;
}

static gboolean link_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	return entry->views && text_present(daemon, row, entry);
}

static gboolean request_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	return (entry->texts >> row->part) & 1;
}

static char *text_now(Daemon *daemon, const View *view, GError **error);

/* When it last changed; 0: it is as old as the daemon. */
static gint64 text_ns(Daemon *daemon, const View *view)
{
	if (view->row->changing)
		return clock_wall_us(daemon->clock) * 1000;
	switch (view->row->kind) {
	case ROW_SELF:
		return 0;
	case ROW_SESSION:
		/* A session's never changes; that of a workspace often does. */
		return view->entry.kind == ENTRY_SESSION ? view->entry.mtime_ns
							 : 0;
	case ROW_REQUEST:
		return view->entry.mtime_ns;
	default:
		return cache_text_mtime_ns(daemon->cache, view->entry.number);
	}
}

/* It is made to tell its size, so that this is the true one. */
static gboolean text_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	g_autofree char *text = text_now(daemon, view, error);
	gint64 ns = text_ns(daemon, view);

	if (!text)
		return FALSE;
	set_size(ret, strlen(text));
	if (ns)
		set_times(ret, ns);
	if (view->row->kind == ROW_SESSION)
		*ret_timeout = VIEW_KEEP;
	return TRUE;
}

static gboolean trace_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	set_size(ret, trace_size(daemon->trace, view->row->trace));
	set_times(ret, clock_wall_us(daemon->clock) * 1000);
	return TRUE;
}

/* ---- the rest ---- */

static gboolean verb_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	return entry->steered || !row->steered;
}

static gboolean log_present(
	Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	g_autoptr(EventFile) file = eventlog_file(daemon->eventlog, row->age);

	return file != NULL;
}

/* Somebody may hold a generation that is gone. */
static gboolean log_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	g_autoptr(EventFile) file =
		eventlog_find(daemon->eventlog, node_slot(view->ino));
	gint64 mtime_ns;
	gsize size;

	if (!file)
		return backend_error_false(error, BACKEND_ERROR_GONE,
			"these events are not kept any more");
	eventfile_stat(file, &size, &mtime_ns);
	set_size(ret, size);
	set_times(ret, mtime_ns);
	ret->st_nlink = eventfile_age(file) < 2;
	return TRUE;
}

/* Whoever looked its name up found the index made. */
static gboolean table_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	gint64 mtime_ns;
	Known known;
	gsize size;

	known = cache_table_stat(daemon->cache, view->entry.number,
		view->row->table, &size, &mtime_ns, error);
	if (known == KNOWN_NOT_YET)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"the workspace was not listed yet");
	if (known != KNOWN_YES)
		return FALSE;
	set_size(ret, size);
	set_times(ret, mtime_ns);
	return TRUE;
}

/* Tools read on where there seems to be something. */
static gboolean wait_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	set_size(ret, CACHE_ON_DEMAND_SIZE);
	return TRUE;
}

/* ---- all kinds ---- */

static const RowClass kinds[N_ROW_KINDS] = {
	[ROW_DIR] = {S_IFDIR, dir_present, NULL, dir_attr},
	[ROW_CONTENT] = {S_IFREG, content_present, NULL, content_attr},
	[ROW_TEXT] = {S_IFREG, NULL, cache_text, text_attr},
	[ROW_OPTIONAL] = {S_IFREG, text_present, cache_text, text_attr},
	[ROW_REQUEST] = {S_IFREG, request_present, request_text, text_attr},
	[ROW_SELF] = {S_IFREG, NULL, self_text, text_attr},
	[ROW_TRACE] = {S_IFREG, NULL, table_of_trace, trace_attr},
	[ROW_LOG] = {S_IFREG, log_present, NULL, log_attr},
	[ROW_TABLE] = {S_IFREG, NULL, NULL, table_attr},
	[ROW_LINK] = {S_IFLNK, link_present, cache_text, text_attr},
	[ROW_SESSION] = {S_IFLNK, NULL, cache_text, text_attr},
	[ROW_CREATE] = {S_IFREG, NULL, NULL, NULL},
	[ROW_VERB] = {S_IFREG, verb_present, NULL, NULL},
	[ROW_REFRESH] = {S_IFREG, NULL, NULL, NULL},
	[ROW_WAIT] = {S_IFREG, NULL, NULL, wait_attr},
};

static char *text_now(Daemon *daemon, const View *view, GError **error)
{
	char *text = kinds[view->row->kind].text(daemon, view);

	if (!text)
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no %s now",
			view->row->name ? view->row->name : "link");
	return text;
}

mode_t rows_type(const TreeRow *row)
{
	return row ? kinds[row->kind].type : S_IFDIR;
}

gboolean rows_present(Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	const RowClass *class = &kinds[row->kind];

	return !class->present || class->present(daemon, row, entry);
}

/* Of what is a secret, or may quote one, nobody else sees a byte. */
static mode_t mode_of(const View *view)
{
	const TreeRow *row = view->row;
	guint file = row->kind == ROW_CONTENT ? 1u << row->file : 0;

	if (view->entry.secret & file)
		return 0600;
	return view->entry.quoting & file ? row->mode & 0770 : row->mode;
}

gboolean rows_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	const RowClass *class = view->row ? &kinds[view->row->kind] : NULL;
	struct stat attr = {
		.st_ino = view->ino,
		.st_nlink = 1,
		.st_uid = daemon->uid,
		.st_gid = daemon->gid,
		.st_blksize = 4096,
	};
	double timeout = 0;

	set_times(&attr, daemon->started_ns);
	if (class)
		attr.st_mode = class->type | mode_of(view);
	else
		directory_attr(daemon, view, &attr, &timeout);
	if (class && class->attr &&
		!class->attr(daemon, view, &attr, &timeout, error))
		return FALSE;
	*ret = attr;
	*ret_timeout = timeout;
	return TRUE;
}

GBytes *rows_bytes(Daemon *daemon, const View *view, GError **error)
{
	const TreeRow *row = view->row;
	char *text;

	if (row->kind == ROW_CONTENT)
		return rows_part(
			view, cache_read(daemon->cache, view->entry.number,
				      row->file, error));
	/* A control file without a control of its own. */
	if (!kinds[row->kind].text)
		return g_bytes_new_static("", 0);
	text = text_now(daemon, view, error);
	return text ? g_bytes_new_take(text, strlen(text)) : NULL;
}
