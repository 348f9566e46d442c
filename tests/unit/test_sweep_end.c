#include "cache_fixture.h"

/* ---- pages that are refused for now ---- */

/* A full budget does not cost what was listed before it. */
static void a_throttled_page_is_asked_for_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;
	guint32 number;

	fixture_open(f, "sessions", "25", "page", "10", NULL);
	number = fixture_find(f, f->provider, "m-1");
	memory_fail(
		f->backend, MEMORY_LIST_PAGE, 1, 1, BACKEND_ERROR_THROTTLED);
	names = fixture_list(f, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 25);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_PAGE), ==, 4);
}

static void a_page_is_asked_for_again_three_times(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;

	fixture_open(f, "sessions", "25", "page", "10", NULL);
	number = fixture_find(f, f->provider, "m-1");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 1, 0, BACKEND_ERROR_BUDGET);
	fixture_until(fixture_known(f, number, NULL) == KNOWN_FAILED);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_PAGE), ==, 5);
}

static void nobody_waits_for_the_budget_at_the_end(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 start;
	guint32 number;

	fixture_open(f, "sessions", "25", "page", "10", NULL);
	number = fixture_find(f, f->provider, "m-1");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 1, 0, BACKEND_ERROR_BUDGET);
	g_free(fixture_names(f, number));
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) == 2);
	start = g_get_monotonic_time();
	fixture_close(f);
	g_assert_cmpint(
		g_get_monotonic_time() - start, <, G_USEC_PER_SEC * 9 / 10);
}

/* ---- what is there no more ---- */

static void many_that_go_at_once_are_gone_with_the_second_listing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;

	fixture_open(f, "sessions", "30", NULL);
	number = fixture_workspace(f, "m-1");
	for (guint i = 1; i <= 20; i++) {
		g_autofree char *id = g_strdup_printf("s-%06u", i);

		memory_remove(f->backend, "m-1", id);
	}
	fixture_refresh(f, number);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 16);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 14);
	fixture_refresh(f, number);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 16);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 10);
}

static void what_cannot_be_asked_for_is_gone_with_the_second_listing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	memory_remove(f->backend, "m-1", "s-000001");
	memory_remove(f->backend, "m-1", "s-000002");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_REMOTE);
	fixture_refresh(f, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 3);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 1);
	fixture_refresh(f, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/sweep_end/" #name, name)
	ADD(a_throttled_page_is_asked_for_again);
	ADD(a_page_is_asked_for_again_three_times);
	ADD(nobody_waits_for_the_budget_at_the_end);
	ADD(many_that_go_at_once_are_gone_with_the_second_listing);
	ADD(what_cannot_be_asked_for_is_gone_with_the_second_listing);
	return g_test_run();
}
