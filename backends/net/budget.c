#include "net/budget.h"

#include <pthread.h>

/*
 * Tokens are filled in by arithmetic when somebody asks, so there is no thread
 * and no timer; time is an argument, so that tests need not wait.
 */

#define RATE_MIN 0.01

struct Budget {
	double rate;
	double burst;
	double reserve; /* left alone by callers for whom nobody waits */

	pthread_mutex_t lock; /* guards what follows */
	double tokens;
	gint64 filled_us; /* when tokens was right */
	gint64 closed_until;
};

Budget *budget_new(double rate, double burst)
{
	Budget *budget = g_new0(Budget, 1);

	budget->rate = MAX(rate, RATE_MIN);
	budget->burst = MAX(burst, 1);
	/* With a burst of one or two the reserve must not starve the others. */
	budget->reserve = MIN(budget->burst / 5, budget->burst - 1);
	budget->tokens = budget->burst;
	budget->filled_us = G_MININT64;
	pthread_mutex_init(&budget->lock, NULL);
	return budget;
}

void budget_free(Budget *budget)
{
	if (!budget)
		return;
	pthread_mutex_destroy(&budget->lock);
	g_free(budget);
}

/* Lock held. */
static void budget_fill(Budget *budget, gint64 now_us)
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

gint64 budget_take(Budget *budget, gboolean interactive, gint64 now_us)
{
	double needed = interactive ? 1 : 1 + budget->reserve;
	gint64 wait = 0;

	pthread_mutex_lock(&budget->lock);
	budget_fill(budget, now_us);
	if (now_us < budget->closed_until)
		wait = budget->closed_until - now_us;
	else if (budget->tokens < needed)
		/* One more, so that rounding never answers "now". */
		wait = 1 + (gint64)((needed - budget->tokens) / budget->rate *
				    G_USEC_PER_SEC);
	else
		budget->tokens -= 1;
	pthread_mutex_unlock(&budget->lock);
	return wait;
}

void budget_penalise(Budget *budget, gint64 until_us)
{
	pthread_mutex_lock(&budget->lock);
	budget->closed_until = MAX(budget->closed_until, until_us);
	pthread_mutex_unlock(&budget->lock);
}

double budget_left(Budget *budget, gint64 now_us, gint64 *ret_closed_until)
{
	double left;

	pthread_mutex_lock(&budget->lock);
	budget_fill(budget, now_us);
	left = budget->tokens;
	if (ret_closed_until)
		*ret_closed_until = now_us < budget->closed_until
					    ? budget->closed_until
					    : 0;
	pthread_mutex_unlock(&budget->lock);
	return left;
}
