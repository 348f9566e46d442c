#include <pthread.h>

#include <glib.h>

#include "backends/api/token_bucket.h"

#define SECOND G_USEC_PER_SEC
#define START (1000 * SECOND)

static guint take_all(TokenBucket *budget, gboolean interactive, gint64 now)
{
	guint taken = 0;

	while (token_bucket_take(budget, interactive, now) == 0)
		g_assert_cmpuint(++taken, <, 100000);
	return taken;
}

static void test_reserve(void)
{
	g_autoptr(TokenBucket) budget = token_bucket_new(10, 50);

	g_assert_cmpuint(take_all(budget, FALSE, START), ==, 40);
	g_assert_cmpuint(take_all(budget, TRUE, START), ==, 10);
	g_assert_cmpfloat(token_bucket_left(budget, START, NULL), <, 1);
}

static void test_refill(void)
{
	g_autoptr(TokenBucket) budget = token_bucket_new(10, 50);

	take_all(budget, TRUE, START);
	g_assert_cmpuint(take_all(budget, TRUE, START + SECOND), ==, 10);
	g_assert_cmpuint(take_all(budget, TRUE, START + 1000 * SECOND), ==, 50);
}

static void test_wait_is_enough(void)
{
	static const double rates[] = {0.1, 1, 3, 7, 50, 333};

	for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
		g_autoptr(TokenBucket) budget = token_bucket_new(rates[i], 10);
		gboolean interactive = i & 1;
		gint64 now = START;

		take_all(budget, interactive, now);
		for (guint n = 0; n < 20; n++) {
			gint64 wait =
				token_bucket_take(budget, interactive, now);

			g_assert_cmpint(wait, >, 0);
			g_assert_cmpint(token_bucket_take(budget, interactive,
						now + wait / 2),
				>, 0);
			now += wait;
			g_assert_cmpint(
				token_bucket_take(budget, interactive, now), ==,
				0);
		}
	}
}

static void test_small_bursts_starve_nobody(void)
{
	for (guint burst = 0; burst < 4; burst++) {
		g_autoptr(TokenBucket) budget = token_bucket_new(1, burst);

		g_assert_cmpint(token_bucket_take(budget, FALSE, START), ==, 0);
	}
}

static void test_penalty(void)
{
	g_autoptr(TokenBucket) budget = token_bucket_new(10, 50);
	gint64 until = 0;

	token_bucket_penalise(budget, START + 2 * SECOND);
	token_bucket_penalise(budget, START + SECOND);
	g_assert_cmpint(token_bucket_take(budget, TRUE, START), ==, 2 * SECOND);
	g_assert_cmpfloat(token_bucket_left(budget, START, &until), ==, 50);
	g_assert_cmpint(until, ==, START + 2 * SECOND);
	g_assert_cmpint(
		token_bucket_take(budget, TRUE, START + 2 * SECOND), ==, 0);
	token_bucket_left(budget, START + 2 * SECOND, &until);
	g_assert_cmpint(until, ==, 0);
}

/* One second, then twice as long each time, up to a minute. */
static void test_throttling_without_a_delay(void)
{
	static const gint64 closed_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
	g_autoptr(TokenBucket) budget = token_bucket_new(10, 50);
	gint64 now = START;

	for (gsize i = 0; i < G_N_ELEMENTS(closed_s); i++) {
		token_bucket_throttled(budget, now);
		/* Those sent before it closed, refused and answered. */
		token_bucket_throttled(budget, now + SECOND / 2);
		token_bucket_answered(budget, now + SECOND / 2);
		g_assert_cmpint(token_bucket_take(budget, TRUE, now), ==,
			closed_s[i] * SECOND);
		now += closed_s[i] * SECOND;
		g_assert_cmpint(token_bucket_wait(budget, TRUE, now), ==, 0);
	}
	token_bucket_answered(budget, now);
	token_bucket_throttled(budget, now);
	g_assert_cmpint(token_bucket_wait(budget, TRUE, now), ==, SECOND);
}

static void test_asking_takes_nothing(void)
{
	g_autoptr(TokenBucket) budget = token_bucket_new(1, 1);

	for (guint i = 0; i < 5; i++)
		g_assert_cmpint(token_bucket_wait(budget, FALSE, START), ==, 0);
	g_assert_cmpint(token_bucket_take(budget, FALSE, START), ==, 0);
	g_assert_cmpint(token_bucket_wait(budget, FALSE, START), >, 0);
}

static void test_clock_going_back(void)
{
	g_autoptr(TokenBucket) budget = token_bucket_new(10, 5);

	take_all(budget, TRUE, START);
	g_assert_cmpint(token_bucket_take(budget, TRUE, START - SECOND), >, 0);
	g_assert_cmpuint(take_all(budget, TRUE, START + SECOND), ==, 5);
}

typedef struct {
	TokenBucket *budget;
	guint taken;
} Taker;

static void *take_some(void *data)
{
	Taker *taker = data;

	while (token_bucket_take(taker->budget, TRUE, START) == 0)
		taker->taken++;
	return NULL;
}

static void test_threads_share_one_budget(void)
{
	g_autoptr(TokenBucket) budget = token_bucket_new(1, 10000);
	pthread_t threads[4];
	Taker takers[4];
	guint total = 0;

	for (gsize i = 0; i < 4; i++) {
		takers[i] = (Taker){budget, 0};
		g_assert_cmpint(pthread_create(&threads[i], NULL, take_some,
					&takers[i]),
			==, 0);
	}
	for (gsize i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		total += takers[i].taken;
	}
	g_assert_cmpuint(total, ==, 10000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/budget/a-fifth-is-for-who-waits", test_reserve);
	g_test_add_func("/budget/refills-up-to-the-burst", test_refill);
	g_test_add_func(
		"/budget/the-wait-is-needed-and-enough", test_wait_is_enough);
	g_test_add_func("/budget/small-bursts-starve-nobody",
		test_small_bursts_starve_nobody);
	g_test_add_func("/budget/a-penalty-closes-it", test_penalty);
	g_test_add_func("/budget/throttling-without-a-delay-closes-it-longer",
		test_throttling_without_a_delay);
	g_test_add_func(
		"/budget/asking-takes-nothing", test_asking_takes_nothing);
	g_test_add_func("/budget/a-clock-going-back-gives-nothing",
		test_clock_going_back);
	g_test_add_func("/budget/threads-share-one-budget",
		test_threads_share_one_budget);
	return g_test_run();
}
