#pragma once

#include <glib.h>

/*
 * Two clocks.  The sessions' clock is what states and creation times go by; it
 * is real time plus what was advanced, or, when manual, moves only by being
 * advanced.  The wall clock is what signatures are judged by: real time plus a
 * skew.  Thread-safe.
 */
typedef struct {
	gboolean manual;
	gint64 base_ms; /* manual: where it started */
	gint64 offset_ms;
	gint64 skew_ms;
} DemoClock;

/* Both begin at real time. */
void demo_clock_init(DemoClock *clock, gboolean manual);

/* Milliseconds since the epoch. */
gint64 demo_clock_now_ms(DemoClock *clock);
gint64 demo_clock_wall_ms(DemoClock *clock);

/* May be negative; transitional states that have ended stay ended. */
void demo_clock_advance(DemoClock *clock, gint64 ms);
/* Sets, where demo_clock_advance adds. */
void demo_clock_set_skew(DemoClock *clock, gint64 ms);

/* "Fri, 20 Nov 2026 18:57:00 GMT", as a Date header has it.  New string. */
char *demo_clock_http_date(gint64 ms);
