#pragma once

#include "lowlevel.h"
#include "metrics.h"
#include "pending.h"

/*
 * The one thread that tells the kernel to forget: nobody else calls
 * fuse_lowlevel_notify_*, since from a request handler or under a lock that
 * can hang for ever.  Callers queue; equal entries of the queue are one.
 */
typedef struct Notify Notify;

/* tick runs on the notifier thread about every tick_us, with no lock held. */
Notify *notify_new(Pending *pending, Metrics *metrics, gint64 tick_us,
	void (*tick)(void *data), void *data);
/* From now on the kernel is told; before, nothing is known to it. */
void notify_attach(Notify *notify, struct fuse_session *session);
/* Joins the thread; must come before the session is destroyed. */
void notify_stop(Notify *notify);
void notify_free(Notify *notify);

/* Attributes and cached data of a node are no longer true. */
void notify_inode(Notify *notify, fuse_ino_t node);
/*
 * A directory's listing is no longer true: its modification time has moved, and
 * the kernel will find that out when it is made to ask.  Its pages must not be
 * dropped instead: when a listing that is only partly cached loses them, the
 * kernel never caches that directory again (seen on 6.18).
 */
void notify_listing(Notify *notify, fuse_ino_t node);
/* What the kernel believes of a name is no longer true.  While somebody is
 * parked in that directory it waits, as the kernel would. */
void notify_entry(Notify *notify, fuse_ino_t parent, const char *name);

/*
 * Asks the kernel to drop those nodes (an array of guint64; files before their
 * directories) that nobody uses.  To be called from tick alone.  FALSE when
 * this kernel cannot (before 6.18).
 */
gboolean notify_prune(Notify *notify, const GArray *nodes);
