#include "fs/kernel/held.h"

#include "cache/cache.h"
#include "fs/base/node.h"

#define OWNER 64u
#define ONE 65u
#define TWO 70000u /* of another chunk */

typedef struct {
	Held *held;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	f->held = held_new();
	held_own(f->held, OWNER, OWNER, BY_NAME);
	held_own(f->held, ONE, OWNER, BY_NAME);
	held_own(f->held, TWO, OWNER, BY_STATE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	held_free(f->held);
}

static void what_is_added_is_there_until_it_is_dropped(
	Fixture *f, gconstpointer data)
{
	const guint64 nodes[] = {node_make(ONE, 0), node_make(TWO, 3), 42};

	for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
		g_assert_cmpuint(held_count(f->held, nodes[i]), ==, 0);
		held_add(f->held, nodes[i], 1);
		held_add(f->held, nodes[i], 4);
		g_assert_cmpuint(held_count(f->held, nodes[i]), ==, 5);
		held_drop(f->held, nodes[i], 3);
		g_assert_cmpuint(held_count(f->held, nodes[i]), ==, 2);
		held_drop(f->held, nodes[i], 2);
		g_assert_cmpuint(held_count(f->held, nodes[i]), ==, 0);
	}
}

static void more_than_there_is_cannot_be_dropped(Fixture *f, gconstpointer data)
{
	held_add(f->held, node_make(ONE, 1), 2);
	held_drop(f->held, node_make(ONE, 1), 9);
	held_drop(f->held, node_make(TWO, 0), 9);
	g_assert_cmpuint(held_count(f->held, node_make(ONE, 1)), ==, 0);
	g_assert_cmpuint(held_count(f->held, node_make(TWO, 0)), ==, 0);
}

static void the_slots_of_a_number_are_told(Fixture *f, gconstpointer data)
{
	held_add(f->held, node_make(ONE, 0), 1);
	held_add(f->held, node_make(ONE, 31), 1);
	held_add(f->held, node_make(TWO, 2), 1);
	g_assert_cmphex(held_slots(f->held, ONE), ==, 1u | 1u << 31);
	g_assert_cmphex(held_slots(f->held, TWO), ==, 1u << 2);
	g_assert_cmphex(held_slots(f->held, OWNER), ==, 0);
}

static gint64 place_of(const GArray *nodes, guint64 node)
{
	for (guint i = 0; i < nodes->len; i++)
		if (g_array_index(nodes, guint64, i) == node)
			return i;
	return -1;
}

static void files_come_before_their_directories(Fixture *f, gconstpointer data)
{
	held_add(f->held, node_make(OWNER, 0), 1);
	held_add(f->held, node_make(ONE, 0), 1);
	held_add(f->held, node_make(ONE, 1), 1);
	held_add(f->held, node_make(TWO, 0), 1);
	held_add(f->held, node_make(99, 1), 1); /* of nobody */
	g_autoptr(GArray) nodes = held_nodes(f->held, OWNER);

	g_assert_cmpuint(nodes->len, ==, 4);
	g_assert_cmpint(place_of(nodes, node_make(ONE, 1)), ==, 0);
	g_assert_cmpint(place_of(nodes, node_make(ONE, 0)), >, 0);
	g_assert_cmpint(place_of(nodes, node_make(TWO, 0)), >, 0);
	g_assert_cmpint(place_of(nodes, node_make(OWNER, 0)), ==, 3);
}

static void each_number_is_told_once(Fixture *f, gconstpointer data)
{
	held_add(f->held, node_make(OWNER, 0), 1);
	held_add(f->held, node_make(ONE, 0), 1);
	held_add(f->held, node_make(ONE, 1), 1);
	held_add(f->held, node_make(ONE, 2), 1);
	held_add(f->held, node_make(TWO, 5), 1);
	g_autoptr(GArray) numbers = held_numbers(f->held, OWNER);

	g_assert_cmpuint(numbers->len, ==, 2);
	g_assert_cmpuint(g_array_index(numbers, guint32, 0), ==, ONE);
	g_assert_cmpuint(g_array_index(numbers, guint32, 1), ==, TWO);
}

static void a_directory_that_was_removed_is_another(
	Fixture *f, gconstpointer data)
{
	g_assert_cmpuint(held_generation(f->held, ONE), ==, 1);
	held_removed(f->held, ONE);
	held_removed(f->held, ONE);
	g_assert_cmpuint(held_generation(f->held, ONE), ==, 3);
	g_assert_cmpuint(held_generation(f->held, TWO), ==, 1);
	g_assert_cmpuint(held_generation(f->held, TWO + 100000), ==, 1);
}

static void groups_are_known_as_such(Fixture *f, gconstpointer data)
{
	held_removed(f->held, TWO);
	g_assert_cmpint(held_group(f->held, TWO), ==, BY_STATE);
	g_assert_cmpint(held_group(f->held, ONE), ==, BY_NAME);
	g_assert_cmpint(held_group(f->held, TWO + 100000), ==, BY_NAME);
}

static void numbers_out_of_range_are_nothing(Fixture *f, gconstpointer data)
{
	held_own(f->held, CACHE_NUMBER_MAX + 1, OWNER, BY_NAME);
	held_add(f->held, node_make(CACHE_NUMBER_MAX + 1, 0), 1);
	held_removed(f->held, CACHE_NUMBER_MAX + 1);
	g_assert_cmpuint(held_owner(f->held, CACHE_NUMBER_MAX + 1), ==, 0);
	g_assert_cmpuint(held_generation(f->held, CACHE_NUMBER_MAX + 1), ==, 1);
	g_assert_cmpuint(
		held_count(f->held, node_make(CACHE_NUMBER_MAX + 1, 0)), ==, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(Fixture *f, gconstpointer data);
	} tests[] = {
		{"/held/count", what_is_added_is_there_until_it_is_dropped},
		{"/held/bound", more_than_there_is_cannot_be_dropped},
		{"/held/slots", the_slots_of_a_number_are_told},
		{"/held/order", files_come_before_their_directories},
		{"/held/numbers", each_number_is_told_once},
		{"/held/generation", a_directory_that_was_removed_is_another},
		{"/held/group", groups_are_known_as_such},
		{"/held/range", numbers_out_of_range_are_nothing},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test,
			tear_down);
	return g_test_run();
}
