#pragma once

#include "backends/base/mutex.h"
#include "backends/http/http_message.h"

/* A server's clock beside ours, as the Date of its answers tells.  Thread-safe. */
typedef struct {
	Mutex lock;
	/* an answer had a Date, so that this is known: */
	gboolean dated GUARDED_BY(lock);
	gint64 ahead_ms GUARDED_BY(lock); /* its clock less ours */
} DateClock;

/* Whether the Date of an answer shows that what was signed by a clock so many
 * seconds ahead of ours was signed by a wrong one, by more than a minute;
 * *ret_right_s: how far ahead the right one is, else unchanged. */
gboolean date_clock_is_wrong(
	const HttpAnswer *answer, gint64 used_s, gint64 *ret_right_s);

void date_clock_init(DateClock *self);
void date_clock_clear(DateClock *self);

/* Takes the Date of an answer that has just come, if it (may be NULL) has one. */
void date_clock_learn(DateClock *self, const HttpAnswer *answer);
/* To a second or so; FALSE: no answer had one yet. */
gboolean date_clock_read(DateClock *self, gint64 *ret_ahead_ms);
