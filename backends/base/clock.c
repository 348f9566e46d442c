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

void time_write(char ret[TIME_SIZE], gint64 us, guint digits)
{
	time_t seconds = (time_t)(us / G_USEC_PER_SEC);
	gint64 fraction = us % G_USEC_PER_SEC;
	char text[TIME_SIZE - 8];
	struct tm tm;

	for (guint i = digits; i < 6; i++)
		fraction /= 10;
	if (gmtime_r(&seconds, &tm) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		g_strlcpy(ret, "?", TIME_SIZE);
	else if (digits == 0)
		g_snprintf(ret, TIME_SIZE, "%sZ", text);
	else
		g_snprintf(ret, TIME_SIZE, "%s.%0*" G_GINT64_FORMAT "Z", text,
			(int)digits, fraction);
}

char *time_text(gint64 ms)
{
	char text[TIME_SIZE];

	time_write(text, ms * 1000, 0);
	return g_strdup(text);
}
