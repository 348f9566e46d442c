#include "backends/api/gate.h"

#include <pthread.h>
#include <time.h>

/*
 * Only the first of the line asks the budget and sleeps as it is told; the
 * others sleep until they are first.  Otherwise all would wake for the same
 * token, and who came last could take it.
 *
 * Locks: the gate's comes before the budget's.
 */
struct Gate {
	pthread_mutex_t lock;   /* guards what follows */
	pthread_cond_t changed; /* aborted, or another is the first */
	gboolean aborted;
	GQueue line; /* links that lie on their callers' stacks */
};

Gate *gate_new(void)
{
	Gate *gate = g_new0(Gate, 1);
	pthread_condattr_t monotonic;

	pthread_mutex_init(&gate->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&gate->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return gate;
}

void gate_free(Gate *gate)
{
	if (!gate)
		return;
	pthread_cond_destroy(&gate->changed);
	pthread_mutex_destroy(&gate->lock);
	g_free(gate);
}

/* Lock held; FALSE when the time is up. */
static gboolean wait_changed(Gate *gate, gint64 until_us)
{
	struct timespec until = {
		.tv_sec = until_us / G_USEC_PER_SEC,
		.tv_nsec = until_us % G_USEC_PER_SEC * 1000,
	};

	return pthread_cond_timedwait(&gate->changed, &gate->lock, &until) == 0;
}

/* Lock held. */
static GatePass wait_in_line(Gate *gate, const GList *place,
	TokenBucket *budget, gint64 until_us, gint64 *ret_wait_us)
{
	while (!gate->aborted) {
		gboolean first = gate->line.head == place;
		gint64 now_us = g_get_monotonic_time();
		gint64 wait_us =
			first ? token_bucket_take(budget, FALSE, now_us)
			      : token_bucket_wait(budget, FALSE, now_us);

		if (first && wait_us == 0)
			return GATE_OPEN;
		if (now_us + wait_us >= until_us) {
			*ret_wait_us = MAX(wait_us, 1);
			return GATE_SHUT;
		}
		(void)wait_changed(gate, first ? now_us + wait_us : until_us);
	}
	return GATE_ABORTED;
}

GatePass gate_take(
	Gate *gate, TokenBucket *budget, gint64 until_us, gint64 *ret_wait_us)
{
	GList place = {0};
	GatePass pass;

	pthread_mutex_lock(&gate->lock);
	g_queue_push_tail_link(&gate->line, &place);
	pass = wait_in_line(gate, &place, budget, until_us, ret_wait_us);
	g_queue_unlink(&gate->line, &place);
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
	return pass;
}

gboolean gate_sleep(Gate *gate, gint64 until_us)
{
	gboolean aborted;

	pthread_mutex_lock(&gate->lock);
	while (!gate->aborted && g_get_monotonic_time() < until_us)
		(void)wait_changed(gate, until_us);
	aborted = gate->aborted;
	pthread_mutex_unlock(&gate->lock);
	return !aborted;
}

void gate_abort(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->aborted = TRUE;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

gboolean gate_is_aborted(Gate *gate)
{
	gboolean aborted;

	pthread_mutex_lock(&gate->lock);
	aborted = gate->aborted;
	pthread_mutex_unlock(&gate->lock);
	return aborted;
}
