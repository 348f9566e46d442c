#include "fs/ops/ops.h"

#include <errno.h>

#include "fs/base/metrics.h"
#include "fs/base/reply.h"
#include "fs/events/polls.h"
#include "fs/ops/emitter_ops.h"
#include "fs/ops/file.h"
#include "fs/ops/listing.h"
#include "fs/ops/lookup.h"
#include "fs/ops/rmdir.h"
#include "fs/tree/daemon.h"

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

static void refuse(fuse_req_t req)
{
	Daemon *daemon = fuse_req_userdata(req);

	metrics_count(daemon->metrics, OP_REFUSED);
	reply_error(req, EPERM);
}

/* ---- what the emitter may do, and users may not ---- */

static void ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (emitter_ops_is(req))
		emitter_ops_lookup(req, parent, name);
	else
		lookup_name(req, parent, name);
}

static void ops_getattr(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	if (emitter_ops_is(req))
		emitter_ops_getattr(req, ino);
	else
		lookup_getattr(req, ino, info);
}

static void ops_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
	int set, struct fuse_file_info *info)
{
	if (emitter_ops_is(req))
		emitter_ops_setattr(req, ino, set);
	else
		file_setattr(req, ino, attr, set, info);
}

static void ops_open(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	if (emitter_ops_is(req))
		emitter_ops_open(req, ino, info);
	else
		file_open(req, ino, info);
}

static void ops_make(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	if (emitter_ops_is(req))
		emitter_ops_make(req, parent, name, mode);
	else
		refuse(req);
}

static void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name,
	mode_t mode, dev_t device)
{
	ops_make(req, parent, name, mode);
}

static void ops_mkdir(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	ops_make(req, parent, name, S_IFDIR);
}

static void ops_symlink(
	fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	ops_make(req, parent, name, S_IFLNK);
}

static void ops_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (emitter_ops_is(req))
		emitter_ops_remove(req, parent, name);
	else
		refuse(req);
}

static void ops_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (emitter_ops_is(req))
		emitter_ops_remove(req, parent, name);
	else
		rmdir_session(req, parent, name);
}

static void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
	fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
	if (emitter_ops_is(req) && !flags)
		emitter_ops_move(req, parent, name, new_parent, new_name);
	else
		refuse(req);
}

static void ops_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent,
	const char *new_name)
{
	refuse(req);
}

static void ops_create(fuse_req_t req, fuse_ino_t parent, const char *name,
	mode_t mode, struct fuse_file_info *info)
{
	refuse(req);
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

	metrics_count(daemon->metrics, OP_STATFS);
	fuse_reply_statfs(req, &all);
}

const struct fuse_lowlevel_ops ops_table = {
	.init = ops_init,
	.lookup = ops_lookup,
	.forget = lookup_forget,
	.forget_multi = lookup_forget_many,
	.getattr = ops_getattr,
	.setattr = ops_setattr,
	.readlink = file_readlink,
	.mknod = ops_mknod,
	.mkdir = ops_mkdir,
	.unlink = ops_unlink,
	.rmdir = ops_rmdir,
	.symlink = ops_symlink,
	.rename = ops_rename,
	.link = ops_link,
	.create = ops_create,
	.open = ops_open,
	.read = file_read,
	.write = file_write,
	.flush = file_flush,
	.release = file_release,
	.fsync = file_fsync,
	.opendir = listing_open,
	.readdir = listing_read,
	.readdirplus = listing_read_plus,
	.releasedir = listing_release,
	.statfs = ops_statfs,
	.poll = poll_ask,
};
