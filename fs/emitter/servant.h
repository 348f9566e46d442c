#pragma once

#include <sys/types.h>

#include <glib.h>

#include "fs/emitter/emission.h"

/*
 * The emitter process as its parent sees it: started anew when there is none,
 * asked one thing at a time, buried when it dies or does not answer.  One thread
 * uses it; servant_is may be called from any.
 */
typedef struct Servant Servant;

/* mountpoint: which one it is for, as ps shows it. */
Servant *servant_new(const char *mountpoint);
/* Ends the process, by force where it must, and reaps it: the mount that it may
 * wait for has to be gone. */
void servant_free(Servant *self);

/* Whether that thread is the process: never of one that may have been reaped. */
gboolean servant_is(Servant *self, pid_t tid);

/* Starts the process unless it lives; notices when it died.  FALSE when there is
 * none now: to be tried again later. */
gboolean servant_ready(Servant *self);
/* Carries out an order (to: where a MOVE leads, else NULL): its errno, 0 for done;
 * ECHILD when the process died, or did not answer in time and was given up. */
int servant_do(Servant *self, const EmissionOrder *order,
	const char *mountpoint, const char *path, const char *to);
/* Makes servant_do return soon, from now on.  Any thread. */
void servant_dismiss(Servant *self);
