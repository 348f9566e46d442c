#include "file.h"

#include <errno.h>
#include <fcntl.h>

#include "handle.h"
#include "interest.h"
#include "node.h"
#include "pending.h"
#include "reply.h"
#include "view.h"

static Handle *handle_of(const struct fuse_file_info *info)
{
	return info ? (Handle *)(uintptr_t)info->fh : NULL;
}

static gboolean is_control(const View *view)
{
	return view->row &&
	       (view->row->kind == ROW_CREATE || view->row->kind == ROW_VERB);
}

/* Why this open is refused; 0: it is not. */
static int refusal(const View *view, int flags)
{
	gboolean reads = (flags & O_ACCMODE) == O_RDONLY && !(flags & O_TRUNC);

	if (view_is_dir(view))
		return EISDIR;
	if (reads)
		return 0;
	if (!is_control(view))
		return EPERM;
	return view->entry.read_only ? EROFS : 0;
}

static void open_bytes(Daemon *daemon, GBytes *bytes, const View *view,
	struct fuse_file_info *info)
{
	info->noflush = 1;
	if (view->row->kind == ROW_CONTENT && !view_is_costly(view) &&
		g_bytes_get_size(bytes) <= VIEW_PAGED_MAX) {
		info->keep_cache = 1;
		return;
	}
	info->direct_io = 1;
	info->fh = (uintptr_t)handles_open(
		daemon->handles, g_bytes_ref(bytes), NULL);
}

static void open_control(fuse_req_t req, Daemon *daemon, const View *view,
	struct fuse_file_info *info)
{
	Control *control = control_new(daemon, view->row, view->entry.number,
		fuse_req_ctx(req)->pid, (info->flags & O_APPEND) != 0);

	info->direct_io = 1;
	info->fh = (uintptr_t)handles_open(daemon->handles, NULL, control);
}

/* One OPEN while it is answered. */
typedef struct {
	Daemon *daemon;
	fuse_ino_t ino;
	struct fuse_file_info info;
} Opening;

static Known find_bytes(
	Daemon *daemon, const View *view, GBytes **ret, GError **error)
{
	if (view_is_costly(view))
		return cache_open(daemon->cache, view->entry.number,
			view->row->file, ret, error);
	*ret = view_bytes(daemon, view, error);
	return *ret ? KNOWN_YES : KNOWN_FAILED;
}

static void send_open(fuse_req_t req, Opening *self)
{
	if (!reply_open(req, &self->info))
		handles_close(self->daemon->handles, handle_of(&self->info));
}

/* TRUE when the request was answered. */
static gboolean answer_content(fuse_req_t req, Opening *self, const View *view)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;

	switch (find_bytes(self->daemon, view, &bytes, &error)) {
	case KNOWN_YES:
		open_bytes(self->daemon, bytes, view, &self->info);
		send_open(req, self);
		return TRUE;
	case KNOWN_NO:
		reply_error(req, ENOENT);
		return TRUE;
	case KNOWN_NOT_YET:
		return FALSE;
	case KNOWN_FAILED:
		break;
	}
	reply_failure(req, error);
	return TRUE;
}

/* TRUE when the request was answered.  What the node is, and whether its bytes
 * cost a call, may be different each time that it is asked. */
static gboolean answer_open(fuse_req_t req, Opening *self)
{
	View view;
	int refused;

	if (!view_resolve(self->daemon, self->ino, &view)) {
		reply_error(req, ENOENT);
		return TRUE;
	}
	refused = refusal(&view, self->info.flags);
	if (refused) {
		reply_error(req, refused);
		return TRUE;
	}
	if (!is_control(&view))
		return answer_content(req, self, &view);
	open_control(req, self->daemon, &view, &self->info);
	send_open(req, self);
	return TRUE;
}

static gboolean retry_open(fuse_req_t req, void *data)
{
	return answer_open(req, data);
}

static void park_open(fuse_req_t req, const Opening *opening)
{
	Daemon *daemon = opening->daemon;

	pending_park(daemon->pending, req,
		&(ParkSpec){
			.key = node_number(opening->ino),
			.deadline_us = g_get_monotonic_time() +
				       daemon->read_timeout_us,
			.retry = retry_open,
			.leave = pending_leave_plain,
			.free = g_free,
			.data = g_memdup2(opening, sizeof(*opening)),
		});
}

void file_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Opening opening = {daemon, ino, *info};

	metrics_count(daemon->metrics, OP_OPEN);
	interest_look(daemon->interest, node_number(ino));
	if (!answer_open(req, &opening))
		park_open(req, &opening);
}

static void read_current(
	fuse_req_t req, Daemon *daemon, fuse_ino_t ino, size_t size, off_t off)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;
	View view;

	if (!view_resolve(daemon, ino, &view) || view_is_dir(&view)) {
		reply_error(req, ENOENT);
		return;
	}
	bytes = view_bytes(daemon, &view, &error);
	if (bytes)
		reply_slice(req, bytes, size, off);
	else
		reply_failure(req, error);
}

/* The file may be closed before the reply has returned. */
static void read_snapshot(
	fuse_req_t req, GBytes *snapshot, size_t size, off_t off)
{
	g_autoptr(GBytes) bytes = g_bytes_ref(snapshot);

	reply_slice(req, bytes, size, off);
}

void file_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Handle *handle = handle_of(info);

	metrics_count(daemon->metrics, OP_READ);
	interest_look(daemon->interest, node_number(ino));
	if (!handle)
		read_current(req, daemon, ino, size, off);
	else if (handle->control)
		control_read(handle->control, req, size, off);
	else
		read_snapshot(req, handle->snapshot, size, off);
}

void file_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	off_t off, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Handle *handle = handle_of(info);

	metrics_count(daemon->metrics, OP_WRITE);
	interest_look(daemon->interest, node_number(ino));
	if (handle && handle->control)
		control_write(handle->control, req, bytes, size, off);
	else
		reply_error(req, EPERM);
}

void file_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Handle *handle = handle_of(info);

	metrics_count(daemon->metrics, OP_FLUSH);
	if (handle && handle->control)
		reply_error(req,
			control_flush(handle->control, fuse_req_ctx(req)->pid));
	else
		reply_error(req, 0);
}

/* Everything that a write promised is done before it returns. */
void file_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
	struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);

	metrics_count(daemon->metrics, OP_FSYNC);
	reply_error(req, 0);
}

void file_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);

	metrics_count(daemon->metrics, OP_RELEASE);
	handles_close(daemon->handles, handle_of(info));
	reply_error(req, 0);
}

/* Editors and copiers set times, a mode and the owner, and the size; a control
 * file has none of them to lose.  A refusal would make `cp -p spec new` fail
 * after it has created the session. */
static int setattr_refusal(const Daemon *daemon, const View *view,
	const struct stat *attr, int set, Handle *handle)
{
	if (!is_control(view))
		return EPERM;
	if (((set & FUSE_SET_ATTR_UID) && attr->st_uid != daemon->uid) ||
		((set & FUSE_SET_ATTR_GID) && attr->st_gid != daemon->gid))
		return EPERM;
	if (view->entry.read_only)
		return EROFS;
	/* Another size than 0 is what rsync --inplace and vim set afterwards. */
	if ((set & FUSE_SET_ATTR_SIZE) && !attr->st_size && handle &&
		handle->control)
		return control_truncate(handle->control);
	return 0;
}

void file_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
	struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	g_autoptr(GError) error = NULL;
	struct stat now;
	double timeout;
	View view;
	int refused;

	metrics_count(daemon->metrics, OP_SETATTR);
	if (!view_resolve(daemon, ino, &view)) {
		reply_error(req, ENOENT);
		return;
	}
	refused = setattr_refusal(daemon, &view, attr, set, handle_of(info));
	if (refused)
		reply_error(req, refused);
	else if (!view_attr(daemon, &view, &now, &timeout, &error))
		reply_failure(req, error);
	else
		reply_attr(req, &now, timeout);
}

void file_readlink(fuse_req_t req, fuse_ino_t ino)
{
	Daemon *daemon = fuse_req_userdata(req);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *target = NULL;
	View view;

	metrics_count(daemon->metrics, OP_READLINK);
	if (!view_resolve(daemon, ino, &view) || !view.row ||
		view.row->kind != ROW_LINK) {
		reply_error(req, EINVAL);
		return;
	}
	bytes = view_bytes(daemon, &view, &error);
	if (!bytes) {
		reply_failure(req, error);
		return;
	}
	target = g_strndup(
		g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	fuse_reply_readlink(req, target);
}
