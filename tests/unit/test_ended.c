/* Which sessions that have ended are shown. */
#include "cache_fixture.h"

#include <string.h>

#include "cache/merge/apply.h"
#include "cache/refresh/refresh.h"

#define HOUR_MS (3600 * 1000)

static gint64 ago_ms(guint hours)
{
	return g_get_real_time() / 1000 - (gint64)hours * HOUR_MS;
}

static void put(Fixture *f, const char *id, const char *state, guint hours)
{
	memory_put_at(
		f->backend, "m-1", id, state, ago_ms(hours + 1), ago_ms(hours));
}

static void put_some(Fixture *f)
{
	put(f, "runs", "Running", 100);
	put(f, "fresh", "Stopped", 23);
	put(f, "failed", "Error", 1);
	put(f, "old", "Stopped", 25);
}

static void all_are_shown(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;

	fixture_open(f, NULL, NULL);
	put_some(f);
	names = fixture_list(f, fixture_workspace(f, "m-1"));
	g_assert_cmpstr(names, ==, "runs fresh failed old");
}

static void those_of_the_last_day_are_shown(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;
	guint32 workspace;

	f->ended = ENDED_DAY;
	fixture_open(f, NULL, NULL);
	put_some(f);
	workspace = fixture_workspace(f, "m-1");
	names = fixture_list(f, workspace);
	g_assert_cmpstr(names, ==, "runs fresh failed");
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 3);
	g_assert_cmpuint(fixture_find(f, workspace, "old"), ==, 0);
}

/* Also when it is asked for by name, while the listing is not known. */
static void the_hidden_are_not_there(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;
	guint32 workspace;

	f->ended = ENDED_NONE;
	fixture_open(f, NULL, NULL);
	put_some(f);
	workspace = fixture_find(f, f->provider, "m-1");
	g_assert_cmpuint(fixture_find(f, workspace, "failed"), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 1);
	g_assert_cmpuint(fixture_find(f, workspace, "failed"), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 1);
	g_assert_cmpuint(fixture_find(f, workspace, "runs"), !=, 0);
	names = fixture_list(f, workspace);
	g_assert_cmpstr(names, ==, "runs");
	g_assert_cmpuint(cache_count(f->cache, 0), ==, 1);
}

static void it_vanishes_when_it_ends_and_comes_back_when_it_starts(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL;
	guint32 workspace, before;

	f->ended = ENDED_NONE;
	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	before = fixture_find(f, workspace, "s-000001");
	memory_put(f->backend, "m-1", "s-000001", NULL, "Stopped");
	fixture_refresh(f, workspace);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Running");
	fixture_refresh(f, workspace);
	moves = fixture_moves(f, workspace);
	g_assert_cmpstr(moves, ==, "+s-000001 -s-000001 +s-000001");
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), ==, before);
}

/* It names the last one that was made, whether that is there or not. */
static void the_link_to_the_last_one_made_stays(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *last = NULL;
	guint32 workspace, number;
	Dir *dir;

	f->ended = ENDED_NONE;
	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = fixture_find(f, workspace, "s-000001");
	dir = dir_find(f->cache, workspace);
	g_assert_true(apply_last(dir, number, NULL));
	memory_put(f->backend, "m-1", "s-000001", NULL, "Stopped");
	fixture_refresh(f, workspace);
	fixture_forget_news(f);
	last = cache_last(f->cache, workspace);
	g_assert_cmpstr(last, ==, "s-000001");
	memory_put(f->backend, "m-1", "s-000001", NULL, "Running");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, workspace), ==, 0);
}

static void it_vanishes_when_a_day_has_passed(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL, *after = NULL;
	guint32 workspace;

	f->ended = ENDED_DAY;
	fixture_open(f, NULL, NULL);
	put(f, "old", "Stopped", 23);
	workspace = fixture_workspace(f, "m-1");
	names = fixture_list(f, workspace);
	g_assert_cmpstr(names, ==, "old");
	put(f, "old", "Stopped", 25);
	fixture_refresh(f, workspace);
	after = fixture_list(f, workspace);
	g_assert_cmpstr(after, ==, "");
}

/* Nobody says when it ended: it counts from when it was seen to have. */
static void without_times_the_first_sight_counts(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;
	guint32 workspace;

	f->ended = ENDED_DAY;
	fixture_open(f, "timeless", "true", NULL);
	put_some(f);
	workspace = fixture_workspace(f, "m-1");
	fixture_refresh(f, workspace);
	names = fixture_list(f, workspace);
	g_assert_cmpstr(names, ==, "runs fresh failed old");
}

static void what_was_hidden_without_times_stays_hidden(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL, *after = NULL;
	guint32 workspace;

	fixture_open(f, NULL, NULL);
	put_some(f);
	workspace = fixture_workspace(f, "m-1");
	fixture_close(f);
	f->ended = ENDED_DAY;
	fixture_open(f, "timeless", "true", NULL);
	put_some(f);
	fixture_refresh(f, workspace);
	names = fixture_names(f, workspace);
	g_assert_cmpstr(names, ==, "runs fresh failed");
	fixture_refresh(f, workspace);
	after = fixture_names(f, workspace);
	g_assert_cmpstr(after, ==, "runs fresh failed");
	memory_put(f->backend, "m-1", "old", NULL, "Running");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 4);
}

static void what_the_disk_holds_vanishes_too(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *before = NULL, *after = NULL, *again = NULL;
	guint32 workspace;

	fixture_open(f, NULL, NULL);
	put_some(f);
	workspace = fixture_workspace(f, "m-1");
	before = fixture_names(f, workspace);
	g_assert_cmpstr(before, ==, "runs fresh failed old");
	fixture_close(f);
	f->ended = ENDED_NONE;
	fixture_open(f, NULL, NULL);
	memory_fail(
		f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_UNREACHABLE);
	after = fixture_names(f, workspace);
	g_assert_cmpstr(after, ==, "runs");
	fixture_close(f);
	f->ended = ENDED_ALL;
	fixture_open(f, NULL, NULL);
	again = fixture_names(f, workspace);
	g_assert_cmpstr(again, ==, "runs");
}

static void what_is_steered_here_stays_until_the_sweep_after(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL, *state = NULL;
	guint32 workspace, session;

	f->ended = ENDED_NONE;
	fixture_open(f, "sessions", "2", NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	fixture_refresh_now(f->cache, workspace);
	fixture_until(memory_running(f->backend, MEMORY_LIST_PAGE) == 1);
	answer = fixture_control(f, session, "stop", &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(answer, "\"state\":\"Stopped\""));
	memory_release(f->backend, MEMORY_LIST_PAGE);
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "Stopped\n");
	fixture_refresh(f, workspace);
	fixture_until(fixture_find(f, workspace, "s-000001") == 0);
}

typedef struct {
	const char *spec;
	guint32 workspace;
	Operation *operation;
	int done;
} Making;

static void made(Operation *operation, void *data)
{
	__atomic_store_n((int *)data, 1, __ATOMIC_RELEASE);
}

static void making_begin(Making *self, Fixture *f)
{
	self->operation = cache_create(f->cache, self->workspace, self->spec,
		strlen(self->spec),
		g_get_monotonic_time() + 60 * G_USEC_PER_SEC, made,
		&self->done);
}

static char *making_end(Making *self)
{
	char *answer;

	fixture_until(__atomic_load_n(&self->done, __ATOMIC_ACQUIRE));
	answer = g_strdup(operation_answer(self->operation));
	g_assert_nonnull(answer);
	operation_unref(self->operation);
	return answer;
}

static void what_is_created_here_stays_until_the_sweep_after(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL, *names = NULL;
	guint32 workspace;

	f->ended = ENDED_NONE;
	f->start = FALSE;
	f->refresh_ms = 600000;
	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	/* The order makes the workspace looked at: no full listing may end yet. */
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	answer = fixture_create(f, workspace, "{\"name\":\"n\"}", &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(answer, "\"state\":\"Stopped\""));
	names = fixture_names(f, workspace);
	g_assert_cmpstr(names, ==, "s-000001");
	memory_release(f->backend, MEMORY_LIST_PAGE);
	fixture_refresh(f, workspace);
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 0);
}

/* It stands stopped between the two steps of its making. */
static void what_is_being_created_is_not_hidden(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL, *answer = NULL;
	Making making = {.spec = "{\"name\":\"n\"}"};

	f->ended = ENDED_NONE;
	f->deadline_ms = 60000;
	fixture_open(f, NULL, NULL);
	making.workspace = fixture_workspace(f, "m-1");
	memory_hold(f->backend, MEMORY_CONTROL);
	making_begin(&making, f);
	fixture_until(memory_running(f->backend, MEMORY_CONTROL) == 1);
	for (guint i = 0; i < 3; i++)
		fixture_refresh(f, making.workspace);
	g_assert_cmpuint(cache_count(f->cache, making.workspace), ==, 1);
	memory_release(f->backend, MEMORY_CONTROL);
	answer = making_end(&making);
	g_assert_nonnull(strstr(answer, "\"state\":\"Running\""));
	moves = fixture_moves(f, making.workspace);
	g_assert_cmpstr(moves, ==, "+s-000001");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/ended/" #test, test)
	ADD(all_are_shown);
	ADD(those_of_the_last_day_are_shown);
	ADD(the_hidden_are_not_there);
	ADD(it_vanishes_when_it_ends_and_comes_back_when_it_starts);
	ADD(the_link_to_the_last_one_made_stays);
	ADD(it_vanishes_when_a_day_has_passed);
	ADD(without_times_the_first_sight_counts);
	ADD(what_was_hidden_without_times_stays_hidden);
	ADD(what_the_disk_holds_vanishes_too);
	ADD(what_is_steered_here_stays_until_the_sweep_after);
	ADD(what_is_being_created_is_not_hidden);
	ADD(what_is_created_here_stays_until_the_sweep_after);
	return g_test_run();
}
