#pragma once

#include <glib.h>

/* The wall clock: when, since the epoch. */

gint64 now_ms(void);
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
