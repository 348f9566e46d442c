#pragma once

#include <glib.h>

/*
 * A token bucket: how many calls an account may make.  Thread-safe.  A part of
 * it (a fifth) is kept for callers for whom somebody waits.
 */
typedef struct TokenBucket TokenBucket;

/* rate: calls per second; burst: calls at once when nothing was used. */
TokenBucket *token_bucket_new(double rate, double burst);
void token_bucket_free(TokenBucket *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenBucket, token_bucket_free)

/*
 * Takes one call at `now_us` (monotonic).  Returns 0 when taken, else the
 * microseconds after which it is worth asking again (nothing is taken).
 */
gint64 token_bucket_take(
	TokenBucket *budget, gboolean interactive, gint64 now_us);

/* The same question, taking nothing. */
gint64 token_bucket_wait(
	TokenBucket *budget, gboolean interactive, gint64 now_us);

/* The provider throttled and said for how long: nothing is given until `until_us`. */
void token_bucket_penalise(TokenBucket *budget, gint64 until_us);
/*
 * It throttled and did not say: closed for 1 s, and the next times in a row for
 * 2 s, 4 s, up to 60 s.  While it is closed further ones count for nothing.
 */
void token_bucket_throttled(TokenBucket *budget, gint64 now_us);
/* One of the two: asked_ms is how long it said, 0 that it did not. */
void token_bucket_heed(TokenBucket *budget, gint64 asked_ms, gint64 now_us);
/* It answered: the row has ended. */
void token_bucket_answered(TokenBucket *budget, gint64 now_us);

/* FALSE, with *error (BUDGET) for a call that would have to wait so long. */
gboolean budget_refuse(
	TokenBucket *budget, gint64 now_us, gint64 wait_us, GError **error);

/* Calls left now, and the microsecond until which it is closed (0: open). */
double token_bucket_left(
	TokenBucket *budget, gint64 now_us, gint64 *ret_closed_until);
