#pragma once

#include <pthread.h>

#include <glib.h>

#include "backends/base/mutex.h"

/*
 * Where the time comes from.  What decides by time (an interval, a back-off, an
 * expiry, how long a listing may lag) asks the clock that it was given.  So a test
 * can put its own clock forward instead of sleeping.  Deadlines of calls are by the
 * same clock.  Any thread may ask.
 */
typedef struct Clock {
	gint64 (*now_us)(const struct Clock *self);
	gint64 (*wall_us)(const struct Clock *self);
	gboolean (*wait)(const struct Clock *self, pthread_cond_t *cond,
		Mutex *lock, gint64 until_us);
} Clock;

/* The one that reads the machine's clocks. */
extern const Clock clock_real;

/* Monotonic. */
gint64 clock_now_us(const Clock *self);
/* Since the epoch. */
gint64 clock_wall_us(const Clock *self);
gint64 clock_wall_ms(const Clock *self);
/* As thread_wait, by this clock. */
gboolean clock_wait(const Clock *self, pthread_cond_t *cond, Mutex *lock,
	gint64 until_us) REQUIRES(*lock);

/* ---- when something changed, by the machine's clock, since the epoch ---- */

gint64 now_ns(void);
/* Later than `before`, and now if that is later. */
gint64 time_after(gint64 before_ns);
/* The same of bytes that take the place of others: those may be read for as long
 * as it takes until everybody knows, and none of these reads may come later. */
gint64 time_noticed(gint64 before_ns);
/* "2026-01-02T03:04:05Z"; a new string. */
char *time_text(gint64 ms);
#define TIME_SIZE 48
/* The same of microseconds, with so many digits of the fraction of a second. */
void time_write(char ret[TIME_SIZE], gint64 us, guint digits);
