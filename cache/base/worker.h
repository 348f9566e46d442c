#pragma once

#include <glib.h>

/*
 * A pool of threads that come when there is work and go when there is none.
 * Jobs begin in the order in which they were pushed.   Any thread may push.
 */
typedef struct Pool Pool;
typedef void (*PoolJob)(void *data);

#define POOL_THREADS_MAX 64

/* name: its threads'. */
Pool *pool_new(const char *name);
/* FALSE when the pool is stopped: the job will not run. */
gboolean pool_push(Pool *self, PoolJob job, void *data);
/* Where no thread could be started for what was pushed, tries again.  FALSE: there is
 * still none, and work waits.  Any thread. */
gboolean pool_revive(Pool *self);
/* Runs what was pushed to its end, joins all threads.  Not from a job. */
void pool_stop(Pool *self);
/* Threads that there are now; once it is stopped, those that run jobs. */
/* Forgets the threads that have ended.  FALSE: one is there still, at work or
 * waiting for some. */
gboolean pool_rest(Pool *self);
guint pool_running(Pool *self);
/* Stops first. */
void pool_free(Pool *self);
