#include "fake_clock.h"

#include "backends/base/thread.h"

#define LOOK_US 1000

static gint64 ahead_us; /* atomic */

static gint64 ahead(void)
{
	return __atomic_load_n(&ahead_us, __ATOMIC_ACQUIRE);
}

static gint64 fake_now_us(const Clock *self)
{
	return g_get_monotonic_time() + ahead();
}

static gint64 fake_wall_us(const Clock *self)
{
	return g_get_real_time() + ahead();
}

static gboolean fake_wait(const Clock *self, pthread_cond_t *cond, Mutex *lock,
	gint64 until_us) REQUIRES(*lock)
{
	gint64 now_us;

	while ((now_us = g_get_monotonic_time()) + ahead() < until_us)
		if (thread_wait(cond, lock,
			    MIN(now_us + LOOK_US, until_us - ahead())))
			return TRUE;
	return FALSE;
}

const Clock clock_fake = {fake_now_us, fake_wall_us, fake_wait};

void clock_forward(gint64 ms)
{
	__atomic_add_fetch(&ahead_us, ms * 1000, __ATOMIC_ACQ_REL);
}

void clock_reset(void)
{
	__atomic_store_n(&ahead_us, 0, __ATOMIC_RELEASE);
}
