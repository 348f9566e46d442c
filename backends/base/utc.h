#pragma once

#include <glib.h>

/* Times as text, in UTC.  Pure, any thread. */
#define UTC_FORMAT "%Y-%m-%dT%H:%M:%SZ"

/* "2024-11-06T08:49:37Z" of seconds since the epoch; "far from now" where the year
 * has not four digits.  New string. */
char *utc_text(gint64 seconds);

/* Milliseconds since the epoch of an ISO 8601 time with any fraction, which is in
 * UTC where it names no zone; 0 for what is none, or is before the epoch. */
gint64 utc_ms(const char *text);
