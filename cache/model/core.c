#include "cache/model/core.h"

#include <time.h>

#include "cache/base/clock.h"

gboolean cache_is_stopping(Cache *cache)
{
	return __atomic_load_n(&cache->stopping, __ATOMIC_ACQUIRE);
}

gboolean cache_sleep(Cache *cache, gint64 ms)
{
	struct timespec until = clock_until(g_get_monotonic_time() + ms * 1000);
	gboolean on;
	int rc = 0;

	pthread_mutex_lock(&cache->stop_lock);
	while (!cache_is_stopping(cache) && rc == 0)
		rc = pthread_cond_timedwait(
			&cache->stop_cond, &cache->stop_lock, &until);
	on = !cache_is_stopping(cache);
	pthread_mutex_unlock(&cache->stop_lock);
	return on;
}

gint64 now_ms(void)
{
	return g_get_real_time() / 1000;
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

char *time_text(gint64 ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[sizeof("2026-01-02T03:04:05Z") + 16];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return g_strdup("?");
	return g_strdup(text);
}
