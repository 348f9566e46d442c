#include "cache/store/node_ids.h"

#include "cache/cache.h"

typedef struct {
	guint calls;
	guint32 limit;
	gboolean full;
} Reserved;

static gboolean reserve(guint32 limit, void *data, GError **error)
{
	Reserved *self = data;

	if (self->full) {
		backend_error_set(error, BACKEND_ERROR_NO_ROOM, "full");
		return FALSE;
	}
	self->calls++;
	g_assert_cmpuint(limit, >, self->limit);
	self->limit = limit;
	return TRUE;
}

static guint32 take(NodeIds *node_ids, gpointer owner)
{
	g_autoptr(GError) error = NULL;
	guint32 number = 0;
	gboolean ok = node_ids_take(node_ids, owner, &number, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return number;
}

static void numbers_grow_and_have_owners(void)
{
	NodeIds *node_ids = node_ids_new(NULL, NULL);
	int a, b;

	g_assert_cmpuint(take(node_ids, &a), ==, CACHE_NUMBER_FIRST);
	g_assert_cmpuint(take(node_ids, &b), ==, CACHE_NUMBER_FIRST + 1);
	g_assert_true(node_ids_owner(node_ids, CACHE_NUMBER_FIRST) == &a);
	g_assert_true(node_ids_owner(node_ids, CACHE_NUMBER_FIRST + 1) == &b);
	g_assert_null(node_ids_owner(node_ids, CACHE_NUMBER_FIRST + 2));
	g_assert_null(node_ids_owner(node_ids, 0));
	g_assert_null(node_ids_owner(node_ids, G_MAXUINT32));
	node_ids_assign(node_ids, CACHE_NUMBER_FIRST, &b);
	g_assert_true(node_ids_owner(node_ids, CACHE_NUMBER_FIRST) == &b);
	node_ids_free(node_ids);
}

static void each_number_is_reserved_before_it_is_given(void)
{
	Reserved reserved = {0};
	NodeIds *node_ids = node_ids_new(reserve, &reserved);

	for (guint i = 0; i < 10000; i++)
		g_assert_cmpuint(take(node_ids, node_ids), <, reserved.limit);
	g_assert_cmpuint(reserved.calls, ==, 3);
	node_ids_free(node_ids);
}

static void no_room_gives_no_number(void)
{
	Reserved reserved = {.full = TRUE};
	NodeIds *node_ids = node_ids_new(reserve, &reserved);
	g_autoptr(GError) error = NULL;
	guint32 number = 7;

	g_assert_false(node_ids_take(node_ids, node_ids, &number, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_ROOM);
	g_assert_cmpuint(number, ==, 7);
	reserved.full = FALSE;
	g_assert_cmpuint(take(node_ids, node_ids), ==, CACHE_NUMBER_FIRST);
	node_ids_free(node_ids);
}

static void claimed_numbers_are_not_given_again(void)
{
	NodeIds *node_ids = node_ids_new(NULL, NULL);
	int a, b;

	g_assert_true(node_ids_claim(node_ids, 5000, &a));
	g_assert_true(node_ids_claim(node_ids, 5000, &a));
	g_assert_false(node_ids_claim(node_ids, 5000, &b));
	g_assert_false(node_ids_claim(node_ids, 1, &a));
	g_assert_false(node_ids_claim(node_ids, CACHE_NUMBER_MAX + 1, &a));
	g_assert_cmpuint(take(node_ids, &a), ==, 5001);
	node_ids_skip(node_ids, 9000);
	g_assert_cmpuint(take(node_ids, &a), ==, 9000);
	node_ids_skip(node_ids, 10);
	g_assert_cmpuint(take(node_ids, &a), ==, 9001);
	node_ids_free(node_ids);
}

static void the_last_number_is_the_last(void)
{
	NodeIds *node_ids = node_ids_new(NULL, NULL);
	g_autoptr(GError) error = NULL;
	guint32 number;

	node_ids_skip(node_ids, CACHE_NUMBER_MAX);
	g_assert_cmpuint(take(node_ids, node_ids), ==, CACHE_NUMBER_MAX);
	g_assert_false(node_ids_take(node_ids, node_ids, &number, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	node_ids_free(node_ids);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/numbers/numbers_grow_and_have_owners",
		numbers_grow_and_have_owners);
	g_test_add_func("/numbers/each_number_is_reserved_before_it_is_given",
		each_number_is_reserved_before_it_is_given);
	g_test_add_func(
		"/numbers/no_room_gives_no_number", no_room_gives_no_number);
	g_test_add_func("/numbers/claimed_numbers_are_not_given_again",
		claimed_numbers_are_not_given_again);
	g_test_add_func("/numbers/the_last_number_is_the_last",
		the_last_number_is_the_last);
	return g_test_run();
}
