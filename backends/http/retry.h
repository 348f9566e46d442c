#pragma once

#include "backends/api/budget.h"
#include "backends/http/http.h"

/* When to try again: the arithmetic, without the waiting.  Any thread. */

#define RETRY_ATTEMPTS 4
/* More than this no answer may ask for. */
#define RETRY_AFTER_MAX_MS (15 * 60 * 1000)

/*
 * The milliseconds that an answer asks to wait; 0: it does not say.  Known:
 * Retry-After (seconds or an HTTP date), x-acs-retry-after and
 * x-amz-retry-after (milliseconds).  now: seconds since the epoch, by the
 * answerer's clock.
 */
gint64 retry_after_ms(const HttpAnswer *answer, gint64 now);

/* random(0, 1) * min(5 s, 100 ms * 2^attempt); attempts count from 0. */
gint64 retry_backoff_ms(guint attempt);

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT" into seconds since the epoch. */
gboolean retry_http_date(const char *text, gint64 *ret);

/* Where (monotonic) another attempt is worth its while, after `attempts` of which
 * the last one ended so. */
gint64 retry_next_us(GError *problem, guint attempts, Budget *budget);

/* "2024-11-06T08:49:37Z".  New string. */
char *retry_utc_text(gint64 seconds);
