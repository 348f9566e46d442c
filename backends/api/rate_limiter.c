#include "backends/api/rate_limiter.h"

#include <pthread.h>
#include <time.h>

#include "backends/base/thread.h"

/*
 * Only the first of the line asks the budget and sleeps as it is told; the
 * others sleep until they are first.  Otherwise all would wake for the same
 * token, and who came last could take it.
 *
 * Locks: the rate limiter's comes before the budget's.
 */
struct RateLimiter {
	const Clock *clock;
	Mutex lock;
	pthread_cond_t changed; /* aborted, or another is the first */
	gboolean aborted GUARDED_BY(lock);
	/* links that lie on their callers' stacks */
	GQueue line GUARDED_BY(lock);
};

RateLimiter *rate_limiter_new(const Clock *clock)
{
	RateLimiter *limiter = g_new0(RateLimiter, 1);

	limiter->clock = clock;
	mutex_init(&limiter->lock);
	thread_cond_init(&limiter->changed);
	return limiter;
}

void rate_limiter_free(RateLimiter *limiter)
{
	if (!limiter)
		return;
	pthread_cond_destroy(&limiter->changed);
	mutex_destroy(&limiter->lock);
	g_free(limiter);
}

static RateLimiterPass wait_in_line(RateLimiter *limiter, const GList *place,
	TokenBucket *budget, gint64 until_us, gint64 *ret_wait_us)
	REQUIRES(limiter->lock)
{
	while (!limiter->aborted) {
		gboolean first = limiter->line.head == place;
		gint64 now_us = clock_now_us(limiter->clock);
		gint64 wait_us =
			first ? token_bucket_take(budget, FALSE, now_us)
			      : token_bucket_wait(budget, FALSE, now_us);

		if (first && wait_us == 0)
			return RATE_LIMITER_OPEN;
		if (now_us + wait_us >= until_us) {
			*ret_wait_us = MAX(wait_us, 1);
			return RATE_LIMITER_SHUT;
		}
		clock_wait(limiter->clock, &limiter->changed, &limiter->lock,
			first ? now_us + wait_us : until_us);
	}
	return RATE_LIMITER_ABORTED;
}

RateLimiterPass rate_limiter_take(RateLimiter *limiter, TokenBucket *budget,
	gint64 until_us, gint64 *ret_wait_us)
{
	GList place = {0};
	RateLimiterPass pass;

	mutex_lock(&limiter->lock);
	g_queue_push_tail_link(&limiter->line, &place);
	pass = wait_in_line(limiter, &place, budget, until_us, ret_wait_us);
	g_queue_unlink(&limiter->line, &place);
	pthread_cond_broadcast(&limiter->changed);
	mutex_unlock(&limiter->lock);
	return pass;
}

gboolean rate_limiter_sleep(RateLimiter *limiter, gint64 until_us)
{
	gboolean aborted;

	mutex_lock(&limiter->lock);
	while (!limiter->aborted && clock_now_us(limiter->clock) < until_us)
		clock_wait(limiter->clock, &limiter->changed, &limiter->lock,
			until_us);
	aborted = limiter->aborted;
	mutex_unlock(&limiter->lock);
	return !aborted;
}

void rate_limiter_abort(RateLimiter *limiter)
{
	mutex_lock(&limiter->lock);
	limiter->aborted = TRUE;
	pthread_cond_broadcast(&limiter->changed);
	mutex_unlock(&limiter->lock);
}

gboolean rate_limiter_is_aborted(RateLimiter *limiter)
{
	gboolean aborted;

	mutex_lock(&limiter->lock);
	aborted = limiter->aborted;
	mutex_unlock(&limiter->lock);
	return aborted;
}
