#pragma once

#include "fs/base/daemon.h"

/*
 * What a service manager hears of us without asking: READY=1 as soon as the mount
 * answers, STATUS= when the number of sections or sessions has changed, and
 * WATCHDOG=1 as often as it wants, but only when the loop of FUSE has answered.
 *
 * A process of its own asks the mount, as the emitter's makes events: a daemon that
 * used its own mount could not be killed meanwhile.  What it asks for (statfs) is
 * answered by a thread of the loop and by nobody else, and waits for no lock of a
 * directory, where a provider may keep others waiting.
 *
 * A keeper hears a beat each second from the same source, and none when the loop has not
 * answered (fs/keeper/patience.h).
 *
 * One thread, and none where nobody listens.
 */
typedef struct Pulse Pulse;

/* By the thread that is about to serve; device: the mount's.  NULL: nobody
 * listens. */
Pulse *pulse_start(Daemon *daemon, const char *mountpoint, dev_t device);
/* What is added to STATUS= from now on; NULL: nothing.  Copied; any thread. */
void pulse_remark(Pulse *self, const char *remark);
/* A reload begins, or has ended: RELOADING=1, and READY=1 again.  Any thread. */
void pulse_reloading(Pulse *self, gboolean reloading);
/* The end begins: it is told, and joins.  Any number of times. */
void pulse_stop(Pulse *self);
void pulse_free(Pulse *self);
