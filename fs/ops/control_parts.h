#pragma once

#include "backends/base/mutex.h"
#include "fs/base/daemon.h"
#include "fs/base/lowlevel.h"
#include "fs/keeper/kept.h"
#include "fs/ops/document.h"
#include "fs/tree/tree.h"

/* What a Control is, for control.c and control_kept.c alone. */

typedef struct Control Control;

typedef enum { FILLING, RUNNING, DONE, FAILED } ControlState;

struct Control {
	gint refs;
	Mutex lock; /* of all below the line */
	Daemon *daemon;
	const TreeRow *row;
	guint32 number;
	pid_t opener; /* process; 0: it cannot be told */
	pid_t opener_tid;
	gboolean append;
	guint64 handle; /* the number of the open file */
	/* ---- */
	ControlState state GUARDED_BY(lock);
	gboolean begun GUARDED_BY(lock); /* base is known */
	/* offset behind the last write that was taken */
	off_t next GUARDED_BY(lock);
	/* what next is again when this write fails */
	off_t undo GUARDED_BY(lock);
	/* for .last_error, once the lock is open */
	GError *unrecorded GUARDED_BY(lock);
	Document scan GUARDED_BY(lock);
	GByteArray *text GUARDED_BY(lock);
	Operation *order GUARDED_BY(lock); /* RUNNING, once it is known */
	/* what a read gets; NULL: nothing yet */
	GBytes *answer GUARDED_BY(lock);
	/* a write whose writer was let go, and may live on: if he */
	off_t let_off GUARDED_BY(lock);
	gsize let_len GUARDED_BY(lock); /* does, he writes it again.  0: none */
	/* the errno that a write was answered with, and all that follow it
	 * until all starts anew; 0: none */
	int failure GUARDED_BY(lock);
	/* of the last write that was acted on */
	guint64 unique GUARDED_BY(lock);
	/* RUNNING: of the request, once it may be on disk; "": not yet */
	char rid[KEPT_TEXT_MAX] GUARDED_BY(lock);
	/* RUNNING: what was collected before the write that completed it */
	guint collected GUARDED_BY(lock);
};

Control *control_ref(Control *self);
void control_unref(Control *self);
/* Of an operation that is given now, in us. */
gint64 control_deadline(const Control *self);

/* Writes down how far it has come, for who comes after us; each time before the lock
 * is opened. */
void control_remember(Control *self) REQUIRES(self->lock);
/* What was collected, of which the last n bytes are new. */
void control_remember_text(Control *self, gsize n) REQUIRES(self->lock);
/* Goes on where another process was, which is dead.  What it was about to send, and
 * surely has not, was never written. */
void control_recall(Control *self) REQUIRES(self->lock);
/* Whether a write that the kernel brings again was acted on: then it is answered by
 * what came of it, now or later. */
gboolean control_was_done(Control *self, fuse_req_t req, gsize len, off_t off);
