#pragma once

#include <glib.h>

#include "backends/base/clock.h"

/*
 * A thread that runs one function again and again: at the time that the function
 * itself names, or sooner when somebody wakes it.
 */
typedef struct Scheduler Scheduler;

/* Does what is due; the monotonic time at which there will be more.  With no lock of
 * the scheduler held. */
typedef gint64 (*SchedulerRun)(void *data);

/* The clock outlives it. */
Scheduler *scheduler_new(const Clock *clock, SchedulerRun run, void *data);
void scheduler_start(Scheduler *self);
/* Something is due earlier than was said: runs the function once more; any thread, and
 * before the start too. */
void scheduler_wake(Scheduler *self);
/* Ends the thread, if it was started; waits for the run that is under way. */
void scheduler_stop(Scheduler *self);
void scheduler_free(Scheduler *self);
