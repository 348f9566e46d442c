#pragma once

#include "backends/base/clock.h"

/* The real time and what a test put it forward by, since its start.  A wait looks
 * every millisecond whether its time has come meanwhile. */

extern const Clock clock_fake;

/* Any thread. */
void clock_forward(gint64 ms);
/* As at the start. */
void clock_reset(void);
