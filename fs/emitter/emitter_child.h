#pragma once

#include <sys/types.h>

#include <glib.h>

#include "fs/emitter/synth_event.h"

/*
 * What the daemon and the emitter process say to each other, each in one packet:
 * an Order with texts behind it, the mount point, the path below it, and the one
 * that a MOVE leads to, each ending with NUL; and an errno, 0 for done.
 */
typedef struct {
	guint64 device; /* of the mount */
	guint32 kind;   /* SynthEventKind */
	guint32 type;   /* of what it is about, as in st_mode */
} EmitterCommand;

/* A kind besides those of SynthEventKind: makes no event, but asks the mount for
 * what only the loop of FUSE can answer. */
#define EMITTER_PROBE 0x100

/* The first argument of that process; the second is for who reads ps. */
#define EMITTER_CHILD_OPTION "--emitter"

#define EMITTER_CHILD_MAX 16384

/* The emitter process's whole life: obeys a socket until that ends.  Returns its
 * exit status. */
int emitter_child_run(int socket);
