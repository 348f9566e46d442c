#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/pending.h"
#include "fs/base/daemon.h"
#include "fs/tree/tree.h"

/*
 * One open of a control file.  `new` collects a JSON document; the write that
 * completes it is the create, and answers for it, since a shell's echo ignores
 * errors of close(2).  It is kept as it was written: from the first byte on, to the
 * end of that write.  `ctl`, `.ctl` of a workspace and `resolve` of a request take
 * one line a write.  What became of it can be read back on the same descriptor.
 *
 * What failed stays failed: after a write that was answered with an error, each
 * that follows is answered with the same and means nothing.  So the rest of a wrong
 * document never becomes a session, and a line that a buffer writes again when it
 * is closed is sent once.  Truncating to nothing, or another open, starts anew.
 */
typedef struct Control Control;

/* Greatest document, in bytes. */
#define CONTROL_DOCUMENT_MAX (1024 * 1024)
/* Of all documents that are not complete yet together.  A write beyond it fails and
 * drops what its own descriptor had; one that completes a document never does. */
#define CONTROL_HALF_WRITTEN_MAX (64 * 1024 * 1024)

/* row: CREATE or VERB; tid: the thread that opened it, 0: it is not known; append:
 * O_APPEND; handle: the number of the open file, whose writes may have begun with
 * another process. */
Control *control_new(Daemon *daemon, const TreeRow *row, guint32 number,
	pid_t tid, gboolean append, guint64 handle);
/* The file was closed for the last time. */
void control_release(Control *self);

/* CacheSettings.sends. */
void control_sends(const char *rid, OperationDone done, void *data);

/* Answer their requests, at once or later. */
void control_write(
	Control *self, fuse_req_t req, const char *bytes, gsize len, off_t off);
void control_read(Control *self, fuse_req_t req, gsize size, off_t off);

/* What came of a request that another process has sent, as a person reads its state: 0
 * or an errno; -1: that is not known yet. */
int control_outcome(Cache *cache, guint32 request);

/*
 * The errno for a caller who waits no longer for an order (NULL: none yet): what
 * was not sent is dropped, the rest goes on.  ETIMEDOUT and EINTR say that it
 * may be done, ECANCELED that it is not.  Of one who may write again because it
 * is unseen whether he dies nothing is dropped.
 */
int control_left(LeftReason reason, Operation *order);

/* A descriptor was closed by thread tid.  Returns 0 or an errno. */
int control_flush(Control *self, pid_t tid);
/* Starts anew.  Returns 0 or an errno. */
int control_truncate(Control *self);
