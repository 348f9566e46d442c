#pragma once

#include "cache/cache.h"
#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

/*
 * poll(2), select(2) and epoll(7).  Every file can be read and written at any
 * time, as far as poll says; never nothing, since then a tool would wait for
 * ever.  A session's file says POLLPRI|POLLERR too, as sysfs does, once it has
 * other bytes than those which this open file has read at offset 0; the event
 * log, and a session's, POLLPRI when it has grown since it was read; both POLLHUP when there will
 * be no more: the session vanished, the generation is over.
 *
 * A read may be served from the page cache, unseen by us, and one that we see is
 * answered with older bytes until the kernel was made to forget them.  So a
 * change is told only once that is done, and only a read that is seen after that
 * clears it; when none is, the page cache is dropped again.  Two wake-ups
 * may be too many (somebody else's read came between), none is lost, and nobody
 * spins who reads.
 */
typedef struct Polls Polls;
/* One open file; goes with it. */
typedef struct Poller Poller;

Polls *polls_new(void);
/* All pollers are closed. */
void polls_free(Polls *polls);

/* For an open file of this node. */
Poller *polls_open(Polls *polls, Notify *notify, fuse_ino_t node);
/* NULL is fine. */
void poller_close(Poller *poller);
/* A read at offset 0, before its bytes are taken: TRUE when who polls was told of
 * the change that it brings. */
gboolean poller_read(Poller *poller);
/* A read of the event log, or of a stream, while it was that long. */
void poller_read_to(Poller *poller, gsize end);

/* From here on news wake who asks by that handle, which it takes; so what is there
 * now is to be looked at after that. */
void poller_await(Poller *poller, struct fuse_pollhandle *handle);
/* Whether other bytes are there to read; not before the kernel has forgotten the
 * old ones.  asks: somebody waits to be woken. */
gboolean poller_tell(Poller *poller, Notify *notify, gboolean asks);
/* Whether what is that long has grown since poller_read_to. */
gboolean poller_has_more(Poller *poller, gsize size);

/*
 * Wakes who polls the files of CHANGED and VANISHED.  To be called by the
 * observer, after the invalidations of that news were queued: an open that finds
 * nothing queued trusts the page cache.
 */
void polls_news(Polls *polls, Daemon *daemon, const News *news);
/* The same for all files that stand for nothing any more, as those in a workspace or
 * section that is not shown any more. */
void polls_gone(Polls *polls, Daemon *daemon);
/* The same for one node, after notify_inode of it or new lines of the event log. */
void polls_stale(Polls *polls, Notify *notify, fuse_ino_t node);
