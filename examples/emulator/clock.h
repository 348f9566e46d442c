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
} Clock;

/* Both begin at real time. */
void clock_init(Clock *clock, gboolean manual);

/* Milliseconds since the epoch. */
gint64 clock_now_ms(Clock *clock);
gint64 clock_wall_ms(Clock *clock);

/* May be negative; transitional states that have ended stay ended. */
void clock_advance(Clock *clock, gint64 ms);
/* Sets, where clock_advance adds. */
void clock_set_skew(Clock *clock, gint64 ms);

/* "Fri, 20 Nov 2026 18:57:00 GMT", as a Date header has it.  New string. */
char *clock_http_date(gint64 ms);
