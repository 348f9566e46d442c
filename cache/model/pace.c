#include "cache/model/pace.h"

#include "cache/model/breaker.h"

#define TRANSITIONAL_MIN_US G_USEC_PER_SEC
#define TRANSITIONAL_DIVISOR 5
#define BACKOFF_MAX_US (5 * 60 * G_USEC_PER_SEC)
#define BROKEN_MAX_US (30 * G_USEC_PER_SEC)
#define BACKOFF_SHIFT_MAX 16
#define RETRY_MAX_MS (60 * 60 * 1000)

gint64 pace_fast_us(gint64 us)
{
	return MIN(us, MAX(TRANSITIONAL_MIN_US, us / TRANSITIONAL_DIVISOR));
}

gint64 pace_backed_off_us(gint64 us, guint failures, gboolean broken)
{
	gint64 most_us = broken ? BROKEN_MAX_US : MAX(us, BACKOFF_MAX_US);

	if (failures == 0)
		return us;
	return MIN(us << MIN(failures, BACKOFF_SHIFT_MAX), most_us);
}

gboolean pace_is_broken(const GError *error)
{
	return breaker_counts(error) ||
	       g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE) ||
	       g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
}

gint64 pace_retry_us(GError *error)
{
	const BackendErrorDetail *detail = backend_error_detail(error);

	return detail != NULL
		       ? CLAMP(detail->retry_after_ms, 0, RETRY_MAX_MS) * 1000
		       : 0;
}
