#include "backends/http/date_clock.h"

#include "backends/base/clock.h"
#include "backends/http/retry.h"

/* Dates that differ by no more than that are of one clock. */
#define GRAIN_MS 5000

/* A clock that is off by less is right. */
#define WRONG_MIN_S 60

gboolean date_clock_is_wrong(
	const HttpAnswer *answer, gint64 used_s, gint64 *ret_right_s)
{
	gint64 server_s, right_s;

	if (!retry_http_date(http_answer_get(answer, "date"), &server_s))
		return FALSE;
	right_s = server_s - clock_wall_us(&clock_real) / G_USEC_PER_SEC;
	if (ABS(right_s - used_s) <= WRONG_MIN_S)
		return FALSE;
	*ret_right_s = right_s;
	return TRUE;
}

void date_clock_init(DateClock *self)
{
	*self = (DateClock){.dated = FALSE};
	mutex_init(&self->lock);
}

void date_clock_clear(DateClock *self)
{
	mutex_destroy(&self->lock);
}

/* A Date is cut to seconds, and old by the way that it took: of those that agree
 * the latest is the best.  One that does not is of a clock that was set. */
void date_clock_learn(DateClock *self, const HttpAnswer *answer)
{
	const char *date = answer ? http_answer_get(answer, "date") : NULL;
	gint64 server_s, ahead_ms;

	if (!retry_http_date(date, &server_s))
		return;
	ahead_ms = server_s * 1000 - clock_wall_ms(&clock_real);
	mutex_lock(&self->lock);
	if (!self->dated || ABS(ahead_ms - self->ahead_ms) > GRAIN_MS)
		self->ahead_ms = ahead_ms;
	else
		self->ahead_ms = MAX(self->ahead_ms, ahead_ms);
	self->dated = TRUE;
	mutex_unlock(&self->lock);
}

gboolean date_clock_read(DateClock *self, gint64 *ret_ahead_ms)
{
	gboolean dated;

	mutex_lock(&self->lock);
	dated = self->dated;
	if (dated)
		*ret_ahead_ms = self->ahead_ms;
	mutex_unlock(&self->lock);
	return dated;
}
