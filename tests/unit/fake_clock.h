#pragma once

#include "backends/base/clock.h"

/* The real time and what a test put it forward by, since its start.  A wait ends
 * after a millisecond as if it had been woken, and whoever waits looks whether the time
 * has come. */

extern const Clock clock_fake;

/* Any thread. */
void clock_forward(gint64 ms);
/* How many threads wait by it at this moment, in which others may be looking. */
guint clock_waiting(void);
/* As at the start. */
void clock_reset(void);
