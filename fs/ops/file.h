#pragma once

#include "fs/base/lowlevel.h"

/*
 * What is done with files that are open (open.h), and with their attributes.  READ of
 * what lives in the page cache answers the current version, whichever open it comes
 * from, so that an old handle cannot fill the cache with old bytes.
 */
void file_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info);
void file_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	off_t off, struct fuse_file_info *info);
void file_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void file_release(fuse_req_t req, struct fuse_file_info *info);
void file_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
	struct fuse_file_info *info);
void file_readlink(fuse_req_t req, fuse_ino_t ino);
