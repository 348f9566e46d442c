#pragma once

#include "fs/emitter/synth_event.h"
#include "fs/base/daemon.h"

/*
 * What watchers are to see of a piece of news, as synthetic events for the emitter.  Only where
 * the kernel holds the inode or its directory, since nobody else can be watching:
 * so this comes before the invalidations that make it let go.
 */
void events_of(Daemon *daemon, const News *news);
/* Queues them behind the invalidations that are queued by now. */
void events_send(Daemon *daemon);
/* Whether any are still to be made: then a name that is absent may stand on the
 * way to one, and the kernel must go on asking for it.  Any thread. */
gboolean events_are_owed(Daemon *daemon);
/* As EmitterFailed; data: the Daemon. */
gboolean events_failed(const SynthEvent *event, void *data);
/* The event log has grown, in the file of that slot. */
void events_log_grew(Daemon *daemon, guint slot);
/* It goes on in the file of that slot; `before`: the slot of the one that was told
 * of last, 0: none was.  As logrotate does it: that moves, another one is made. */
void events_log_turned(Daemon *daemon, guint slot, guint before);
