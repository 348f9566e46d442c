#pragma once

#include "fs/base/lowlevel.h"

/*
 * Files.  A content file of up to ROWS_PAGED_MAX bytes lives in the page cache
 * and has no handle: each READ answers the current version, whichever open it
 * comes from, so that an old handle cannot fill the cache with old bytes.
 * Larger content and texts are direct I/O with a snapshot per open, and so is
 * content whose bytes cost a call, which the OPEN waits for; control files are
 * direct I/O with a Control.
 */
void file_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);
void file_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	struct fuse_file_info *info);
void file_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	off_t off, struct fuse_file_info *info);
void file_flush(fuse_req_t req, struct fuse_file_info *info);
void file_release(fuse_req_t req, struct fuse_file_info *info);
void file_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
	struct fuse_file_info *info);
void file_readlink(fuse_req_t req, fuse_ino_t ino);
