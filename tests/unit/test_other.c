/* Providers that use the ids of sessions again, and what a session was made
 * from where they do not tell it. */
#include "cache_fixture.h"

#include <string.h>

#include "cache/merge/apply.h"
#include "cache/refresh/refresh.h"

static void open_rich(Fixture *f, const char *key, const char *value)
{
	f->rich = TRUE;
	fixture_open(f, "sessions", "2", key, value, NULL);
}

static void check_other(const char *key, const char *value)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL, *names = NULL;
	guint32 workspace, before, after, kept;
	Entry entry;

	open_rich(f, key, value);
	/* Without a serial nothing tells it but the time. */
	memory_replace(f->backend, "m-1", "s-000001");
	workspace = fixture_workspace(f, "m-1");
	before = fixture_find(f, workspace, "s-000001");
	kept = fixture_find(f, workspace, "s-000002");
	fixture_forget_news(f);
	memory_replace(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace);
	moves = fixture_moves(f, workspace);
	g_assert_cmpstr(moves, ==, "-s-000001 +s-000001");
	after = fixture_find(f, workspace, "s-000001");
	g_assert_cmpuint(after, >, kept);
	g_assert_false(cache_entry(f->cache, before, &entry));
	g_assert_true(cache_entry(f->cache, after, &entry));
	names = fixture_list(f, workspace);
	g_assert_cmpstr(names, ==, "s-000002 s-000001");
	g_assert_cmpuint(fixture_find(f, workspace, "s-000002"), ==, kept);
	fixture_refresh(f, workspace);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), ==, after);
}

static void another_time_of_making_is_another_session(void)
{
	check_other(NULL, NULL);
}

static void the_provider_tells_one_from_another(void)
{
	check_other("timeless", "true");
}

static void also_from_thin_records(void)
{
	check_other("thin_lists", "true");
}

static void the_name_is_there_all_the_time(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, number = 0;
	Entry entry;

	open_rich(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_delay(f->backend, MEMORY_LIST_PAGE, 1);
	for (guint i = 0; i < 10; i++) {
		guint64 before =
			fixture_status_number(f, workspace, "generation");

		memory_replace(f->backend, "m-1", "s-000001");
		cache_look(f->cache, workspace);
		fixture_refresh_now(f->cache, workspace);
		fixture_until(cache_find(f->cache, workspace, "s-000001",
				      &entry, NULL) == KNOWN_YES &&
			      fixture_status_number(
				      f, workspace, "generation") > before);
		g_assert_cmpuint(entry.number, >=, number);
		number = entry.number;
	}
}

static void the_new_number_survives_a_restart(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, before, after, third;
	Entry entry;

	open_rich(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	before = fixture_find(f, workspace, "s-000001");
	memory_replace(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace);
	after = fixture_find(f, workspace, "s-000001");
	fixture_close(f);
	open_rich(f, NULL, NULL);
	memory_fail(
		f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_UNREACHABLE);
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 2);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), ==, after);
	g_assert_false(cache_entry(f->cache, before, &entry));
	/* Another instance made its sessions at another time. */
	memory_heal(f->backend);
	memory_put_at(f->backend, "m-1", "s-000001", "Running", 1000, 1000);
	fixture_refresh(f, workspace);
	third = fixture_find(f, workspace, "s-000001");
	g_assert_cmpuint(third, >, after);
}

/* Nobody can tell whether it is the one that went. */
static void what_went_and_comes_again_is_another(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, before, after;
	Entry entry;

	open_rich(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	before = fixture_find(f, workspace, "s-000001");
	memory_remove(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), ==, 0);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Running");
	fixture_refresh(f, workspace);
	after = fixture_find(f, workspace, "s-000001");
	g_assert_cmpuint(after, >, before);
	g_assert_false(cache_entry(f->cache, before, &entry));
	memory_remove(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace);
	fixture_close(f);
	/* Also across a restart. */
	open_rich(f, NULL, NULL);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Running");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), >, after);
}

static void a_verb_never_reaches_another_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL, unsure = NULL;
	guint32 workspace, session;

	f->refresh_ms = 3600000;
	open_rich(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	memory_replace(f->backend, "m-1", "s-000001");
	memory_fail(f->backend, MEMORY_GET, 0, 1, BACKEND_ERROR_BUDGET);
	g_assert_null(fixture_control(f, session, "stop", &unsure));
	g_assert_error(unsure, BACKEND_ERROR, BACKEND_ERROR_BUDGET);
	memory_heal(f->backend);
	g_assert_null(fixture_control(f, session, "stop", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), >, session);
}

static void last_does_not_name_another_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL, *last = NULL, *none = NULL;
	guint32 workspace;

	open_rich(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	answer = fixture_create(f, workspace, "{\"name\":\"n\"}", &error);
	g_assert_no_error(error);
	last = cache_last(f->cache, workspace);
	g_assert_cmpstr(last, ==, "s-000003");
	fixture_forget_news(f);
	memory_replace(f->backend, "m-1", "s-000003");
	fixture_refresh(f, workspace);
	none = cache_last(f->cache, workspace);
	g_assert_null(none);
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, workspace), >, 0);
}

/* ---- what a session was made from ---- */

static const char spec[] = "{\"name\":\"n\",\"kind\":\"SQL\","
			   "\"conf\":{\"a\":\"b\"}}";

static guint32 create_one(Fixture *f, guint32 *ret_workspace)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	guint32 workspace = fixture_workspace(f, "m-1");

	answer = fixture_create(f, workspace, spec, &error);
	g_assert_no_error(error);
	*ret_workspace = workspace;
	return fixture_find(f, workspace, "s-000001");
}

static void check_spec(Fixture *f, guint32 session, gboolean remembered)
{
	g_autofree char *config = fixture_read(f, session, SESSION_CONFIG);

	g_assert_cmpint(
		strstr(config, "\"a\":\t\"b\"") != NULL, ==, remembered);
	g_assert_null(strstr(config, "SQL"));
}

static void the_spec_is_remembered(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *json = NULL;
	guint32 workspace, session;

	f->rich = f->remembers = TRUE;
	fixture_open(f, "mute", "true", NULL);
	session = create_one(f, &workspace);
	check_spec(f, session, TRUE);
	fixture_refresh(f, workspace);
	check_spec(f, session, TRUE);
	json = fixture_read(f, session, SESSION_JSON);
	g_assert_nonnull(strstr(json, "\"conf\":\"***\""));
	g_assert_nonnull(strstr(json, "\"state\":\"Running\""));
	fixture_close(f);
	fixture_open(f, "mute", "true", NULL);
	memory_fail(
		f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_UNREACHABLE);
	check_spec(f, session, TRUE);
}

static void without_the_slot_it_is_not(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	f->rich = TRUE;
	fixture_open(f, "mute", "true", NULL);
	memory_put(f->backend, "m-1", "s-000002", NULL, "Running");
	create_one(f, &workspace);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
	{
		g_autofree char *config = fixture_read_costly(f,
			fixture_find(f, workspace, "s-000001"), SESSION_CONFIG,
			NULL);

		g_assert_null(strstr(config, "conf"));
	}
}

static void also_of_a_session_that_nobody_can_tell_of(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, session;

	f->rich = f->remembers = TRUE;
	f->start = FALSE;
	fixture_open(f, "mute", "true", NULL);
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_DENIED);
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	{
		g_autoptr(GError) error = NULL;
		g_autofree char *answer = NULL;

		workspace = fixture_find(f, f->provider, "m-1");
		answer = fixture_create(f, workspace, spec, &error);
		g_assert_no_error(error);
	}
	session = fixture_find(f, workspace, "s-000001");
	g_assert_cmpuint(session, !=, 0);
	check_spec(f, session, TRUE);
	memory_release(f->backend, MEMORY_LIST_PAGE);
	fixture_refresh(f, workspace);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), ==, session);
	{
		g_autofree char *state =
			fixture_read(f, session, SESSION_STATE);

		g_assert_cmpstr(state, ==, "Stopped\n");
	}
	check_spec(f, session, TRUE);
}

static void it_does_not_pass_on_to_another_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, session, other;

	f->rich = f->remembers = TRUE;
	fixture_open(f, "mute", "true", NULL);
	session = create_one(f, &workspace);
	check_spec(f, session, TRUE);
	memory_replace(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace);
	other = fixture_find(f, workspace, "s-000001");
	g_assert_cmpuint(other, !=, session);
	{
		g_autofree char *config =
			fixture_read_costly(f, other, SESSION_CONFIG, NULL);

		g_assert_null(strstr(config, "conf"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/other/" #test, test)
	ADD(another_time_of_making_is_another_session);
	ADD(the_provider_tells_one_from_another);
	ADD(also_from_thin_records);
	ADD(the_name_is_there_all_the_time);
	ADD(the_new_number_survives_a_restart);
	ADD(what_went_and_comes_again_is_another);
	ADD(a_verb_never_reaches_another_session);
	ADD(last_does_not_name_another_session);
	ADD(the_spec_is_remembered);
	ADD(without_the_slot_it_is_not);
	ADD(also_of_a_session_that_nobody_can_tell_of);
	ADD(it_does_not_pass_on_to_another_session);
	return g_test_run();
}
