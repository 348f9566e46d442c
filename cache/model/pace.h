#pragma once

#include <glib.h>

/* How long to wait before a provider is asked again.  Pure; all in microseconds. */

/* A listing may take a quarter of the time. */
#define PACE_LOAD_FACTOR 4

/* An interval while something passes. */
gint64 pace_fast_us(gint64 us);
/* One after so many failures in a row: doubled for each, up to five minutes; but
 * where the provider was not there, or did not work, up to 30 s and no more. */
gint64 pace_backed_off_us(gint64 us, guint failures, gboolean broken);
/* For how long an error's sender asked for peace: an hour at most; 0: it did not. */
gint64 pace_retry_us(GError *error);
/* Whether an error means the latter. */
gboolean pace_is_broken(const GError *error);
