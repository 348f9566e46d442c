#pragma once

#include <glib.h>

/*
 * The last N records of one fixed size, in memory that is taken once.  To put one
 * in takes no lock, allocates nothing and never waits, so that it may stand on the
 * way of every operation.
 *
 * Each record has a turn: the first is 0, the next 1.  Turn T lies in place T % N
 * behind a stamp, which tells what is there: 0 nothing yet, 2 * T + 1 turn T while
 * it is written, 2 * T + 2 turn T.  Who writes claims the place by that odd stamp;
 * who reads compares the stamp before and after.  A record whose place is still
 * being written by somebody a whole round behind, or was taken by somebody a round
 * ahead, is left out: then its turn is missing.
 *
 * Any thread may put and read at the same time.  Both may be called by a signal
 * handler too.
 */
typedef struct Ring Ring;

/* size: of a record, a multiple of 8 bytes. */
Ring *ring_new(guint n, gsize size);
void ring_free(Ring *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ring, ring_free)

/* Copies a record of that size in. */
void ring_put(Ring *self, const void *record);
/* How many were ever put: the last turn, and one. */
guint64 ring_turns(const Ring *self);
/* The first turn that can still be there. */
guint64 ring_first(const Ring *self);
/* Copies a turn out; FALSE: it is not there (any more). */
gboolean ring_get(const Ring *self, guint64 turn, void *ret);
