#include "backends/http/retry.h"

#include <curl/curl.h>
#include <sys/random.h>

#include "backends/error.h"

/* Full jitter: callers that were refused together must not come back together,
 * and a lower bound would bring them back together later. */
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 5000
/* What is left of a call's time is halved down to this: an attempt that had less
 * would be cut off rather than served. */
#define HALF_LEAST_US G_USEC_PER_SEC

gboolean retry_http_date(const char *text, gint64 *ret)
{
	time_t when = text ? curl_getdate(text, NULL) : -1;

	if (when == -1)
		return FALSE;
	*ret = when;
	return TRUE;
}

static gint64 header_ms(const HttpAnswer *answer, const char *name, gint64 unit)
{
	const char *text = http_answer_get(answer, name);
	guint64 number;

	if (!text || !g_ascii_string_to_unsigned(
			     text, 10, 0, G_MAXUINT32, &number, NULL))
		return 0;
	return (gint64)number * unit;
}

gint64 retry_after_ms(const HttpAnswer *answer, gint64 now)
{
	const char *date = http_answer_get(answer, "retry-after");
	gint64 until, wait;

	wait = header_ms(answer, "x-acs-retry-after", 1);
	if (wait == 0)
		wait = header_ms(answer, "x-amz-retry-after", 1);
	if (wait == 0)
		wait = header_ms(answer, "retry-after", 1000);
	if (wait == 0 && retry_http_date(date, &until))
		wait = (until - now) * 1000;
	return CLAMP(wait, 0, RETRY_AFTER_MAX_MS);
}

gboolean retry_is_allowed(const GError *problem, gboolean harmless)
{
	switch (problem->code) {
	case BACKEND_ERROR_UNREACHABLE:
	case BACKEND_ERROR_REFUSED:
	case BACKEND_ERROR_TLS:
	case BACKEND_ERROR_THROTTLED:
		return TRUE;
	case BACKEND_ERROR_REMOTE:
	case BACKEND_ERROR_TIMEOUT:
	case BACKEND_ERROR_MAY_EXIST:
	case BACKEND_ERROR_BAD_ANSWER:
		return harmless;
	default:
		return FALSE;
	}
}

gint64 retry_backoff_ms(guint attempt)
{
	gint64 most = MIN(
		BACKOFF_MAX_MS, (gint64)BACKOFF_FIRST_MS << MIN(attempt, 16));
	guint32 random = 0;

	/* A short read leaves nought, which is a legal delay. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = G_MAXUINT32 / 2;
	return (gint64)((double)random / G_MAXUINT32 * (double)most);
}

gint64 retry_until_us(gint64 now_us, gint64 deadline_us, guint attempt)
{
	gint64 half_us = (deadline_us - now_us) / 2;

	if (attempt >= RETRY_ATTEMPTS || half_us < HALF_LEAST_US)
		return deadline_us;
	return now_us + half_us;
}

gint64 retry_next_us(
	gint64 now_us, GError *problem, guint attempts, gint64 closed_us)
{
	const BackendErrorDetail *detail = backend_error_detail(problem);
	gint64 delay_us = retry_backoff_ms(attempts - 1) * 1000;

	if (detail && detail->retry_after_ms > 0)
		return now_us + detail->retry_after_ms * 1000;
	if (problem->code == BACKEND_ERROR_THROTTLED)
		now_us = MAX(now_us, closed_us);
	return now_us + delay_us;
}
