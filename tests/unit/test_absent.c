#include "fs/kernel/absent.h"

#define W1 65u
#define W2 66u

static gboolean has(const GPtrArray *taken, guint64 parent, const char *name)
{
	for (guint i = 0; i < taken->len; i++) {
		const char *found;

		if (absent_parent(taken->pdata[i], &found) == parent &&
			!g_strcmp0(found, name))
			return TRUE;
	}
	return FALSE;
}

static void names_are_taken_by_owner(void)
{
	Absent *absent = absent_new();

	absent_add(absent, W1, 2080, "nope");
	absent_add(absent, W1, 2091, "12/34");
	absent_add(absent, W2, 2112, "nope");
	g_assert_cmpuint(absent_count(absent), ==, 3);
	g_autoptr(GPtrArray) first = absent_take(absent, W1);
	g_autoptr(GPtrArray) again = absent_take(absent, W1);

	g_assert_cmpuint(first->len, ==, 2);
	g_assert_true(has(first, 2080, "nope"));
	g_assert_true(has(first, 2091, "12/34"));
	g_assert_cmpuint(again->len, ==, 0);
	g_assert_cmpuint(absent_count(absent), ==, 1);
	absent_free(absent);
}

static void a_name_counts_once_and_goes_when_it_comes(void)
{
	Absent *absent = absent_new();

	absent_add(absent, W1, 2080, "a");
	absent_add(absent, W1, 2080, "a");
	absent_add(absent, W1, 2080, "b");
	absent_remove(absent, W1, 2080, "a");
	absent_remove(absent, W1, 2080, "c");
	absent_remove(absent, W2, 2080, "b");
	g_assert_cmpuint(absent_count(absent), ==, 1);
	g_autoptr(GPtrArray) all = absent_take(absent, 0);

	g_assert_cmpuint(all->len, ==, 1);
	g_assert_true(has(all, 2080, "b"));
	g_assert_cmpuint(absent_count(absent), ==, 0);
	absent_free(absent);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/absent/owner", names_are_taken_by_owner);
	g_test_add_func(
		"/absent/once", a_name_counts_once_and_goes_when_it_comes);
	return g_test_run();
}
