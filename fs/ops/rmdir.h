#pragma once

#include "cache/cache.h"
#include "fs/base/lowlevel.h"

/* RMDIR of a session ends it where the section says so, and is ENOTEMPTY
 * everywhere else: rm -rf destroys nothing. */
void rmdir_session(fuse_req_t req, fuse_ino_t parent, const char *name);

/* CacheSettings.sends. */
void rmdir_sends(const char *rid, OperationDone done, void *data);
