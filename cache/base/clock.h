#pragma once

#include <pthread.h>

#include <glib.h>

/* A condition that is waited for by the monotonic clock. */
void clock_cond_init(pthread_cond_t *cond);
/* A time of g_get_monotonic_time, as such a wait takes it. */
struct timespec clock_until(gint64 until_us);
