#pragma once

#include "backends/api/token_bucket.h"

/*
 * Where the calls of one account wait: for the budget, in the order in which
 * they came, or for a moment.  An abort ends all waiting, for good.
 * Thread-safe.
 */
typedef struct Gate Gate;

typedef enum {
	GATE_OPEN,    /* one call was taken of the budget */
	GATE_SHUT,    /* that would be too late: nothing was taken */
	GATE_ABORTED, /* likewise */
} GatePass;

Gate *gate_new(void);
void gate_free(Gate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Gate, gate_free)

/*
 * Waits for a call for which nobody waits, until until_us (monotonic) at most,
 * and gives up at once when it is known that this is too soon.  *ret_wait_us
 * gets the time after which it is worth asking again when it is shut.
 */
GatePass gate_take(
	Gate *gate, TokenBucket *budget, gint64 until_us, gint64 *ret_wait_us);

/* Waits until until_us; FALSE after an abort. */
gboolean gate_sleep(Gate *gate, gint64 until_us);

void gate_abort(Gate *gate);
gboolean gate_is_aborted(Gate *gate);
