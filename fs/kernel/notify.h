#pragma once

#include "backends/base/clock.h"
#include "fs/base/lowlevel.h"
#include "fs/base/metrics.h"
#include "fs/base/pending.h"
#include "fs/emitter/emitter.h"
#include "fs/kernel/readers.h"

/*
 * The one thread that tells the kernel to forget: nobody else calls
 * fuse_lowlevel_notify_*, since from a request handler or under a lock that
 * can hang for ever.  Callers queue; equal entries of the queue are one.
 */
typedef struct Notify Notify;

/* tick runs on the notifier thread about every tick_us, with no lock held. */
Notify *notify_new(const Clock *clock, Pending *pending, Metrics *metrics,
	Emitter *emitter, Readers *readers, gint64 tick_us,
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
 * parked in that directory, or the emitter is slow there, it waits, as the kernel
 * would. */
void notify_entry(Notify *notify, fuse_ino_t parent, const char *name);

/* The kernel asks for every name again before it uses it.  (Before 6.16 it cannot be
 * made to.) */
void notify_anew(Notify *notify);

/* Takes the synthetic event, and hands it to the emitter once the kernel was told all that
 * was queued before: who wakes by an event finds no old bytes. */
void notify_then(Notify *notify, SynthEvent *event);
/* pending_wake of that number, once the kernel was told all that was queued before.
 * Not when the mount ends first. */
void notify_wake(Notify *notify, guint32 number);
/* How much was queued so far; and whether the kernel was told all of that: then
 * it has nothing old of the nodes that were named. */
guint64 notify_queued(Notify *notify);
gboolean notify_has_told(Notify *notify, guint64 queued);
/* Wakes who polls there; takes the handle. */
void notify_poll(Notify *notify, struct fuse_pollhandle *handle);

/* Makes the kernel drop what it remembers of a name that nobody uses, at once.
 * To be called from tick alone.  FALSE while somebody is parked or slow there. */
gboolean notify_drop(Notify *notify, fuse_ino_t parent, const char *name);

/*
 * Asks the kernel to drop those nodes (an array of guint64; files before their
 * directories) that nobody uses.  To be called from tick alone.  FALSE when
 * this kernel cannot (before 6.18).
 */
gboolean notify_prune(Notify *notify, const GArray *nodes);
