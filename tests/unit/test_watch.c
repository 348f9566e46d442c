#include "cache/model/watch.h"

#define LIFE 1000

/* The numbers in their order, joined by blanks. */
static char *listed(Watch *watch, gint64 now)
{
	g_autoptr(GArray) all = watch_list(watch, now);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < all->len; i++)
		g_string_append_printf(out, "%s%u", i > 0 ? " " : "",
			g_array_index(all, Watched, i).number);
	g_assert_cmpuint(watch_count(watch, now), ==, all->len);
	g_assert_true(watch_is_empty(watch, now) == (all->len == 0));
	return g_string_free(out, FALSE);
}

static void expect(Watch *watch, gint64 now, const char *text)
{
	g_autofree char *found = listed(watch, now);

	g_assert_cmpstr(found, ==, text);
}

static void a_look_counts_for_a_while(void)
{
	Watch *watch = watch_new(LIFE);

	expect(watch, 1, "");
	g_assert_true(watch_look(watch, 7, 1));
	g_assert_false(watch_look(watch, 9, 500));
	expect(watch, 1000, "7 9");
	expect(watch, 1001, "9");
	g_assert_false(watch_look(watch, 9, 1499));
	expect(watch, 2498, "9");
	expect(watch, 2499, "");
	g_assert_true(watch_look(watch, 7, 3000));
	watch_free(watch);
}

static void those_looked_at_last_stay(void)
{
	Watch *watch = watch_new(LIFE);

	for (guint32 i = 1; i <= WATCH_LOOKED_MAX; i++)
		watch_look(watch, i, i);
	watch_look(watch, 1, 500);
	watch_look(watch, 1000, 501);
	g_assert_cmpuint(watch_count(watch, 501), ==, WATCH_LOOKED_MAX);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *text = listed(watch, 501);
		g_auto(GStrv) words = g_strsplit(text, " ", -1);

		g_assert_true(g_strv_contains((const char *const *)words, "1"));
		g_assert_false(
			g_strv_contains((const char *const *)words, "2"));
		g_assert_true(
			g_strv_contains((const char *const *)words, "1000"));
	}
	watch_free(watch);
}

static void what_is_held_counts_until_it_is_let_go(void)
{
	const guint32 first[] = {30, 10, 20, 10}, second[] = {20, 40};
	Watch *watch = watch_new(LIFE);

	g_assert_false(watch_hold(watch, NULL, 0, 1));
	g_assert_true(watch_hold(watch, first, G_N_ELEMENTS(first), 1));
	expect(watch, 100 * LIFE, "10 20 30");
	g_assert_false(watch_hold(watch, second, 2, 2));
	expect(watch, 100 * LIFE, "20 40");
	watch_look(watch, 20, 100 * LIFE);
	expect(watch, 100 * LIFE, "20 40");
	watch_hold(watch, NULL, 0, 2);
	expect(watch, 100 * LIFE, "20");
	watch_free(watch);
}

static void those_asked_for_longest_ago_come_first(void)
{
	const guint32 held[] = {1, 2, 3};
	Watch *watch = watch_new(LIFE);

	watch_hold(watch, held, 3, 1);
	watch_look(watch, 4, 1);
	watch_look(watch, 2, 1);
	expect(watch, 2, "1 2 3 4");
	watch_asked(watch, 1, 10);
	watch_asked(watch, 4, 5);
	watch_asked(watch, 99, 5);
	expect(watch, 2, "2 3 4 1");
	watch_asked(watch, 2, 20);
	/* It is known of a session whatever makes it one that is watched. */
	watch_hold(watch, NULL, 0, 2);
	expect(watch, 2, "4 2");
	watch_hold(watch, held, 3, 2);
	expect(watch, 2, "1 3 4 2");
	watch_free(watch);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/watch/" #name, name)
	ADD(a_look_counts_for_a_while);
	ADD(those_looked_at_last_stay);
	ADD(what_is_held_counts_until_it_is_let_go);
	ADD(those_asked_for_longest_ago_come_first);
	return g_test_run();
}
