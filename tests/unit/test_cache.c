#include "cache_fixture.h"

#include <string.h>

static void lists_what_the_provider_has(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *spaces = NULL, *names = NULL, *state = NULL;
	guint32 workspace, session;
	Entry entry;

	fixture_open(f, "workspaces_made", "2", "sessions", "3", NULL);
	spaces = fixture_list(f, f->provider);
	g_assert_cmpstr(spaces, ==, "m-1 m-2");
	workspace = fixture_workspace(f, "m-2");
	names = fixture_list(f, workspace);
	g_assert_cmpstr(names, ==, "s-000001 s-000002 s-000003");
	session = fixture_find(f, workspace, "s-000002");
	g_assert_true(cache_entry(f->cache, session, &entry));
	g_assert_cmpint(entry.kind, ==, ENTRY_SESSION);
	g_assert_cmpuint(entry.parent, ==, workspace);
	g_assert_cmpuint(entry.workspace, ==, workspace);
	g_assert_cmpuint(entry.provider, ==, f->provider);
	g_assert_cmpuint(session, >=, CACHE_NUMBER_FIRST);
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "Running\n");
	g_assert_cmpuint(cache_count(f->cache, 0), ==, 3);
	g_assert_cmpuint(cache_count(f->cache, f->provider), ==, 3);
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 3);
	g_assert_cmpuint(cache_count(f->cache, session), ==, 1);
}

static void entries_of_directories_say_where_they_are(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;
	Entry entry;

	f->read_only = f->rmdir_ends = TRUE;
	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	g_assert_true(cache_entry(f->cache, workspace, &entry));
	g_assert_cmpint(entry.kind, ==, ENTRY_WORKSPACE);
	g_assert_cmpuint(entry.parent, ==, f->provider);
	g_assert_cmpuint(entry.workspace, ==, workspace);
	g_assert_true(entry.read_only && entry.rmdir_ends);
	g_assert_cmpint(entry.mtime_ns, >, 0);
	g_assert_true(cache_entry(f->cache, f->provider, &entry));
	g_assert_cmpint(entry.kind, ==, ENTRY_PROVIDER);
	g_assert_cmpuint(entry.parent, ==, 0);
	g_assert_cmpuint(entry.workspace, ==, 0);
	g_assert_true(cache_entry(f->cache, 0, &entry));
	g_assert_false(cache_entry(f->cache, 1, &entry));
	g_assert_false(cache_entry(f->cache, 99999, &entry));
	g_assert_false(cache_entry(f->cache, G_MAXUINT32, &entry));
}

/* One name of an unlisted workspace costs one question, not a listing. */
static void an_unknown_name_is_asked_for_by_itself(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, session;
	Entry entry;

	fixture_open(f, "sessions", "3", NULL);
	workspace = fixture_find(f, f->provider, "m-1");
	session = fixture_find(f, workspace, "s-000002");
	g_assert_cmpuint(session, !=, 0);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000009"), ==, 0);
	for (guint i = 0; i < 100; i++)
		g_assert_cmpint(cache_find(f->cache, workspace, "s-000009",
					&entry, NULL),
			==, KNOWN_NO);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 2);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_PAGE), ==, 0);
	g_free(fixture_list(f, workspace));
	g_assert_cmpuint(fixture_find(f, workspace, "s-000002"), ==, session);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000009"), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 2);
}

static void names_that_cannot_be_are_not_asked_for(void)
{
	static const char *const names[] = {
		".git", ".status", "a%2fb", "new", "-x", "a%zz"};
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;
	Entry entry;

	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_find(f, f->provider, "m-1");
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_cmpint(
			cache_find(f->cache, workspace, names[i], &entry, NULL),
			==, KNOWN_NO);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 0);
	g_assert_cmpint(
		cache_find(f->cache, 99999, "x", &entry, NULL), ==, KNOWN_NO);
}

static void many_ask_and_one_call_is_made(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;
	Entry entry;

	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_find(f, f->provider, "m-1");
	memory_hold(f->backend, MEMORY_GET);
	for (guint i = 0; i < 100; i++)
		g_assert_cmpint(cache_find(f->cache, workspace, "s-000001",
					&entry, NULL),
			==, KNOWN_NOT_YET);
	memory_release(f->backend, MEMORY_GET);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), !=, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 1);
}

static void a_failed_question_is_repeated_after_a_second(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace;
	Entry entry;
	gint64 start;

	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_find(f, f->provider, "m-1");
	memory_fail(f->backend, MEMORY_GET, 0, 1, BACKEND_ERROR_REMOTE);
	start = g_get_monotonic_time();
	fixture_until(cache_find(f->cache, workspace, "s-000001", &entry,
			      NULL) == KNOWN_FAILED);
	g_assert_cmpint(
		cache_find(f->cache, workspace, "s-000001", &entry, &error), ==,
		KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 1);
	fixture_until(cache_find(f->cache, workspace, "s-000001", &entry,
			      NULL) == KNOWN_YES);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 900000);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 2);
}

static void a_failed_first_listing_says_why(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	Entry entry;

	fixture_open(f, "sessions", "1", NULL);
	memory_fail(
		f->backend, MEMORY_LIST_WORKSPACES, 0, 1, BACKEND_ERROR_AUTH);
	fixture_until(cache_find(f->cache, f->provider, "m-1", &entry, NULL) ==
		      KNOWN_FAILED);
	g_assert_cmpint(
		cache_find(f->cache, f->provider, "m-1", &entry, &error), ==,
		KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_AUTH);
	/* The next look, a second later, asks again. */
	fixture_until(cache_find(f->cache, f->provider, "m-1", &entry, NULL) ==
		      KNOWN_YES);
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_LIST_WORKSPACES), ==, 2);
}

static void reading_calls_nobody(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, session;
	guint64 calls = 0;

	fixture_open(f, "sessions", "3", NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	for (MemoryAction a = 0; a < N_MEMORY_ACTIONS; a++)
		calls += memory_calls(f->backend, a);
	for (guint i = 0; i < 200; i++) {
		for (SessionFile file = 0; file <= SESSION_JSON; file++)
			g_free(fixture_read(f, session, file));
		g_free(fixture_names(f, workspace));
		cache_look(f->cache, session);
	}
	/* One more: the list of workspaces is looked at, and the sessions'. */
	for (MemoryAction a = 0; a < N_MEMORY_ACTIONS; a++)
		calls -= memory_calls(f->backend, a);
	g_assert_cmpint((gint64)calls, >=, -2);
}

static gboolean stop_at_second(const Entry *entry, const char *name, void *data)
{
	guint32 *seen = data;

	seen[0]++;
	seen[1] = entry->number;
	return seen[0] < 2;
}

static void a_listing_goes_on_behind_a_number(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, seen[2] = {0, 0}, first;

	fixture_open(f, "sessions", "5", NULL);
	workspace = fixture_workspace(f, "m-1");
	cache_list(f->cache, workspace, 0, stop_at_second, seen, NULL);
	g_assert_cmpuint(seen[0], ==, 2);
	first = seen[1];
	seen[0] = 0;
	cache_list(f->cache, workspace, first, stop_at_second, seen, NULL);
	g_assert_cmpuint(seen[1], ==, first + 2);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000004"), ==, seen[1]);
}

static void what_is_gone_has_no_bytes(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, session;
	g_autoptr(GError) error = NULL;
	ContentStat content;
	Entry entry;

	fixture_open(f, "sessions", "2", NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	g_assert_null(cache_read(f->cache, session, SESSION_LOG, NULL));
	memory_remove(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace);
	g_assert_false(cache_entry(f->cache, session, &entry));
	g_assert_null(cache_read(f->cache, session, SESSION_STATE, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_false(
		cache_stat(f->cache, session, SESSION_STATE, &content, NULL));
	g_assert_cmpuint(cache_count(f->cache, session), ==, 0);
}

/* Calls in flight that would never end by themselves. */
static void the_end_is_quick(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 start;
	Entry entry;

	fixture_open(f, "workspaces_made", "5", "sessions", "5", NULL);
	g_free(fixture_list(f, f->provider));
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	memory_hold(f->backend, MEMORY_GET);
	for (guint i = 1; i <= 5; i++) {
		g_autofree char *name = g_strdup_printf("m-%u", i);
		guint32 number = fixture_find(f, f->provider, name);

		cache_list(f->cache, number, 0, stop_at_second, NULL, NULL);
		cache_find(f->cache, number, "s-000001", &entry, NULL);
	}
	fixture_until(memory_running(f->backend, MEMORY_LIST_PAGE) == 5);
	fixture_until(memory_running(f->backend, MEMORY_GET) == 5);
	start = g_get_monotonic_time();
	cache_stop(f->cache);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
	fixture_forget_news(f);
	cache_stop(f->cache);
	g_assert_cmpuint(fixture_count_news(f, NEWS_LISTING, 0), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/cache/" #name, name)
	ADD(lists_what_the_provider_has);
	ADD(entries_of_directories_say_where_they_are);
	ADD(an_unknown_name_is_asked_for_by_itself);
	ADD(names_that_cannot_be_are_not_asked_for);
	ADD(many_ask_and_one_call_is_made);
	ADD(a_failed_question_is_repeated_after_a_second);
	ADD(a_failed_first_listing_says_why);
	ADD(reading_calls_nobody);
	ADD(a_listing_goes_on_behind_a_number);
	ADD(what_is_gone_has_no_bytes);
	ADD(the_end_is_quick);
	return g_test_run();
}
