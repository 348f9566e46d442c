#include "fs/ops/ops.h"

#include <errno.h>

#include "backends/base/thread.h"
#include "fs/base/metrics.h"
#include "fs/base/reply.h"
#include "fs/base/trace.h"
#include "fs/kernel/interest.h"
#include "fs/ops/emitter_ops.h"
#include "fs/ops/file.h"
#include "fs/ops/listing.h"
#include "fs/ops/lookup.h"
#include "fs/ops/opening.h"
#include "fs/ops/poll_op.h"
#include "fs/ops/rmdir.h"
#include "fs/base/daemon.h"
#include "fs/keeper/kept.h"

static void ops_init(void *data, struct fuse_conn_info *conn)
{
	unsigned want = FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ATOMIC_O_TRUNC |
			FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
			FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS;
	Daemon *daemon = data;

	if (daemon->keep_listings)
		want |= FUSE_CAP_NO_OPENDIR_SUPPORT;
	conn->want = conn->capable & want;
}

/* The one beginning of every operation; name: in that directory, or NULL.  TRUE: it
 * is the emitter's own, and none of those that are counted.  libfuse makes its
 * threads by itself, and names none. */
static gboolean begin(fuse_req_t req, const char *op, Op counted,
	fuse_ino_t node, const char *name)
{
	static __thread gboolean named;
	Daemon *daemon = fuse_req_userdata(req);
	gboolean own = emitter_ops_is(req);

	if (!named)
		thread_name("fuse");
	named = TRUE;
	trace_begin(daemon->trace, op, node, name, fuse_req_ctx(req)->pid);
	if (!own)
		metrics_count(daemon->metrics, counted);
	return own;
}

/* ---- what the emitter may do, and users may not ---- */

static void ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (begin(req, "lookup", OP_LOOKUP, parent, name))
		emitter_ops_lookup(req, parent, name);
	else
		lookup_name(req, parent, name);
}

static void ops_getattr(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	if (begin(req, "getattr", OP_GETATTR, ino, NULL))
		emitter_ops_getattr(req, ino);
	else
		lookup_getattr(req, ino);
}

static void ops_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
	int set, struct fuse_file_info *info)
{
	if (begin(req, "setattr", OP_SETATTR, ino, NULL))
		emitter_ops_setattr(req, ino, set);
	else
		file_setattr(req, ino, attr, set, info);
}

static void ops_open(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	if (begin(req, "open", OP_OPEN, ino, NULL))
		emitter_ops_open(req, ino, info);
	else
		open_file(req, ino, info);
}

static void make(fuse_req_t req, const char *op, fuse_ino_t parent,
	const char *name, mode_t mode)
{
	if (begin(req, op, OP_REFUSED, parent, name))
		emitter_ops_make(req, parent, name, mode);
	else
		reply_error(req, EPERM);
}

static void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name,
	mode_t mode, dev_t device)
{
	make(req, "mknod", parent, name, mode);
}

static void ops_mkdir(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make(req, "mkdir", parent, name, S_IFDIR);
}

static void ops_symlink(
	fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	make(req, "symlink", parent, name, S_IFLNK);
}

static void ops_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (begin(req, "unlink", OP_REFUSED, parent, name))
		emitter_ops_remove(req, parent, name);
	else
		reply_error(req, EPERM);
}

static void ops_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (begin(req, "rmdir", OP_RMDIR, parent, name))
		emitter_ops_remove(req, parent, name);
	else
		rmdir_session(req, parent, name);
}

static void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
	fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
	if (begin(req, "rename", OP_REFUSED, parent, name) && !flags)
		emitter_ops_move(req, parent, name, new_parent, new_name);
	else
		reply_error(req, EPERM);
}

static void ops_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent,
	const char *new_name)
{
	begin(req, "link", OP_REFUSED, new_parent, new_name);
	reply_error(req, EPERM);
}

static void ops_create(fuse_req_t req, fuse_ino_t parent, const char *name,
	mode_t mode, struct fuse_file_info *info)
{
	begin(req, "create", OP_REFUSED, parent, name);
	reply_error(req, EPERM);
}

/* ---- the same for all ---- */

static void ops_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	const Daemon *daemon = fuse_req_userdata(req);

	begin(req, "forget", OP_FORGET, ino, NULL);
	interest_forget(daemon->interest, ino, count);
	kept_forgot(daemon->kept);
	reply_none(req);
}

static void ops_forget_multi(
	fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	const Daemon *daemon = fuse_req_userdata(req);

	begin(req, "forget", OP_FORGET, count ? forgets->ino : 0, NULL);
	for (size_t i = 0; i < count; i++) {
		interest_forget(
			daemon->interest, forgets[i].ino, forgets[i].nlookup);
		kept_forgot(daemon->kept);
	}
	reply_none(req);
}

static void ops_readlink(fuse_req_t req, fuse_ino_t ino)
{
	begin(req, "readlink", OP_READLINK, ino, NULL);
	file_readlink(req, ino);
}

static void ops_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info)
{
	begin(req, "read", OP_READ, ino, NULL);
	file_read(req, ino, size, off, info);
}

static void ops_write(fuse_req_t req, fuse_ino_t ino, const char *bytes,
	size_t size, off_t off, struct fuse_file_info *info)
{
	begin(req, "write", OP_WRITE, ino, NULL);
	file_write(req, ino, bytes, size, off, info);
}

static void ops_flush(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	begin(req, "flush", OP_FLUSH, ino, NULL);
	file_flush(req, ino, info);
}

static void ops_release(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	begin(req, "release", OP_RELEASE, ino, NULL);
	file_release(req, info);
}

/* Everything that a write promised is done before it returns. */
static void ops_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
	struct fuse_file_info *info)
{
	begin(req, "fsync", OP_FSYNC, ino, NULL);
	reply_error(req, 0);
}

/*
 * ENOSYS once, and the kernel opens directories by itself and keeps listings.
 * Where its cache cannot be trusted they are opened without one.
 */
static void ops_opendir(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	const Daemon *daemon = fuse_req_userdata(req);

	begin(req, "opendir", OP_OPENDIR, ino, NULL);
	if (daemon->keep_listings)
		reply_error(req, ENOSYS);
	else
		reply_open(req, info);
}

static void ops_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info)
{
	begin(req, "readdir", OP_READDIR, ino, NULL);
	listing_read(req, ino, size, off, FALSE);
}

static void ops_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size,
	off_t off, struct fuse_file_info *info)
{
	begin(req, "readdirplus", OP_READDIRPLUS, ino, NULL);
	listing_read(req, ino, size, off, TRUE);
}

static void ops_releasedir(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	begin(req, "releasedir", OP_RELEASEDIR, ino, NULL);
	reply_error(req, 0);
}

static void ops_poll(fuse_req_t req, fuse_ino_t ino,
	struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
	begin(req, "poll", OP_POLL, ino, NULL);
	poll_ask(req, ino, info, handle);
}

#define FILES_FREE (1u << 27)

/* From constants: df never waits for anybody. */
static void ops_statfs(fuse_req_t req, fuse_ino_t ino)
{
	Daemon *daemon = fuse_req_userdata(req);
	struct statvfs all = {
		.f_bsize = 4096,
		.f_frsize = 4096,
		/* Free ones too: none is scarce, and df -i is watched. */
		.f_files = cache_count(daemon->cache, 0) + FILES_FREE,
		.f_ffree = FILES_FREE,
		.f_favail = FILES_FREE,
		.f_namemax = 255,
	};

	begin(req, "statfs", OP_STATFS, ino, NULL);
	reply_statfs(req, &all);
}

const struct fuse_lowlevel_ops ops_table = {
	.init = ops_init,
	.lookup = ops_lookup,
	.forget = ops_forget,
	.forget_multi = ops_forget_multi,
	.getattr = ops_getattr,
	.setattr = ops_setattr,
	.readlink = ops_readlink,
	.mknod = ops_mknod,
	.mkdir = ops_mkdir,
	.unlink = ops_unlink,
	.rmdir = ops_rmdir,
	.symlink = ops_symlink,
	.rename = ops_rename,
	.link = ops_link,
	.create = ops_create,
	.open = ops_open,
	.read = ops_read,
	.write = ops_write,
	.flush = ops_flush,
	.release = ops_release,
	.fsync = ops_fsync,
	.opendir = ops_opendir,
	.readdir = ops_readdir,
	.readdirplus = ops_readdirplus,
	.releasedir = ops_releasedir,
	.statfs = ops_statfs,
	.poll = ops_poll,
};
