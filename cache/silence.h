#pragma once

#include "error.h"

/*
 * A provider that has not answered somebody who opened a file: for a while, those
 * who would ask it for other files are refused at once, so that a walk of the
 * tree waits once and not for each file.  Any thread.
 */
typedef struct Silence Silence;

Silence *silence_new(gint64 pause_ms);
void silence_free(Silence *self);

/* FALSE with the error of the question that had no answer, and when it is asked
 * again.  One is let through when the pause is over, and the next only after
 * another pause, unless the provider speaks. */
gboolean silence_lets(Silence *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for a question that was let through at asked_us (monotonic) and has
 * waited since: FALSE when another has had no answer meanwhile. */
gboolean silence_still_lets(Silence *self, gint64 asked_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A call had this error; NULL: none.  TIMEOUT and UNREACHABLE begin the pause, a
 * sign of life ends it, what says nothing of the provider changes nothing. */
void silence_note(Silence *self, const GError *error);
