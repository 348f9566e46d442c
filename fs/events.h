#pragma once

#include "daemon.h"

/*
 * What watchers are to see of a piece of news, as acts for the emitter.  Only where
 * the kernel holds the inode or its directory, since nobody else can be watching:
 * so this comes before the invalidations that make it let go.
 */
void events_of(Daemon *daemon, const News *news);
/* Queues them behind the invalidations that are queued by now. */
void events_send(Daemon *daemon);
/* The event log has grown, or goes on in a file of that slot. */
void events_log(Daemon *daemon, guint slot, gboolean turned);
