#pragma once

#include <glib.h>

/*
 * What waits for a few workers that come and go: whoever adds something learns whether
 * there has to be one more worker.  Any thread; its lock is a leaf.
 */
typedef struct JobQueue JobQueue;

/* most: workers at a time; free: of what still waits at the end; NULL: nothing. */
JobQueue *job_queue_new(guint most, GDestroyNotify free);
void job_queue_free(JobQueue *self);

/* The item (taken) waits.  TRUE: there are fewer workers than there may be; now one
 * more is counted, which the caller has to push. */
gboolean job_queue_add(JobQueue *self, gpointer item) G_GNUC_WARN_UNUSED_RESULT;
/* For a worker: the next item; NULL: its work is done, and it is counted no more. */
gpointer job_queue_next(JobQueue *self);
/* That worker could not be pushed.  TRUE: nobody else has taken the item, which is the
 * caller's again. */
gboolean job_queue_withdraw(JobQueue *self, gpointer item);
