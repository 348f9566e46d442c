#include "fs/kernel/kernel_refs.h"

#include "cache/cache.h"
#include "fs/base/node.h"

#define OWNER 64u
#define ONE 65u
#define TWO 70000u /* of another chunk */

typedef struct {
	KernelRefs *refs;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	f->refs = kernel_refs_new(NULL);
	kernel_refs_own(f->refs, OWNER, OWNER, BY_NAME);
	kernel_refs_own(f->refs, ONE, OWNER, BY_NAME);
	kernel_refs_own(f->refs, TWO, OWNER, BY_STATE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	kernel_refs_free(f->refs);
}

static void what_is_added_is_there_until_it_is_dropped(
	Fixture *f, gconstpointer data)
{
	const guint64 nodes[] = {node_make(ONE, 0), node_make(TWO, 3), 42};

	for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
		g_assert_cmpuint(kernel_refs_count(f->refs, nodes[i]), ==, 0);
		kernel_refs_add(f->refs, nodes[i], 1);
		kernel_refs_add(f->refs, nodes[i], 4);
		g_assert_cmpuint(kernel_refs_count(f->refs, nodes[i]), ==, 5);
		kernel_refs_drop(f->refs, nodes[i], 3);
		g_assert_cmpuint(kernel_refs_count(f->refs, nodes[i]), ==, 2);
		kernel_refs_drop(f->refs, nodes[i], 2);
		g_assert_cmpuint(kernel_refs_count(f->refs, nodes[i]), ==, 0);
	}
}

static void more_than_there_is_cannot_be_dropped(Fixture *f, gconstpointer data)
{
	kernel_refs_add(f->refs, node_make(ONE, 1), 2);
	kernel_refs_drop(f->refs, node_make(ONE, 1), 9);
	kernel_refs_drop(f->refs, node_make(TWO, 0), 9);
	g_assert_cmpuint(kernel_refs_count(f->refs, node_make(ONE, 1)), ==, 0);
	g_assert_cmpuint(kernel_refs_count(f->refs, node_make(TWO, 0)), ==, 0);
}

static void the_slots_of_a_number_are_told(Fixture *f, gconstpointer data)
{
	kernel_refs_add(f->refs, node_make(ONE, 0), 1);
	kernel_refs_add(f->refs, node_make(ONE, 31), 1);
	kernel_refs_add(f->refs, node_make(TWO, 2), 1);
	g_assert_cmphex(kernel_refs_slots(f->refs, ONE), ==, 1u | 1u << 31);
	g_assert_cmphex(kernel_refs_slots(f->refs, TWO), ==, 1u << 2);
	g_assert_cmphex(kernel_refs_slots(f->refs, OWNER), ==, 0);
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
	kernel_refs_add(f->refs, node_make(OWNER, 0), 1);
	kernel_refs_add(f->refs, node_make(ONE, 0), 1);
	kernel_refs_add(f->refs, node_make(ONE, 1), 1);
	kernel_refs_add(f->refs, node_make(TWO, 0), 1);
	kernel_refs_add(f->refs, node_make(99, 1), 1); /* of nobody */
	g_autoptr(GArray) nodes = kernel_refs_nodes(f->refs, OWNER);

	g_assert_cmpuint(nodes->len, ==, 4);
	g_assert_cmpint(place_of(nodes, node_make(ONE, 1)), ==, 0);
	g_assert_cmpint(place_of(nodes, node_make(ONE, 0)), >, 0);
	g_assert_cmpint(place_of(nodes, node_make(TWO, 0)), >, 0);
	g_assert_cmpint(place_of(nodes, node_make(OWNER, 0)), ==, 3);
}

static void each_number_is_told_once(Fixture *f, gconstpointer data)
{
	kernel_refs_add(f->refs, node_make(OWNER, 0), 1);
	kernel_refs_add(f->refs, node_make(ONE, 0), 1);
	kernel_refs_add(f->refs, node_make(ONE, 1), 1);
	kernel_refs_add(f->refs, node_make(ONE, 2), 1);
	kernel_refs_add(f->refs, node_make(TWO, 5), 1);
	g_autoptr(GArray) node_ids = kernel_refs_numbers(f->refs, OWNER);

	g_assert_cmpuint(node_ids->len, ==, 2);
	g_assert_cmpuint(g_array_index(node_ids, guint32, 0), ==, ONE);
	g_assert_cmpuint(g_array_index(node_ids, guint32, 1), ==, TWO);
}

static void a_directory_that_was_removed_is_another(
	Fixture *f, gconstpointer data)
{
	g_assert_cmpuint(kernel_refs_generation(f->refs, ONE), ==, 1);
	kernel_refs_removed(f->refs, ONE);
	kernel_refs_removed(f->refs, ONE);
	g_assert_cmpuint(kernel_refs_generation(f->refs, ONE), ==, 3);
	g_assert_cmpuint(kernel_refs_generation(f->refs, TWO), ==, 1);
	g_assert_cmpuint(kernel_refs_generation(f->refs, TWO + 100000), ==, 1);
}

static void groups_are_known_as_such(Fixture *f, gconstpointer data)
{
	kernel_refs_removed(f->refs, TWO);
	g_assert_cmpint(kernel_refs_group(f->refs, TWO), ==, BY_STATE);
	g_assert_cmpint(kernel_refs_group(f->refs, ONE), ==, BY_NAME);
	g_assert_cmpint(kernel_refs_group(f->refs, TWO + 100000), ==, BY_NAME);
}

static void numbers_out_of_range_are_nothing(Fixture *f, gconstpointer data)
{
	kernel_refs_own(f->refs, CACHE_NUMBER_MAX + 1, OWNER, BY_NAME);
	kernel_refs_add(f->refs, node_make(CACHE_NUMBER_MAX + 1, 0), 1);
	kernel_refs_removed(f->refs, CACHE_NUMBER_MAX + 1);
	g_assert_cmpuint(
		kernel_refs_owner(f->refs, CACHE_NUMBER_MAX + 1), ==, 0);
	g_assert_cmpuint(
		kernel_refs_generation(f->refs, CACHE_NUMBER_MAX + 1), ==, 1);
	g_assert_cmpuint(
		kernel_refs_count(f->refs, node_make(CACHE_NUMBER_MAX + 1, 0)),
		==, 0);
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
