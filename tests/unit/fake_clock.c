#include "fake_clock.h"

#include "backends/base/thread.h"

#define LOOK_US 1000

static gint64 ahead_us; /* atomic */
static guint waiting;   /* atomic */

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
	gint64 now_us = g_get_monotonic_time();

	if (now_us + ahead() >= until_us)
		return FALSE;
	__atomic_add_fetch(&waiting, 1, __ATOMIC_ACQ_REL);
	/* Whether it timed out does not tell whether it was woken as well. */
	thread_wait(cond, lock, MIN(now_us + LOOK_US, until_us - ahead()));
	__atomic_sub_fetch(&waiting, 1, __ATOMIC_ACQ_REL);
	return TRUE;
}

const Clock clock_fake = {fake_now_us, fake_wall_us, fake_wait};

void clock_forward(gint64 ms)
{
	__atomic_add_fetch(&ahead_us, ms * 1000, __ATOMIC_ACQ_REL);
}

guint clock_waiting(void)
{
	return __atomic_load_n(&waiting, __ATOMIC_ACQUIRE);
}

void clock_reset(void)
{
	__atomic_store_n(&ahead_us, 0, __ATOMIC_RELEASE);
}
