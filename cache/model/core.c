#include "cache/model/core.h"

#include "backends/base/clock.h"
#include "backends/base/thread.h"

gboolean cache_is_stopping(Cache *cache)
{
	return __atomic_load_n(&cache->stopping, __ATOMIC_ACQUIRE);
}

gboolean cache_goes_on(Cache *cache, GError **error)
{
	return !cache_is_stopping(cache) ||
	       backend_error_false(error, BACKEND_ERROR_CANCELLED,
		       "the file system is being unmounted");
}

gboolean cache_sleep(Cache *cache, gint64 ms)
{
	gint64 until_us = clock_now_us(cache->clock) + ms * 1000;
	gboolean on, early = TRUE;

	mutex_lock(&cache->stop_lock);
	while (!cache_is_stopping(cache) && early)
		early = clock_wait(cache->clock, &cache->stop_cond,
			&cache->stop_lock, until_us);
	on = !cache_is_stopping(cache);
	mutex_unlock(&cache->stop_lock);
	return on;
}

void cache_trace(const Cache *cache, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (cache->traced == NULL)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	cache->traced(text, cache->told);
}
