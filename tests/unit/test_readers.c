#include "fs/kernel/readers.h"

#include <pthread.h>

#define NODE 64

static void *pass(void *data)
{
	readers_pass(data, NODE);
	return NULL;
}

static void who_has_just_opened_is_waited_for(void)
{
	Readers *readers = readers_new(&clock_real);
	Reader *reader = readers_open(readers, NODE, 7);
	gint64 began_us = g_get_monotonic_time();
	pthread_t thread;

	gsize size = 0;

	g_assert_true(reader_is_first(reader));
	g_assert_true(readers_size(readers, NODE, &size) && size == 7);
	g_assert_false(readers_size(readers, NODE + 1, &size));
	pthread_create(&thread, NULL, pass, readers);
	reader_close(reader);
	pthread_join(thread, NULL);
	/* By the close, long before it would be given up. */
	g_assert_cmpint(g_get_monotonic_time() - began_us, <, 150000);
	readers_free(readers);
}

static void who_keeps_it_open_is_not_waited_for_twice(void)
{
	Readers *readers = readers_new(&clock_real);
	Reader *reader = readers_open(readers, NODE, 7);
	gint64 began_us;

	readers_pass(readers, NODE);
	gsize size;

	g_assert_false(reader_is_first(reader));
	g_assert_false(readers_size(readers, NODE, &size));
	began_us = g_get_monotonic_time();
	readers_pass(readers, NODE);
	g_assert_cmpint(g_get_monotonic_time() - began_us, <, 150000);
	reader_close(reader);
	readers_free(readers);
}

static void nobody_joins_who_is_no_longer_the_first(void)
{
	Readers *readers = readers_new(&clock_real);
	Reader *reader = readers_open(readers, NODE, 7);
	Reader *other = readers_open(readers, NODE + 1, 7);

	readers_pass(readers, NODE);
	g_assert_null(readers_open(readers, NODE, 7));
	g_assert_true(reader_is_first(other));
	reader_close(reader);
	reader = readers_open(readers, NODE, 7);
	g_assert_nonnull(reader);
	reader_close(reader);
	reader_close(other);
	reader_close(NULL);
	readers_free(readers);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/readers/waited_for", who_has_just_opened_is_waited_for);
	g_test_add_func(
		"/readers/once", who_keeps_it_open_is_not_waited_for_twice);
	g_test_add_func(
		"/readers/first", nobody_joins_who_is_no_longer_the_first);
	return g_test_run();
}
