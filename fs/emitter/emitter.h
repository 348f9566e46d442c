#pragma once

#include "backends/base/clock.h"
#include "fs/base/metrics.h"
#include "fs/base/pending.h"
#include "fs/emitter/synth_event.h"

/*
 * The process that makes events.  FUSE tells no watcher of remote changes, but
 * ordinary system calls on the mount do; and a daemon that were a client of its
 * own mount could not be killed.  So a process of its own makes them, one at a
 * time: it holds no /dev/fuse, obeys one socket, and ends with it.  It is known
 * by its pid, which is trusted only while it is surely not reaped.
 *
 * A thread of the daemon commands it and waits for each answer.  When the
 * process dies or is stuck it is replaced.  What it could not do is tried again,
 * for a while; what is given up is counted, and a warning.  All functions but
 * emitter_free take a NULL emitter, which does nothing and is nobody.
 */
typedef struct Emitter Emitter;

/*
 * Asked of a synthetic event that could not be carried out, on the emitter's thread: FALSE
 * when the tree has moved on or nobody is there to see it; else it has removed
 * what stood in the way, as far as it can, and the synthetic event is tried again.
 */
typedef gboolean (*EmitterFailed)(const SynthEvent *event, void *data);

/* Starts neither; `mountpoint` absolute. */
Emitter *emitter_new(const char *mountpoint, const Clock *clock,
	Pending *pending, Metrics *metrics, EmitterFailed failed, void *data);
/* From now on synthetic events are carried out; device: of the mount, so that a directory
 * that lies below it is never touched.  Before, they are dropped. */
void emitter_attach(Emitter *emitter, dev_t device);
/* No act is begun any more; joins the thread.  The process may still wait for an
 * answer of the mount. */
void emitter_stop(Emitter *emitter);
/* After the mount is gone: reaps the process. */
void emitter_free(Emitter *emitter);

/* Takes the synthetic event.  Any thread; never waits. */
void emitter_push(Emitter *emitter, SynthEvent *event);

/*
 * Keeps the emitter out of a directory (a node), whose lock the kernel takes for
 * each of its requests there: no act is begun until emitter_return, and what it
 * does there is waited for, for a moment.  FALSE when that does not end: then the
 * lock may be held for long, and the emitter goes on.  One thread at a time.
 */
gboolean emitter_keep_out(Emitter *emitter, fuse_ino_t dir);
void emitter_return(Emitter *emitter);

/* Whether a request of this thread is the emitter's own. */
gboolean emitter_is(Emitter *emitter, pid_t tid);

/* A step of the synthetic event that is being carried out. */
typedef struct {
	SynthEventKind kind; /* of the synthetic event */
	fuse_ino_t ino;
	mode_t type;
	gboolean last;     /* it is what the synthetic event is about */
	gboolean negative; /* not made yet */
	gboolean asked;    /* emitter_asked */
	gboolean replaced; /* a MOVE takes its place */
} EmitterStep;

/*
 * For the answers to the emitter's own requests: the step that leads from node
 * `parent` to `name`; FALSE when that is not on the way.
 */
gboolean emitter_step(Emitter *emitter, fuse_ino_t parent, const char *name,
	EmitterStep *ret);
/* The same by the step's own node. */
gboolean emitter_step_of(Emitter *emitter, fuse_ino_t node, EmitterStep *ret);
/* Whether the synthetic event moves `name` of node `parent` there. */
gboolean emitter_moves(Emitter *emitter, fuse_ino_t parent, const char *name,
	fuse_ino_t to_parent, const char *to);
/* What the synthetic event was to make is made: it is found from now on. */
void emitter_made(Emitter *emitter);
/* The kernel asks for the last step, and is told of that one. */
void emitter_asked(Emitter *emitter);
