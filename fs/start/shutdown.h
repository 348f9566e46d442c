#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"
#include "fs/start/config_reload.h"

/*
 * How a signal ends the mount.  One thread waits for SIGTERM, SIGINT, SIGQUIT and
 * what timers send, but for those that whoever started us ignored; and for SIGHUP,
 * which reads the configuration again, unless it says that our terminal is gone.
 * It answers what is parked and stops the notifier while requests are still
 * served, since a notification can wait for one, and then ends the loop.
 */
typedef struct Shutdown Shutdown;

/* Other signals do nothing from now on.  Called once, before there are threads. */
void shutdown_prepare(void);
/* Blocks those that end us in this thread and all that it starts from now on:
 * once there is something that has to be taken down. */
void shutdown_block(void);
/* From here on a SIGHUP that asks for a reload waits until there is somebody to hear
 * it; the one of a terminal that is gone still ends us.  Before there are threads. */
void shutdown_hold_reloads(void);
/* Whether a SIGHUP asks for one: nobody ignored it, and there is no terminal that could
 * be gone. */
gboolean shutdown_hangup_reloads(void);
/* To be called by the thread that is about to serve.  mountpoint stays, device is
 * the mount's: see overdue.h. */
Shutdown *shutdown_start(Daemon *daemon, struct fuse_session *session,
	const char *mountpoint, dev_t device, Reload *reload);
/* After the loop: joins.  Returns the signal that ended it, or 0. */
int shutdown_finish(Shutdown *shutdown);
