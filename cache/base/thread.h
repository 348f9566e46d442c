#pragma once

#include <pthread.h>

#include <glib.h>

/*
 * The daemon's own threads: named, and deaf to the signals that end the mount,
 * which are the main thread's to hear.
 */
pthread_t thread_start(const char *name, void *(*run)(void *), void *data);

/* A condition on the monotonic clock, as thread_wait needs it. */
void thread_cond_init(pthread_cond_t *cond);
/* Waits until woken or `until_us` (monotonic; G_MAXINT64: for ever). */
void thread_wait(pthread_cond_t *cond, pthread_mutex_t *lock, gint64 until_us);
