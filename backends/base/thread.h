#pragma once

#include <pthread.h>

#include <glib.h>

#include "backends/base/mutex.h"

/*
 * All threads of the daemon but libfuse's are made here.  They have names, of which
 * Linux keeps 15 bytes (`top -H`, /proc/PID/task/TID/comm), and block all signals
 * but those of faults: the ones that end the mount are for one thread alone.  Each
 * has a stack of its own for the handler of faults, which must run even when the
 * usual stack is full.
 */

/* Sanitizers have handlers of faults, and stacks for them, which they free with
 * the thread. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THREAD_HAS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define THREAD_HAS_SANITIZER
#endif
#endif

/* FALSE: there are no more threads for us. */
gboolean thread_try(pthread_t *ret, const char *name, void *(*run)(void *),
	void *data) G_GNUC_WARN_UNUSED_RESULT;
/* Of one without which there is no daemon: tries for a second, and fails by ending the
 * process. */
pthread_t thread_start(const char *name, void *(*run)(void *), void *data);
/* Names the calling thread, which somebody else has made, and readies it for
 * faults. */
void thread_name(const char *name);
/* Gives the calling thread its stack for faults, unless it has one or there is a
 * sanitizer.  It goes with the thread. */
void thread_take_faults(void);

/* A condition on the monotonic clock, as thread_wait needs it. */
void thread_cond_init(pthread_cond_t *cond);
/* Waits until woken or `until_us` (monotonic; G_MAXINT64: for ever).  FALSE: that
 * time has come. */
gboolean thread_wait(pthread_cond_t *cond, Mutex *lock, gint64 until_us)
	REQUIRES(*lock);
