#include "fs/keeper/patience.h"

/* Whoever looks as late as that did not run. */
#define LATE_MS 1000

/* Until it serves, a worker reads all that was stored. */
#define START_MS (120 * G_GINT64_CONSTANT(1000))

void patience_renew(Patience *self, gint64 now_ms)
{
	self->looked_ms = now_ms;
	self->since_ms = now_ms;
}

void patience_begin(Patience *self, guint64 beats, gint64 now_ms)
{
	self->beats = beats;
	self->heard = FALSE;
	patience_renew(self, now_ms);
}

gboolean patience_ends(
	Patience *self, guint64 beats, gint64 now_ms, gint64 limit_ms)
{
	if (beats != self->beats)
		self->heard = TRUE;
	if (beats != self->beats || !beats ||
		now_ms - self->looked_ms > LATE_MS)
		self->since_ms = now_ms;
	self->beats = beats;
	self->looked_ms = now_ms;
	return now_ms - self->since_ms >
	       (self->heard ? limit_ms : MAX(START_MS, limit_ms));
}
