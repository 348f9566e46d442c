#include "cache/store/numbers.h"

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

static guint32 take(Numbers *numbers, gpointer owner)
{
	g_autoptr(GError) error = NULL;
	guint32 number = 0;
	gboolean ok = numbers_take(numbers, owner, &number, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return number;
}

static void numbers_grow_and_have_owners(void)
{
	Numbers *numbers = numbers_new(NULL, NULL);
	int a, b;

	g_assert_cmpuint(take(numbers, &a), ==, CACHE_NUMBER_FIRST);
	g_assert_cmpuint(take(numbers, &b), ==, CACHE_NUMBER_FIRST + 1);
	g_assert_true(numbers_owner(numbers, CACHE_NUMBER_FIRST) == &a);
	g_assert_true(numbers_owner(numbers, CACHE_NUMBER_FIRST + 1) == &b);
	g_assert_null(numbers_owner(numbers, CACHE_NUMBER_FIRST + 2));
	g_assert_null(numbers_owner(numbers, 0));
	g_assert_null(numbers_owner(numbers, G_MAXUINT32));
	numbers_assign(numbers, CACHE_NUMBER_FIRST, &b);
	g_assert_true(numbers_owner(numbers, CACHE_NUMBER_FIRST) == &b);
	numbers_free(numbers);
}

static void each_number_is_reserved_before_it_is_given(void)
{
	Reserved reserved = {0};
	Numbers *numbers = numbers_new(reserve, &reserved);

	for (guint i = 0; i < 10000; i++)
		g_assert_cmpuint(take(numbers, numbers), <, reserved.limit);
	g_assert_cmpuint(reserved.calls, ==, 3);
	numbers_free(numbers);
}

static void no_room_gives_no_number(void)
{
	Reserved reserved = {.full = TRUE};
	Numbers *numbers = numbers_new(reserve, &reserved);
	g_autoptr(GError) error = NULL;
	guint32 number = 7;

	g_assert_false(numbers_take(numbers, numbers, &number, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_ROOM);
	g_assert_cmpuint(number, ==, 7);
	reserved.full = FALSE;
	g_assert_cmpuint(take(numbers, numbers), ==, CACHE_NUMBER_FIRST);
	numbers_free(numbers);
}

static void claimed_numbers_are_not_given_again(void)
{
	Numbers *numbers = numbers_new(NULL, NULL);
	int a, b;

	g_assert_true(numbers_claim(numbers, 5000, &a));
	g_assert_true(numbers_claim(numbers, 5000, &a));
	g_assert_false(numbers_claim(numbers, 5000, &b));
	g_assert_false(numbers_claim(numbers, 1, &a));
	g_assert_false(numbers_claim(numbers, CACHE_NUMBER_MAX + 1, &a));
	g_assert_cmpuint(take(numbers, &a), ==, 5001);
	numbers_skip(numbers, 9000);
	g_assert_cmpuint(take(numbers, &a), ==, 9000);
	numbers_skip(numbers, 10);
	g_assert_cmpuint(take(numbers, &a), ==, 9001);
	numbers_free(numbers);
}

static void the_last_number_is_the_last(void)
{
	Numbers *numbers = numbers_new(NULL, NULL);
	g_autoptr(GError) error = NULL;
	guint32 number;

	numbers_skip(numbers, CACHE_NUMBER_MAX);
	g_assert_cmpuint(take(numbers, numbers), ==, CACHE_NUMBER_MAX);
	g_assert_false(numbers_take(numbers, numbers, &number, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	numbers_free(numbers);
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
