#include "backends/api/token_bucket.h"

#include "backends/base/mutex.h"
#include "backends/error.h"

/*
 * Tokens are filled in by arithmetic when somebody asks, so there is no thread
 * and no timer; time is an argument, so that tests need not wait.
 */

#define RATE_MIN 0.01
#define STRIKE_US G_USEC_PER_SEC
#define STRIKE_MAX_US (60 * G_USEC_PER_SEC)

struct TokenBucket {
	double rate;
	double burst;
	double reserve; /* left alone by callers for whom nobody waits */

	Mutex lock;
	double tokens GUARDED_BY(lock);
	gint64 filled_us GUARDED_BY(lock); /* when tokens was right */
	gint64 closed_until GUARDED_BY(lock);
	/* throttlings without a delay, in a row */
	guint strikes GUARDED_BY(lock);
};

TokenBucket *token_bucket_new(double rate, double burst)
{
	TokenBucket *budget = g_new0(TokenBucket, 1);

	mutex_init(&budget->lock);
	budget->rate = MAX(rate, RATE_MIN);
	budget->burst = MAX(burst, 1);
	/* With a burst of one or two the reserve must not starve the others. */
	budget->reserve = MIN(budget->burst / 5, budget->burst - 1);
	budget->tokens = budget->burst;
	budget->filled_us = G_MININT64;
	return budget;
}

void token_bucket_free(TokenBucket *budget)
{
	if (!budget)
		return;
	mutex_destroy(&budget->lock);
	g_free(budget);
}

static void token_bucket_fill(TokenBucket *budget, gint64 now_us)
	REQUIRES(budget->lock)
{
	double passed;

	if (budget->filled_us == G_MININT64)
		budget->filled_us = now_us;
	if (now_us <= budget->filled_us)
		return;
	passed = (double)(now_us - budget->filled_us) / G_USEC_PER_SEC;
	budget->tokens =
		MIN(budget->burst, budget->tokens + passed * budget->rate);
	budget->filled_us = now_us;
}

static gint64 wait_for_one(TokenBucket *budget, gboolean interactive,
	gint64 now_us) REQUIRES(budget->lock)
{
	double needed = interactive ? 1 : 1 + budget->reserve;

	token_bucket_fill(budget, now_us);
	if (now_us < budget->closed_until)
		return budget->closed_until - now_us;
	if (budget->tokens >= needed)
		return 0;
	/* One more, so that rounding never answers "now". */
	return 1 + (gint64)((needed - budget->tokens) / budget->rate *
			    G_USEC_PER_SEC);
}

gint64 token_bucket_take(
	TokenBucket *budget, gboolean interactive, gint64 now_us)
{
	gint64 wait;

	mutex_lock(&budget->lock);
	wait = wait_for_one(budget, interactive, now_us);
	if (wait == 0)
		budget->tokens -= 1;
	mutex_unlock(&budget->lock);
	return wait;
}

gint64 token_bucket_wait(
	TokenBucket *budget, gboolean interactive, gint64 now_us)
{
	gint64 wait;

	mutex_lock(&budget->lock);
	wait = wait_for_one(budget, interactive, now_us);
	mutex_unlock(&budget->lock);
	return wait;
}

void token_bucket_penalise(TokenBucket *budget, gint64 until_us)
{
	mutex_lock(&budget->lock);
	budget->closed_until = MAX(budget->closed_until, until_us);
	mutex_unlock(&budget->lock);
}

void token_bucket_throttled(TokenBucket *budget, gint64 now_us)
{
	mutex_lock(&budget->lock);
	/* Calls that were under way together are refused together. */
	if (now_us >= budget->closed_until) {
		budget->closed_until =
			now_us + MIN(STRIKE_US << MIN(budget->strikes, 10),
					 STRIKE_MAX_US);
		budget->strikes++;
	}
	mutex_unlock(&budget->lock);
}

void token_bucket_answered(TokenBucket *budget, gint64 now_us)
{
	mutex_lock(&budget->lock);
	/* What was sent before it closed proves nothing. */
	if (now_us >= budget->closed_until)
		budget->strikes = 0;
	mutex_unlock(&budget->lock);
}

double token_bucket_left(
	TokenBucket *budget, gint64 now_us, gint64 *ret_closed_until)
{
	double left;

	mutex_lock(&budget->lock);
	token_bucket_fill(budget, now_us);
	left = budget->tokens;
	if (ret_closed_until)
		*ret_closed_until = now_us < budget->closed_until
					    ? budget->closed_until
					    : 0;
	mutex_unlock(&budget->lock);
	return left;
}

void token_bucket_heed(TokenBucket *budget, gint64 asked_ms, gint64 now_us)
{
	if (asked_ms > 0)
		token_bucket_penalise(budget, now_us + asked_ms * 1000);
	else
		token_bucket_throttled(budget, now_us);
}

gboolean budget_refuse(
	TokenBucket *budget, gint64 now_us, gint64 wait_us, GError **error)
{
	g_autoptr(GError) problem = NULL;
	gint64 closed = 0;

	token_bucket_left(budget, now_us, &closed);
	backend_error_set(&problem, BACKEND_ERROR_BUDGET,
		"%s; the next call is possible in %.1f s",
		closed ? "the provider throttled this account"
		       : "the call budget is spent",
		(double)wait_us / G_USEC_PER_SEC);
	backend_error_detail(problem)->retry_after_ms = wait_us / 1000 + 1;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}
