#include "backends/base/clock.h"

#include <time.h>

#include "backends/base/thread.h"

static gint64 real_now_us(const Clock *self)
{
	return g_get_monotonic_time();
}

static gint64 real_wall_us(const Clock *self)
{
	return g_get_real_time();
}

static gboolean real_wait(const Clock *self, pthread_cond_t *cond, Mutex *lock,
	gint64 until_us) REQUIRES(*lock)
{
	return thread_wait(cond, lock, until_us);
}

const Clock clock_real = {real_now_us, real_wall_us, real_wait};

gint64 clock_now_us(const Clock *self)
{
	return self->now_us(self);
}

gint64 clock_wall_us(const Clock *self)
{
	return self->wall_us(self);
}

gint64 clock_wall_ms(const Clock *self)
{
	return clock_wall_us(self) / 1000;
}

gboolean clock_wait(
	const Clock *self, pthread_cond_t *cond, Mutex *lock, gint64 until_us)
{
	return self->wait(self, cond, lock, until_us);
}

gint64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

gint64 time_after(gint64 before_ns)
{
	return MAX(now_ns(), before_ns + 1);
}

/* From when a change is dated until the kernel has dropped the old bytes. */
#define NOTICED_NS 10000000

gint64 time_noticed(gint64 before_ns)
{
	return MAX(now_ns() + NOTICED_NS, before_ns + 1);
}

/* Returns the byte behind them. */
static char *write_digits(char *at, guint width, gint64 number)
{
	for (guint i = width; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + width;
}

/* By hand, since strftime takes longer than the rest of a table's line. */
void time_write(char ret[TIME_SIZE], gint64 us, guint digits)
{
	time_t seconds = (time_t)(us / G_USEC_PER_SEC);
	gint64 fraction = us % G_USEC_PER_SEC;
	struct tm tm;

	for (guint i = digits; i < 6; i++)
		fraction /= 10;
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 ||
		tm.tm_year > 9999 - 1900) {
		g_strlcpy(ret, "?", TIME_SIZE);
		return;
	}
	const struct {
		guint width;
		char behind;
		gint64 number;
	} parts[] = {{4, '-', tm.tm_year + 1900}, {2, '-', tm.tm_mon + 1},
		{2, 'T', tm.tm_mday}, {2, ':', tm.tm_hour}, {2, ':', tm.tm_min},
		{2, digits > 0 ? '.' : 'Z', tm.tm_sec}};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		ret = write_digits(ret, parts[i].width, parts[i].number);
		*ret++ = parts[i].behind;
	}
	if (digits > 0) {
		ret = write_digits(ret, digits, fraction);
		*ret++ = 'Z';
	}
	*ret = '\0';
}

char *time_text(gint64 ms)
{
	char text[TIME_SIZE];

	time_write(text, ms * 1000, 0);
	return g_strdup(text);
}
