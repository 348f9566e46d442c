#pragma once

#include "fs/base/lowlevel.h"

/* The `poll` operation; what it says is described in events/polls.h. */
void poll_ask(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info,
	struct fuse_pollhandle *handle);
