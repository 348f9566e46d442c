#pragma once

#include "fs/base/daemon.h"
#include "fs/start/config.h"
#include "fs/start/options.h"

/*
 * The configuration, read again while the mount is in use: sections come, go and
 * change (cache_put, cache_drop).
 *
 * All of it is read and checked, and the backends of what is new or other are made,
 * before anything is changed: whatever is wrong with it leaves the old one in force,
 * and is told in the log, in .sessionfs/config and to the service manager.  What
 * fails after that, since the disk does, leaves that section as it was, and is told
 * likewise.  Keys that take a new mount stay as they are, and are named.
 */
typedef struct Reload Reload;

/* config: what is in force; replaced. */
Reload *reload_new(Daemon *daemon, const Options *options,
	const char *mountpoint, Config **config);
/* On a thread of its own, and once more where one is at it.  Any thread. */
void reload_ask(Reload *self);
/* Waits for that thread. */
void reload_free(Reload *self);
