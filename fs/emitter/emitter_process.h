#pragma once

#include <sys/types.h>

#include <glib.h>

#include "fs/emitter/emitter_child.h"

/*
 * The emitter process as its parent sees it: started anew when there is none,
 * asked one thing at a time, buried when it dies or does not answer.  One thread
 * uses it; emitter_process_is may be called from any.
 */
typedef struct EmitterProcess EmitterProcess;

/* mountpoint: which one it is for, as ps shows it. */
EmitterProcess *emitter_process_new(const char *mountpoint);
/* Ends the process, by force where it must, and reaps it: the mount that it may
 * wait for has to be gone. */
void emitter_process_free(EmitterProcess *self);

/* Whether that thread is the process: never of one that may have been reaped. */
gboolean emitter_process_is(EmitterProcess *self, pid_t tid);

/* Starts the process unless it lives; notices when it died.  FALSE when there is
 * none now: to be tried again later. */
gboolean emitter_process_ready(EmitterProcess *self);
/* Carries out an order (to: where a MOVE leads, else NULL): its errno, 0 for done;
 * ECHILD when the process died, or did not answer in time and was given up. */
int emitter_process_do(EmitterProcess *self, const EmitterCommand *order,
	const char *mountpoint, const char *path, const char *to);
/* Makes emitter_process_do return soon, from now on.  Any thread. */
void emitter_process_dismiss(EmitterProcess *self);
