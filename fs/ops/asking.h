#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

/*
 * .refresh, whose write or read takes until the listing that it asked for is
 * over, and the kernel has nothing older: what is read after it is what the
 * provider had when it was called, or later.  It ends with the listing's error,
 * with ETIMEDOUT after `deadline`, with EINTR at a signal.
 */

/* Asks now, and answers such a write of `size` bytes. */
void asking_write(fuse_req_t req, Daemon *daemon, guint32 number, gsize size);
/* The same for what was asked before. */
void asking_write_for(
	fuse_req_t req, Daemon *daemon, const CacheAsked *asked, gsize size);
/* Asks now, and answers a read that finds nothing. */
void asking_read(fuse_req_t req, Daemon *daemon, guint32 number);
