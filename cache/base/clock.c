#include "cache/base/clock.h"

#include <time.h>

void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct timespec clock_until(gint64 until_us)
{
	return (struct timespec){.tv_sec = until_us / G_USEC_PER_SEC,
		.tv_nsec = (until_us % G_USEC_PER_SEC) * 1000};
}
