#pragma once

#include "daemon.h"

/*
 * What watchers are to see of a piece of news: acts for the emitter, queued
 * behind the invalidations that are queued by now.  Only where the kernel holds
 * the inode or its directory, since nobody else can be watching.
 */
void events_of(Daemon *daemon, const News *news);
/* The event log has grown, or goes on in a file of that slot. */
void events_log(Daemon *daemon, guint slot, gboolean turned);
