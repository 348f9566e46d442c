#pragma once

#include "backends/base/clock.h"
#include "backends/error.h"

/*
 * A provider that has not answered somebody who opened a file: for a while, those
 * who would ask it for other files are refused at once, so that a walk of the
 * tree waits once and not for each file.  One answer that does not come is no such
 * silence where the provider answered anything else meanwhile; two of them in a
 * row are, since then what costs a call hangs while the rest does not.
 *
 * It knows too when the provider last answered anything, which ends the pauses of
 * its listings that had no answer.  Any thread.
 */
typedef struct Breaker Breaker;

/* The clock outlives it. */
Breaker *breaker_new(const Clock *clock, gint64 pause_ms);
void breaker_free(Breaker *self);

/* FALSE with the error of the question that had no answer, and when it is asked
 * again.  One is let through when the pause is over, and the next only after
 * another pause, unless the provider speaks. */
gboolean breaker_lets(Breaker *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for a question that was let through at asked_us (monotonic) and has
 * waited since: FALSE when another has had no answer meanwhile. */
gboolean breaker_still_lets(Breaker *self, gint64 asked_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * What was asked for at asked_us (monotonic) by somebody who opened a file had this
 * error; NULL: none.  UNREACHABLE begins the pause, TIMEOUT does as told above, a
 * sign of life ends it, what says nothing of the provider changes nothing.
 */
void breaker_note(Breaker *self, gint64 asked_us, const GError *error);

/* Whether an error means that there was no answer: TIMEOUT and UNREACHABLE. */
gboolean breaker_counts(const GError *error);
/* Any call has succeeded: ends the pause, unless opens alone had no answer.  TRUE
 * when one without an answer was told of since the last that had one. */
gboolean breaker_heard(Breaker *self);
/* A call for which nobody waits has had no answer. */
void breaker_missed(Breaker *self);
/* When a call last succeeded (monotonic); 0: none has. */
gint64 breaker_heard_us(Breaker *self);
