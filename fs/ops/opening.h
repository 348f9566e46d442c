#pragma once

#include "fs/base/lowlevel.h"
#include "fs/ops/handle.h"

/*
 * What each kind of file is when it is open.  A content file of up to ROWS_PAGED_MAX
 * bytes lives in the page cache.  Larger content and texts are direct I/O with a
 * snapshot per open, and so is content whose bytes cost a call, which the OPEN waits
 * for; control files are direct I/O with a Control.
 */
void open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info);

typedef enum {
	HANDLE_FOUND,
	HANDLE_ANSWERED, /* there is none, and the request was answered */
	HANDLE_NOT_YET, /* its bytes are not known yet: ask again on news of the
	                    node's number */
} FoundHandle;

/*
 * What is open of a node under a number; *ret is NULL for number 0.  What another
 * process has opened, which is dead, is opened again: with the same bytes, or such
 * that a read that would mix them with others is ESTALE.  Any thread.
 */
FoundHandle open_find(
	fuse_req_t req, fuse_ino_t ino, guint64 number, Handle **ret);
