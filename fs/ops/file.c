#include "fs/ops/file.h"

#include <errno.h>

#include "fs/base/node.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/kernel/interest.h"
#include "fs/ops/lookup.h"
#include "fs/ops/opening.h"
#include "fs/tree/rows.h"
#include "fs/tree/view.h"

/* What the node shows now. */
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
	bytes = rows_bytes(daemon, &view, &error);
	if (bytes)
		reply_slice(req, bytes, size, off);
	else
		reply_failure(req, error);
}

/* Of what is open at once: TRUE, or the request was answered. */
static gboolean find_now(fuse_req_t req, fuse_ino_t ino,
	const struct fuse_file_info *info, Handle **ret)
{
	FoundHandle found = open_find(req, ino, info ? info->fh : 0, ret);

	if (found == HANDLE_NOT_YET)
		reply_error(req, ESTALE);
	return found == HANDLE_FOUND;
}

typedef struct {
	Daemon *daemon;
	fuse_ino_t ino;
	guint64 number;
	size_t size;
	off_t off;
} Reading;

/* TRUE when the request was answered. */
static gboolean answer_read(fuse_req_t req, void *data)
{
	Reading *self = data;
	Handle *handle;
	FoundHandle found = open_find(req, self->ino, self->number, &handle);

	if (found != HANDLE_FOUND)
		return found == HANDLE_ANSWERED;
	if (!handle)
		read_current(
			req, self->daemon, self->ino, self->size, self->off);
	else if (handle->read)
		handle->read(req, handle, self->ino, self->size, self->off);
	else
		reply_data(req, NULL, 0);
	return TRUE;
}

void file_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Reading reading = {daemon, ino, info ? info->fh : 0, size, off};

	interest_look(daemon->interest, node_number(ino));
	if (!answer_read(req, &reading))
		pending_park(daemon->pending, req,
			&(ParkSpec){
				.key = node_number(ino),
				.retry = answer_read,
				.free = g_free,
				.data = g_memdup2(&reading, sizeof(reading)),
			});
}

void file_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	off_t off, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);
	Handle *handle;

	interest_look(daemon->interest, node_number(ino));
	if (!find_now(req, ino, info, &handle))
		return;
	if (handle && handle->write)
		handle->write(req, handle, ino, bytes, size, off);
	else
		reply_error(req, EPERM);
}

void file_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	Handle *handle;

	if (!find_now(req, ino, info, &handle))
		return;
	reply_error(req,
		handle && handle->control
			? control_flush(handle->control, fuse_req_ctx(req)->pid)
			: 0);
}

void file_release(fuse_req_t req, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);

	handles_close(daemon->handles, info->fh);
	reply_error(req, 0);
}

/* Editors and copiers set times, a mode and the owner, and the size; a control
 * file has none of them to lose.  A refusal would make `cp -p spec new` fail
 * after it has created the session. */
static int setattr_refusal(const Daemon *daemon, const View *view,
	const struct stat *attr, int set, Handle *handle)
{
	if (!view_is_control(view) && !view_is_refresh(view))
		return EPERM;
	if (((set & FUSE_SET_ATTR_UID) && attr->st_uid != daemon->uid) ||
		((set & FUSE_SET_ATTR_GID) && attr->st_gid != daemon->gid))
		return EPERM;
	if (view->entry.read_only && !view_is_refresh(view))
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
	Handle *handle;
	double timeout;
	View view;
	int refused;

	if (!lookup_node(req, ino, &view) || !find_now(req, ino, info, &handle))
		return;
	refused = setattr_refusal(daemon, &view, attr, set, handle);
	if (!refused && view_is_refresh(&view) &&
		(set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)))
		cache_refresh(daemon->cache, view.entry.number);
	if (refused)
		reply_error(req, refused);
	else if (!lookup_attr(daemon, &view, &now, &timeout, &error))
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

	if (!lookup_node(req, ino, &view))
		return;
	if (rows_type(view.row) != S_IFLNK) {
		reply_error(req, EINVAL);
		return;
	}
	bytes = rows_bytes(daemon, &view, &error);
	if (!bytes) {
		reply_failure(req, error);
		return;
	}
	target = g_strndup(
		g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	reply_link(req, target);
}
