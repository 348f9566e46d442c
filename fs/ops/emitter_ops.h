#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

/*
 * The emitter's own requests.  Whatever it asks is answered from the synthetic event that it
 * carries out: the way there, even through what has vanished; what is to be made
 * is absent until it was made.  Nothing of it counts as somebody looking, and
 * nobody else can get in here.
 */
gboolean emitter_ops_is(fuse_req_t req);

void emitter_ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void emitter_ops_getattr(fuse_req_t req, fuse_ino_t ino);
/* Only a new modification time, of what the synthetic event touches. */
void emitter_ops_setattr(fuse_req_t req, fuse_ino_t ino, int set);
void emitter_ops_open(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
/* mkdir, mknod, symlink by the type in `mode`. */
void emitter_ops_make(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
/* unlink and rmdir; the kernel knows which it is. */
void emitter_ops_move(fuse_req_t req, fuse_ino_t parent, const char *name,
	fuse_ino_t to_parent, const char *to);
void emitter_ops_remove(fuse_req_t req, fuse_ino_t parent, const char *name);
