#include "backends/http/retry.h"

#include <string.h>

#include <sys/random.h>

#include "backends/error.h"

/* Full jitter: callers that were refused together must not come back together,
 * and a lower bound would bring them back together later. */
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 5000
/* What is left of a call's time is halved down to this: an attempt that had less
 * would be cut off rather than served. */
#define HALF_LEAST_US G_USEC_PER_SEC

static gint two_digits(const char *text)
{
	if (!g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]))
		return -1;
	return (text[0] - '0') * 10 + text[1] - '0';
}

static gint month_number(const char *text)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (gint month = 0; month < 12; month++)
		if (strncmp(names + (gsize)month * 3, text, 3) == 0)
			return month + 1;
	return 0;
}

gboolean retry_http_date(const char *text, gint64 *ret)
{
	g_autoptr(GDateTime) when = NULL;

	/* By hand, since strptime follows the locale. */
	if (strlen(text) != strlen("Sun, 06 Nov 1994 08:49:37 GMT") ||
		strcmp(text + 25, " GMT") != 0)
		return FALSE;
	when = g_date_time_new_utc(
		two_digits(text + 12) * 100 + two_digits(text + 14),
		month_number(text + 8), two_digits(text + 5),
		two_digits(text + 17), two_digits(text + 20),
		two_digits(text + 23));
	if (!when)
		return FALSE;
	*ret = g_date_time_to_unix(when);
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
	if (wait == 0 && date && retry_http_date(date, &until))
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

gint64 retry_until_us(gint64 deadline_us, guint attempt)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 half_us = (deadline_us - now_us) / 2;

	if (attempt >= RETRY_ATTEMPTS || half_us < HALF_LEAST_US)
		return deadline_us;
	return now_us + half_us;
}

gint64 retry_next_us(GError *problem, guint attempts, gint64 closed_us)
{
	const BackendErrorDetail *detail = backend_error_detail(problem);
	gint64 now_us = g_get_monotonic_time();
	gint64 delay_us = retry_backoff_ms(attempts - 1) * 1000;

	if (detail && detail->retry_after_ms > 0)
		return now_us + detail->retry_after_ms * 1000;
	if (problem->code == BACKEND_ERROR_THROTTLED)
		now_us = MAX(now_us, closed_us);
	return now_us + delay_us;
}
