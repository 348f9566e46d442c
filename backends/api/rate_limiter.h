#pragma once

#include "backends/api/token_bucket.h"
#include "backends/base/clock.h"

/*
 * Where the calls of one account wait: for the budget, in the order in which
 * they came, or for a moment.  An abort ends all waiting, for good.
 * Thread-safe.
 */
typedef struct RateLimiter RateLimiter;

typedef enum {
	RATE_LIMITER_OPEN,    /* one call was taken of the budget */
	RATE_LIMITER_SHUT,    /* that would be too late: nothing was taken */
	RATE_LIMITER_ABORTED, /* likewise */
} RateLimiterPass;

/* The clock outlives it. */
RateLimiter *rate_limiter_new(const Clock *clock);
void rate_limiter_free(RateLimiter *limiter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RateLimiter, rate_limiter_free)

/*
 * Waits for a call for which nobody waits, until until_us (monotonic) at most,
 * and gives up at once when it is known that this is too soon.  *ret_wait_us
 * gets the time after which it is worth asking again when it is shut.
 */
RateLimiterPass rate_limiter_take(RateLimiter *limiter, TokenBucket *budget,
	gint64 until_us, gint64 *ret_wait_us);

/* Waits until until_us; FALSE after an abort. */
gboolean rate_limiter_sleep(RateLimiter *limiter, gint64 until_us);

void rate_limiter_abort(RateLimiter *limiter);
gboolean rate_limiter_is_aborted(RateLimiter *limiter);
