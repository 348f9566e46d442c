#pragma once

#include "fs/base/lowlevel.h"
#include "fs/keeper/kept.h"

/*
 * Between libfuse and /dev/fuse: each request as it is read, each reply as it is
 * written.  Here the kernel is promised what libfuse before 3.17 does not pass on,
 * what has to outlive the process is noted (kept.h), and a session that takes a mount
 * over has its INIT.
 */

/* Whether this kernel brings requests again whose reader is dead (since 6.9). */
gboolean wire_kernel_resends(void);

/* From now on `session` reads and writes that device.  kept: NULL: nothing outlives
 * us.  Before the first request.  FALSE: libfuse does not want it. */
gboolean wire_attach(struct fuse_session *session, int fd, Kept *kept);

/* Whether the session was told to end because the kernel did not take its INIT. */
gboolean wire_failed(void);

/*
 * Gives the session the INIT that the first one had, which the kernel sends once, and
 * keeps the reply from it.  FALSE: that is another one than the kernel knows, and
 * the session must not serve.
 */
gboolean wire_init_again(struct fuse_session *session);

/*
 * Has the kernel bring again what was read and not answered, and wake all who poll,
 * since what they wait for may have been told to nobody.  The reader before us must
 * not read or write any more.
 *
 * unsent: what kept_resent says of a node, for data, on the thread that reads.
 */
void wire_resume(struct fuse_session *session,
	void (*unsent)(guint64 node, void *data), void *data);

/* Of the request that this thread read last: whether the kernel brings it again. */
gboolean wire_is_again(void);
/* Its number, by which it is known however often it comes. */
guint64 wire_unique(void);
