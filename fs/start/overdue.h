#pragma once

#include <sys/types.h>

#include "fs/base/daemon.h"

/*
 * The bound of the process's end.  A worker that computes or hangs cannot be taken
 * back; the end waits for it for OVERDUE_S seconds.  Then what is left is named in
 * the log, the mount is detached if it is still there, and the process exits with
 * EXIT_FAILURE, OVERDUE_WORDS_S later at most.  That releases the lock of the state
 * directory, where all is written such that a crash loses nothing.
 */
#define OVERDUE_S 10
/* For the last words: the log or fusermount3 may hang too. */
#define OVERDUE_WORDS_S 5

/* The end begins; called again it does nothing.  The daemon and the path have to
 * stay until overdue_stop.  device: the mount's; 0: none.  Any thread. */
void overdue_start(Daemon *daemon, const char *mountpoint, dev_t device);
/* The end came in time.  Called once, by the thread that ends the rest. */
void overdue_stop(void);
