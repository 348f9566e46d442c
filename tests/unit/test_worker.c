#include "backends/base/mutex.h"
#include "cache/base/worker.h"

#include <pthread.h>
#include <signal.h>

#include "until.h"

static int ran;
static GArray *order;

static void note(void *data)
{
	guint number = GPOINTER_TO_UINT(data);

	g_array_append_val(order, number);
}

static void count(void *data)
{
	__atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
}

static void stopping_runs_what_was_pushed(void)
{
	Pool *pool = pool_new("test");

	ran = 0;
	for (guint i = 0; i < 10000; i++)
		g_assert_true(pool_push(pool, count, NULL));
	pool_stop(pool);
	g_assert_cmpint(ran, ==, 10000);
	g_assert_false(pool_push(pool, count, NULL));
	g_assert_cmpint(ran, ==, 10000);
	pool_free(pool);
}

static Mutex gate = MUTEX_INIT;

static void wait_at_gate(void *data)
{
	__atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
	mutex_lock(&gate);
	mutex_unlock(&gate);
}

static void until_ran(int n)
{
	fixture_until(__atomic_load_n(&ran, __ATOMIC_SEQ_CST) >= n);
}

static void slow_jobs_do_not_delay_others(void)
{
	Pool *pool = pool_new("test");

	ran = 0;
	mutex_lock(&gate);
	for (guint i = 0; i < POOL_THREADS_MAX - 1; i++)
		pool_push(pool, wait_at_gate, NULL);
	until_ran(POOL_THREADS_MAX - 1);
	pool_push(pool, count, NULL);
	until_ran(POOL_THREADS_MAX);
	mutex_unlock(&gate);
	pool_free(pool);
}

static guint threads(void)
{
	g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
	guint n = 0;

	while (g_dir_read_name(tasks) != NULL)
		n++;
	return n;
}

static void there_are_never_more_threads_than_allowed(void)
{
	Pool *pool = pool_new("test");
	guint before = threads();

	ran = 0;
	mutex_lock(&gate);
	for (guint i = 0; i < POOL_THREADS_MAX + 10; i++)
		pool_push(pool, wait_at_gate, NULL);
	until_ran(POOL_THREADS_MAX);
	/* Who pushes a job makes its thread: there will be no others. */
	g_assert_cmpuint(threads(), ==, before + POOL_THREADS_MAX);
	mutex_unlock(&gate);
	pool_stop(pool);
	g_assert_cmpint(ran, ==, POOL_THREADS_MAX + 10);
	pool_free(pool);
}

static void one_thread_runs_jobs_in_order(void)
{
	Pool *pool = pool_new("test");

	order = g_array_new(FALSE, FALSE, sizeof(guint));
	ran = 0;
	/* All threads but one are kept busy. */
	mutex_lock(&gate);
	for (guint i = 0; i < POOL_THREADS_MAX - 1; i++)
		pool_push(pool, wait_at_gate, NULL);
	until_ran(POOL_THREADS_MAX - 1);
	for (guint i = 0; i < 100; i++)
		pool_push(pool, note, GUINT_TO_POINTER(i));
	pool_push(pool, count, NULL);
	until_ran(POOL_THREADS_MAX);
	for (guint i = 0; i < 100; i++)
		g_assert_cmpuint(g_array_index(order, guint, i), ==, i);
	mutex_unlock(&gate);
	pool_free(pool);
	g_array_unref(order);
}

static void read_mask(void *data)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	*(int *)data =
		sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1);
}

static void signals_go_elsewhere(void)
{
	Pool *pool = pool_new("test");
	int blocked = 0;
	sigset_t mask;

	pool_push(pool, read_mask, &blocked);
	pool_free(pool);
	g_assert_true(blocked);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	g_assert_false(sigismember(&mask, SIGTERM));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/worker/stopping_runs_what_was_pushed",
		stopping_runs_what_was_pushed);
	g_test_add_func("/worker/slow_jobs_do_not_delay_others",
		slow_jobs_do_not_delay_others);
	g_test_add_func("/worker/there_are_never_more_threads_than_allowed",
		there_are_never_more_threads_than_allowed);
	g_test_add_func("/worker/one_thread_runs_jobs_in_order",
		one_thread_runs_jobs_in_order);
	g_test_add_func("/worker/signals_go_elsewhere", signals_go_elsewhere);
	return g_test_run();
}
