#include "cache/base/number_set.h"

#define MANY 20000u

static guint32 mixed(guint32 *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Against a table of flags, over and over. */
static void it_holds_what_was_added_in_order(void)
{
	g_autofree gboolean *there = g_new0(gboolean, MANY + 1);
	NumberSet set = {NULL};
	guint32 state = 1, size = 0;

	for (guint i = 0; i < 10 * MANY; i++) {
		guint32 number = 1 + mixed(&state) % MANY;
		/* First it grows, then it shrinks. */
		gboolean add = mixed(&state) % 10 < (i < 5 * MANY ? 7u : 3u);

		if (add)
			g_assert_cmpint(number_set_add(&set, number), ==,
				!there[number]);
		else
			g_assert_cmpint(number_set_remove(&set, number), ==,
				there[number]);
		size += add && !there[number];
		size -= !add && there[number];
		there[number] = add;
		g_assert_cmpuint(set.size, ==, size);
	}
	for (guint32 after = 0; after <= MANY; after++) {
		guint32 next = after + 1;

		while (next <= MANY && !there[next])
			next++;
		g_assert_cmpuint(number_set_next(&set, after), ==,
			next <= MANY ? next : 0);
		if (next - after > 1000)
			break;
	}
	number_set_clear(&set);
}

static void numbers_that_come_in_order_lie_close(void)
{
	NumberSet set = {NULL};
	guint32 number = 0;

	for (guint32 i = 1; i <= MANY; i++)
		g_assert_true(number_set_add(&set, i));
	g_assert_cmpuint(set.n_blocks, <=, MANY / 512 + 1);
	for (guint32 i = 1; i <= MANY; i++) {
		number = number_set_next(&set, number);
		g_assert_cmpuint(number, ==, i);
	}
	g_assert_cmpuint(number_set_next(&set, number), ==, 0);
	for (guint32 i = 1; i <= MANY; i++)
		g_assert_true(number_set_remove(&set, i));
	g_assert_cmpuint(set.size, ==, 0);
	g_assert_null(set.blocks);
}

static void an_empty_one_has_nothing(void)
{
	NumberSet set = {NULL};

	g_assert_cmpuint(number_set_next(&set, 0), ==, 0);
	g_assert_false(number_set_remove(&set, 5));
	g_assert_true(number_set_add(&set, G_MAXUINT32));
	g_assert_cmpuint(number_set_next(&set, 7), ==, G_MAXUINT32);
	g_assert_cmpuint(number_set_next(&set, G_MAXUINT32), ==, 0);
	number_set_clear(&set);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/number_set/it-holds-what-was-added-in-order",
		it_holds_what_was_added_in_order);
	g_test_add_func("/number_set/numbers-that-come-in-order-lie-close",
		numbers_that_come_in_order_lie_close);
	g_test_add_func("/number_set/an-empty-one-has-nothing",
		an_empty_one_has_nothing);
	return g_test_run();
}
