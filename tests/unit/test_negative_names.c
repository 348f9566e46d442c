#include "fs/kernel/negative_names.h"

#define W1 65u
#define W2 66u

static gboolean has(const GPtrArray *taken, guint64 parent, const char *name)
{
	for (guint i = 0; i < taken->len; i++) {
		const char *found;

		if (negative_names_parent(taken->pdata[i], &found) == parent &&
			!g_strcmp0(found, name))
			return TRUE;
	}
	return FALSE;
}

static void names_are_taken_by_owner(void)
{
	NegativeNames *negative = negative_names_new();

	negative_names_add(negative, W1, 2080, "nope");
	negative_names_add(negative, W1, 2091, "12/34");
	negative_names_add(negative, W2, 2112, "nope");
	g_assert_cmpuint(negative_names_count(negative), ==, 3);
	g_autoptr(GPtrArray) first = negative_names_take(negative, W1);
	g_autoptr(GPtrArray) again = negative_names_take(negative, W1);

	g_assert_cmpuint(first->len, ==, 2);
	g_assert_true(has(first, 2080, "nope"));
	g_assert_true(has(first, 2091, "12/34"));
	g_assert_cmpuint(again->len, ==, 0);
	g_assert_cmpuint(negative_names_count(negative), ==, 1);
	negative_names_free(negative);
}

static void a_name_counts_once_and_goes_when_it_comes(void)
{
	NegativeNames *negative = negative_names_new();

	negative_names_add(negative, W1, 2080, "a");
	negative_names_add(negative, W1, 2080, "a");
	negative_names_add(negative, W1, 2080, "b");
	negative_names_remove(negative, W1, 2080, "a");
	negative_names_remove(negative, W1, 2080, "c");
	negative_names_remove(negative, W2, 2080, "b");
	g_assert_cmpuint(negative_names_count(negative), ==, 1);
	g_autoptr(GPtrArray) all = negative_names_take(negative, 0);

	g_assert_cmpuint(all->len, ==, 1);
	g_assert_true(has(all, 2080, "b"));
	g_assert_cmpuint(negative_names_count(negative), ==, 0);
	negative_names_free(negative);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/absent/owner", names_are_taken_by_owner);
	g_test_add_func(
		"/absent/once", a_name_counts_once_and_goes_when_it_comes);
	return g_test_run();
}
