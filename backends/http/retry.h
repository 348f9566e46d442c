#pragma once

#include "backends/http/http_message.h"

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

/* Whether a call that failed so may be repeated; harmless: to repeat it changes
 * nothing more, whatever the server did with the first. */
gboolean retry_is_allowed(const GError *problem, gboolean harmless);

/* Reads a date of HTTP, in any of its forms, into seconds since the epoch; text may
 * be NULL. */
gboolean retry_http_date(const char *text, gint64 *ret);

/* Until when (monotonic) that attempt may take (the first is 1), so that there is
 * time for another: half of what is left until the deadline, if that is enough. */
gint64 retry_until_us(gint64 now_us, gint64 deadline_us, guint attempt);

/* Where (monotonic) another attempt is worth its while, after `attempts` of which
 * the last one ended so.  closed_us: the end of a throttling, counted from when
 * that is the problem; 0: there is none. */
gint64 retry_next_us(
	gint64 now_us, GError *problem, guint attempts, gint64 closed_us);
