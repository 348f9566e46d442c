#include "fs/ops/opening.h"

#include <errno.h>
#include <fcntl.h>

#include "fs/base/node.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/ops/asking.h"
#include "fs/ops/lookup.h"
#include "fs/tree/rows.h"
#include "fs/tree/view.h"

/* Why this open is refused; 0: it is not. */
static int refusal(const View *view, int flags)
{
	gboolean reads = (flags & O_ACCMODE) == O_RDONLY && !(flags & O_TRUNC);

	if (view_is_dir(view))
		return EISDIR;
	if (reads || view_is_refresh(view))
		return 0;
	if (!view_is_control(view))
		return EPERM;
	return view->entry.read_only ? EROFS : 0;
}

/* One OPEN while it is answered. */
typedef struct {
	Daemon *daemon;
	fuse_ino_t ino;
	struct fuse_file_info info;
	/* What another process has opened, and is dead: it is opened for a request
	 * that comes under its number, and there is no OPEN to be answered. */
	const KeptHandle *before;
} Opening;

/* fh, given out as late as may be. */
static guint64 number_of(Opening *self)
{
	if (!self->info.fh)
		self->info.fh =
			handles_number(self->daemon->handles, self->ino);
	return self->info.fh;
}

/* TRUE: the request was answered, or it is open again. */
static gboolean send_open(fuse_req_t req, Opening *self, const Handle *holds)
{
	handles_open(self->daemon->handles, number_of(self), self->ino, holds);
	if (!self->before && !reply_open(req, &self->info))
		handles_close(self->daemon->handles, self->info.fh);
	return TRUE;
}

/* ---- bytes: of a session's files, texts and tables ---- */

/* NULL: what is open stays; a table is one of one moment. */
static GBytes *newer_bytes(Daemon *daemon, fuse_ino_t ino)
{
	View view;

	if (!view_resolve(daemon, ino, &view) || view_is_dir(&view) ||
		view.row->kind == ROW_TABLE)
		return NULL;
	return rows_bytes(daemon, &view, NULL);
}

/* Whether this read is to bring other bytes than those of the open, if there are
 * any: who begins anew gets what there is, as in /proc, unless the kernel keeps the
 * bytes and asks only for what it lacks of them.  Who has them by another process,
 * which is dead, is not among those who are first. */
static gboolean begins_anew(Daemon *daemon, Handle *handle, off_t off)
{
	gboolean told = handle->poller && !off && poller_read(handle->poller);

	if (handle->reader)
		return told || !reader_is_first(handle->reader);
	if (handle->flags & HANDLE_PAGED)
		return TRUE;
	return told || (!off && !handles_has_news(daemon->handles, handle,
					cache_news(daemon->cache)));
}

static void renew(Daemon *daemon, fuse_ino_t ino, Handle *handle)
{
	guint64 news = cache_news(daemon->cache);
	g_autoptr(GBytes) bytes = newer_bytes(daemon, ino);

	if (bytes)
		handles_renew(daemon->handles, handle, bytes, news);
}

/* The file may be closed before the reply has returned. */
static void read_snapshot(
	fuse_req_t req, Handle *handle, fuse_ino_t ino, size_t size, off_t off)
{
	Daemon *daemon = fuse_req_userdata(req);
	gboolean torn = g_atomic_int_get(&handle->torn);
	g_autoptr(GBytes) bytes = NULL;

	/* What follows the bytes that it has got is not known any more. */
	if (torn && off) {
		reply_error(req, ESTALE);
		return;
	}
	if (begins_anew(daemon, handle, off) || torn)
		renew(daemon, ino, handle);
	g_atomic_int_set(&handle->torn, FALSE);
	bytes = handles_snapshot(daemon->handles, handle);
	reply_slice(req, bytes, size, off);
}

/* All who have it open read the same bytes, which are those of its size. */
static void read_stream(
	fuse_req_t req, Handle *handle, fuse_ino_t ino, size_t size, off_t off)
{
	Daemon *daemon = fuse_req_userdata(req);
	gsize end = stream_size(handle->stream);
	g_autoptr(GBytes) bytes = stream_read(handle->stream, (gsize)off, size);
	View view;

	poller_read_to(handle->poller, end);
	if (view_resolve(daemon, ino, &view) && view_is_growing(&view))
		cache_stream_look(
			daemon->cache, view.entry.number, view.row->file);
	reply_slice(req, bytes, size, 0);
}

/*
 * Lets the kernel keep these bytes, unless it still has to forget others: then NULL.
 * news: taken before the bytes; when there are no more now, the bytes are those
 * of which the kernel was told.
 */
static Reader *let_keep(
	Daemon *daemon, const View *view, GBytes *bytes, guint64 news)
{
	Reader *reader;

	if (view->row->kind != ROW_CONTENT || view_is_on_demand(view) ||
		g_bytes_get_size(bytes) > ROWS_PAGED_MAX)
		return NULL;
	reader = readers_open(
		daemon->readers, view->ino, g_bytes_get_size(bytes));
	if (reader && cache_has_told(daemon->cache, news) &&
		notify_has_told(
			daemon->notify, notify_queued(daemon->notify)) &&
		cache_news(daemon->cache) == news)
		return reader;
	reader_close(reader);
	return NULL;
}

/* What was opened before, by whom is dead: these are the bytes of now. */
static void recall_bytes(const Opening *self, GBytes *bytes, Handle *holds)
{
	const KeptHandle *before = self->before;
	Daemon *daemon = self->daemon;
	GBytes *stored;
	gsize n;
	const void *data = g_bytes_get_data(bytes, &n);

	holds->flags = before->flags;
	if (before->hash == kept_hash(data, n))
		return;
	/* Whoever polls has not seen these. */
	if (holds->poller)
		polls_stale(daemon->polls, daemon->notify, self->ino);
	if (holds->flags & HANDLE_PAGED)
		return;
	stored = handles_stored(daemon->handles, self->info.fh);
	holds->torn = stored == NULL;
	if (!stored)
		return;
	g_bytes_unref(holds->snapshot);
	holds->snapshot = stored;
	holds->news = G_MAXUINT64; /* they are old */
}

/* news: taken before the bytes. */
static gboolean send_bytes(fuse_req_t req, Opening *self, const View *view,
	GBytes *bytes, guint64 news)
{
	gboolean content = view->row->kind == ROW_CONTENT;
	Daemon *daemon = self->daemon;
	Handle holds = {0};

	self->info.noflush = 1;
	if (content)
		holds.poller =
			polls_open(daemon->polls, daemon->notify, view->ino);
	if (view_is_growing(view))
		holds.stream = cache_stream(
			daemon->cache, view->entry.number, view->row->file);
	if (holds.stream) {
		holds.flags = HANDLE_STREAM;
		holds.read = read_stream;
		self->info.direct_io = 1;
		poller_read_to(holds.poller, stream_size(holds.stream));
	} else {
		holds.read = read_snapshot;
		holds.snapshot = g_bytes_ref(bytes);
		holds.news = news;
		if (self->before)
			recall_bytes(self, bytes, &holds);
		else
			holds.reader = let_keep(daemon, view, bytes, news);
		if (holds.reader)
			holds.flags = HANDLE_PAGED;
		self->info.keep_cache = holds.reader != NULL;
		self->info.direct_io = !holds.reader;
	}
	return send_open(req, self, &holds);
}

static Known find_bytes(
	Daemon *daemon, const View *view, GBytes **ret, GError **error)
{
	Known known;

	if (view_is_on_demand(view)) {
		known = cache_open(daemon->cache, view->entry.number,
			view->row->file, ret, error);
		if (known == KNOWN_YES)
			*ret = rows_part(view, *ret);
		return known;
	}
	if (view->row->kind == ROW_TABLE)
		return cache_table(daemon->cache, view->entry.number,
			view->row->table, ret, error);
	*ret = rows_bytes(daemon, view, error);
	return *ret ? KNOWN_YES : KNOWN_FAILED;
}

static gboolean open_bytes(fuse_req_t req, Opening *self, const View *view)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;
	guint64 news = cache_news(self->daemon->cache);
	Known known;

	/* What it has read of that one nobody can tell. */
	if (self->before && (self->before->flags & HANDLE_STREAM)) {
		reply_error(req, ESTALE);
		return TRUE;
	}
	known = find_bytes(self->daemon, view, &bytes, &error);
	if (known != KNOWN_YES && self->before)
		bytes = handles_stored(self->daemon->handles, self->info.fh);
	if (bytes)
		known = KNOWN_YES;
	return known == KNOWN_YES ? send_bytes(req, self, view, bytes, news)
				  : reply_unknown(req, known, error);
}

/* ---- the event log ---- */

static void read_events(
	fuse_req_t req, Handle *handle, fuse_ino_t ino, size_t size, off_t off)
{
	g_autofree char *bytes = g_malloc(size);
	gint64 mtime_ns;
	ssize_t got;
	gsize end;

	eventfile_stat(handle->events, &end, &mtime_ns);
	poller_read_to(handle->poller, end);
	got = eventfile_read(handle->events, bytes, size, off);
	if (got < 0)
		reply_error(req, errno);
	else
		reply_data(req, bytes, (gsize)got);
}

static gboolean open_events(fuse_req_t req, Opening *self, const View *view)
{
	Daemon *daemon = self->daemon;
	Handle holds = {
		.read = read_events,
		.events = eventlog_find(daemon->eventlog, node_slot(view->ino)),
	};
	gint64 mtime_ns;
	gsize size;

	if (!holds.events) {
		reply_error(req, self->before ? ESTALE : ENOENT);
		return TRUE;
	}
	holds.poller = polls_open(daemon->polls, daemon->notify, view->ino);
	eventfile_stat(holds.events, &size, &mtime_ns);
	/* Who polls again has seen nothing of it, for all that is known. */
	poller_read_to(holds.poller, self->before ? 0 : size);
	self->info.direct_io = 1;
	self->info.noflush = 1;
	return send_open(req, self, &holds);
}

/* ---- control files ---- */

static void read_control(
	fuse_req_t req, Handle *handle, fuse_ino_t ino, size_t size, off_t off)
{
	control_read(handle->control, req, size, off);
}

static void write_control(fuse_req_t req, Handle *handle, fuse_ino_t ino,
	const char *bytes, size_t size, off_t off)
{
	control_write(handle->control, req, bytes, size, off);
}

static gboolean open_control(fuse_req_t req, Opening *self, const View *view)
{
	gboolean append = self->before
				  ? (self->before->flags & HANDLE_APPEND) != 0
				  : (self->info.flags & O_APPEND) != 0;
	const Handle holds = {
		.read = read_control,
		.write = write_control,
		.flags = append ? HANDLE_APPEND : 0,
		.control =
			control_new(self->daemon, view->row, view->entry.number,
				self->before ? 0 : fuse_req_ctx(req)->pid,
				append, number_of(self)),
	};

	self->info.direct_io = 1;
	return send_open(req, self, &holds);
}

/* ---- .wait ---- */

static void read_wait(
	fuse_req_t req, Handle *handle, fuse_ino_t ino, size_t size, off_t off)
{
	wait_read(handle->wait, req, size, off);
}

static gboolean open_wait(fuse_req_t req, Opening *self, const View *view)
{
	const Handle holds = {
		.read = read_wait,
		.wait = wait_new(self->daemon, view->entry.number,
			view->row->phase, number_of(self)),
	};

	self->info.direct_io = 1;
	self->info.noflush = 1;
	return send_open(req, self, &holds);
}

/* ---- .refresh ---- */

static void read_refresh(
	fuse_req_t req, Handle *handle, fuse_ino_t ino, size_t size, off_t off)
{
	Daemon *daemon = fuse_req_userdata(req);
	CacheAsked asked;

	cache_refresh_for(daemon->cache, node_number(ino), &asked);
	asking_answer(req, daemon, &asked, FALSE, 0);
}

static void write_refresh(fuse_req_t req, Handle *handle, fuse_ino_t ino,
	const char *bytes, size_t size, off_t off)
{
	Daemon *daemon = fuse_req_userdata(req);

	CacheAsked asked = handle->since;

	if (!g_atomic_int_compare_and_exchange(&handle->asked, TRUE, FALSE))
		cache_refresh_for(daemon->cache, node_number(ino), &asked);
	asking_answer(req, daemon, &asked, TRUE, size);
}

/* Truncating asks; what is then written to it is still the same question.  A read
 * asks too, but not that of one who goes through a whole tree and so follows no
 * links (grep -r, cp -r). */
static gboolean open_refresh(fuse_req_t req, Opening *self, const View *view)
{
	int flags = self->info.flags & (O_ACCMODE | O_NOFOLLOW);
	gboolean reads = self->before
				 ? (self->before->flags & HANDLE_READS) != 0
				 : flags == O_RDONLY;
	Handle holds = {
		.read = reads ? read_refresh : NULL,
		.flags = reads ? HANDLE_READS : 0,
		.write = write_refresh,
		.asked = (self->info.flags & O_TRUNC) != 0,
	};

	if (holds.asked)
		cache_refresh_for(
			self->daemon->cache, view->entry.number, &holds.since);
	self->info.direct_io = 1;
	self->info.noflush = 1;
	return send_open(req, self, &holds);
}

/* ---- all kinds ---- */

/* How an open of each kind is answered, TRUE when it was; what it puts into the
 * handle says how the file is read and written from then on. */
static gboolean (*const opens[N_ROW_KINDS])(
	fuse_req_t req, Opening *self, const View *view) = {
	[ROW_CONTENT] = open_bytes,
	[ROW_TEXT] = open_bytes,
	[ROW_OPTIONAL] = open_bytes,
	[ROW_REQUEST] = open_bytes,
	[ROW_SELF] = open_bytes,
	[ROW_TRACE] = open_bytes,
	[ROW_TABLE] = open_bytes,
	[ROW_LINK] = open_bytes,
	[ROW_SESSION] = open_bytes,
	[ROW_LOG] = open_events,
	[ROW_CREATE] = open_control,
	[ROW_VERB] = open_control,
	[ROW_REFRESH] = open_refresh,
	[ROW_WAIT] = open_wait,
};

/* TRUE when the request was answered.  What the node is, and whether its bytes
 * cost a call, may be different each time that it is asked. */
static gboolean answer_open(fuse_req_t req, void *data)
{
	Opening *self = data;
	View view;
	int refused;

	if (!lookup_node(req, self->ino, &view))
		return TRUE;
	refused = refusal(&view, self->info.flags);
	if (refused) {
		reply_error(req, refused);
		return TRUE;
	}
	return opens[view.row->kind](req, self, &view);
}

void open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Opening opening = {daemon, ino, *info, NULL};

	opening.info.fh = 0;
	interest_look(daemon->interest, node_number(ino));
	if (!answer_open(req, &opening))
		pending_park(daemon->pending, req,
			&(ParkSpec){
				.key = node_number(ino),
				.retry = answer_open,
				.free = g_free,
				.data = g_memdup2(&opening, sizeof(opening)),
			});
}

/* ---- what is open ---- */

static gboolean open_again(fuse_req_t req, Opening *self)
{
	View view;

	return !lookup_node(req, self->ino, &view) || !view.row ||
	       opens[view.row->kind](req, self, &view);
}

FoundHandle open_find(
	fuse_req_t req, fuse_ino_t ino, guint64 number, Handle **ret)
{
	Daemon *daemon = fuse_req_userdata(req);
	Opening opening = {daemon, ino, {.fh = number}, NULL};

	*ret = number ? handles_find(daemon->handles, number) : NULL;
	if (!number || *ret)
		return HANDLE_FOUND;
	opening.before = handles_before(daemon->handles, number);
	if (!opening.before || opening.before->node != ino) {
		reply_error(req, ESTALE);
		return HANDLE_ANSWERED;
	}
	if (!open_again(req, &opening))
		return HANDLE_NOT_YET;
	*ret = handles_find(daemon->handles, number);
	return *ret ? HANDLE_FOUND : HANDLE_ANSWERED;
}
