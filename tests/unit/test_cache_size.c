/* What a large workspace costs: printed, with a bound on memory alone. */
#include "cache_fixture.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/thread.h"
#include "cache/merge/apply.h"

/* A sanitizer has no opinion of the size, and takes a minute for so many. */
#ifdef THREAD_HAS_SANITIZER
#define N 10000u
#else
#define N 100000u
#endif
#define PAGE 100u
#define BYTES_MAX 500

static gsize body_store_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static Session *session_of(guint i, const char *state)
{
	Session *session = session_new();

	session->id = g_strdup_printf("sc-%016x", i * 2654435761u);
	session->name = g_strdup("name");
	session->state = g_strdup(state);
	session->phase = PHASE_IDLE;
	session->changed_ms = 1700000000000;
	session->body = g_strdup_printf("{\"id\":\"%s\",\"state\":\"%s\","
					"\"x\":\"%0600u\"}",
		session->id, state, i);
	session->body_len = strlen(session->body);
	return session;
}

static gint64 apply_pages_as(Dir *dir, guint32 relist, const char *state,
	guint every, gboolean partial)
{
	gint64 spent = 0;

	for (guint page = 0; page < N / PAGE; page++) {
		g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(
			(GDestroyNotify)session_free);
		gint64 start;

		for (guint i = page * PAGE; i < (page + 1) * PAGE; i++)
			g_ptr_array_add(sessions,
				session_of(
					i, i % every == 0 ? state : "Running"));
		for (guint i = 0; i < PAGE; i++)
			((Session *)g_ptr_array_index(sessions, i))->partial =
				partial;
		start = g_get_monotonic_time();
		g_assert_true(
			apply_sessions(dir, (Session *const *)sessions->pdata,
				PAGE, dir_tick(dir), relist, NULL));
		spent += g_get_monotonic_time() - start;
		news_deliver(dir->cache->news);
	}
	return spent;
}

static gint64 apply_pages(
	Dir *dir, guint32 relist, const char *state, guint every)
{
	return apply_pages_as(dir, relist, state, every, FALSE);
}

static void report(const char *what, gint64 us)
{
	g_test_message("%s: %.3f ms a page of %u", what,
		(double)us / 1000 / (N / PAGE), PAGE);
}

static void many_sessions(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Snapshot) kept = NULL;
	gsize before, after;
	Dir *dir;

	fixture_open(f, NULL, NULL);
	dir = dir_find(f->cache, fixture_workspace(f, "m-1"));
	before = body_store_used();
	report("new", apply_pages(dir, 1, "Running", 1));
	fixture_forget_news(f);
	kept = dir_snapshot(dir);
	report("unchanged", apply_pages(dir, 2, "Running", 1));
	report("one in 100 changed", apply_pages(dir, 3, "Busy", 100));
	report("thin, first", apply_pages_as(dir, 4, "Busy", 100, TRUE));
	report("thin, unchanged", apply_pages_as(dir, 5, "Busy", 100, TRUE));
	fixture_forget_news(f);
	malloc_trim(0);
	after = body_store_used();
	g_test_message("%zu bytes a session, an older snapshot alive",
		(after - before) / N);
	g_assert_cmpuint(cache_count(f->cache, 0), ==, N);
	/* Sanitizers count their own. */
	if (after > before)
		g_assert_cmpuint((after - before) / N, <, BYTES_MAX);
}

static void starting_with_them_is_quick(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 start;
	Dir *dir;

	fixture_open(f, NULL, NULL);
	dir = dir_find(f->cache, fixture_workspace(f, "m-1"));
	apply_pages(dir, 1, "Running", 1);
	fixture_close(f);
	start = g_get_monotonic_time();
	fixture_open(f, NULL, NULL);
	g_test_message("start with %u sessions: %.1f ms", N,
		(double)(g_get_monotonic_time() - start) / 1000);
	g_assert_cmpuint(cache_count(f->cache, 0), ==, N);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cache_size/many_sessions", many_sessions);
	g_test_add_func("/cache_size/starting_with_them_is_quick",
		starting_with_them_is_quick);
	return g_test_run();
}
