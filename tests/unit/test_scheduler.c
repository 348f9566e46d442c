#include "cache/base/scheduler.h"

#include <pthread.h>
#include <signal.h>

#include "until.h"

#define HOUR_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

static int runs;
static gint64 pause_us; /* what each run asks for */

static gint64 run(void *data)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	g_assert_true(sigismember(&blocked, SIGTERM));
	if (data != NULL)
		scheduler_wake(*(Scheduler **)data);
	__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST);
	return g_get_monotonic_time() + pause_us;
}

static int runs_so_far(void)
{
	return __atomic_load_n(&runs, __ATOMIC_SEQ_CST);
}

static void until_runs(int n)
{
	fixture_until(runs_so_far() >= n);
}

static Scheduler *started(gint64 us, void *data)
{
	Scheduler *self = scheduler_new(&clock_real, run, data);

	runs = 0;
	pause_us = us;
	scheduler_start(self);
	until_runs(1);
	return self;
}

static void runs_when_it_said(void)
{
	Scheduler *self = started(1000, NULL);

	until_runs(5);
	scheduler_free(self);
}

static void waking_is_sooner(void)
{
	Scheduler *self = started(HOUR_US, NULL);

	for (int i = 2; i < 100; i++) {
		scheduler_wake(self);
		until_runs(i);
	}
	scheduler_free(self);
}

/* What became due while the function ran is not slept over. */
static void waking_during_a_run_counts(void)
{
	Scheduler *self;

	runs = 0;
	pause_us = HOUR_US;
	self = scheduler_new(&clock_real, run, &self);
	scheduler_start(self);
	until_runs(10);
	scheduler_free(self);
}

static void stopping_ends_it(void)
{
	Scheduler *self = started(0, NULL);
	int n;

	scheduler_stop(self);
	n = runs_so_far();
	scheduler_wake(self);
	scheduler_stop(self);
	g_assert_cmpint(runs_so_far(), ==, n);
	scheduler_free(self);
}

static void not_every_one_is_started(void)
{
	Scheduler *self = scheduler_new(&clock_real, run, NULL);

	runs = 0;
	scheduler_wake(self);
	scheduler_free(self);
	g_assert_cmpint(runs_so_far(), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scheduler/time", runs_when_it_said);
	g_test_add_func("/scheduler/wake", waking_is_sooner);
	g_test_add_func("/scheduler/during", waking_during_a_run_counts);
	g_test_add_func("/scheduler/stop", stopping_ends_it);
	g_test_add_func("/scheduler/idle", not_every_one_is_started);
	return g_test_run();
}
