#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

/*
 * .refresh, whose write or read takes until the listing that it asked for is
 * over, and the kernel has nothing older: what is read after it is what the
 * provider had when it was called, or later.  It ends with the listing's error,
 * with ETIMEDOUT after `deadline`, with EINTR at a signal.
 */

/* Answers a write of `size` bytes, or a read that finds nothing, once what was asked
 * is over. */
void asking_answer(fuse_req_t req, Daemon *daemon, const CacheAsked *asked,
	gboolean writes, gsize size);
