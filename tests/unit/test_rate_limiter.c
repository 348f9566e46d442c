#include <pthread.h>

#include <glib.h>

#include "backends/api/rate_limiter.h"
#include "fake_clock.h"
#include "until.h"

#define MS 1000
#define WAITERS 6
/* Longer than the waiters take to stand in the line, on any machine. */
#define LONG_MS G_GINT64_CONSTANT(100000)

typedef struct {
	RateLimiter *limiter;
	TokenBucket *budget;
	guint passed; /* atomic */
} Fixture;

typedef struct {
	Fixture *f;
	gint64 ms;
	RateLimiterPass pass;
	guint place; /* in which it passed, from 1 */
} Waiter;

static void set_up(Fixture *f, gconstpointer data)
{
	f->limiter = rate_limiter_new(&clock_fake);
	f->budget = token_bucket_new(10, 1);
	g_assert_cmpint(
		token_bucket_take(f->budget, FALSE, clock_now_us(&clock_fake)),
		==, 0);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	rate_limiter_free(f->limiter);
	token_bucket_free(f->budget);
}

static RateLimiterPass take(Fixture *f, gint64 ms, gint64 *ret_wait_us)
{
	return rate_limiter_take(f->limiter, f->budget,
		clock_now_us(&clock_fake) + ms * MS, ret_wait_us);
}

static void *wait_in_line(void *data)
{
	Waiter *waiter = data;
	gint64 wait_us;

	waiter->pass = take(waiter->f, waiter->ms, &wait_us);
	if (waiter->pass == RATE_LIMITER_OPEN)
		waiter->place = __atomic_add_fetch(
			&waiter->f->passed, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* It stands in the line as the nth when this returns. */
static void start(
	Waiter *waiter, Fixture *f, guint n, gint64 ms, pthread_t *ret)
{
	*waiter = (Waiter){.f = f, .ms = ms};
	g_assert_cmpint(pthread_create(ret, NULL, wait_in_line, waiter), ==, 0);
	fixture_until(clock_waiting() == n);
}

static void test_order(Fixture *f, gconstpointer data)
{
	Waiter waiters[WAITERS];
	pthread_t threads[WAITERS];
	gint64 begun = clock_now_us(&clock_fake);

	token_bucket_penalise(f->budget, begun + LONG_MS * MS);
	for (guint i = 0; i < WAITERS; i++)
		start(&waiters[i], f, i + 1, 2 * LONG_MS, &threads[i]);
	clock_forward(LONG_MS);
	for (guint i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	for (guint i = 0; i < WAITERS; i++)
		g_assert_cmpuint(waiters[i].place, ==, i + 1);
	/* The time that it was closed gave the first, each other one took 100 ms. */
	g_assert_cmpint(clock_now_us(&clock_fake) - begun, >=,
		LONG_MS * MS + (WAITERS - 1) * 100 * MS - 10 * MS);
}

static void test_who_gives_up_holds_up_nobody(Fixture *f, gconstpointer data)
{
	Waiter waiter;
	pthread_t thread;
	gint64 wait_us = 0, begun = clock_now_us(&clock_fake);

	token_bucket_penalise(f->budget, begun + LONG_MS * MS);
	g_assert_cmpint(take(f, 50000, &wait_us), ==, RATE_LIMITER_SHUT);
	g_assert_cmpint(wait_us, >, 60000 * MS);
	g_assert_cmpint(clock_now_us(&clock_fake) - begun, <, 40000 * MS);
	start(&waiter, f, 1, 2 * LONG_MS, &thread);
	g_assert_cmpint(take(f, 50000, &wait_us), ==, RATE_LIMITER_SHUT);
	g_assert_cmpint(clock_now_us(&clock_fake) - begun, <, 80000 * MS);
	rate_limiter_abort(f->limiter);
	pthread_join(thread, NULL);
}

/* There would be one soon, but it is another's. */
static void test_late_in_the_line(Fixture *f, gconstpointer data)
{
	Waiter first, late;
	pthread_t threads[2];
	gint64 begun = clock_now_us(&clock_fake);

	token_bucket_free(f->budget);
	f->budget = token_bucket_new(1000.0 / LONG_MS, 1);
	g_assert_cmpint(
		token_bucket_take(f->budget, FALSE, clock_now_us(&clock_fake)),
		==, 0);
	start(&first, f, 1, 2 * LONG_MS, &threads[0]);
	start(&late, f, 2, LONG_MS * 3 / 2, &threads[1]);
	clock_forward(LONG_MS);
	for (guint i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	g_assert_cmpuint(first.place, ==, 1);
	g_assert_cmpint(late.pass, ==, RATE_LIMITER_SHUT);
	g_assert_cmpint(
		clock_now_us(&clock_fake) - begun, <, LONG_MS * MS * 3 / 2);
}

static void test_abort(Fixture *f, gconstpointer data)
{
	Waiter waiters[2];
	pthread_t threads[2];
	gint64 wait_us, begun = clock_now_us(&clock_fake);

	token_bucket_penalise(f->budget, begun + LONG_MS * MS);
	for (guint i = 0; i < 2; i++)
		start(&waiters[i], f, i + 1, 2 * LONG_MS, &threads[i]);
	g_assert_false(rate_limiter_is_aborted(f->limiter));
	rate_limiter_abort(f->limiter);
	for (guint i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		g_assert_cmpuint(waiters[i].place, ==, 0);
	}
	g_assert_true(rate_limiter_is_aborted(f->limiter));
	g_assert_cmpint(
		take(f, 2 * LONG_MS, &wait_us), ==, RATE_LIMITER_ABORTED);
	g_assert_false(
		rate_limiter_sleep(f->limiter, begun + 2 * LONG_MS * MS));
	g_assert_cmpint(clock_now_us(&clock_fake) - begun, <, LONG_MS * MS);
}

static void *sleep_long(void *data)
{
	Fixture *f = data;

	return GINT_TO_POINTER(rate_limiter_sleep(
		f->limiter, clock_now_us(&clock_fake) + 60000 * MS));
}

static void test_sleep(Fixture *f, gconstpointer data)
{
	gint64 begun = g_get_monotonic_time();
	pthread_t thread;
	void *slept;

	g_assert_true(
		rate_limiter_sleep(f->limiter, clock_now_us(&clock_fake)));
	g_assert_cmpint(pthread_create(&thread, NULL, sleep_long, f), ==, 0);
	/* It may begin to sleep late. */
	while (pthread_tryjoin_np(thread, &slept) != 0)
		clock_forward(30000);
	g_assert_true(GPOINTER_TO_INT(slept));
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 50000 * MS);
}

#define ADD(name, function)                                                    \
	g_test_add("/gate/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("first-come-first-served", test_order);
	ADD("who-gives-up-holds-up-nobody", test_who_gives_up_holds_up_nobody);
	ADD("late-in-the-line-gives-up-in-time", test_late_in_the_line);
	ADD("abort-ends-all-waiting", test_abort);
	ADD("sleeps-until-then", test_sleep);
	return g_test_run();
}
