/* Answers that arrive in another order than they were asked for. */
#include "cache/merge/apply.h"

#include <string.h>

#include "cache_fixture.h"

/* Times of what was noticed may be so far ahead. */
#define AHEAD_NS 20000000

static Dir *workspace_of(Fixture *f)
{
	fixture_open(f, NULL, NULL);
	return dir_find(f->cache, fixture_workspace(f, "m-1"));
}

/* The answer "this session is in that state", which says so that often. */
static void answer_n(Dir *dir, const char *id, const char *state, guint32 tick,
	guint32 relist, guint n)
{
	g_autoptr(Session) session = session_new();
	Session *const named[] = {session, session};
	g_autoptr(GError) error = NULL;
	gboolean ok;

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup(state);
	session->phase = PHASE_IDLE;
	session->body = g_strdup_printf("{\"state\":\"%s\"}", state);
	session->body_len = strlen(session->body);
	ok = apply_sessions(dir, named, n, tick, relist, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	news_deliver(dir->cache->news);
}

static void answer(Dir *dir, const char *id, const char *state, guint32 tick,
	guint32 relist)
{
	answer_n(dir, id, state, tick, relist, 1);
}

/* The ids that are to be asked for, joined by a blank. */
static char *end_listed(Dir *dir, Listed *listed)
{
	g_autoptr(GPtrArray) missed = apply_missed(dir, listed, 2);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < missed->len; i++)
		g_string_append_printf(out, "%s%s", i > 0 ? " " : "",
			(char *)g_ptr_array_index(missed, i));
	g_assert_true(apply_relist_end(dir, listed, NULL));
	news_deliver(dir->cache->news);
	return g_string_free(out, FALSE);
}

static void end_sweep(
	Dir *dir, guint32 relist, guint32 first_tick, const char *missed)
{
	Listed listed = {relist, first_tick, 1, FALSE};
	g_autofree char *ids = end_listed(dir, &listed);

	g_assert_cmpstr(ids, ==, missed);
}

static void check_state(Fixture *f, Dir *dir, const char *id, const char *want)
{
	guint32 session = fixture_find(f, dir->number, id);
	g_autofree char *state = NULL;

	g_assert_cmpuint(session, !=, 0);
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, want);
}

static void an_older_page_does_not_undo_a_newer_answer(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	guint32 page, get;

	answer(dir, "s-1", "Stopped", dir_tick(dir), 1);
	page = dir_tick(dir);
	get = dir_tick(dir);
	answer(dir, "s-1", "Running", get, 0);
	answer(dir, "s-1", "Stopped", page, 2);
	check_state(f, dir, "s-1", "Running\n");
	end_sweep(dir, 2, page, "");
	check_state(f, dir, "s-1", "Running\n");
	answer(dir, "s-1", "Stopped", dir_tick(dir), 3);
	check_state(f, dir, "s-1", "Stopped\n");
}

static void who_is_named_twice_in_an_answer_changes_once(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	guint32 session;

	answer(dir, "s-1", "Stopped", dir_tick(dir), 1);
	session = fixture_find(f, dir->number, "s-1");
	answer_n(dir, "s-1", "Running", dir_tick(dir), 0, 2);
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, session), ==, 1);
	answer_n(dir, "s-1", "Stopped", dir_tick(dir), 2, 2);
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, session), ==, 2);
}

static void what_was_made_during_a_sweep_stays_at_its_end(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL;
	Dir *dir = workspace_of(f);
	guint32 first = dir_tick(dir);

	answer(dir, "s-1", "Running", dir_tick(dir), 7);
	answer(dir, "s-2", "Running", dir_tick(dir), 0);
	end_sweep(dir, 7, first, "");
	check_state(f, dir, "s-2", "Running\n");
	/* Two full listings that began later and do not name it end it. */
	for (guint32 relist = 8; relist < 10; relist++) {
		first = dir_tick(dir);
		check_state(f, dir, "s-2", "Running\n");
		answer(dir, "s-1", "Running", dir_tick(dir), relist);
		end_sweep(dir, relist, first, relist == 8 ? "s-2" : "");
	}
	moves = fixture_moves(f, dir->number);
	g_assert_cmpstr(moves, ==, "+s-1 +s-2 -s-2");
}

/* A full listing in which s-1 and s-2 are named, or are not. */
static char *relist(Dir *dir, guint32 number, gboolean named, gboolean gaps)
{
	Listed listed = {number, dir_tick(dir), 1, gaps};

	for (guint i = 1; named && i <= 2; i++) {
		g_autofree char *id = g_strdup_printf("s-%u", i);

		answer(dir, id, "Running", dir_tick(dir), number);
	}
	return end_listed(dir, &listed);
}

/* Pages shift while sessions come and go. */
static void one_listing_that_misses_takes_nothing_away(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = NULL, *two = NULL, *three = NULL;
	Dir *dir = workspace_of(f);

	g_free(relist(dir, 11, TRUE, FALSE));
	one = relist(dir, 12, FALSE, FALSE);
	g_assert_cmpstr(one, ==, "s-1 s-2");
	g_assert_cmpuint(cache_count(f->cache, dir->number), ==, 2);
	g_free(relist(dir, 13, TRUE, FALSE));
	two = relist(dir, 14, FALSE, FALSE);
	g_assert_cmpstr(two, ==, "s-1 s-2");
	g_assert_cmpuint(cache_count(f->cache, dir->number), ==, 2);
	three = relist(dir, 15, FALSE, FALSE);
	g_assert_cmpstr(three, ==, ""); /* asked for once */
	g_assert_cmpuint(cache_count(f->cache, dir->number), ==, 0);
}

static void a_listing_with_gaps_takes_nothing_away(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);

	g_free(relist(dir, 11, TRUE, FALSE));
	for (guint32 number = 12; number < 15; number++) {
		g_autofree char *ids = relist(dir, number, FALSE, TRUE);

		g_assert_cmpstr(ids, ==, "s-1 s-2");
	}
	g_assert_cmpuint(cache_count(f->cache, dir->number), ==, 2);
	g_free(relist(dir, 15, FALSE, FALSE));
	g_assert_cmpuint(cache_count(f->cache, dir->number), ==, 0);
}

/* What the provider says of it is older than what was seen of it. */
static void what_returns_is_not_older_than_it_was(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	g_autoptr(Session) session = session_new();
	guint32 number;
	gint64 before;

	session->id = g_strdup("s-1");
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->body = g_strdup("{}");
	session->body_len = 2;
	session->changed_ms = 1000000000000;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	number = fixture_find(f, dir->number, "s-1");
	session->changed_ms = 0;
	session->phase = PHASE_BUSY;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	before = fixture_mtime(f, number, SESSION_PHASE);
	g_assert_true(apply_gone(dir, "s-1", dir_tick(dir), NULL));
	session->changed_ms = 1000000000000;
	session->phase = PHASE_IDLE;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	g_assert_cmpuint(fixture_find(f, dir->number, "s-1"), ==, number);
	g_assert_cmpint(fixture_mtime(f, number, SESSION_PHASE), >, before);
	g_assert_cmpint(fixture_mtime(f, number, SESSION_STATE), >=, before);
}

/* The same over a restart, when only the membership's time is on disk. */
static void what_returns_later_is_not_older_than_it_was(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	guint32 number;
	gint64 before;

	memory_put(f->backend, "m-1", "s-1", NULL, "Running");
	fixture_refresh(f, dir->number);
	memory_put(f->backend, "m-1", "s-1", NULL, "Busy");
	fixture_refresh(f, dir->number);
	number = fixture_find(f, dir->number, "s-1");
	before = fixture_mtime(f, number, SESSION_STATE);
	g_assert_true(apply_gone(dir, "s-1", dir_tick(dir), NULL));
	fixture_close(f);
	dir = workspace_of(f);
	answer(dir, "s-1", "Running", dir_tick(dir), 0);
	g_assert_cmpuint(fixture_find(f, dir->number, "s-1"), ==, number);
	g_assert_cmpint(fixture_mtime(f, number, SESSION_STATE), >, before);
}

/* A time that cannot be counted in nanoseconds. */
static void a_time_beyond_all_bounds_is_none(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	g_autoptr(Session) session = session_new();
	guint32 number;

	session->id = g_strdup("s-1");
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->body = g_strdup("{}");
	session->body_len = 2;
	session->created_ms = session->changed_ms = G_MAXINT64;
	listing_restore(dir->listing, 0);
	for (guint i = 0; i < 2; i++) {
		session->phase = i == 0 ? PHASE_IDLE : PHASE_BUSY;
		g_assert_true(apply_sessions(
			dir, &session, 1, dir_tick(dir), 0, NULL));
	}
	number = fixture_find(f, dir->number, "s-1");
	g_assert_cmpint(fixture_mtime(f, number, SESSION_PHASE), <=,
		g_get_real_time() * 1000 + AHEAD_NS);
}

/* Whoever read the old bytes, or listed without it, must find it newer than that,
 * whatever the provider says of when it was. */
static void what_moves_is_newer_than_any_answer_before(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	g_autoptr(Session) session = session_new();
	guint32 number;
	gint64 asked;

	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->body = g_strdup("{}");
	session->body_len = 2;
	session->changed_ms = 1000000000000;
	listing_restore(dir->listing, 0);
	session->id = g_strdup("s-1");
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	number = fixture_find(f, dir->number, "s-1");
	g_assert_cmpint(fixture_mtime(f, number, SESSION_STATE), ==,
		session->changed_ms * 1000000);
	asked = g_get_real_time() * 1000;
	session->changed_ms += 1000;
	session->phase = PHASE_BUSY;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	g_assert_cmpint(fixture_mtime(f, number, SESSION_PHASE), >, asked);
	listing_restore(dir->listing, 1);
	g_free(session->id);
	session->id = g_strdup("s-2");
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	number = fixture_find(f, dir->number, "s-2");
	g_assert_cmpint(fixture_mtime(f, number, SESSION_STATE), >, asked);
}

static void an_older_absence_takes_nothing_away(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	guint32 get = dir_tick(dir);

	answer(dir, "s-1", "Running", dir_tick(dir), 0);
	g_assert_true(apply_gone(dir, "s-1", get, NULL));
	check_state(f, dir, "s-1", "Running\n");
	g_assert_true(apply_gone(dir, "s-1", dir_tick(dir), NULL));
	g_assert_cmpuint(fixture_find(f, dir->number, "s-1"), ==, 0);
	g_assert_true(apply_gone(dir, "never", dir_tick(dir), NULL));
}

static void passing_sessions_are_counted(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	g_autoptr(Session) session = session_new();

	session->id = g_strdup("s-1");
	session->name = g_strdup("");
	session->state = g_strdup("Starting");
	session->phase = PHASE_STARTING;
	session->body = g_strdup("{}");
	session->body_len = 2;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	g_assert_cmpuint(dir->passing, ==, 1);
	session->phase = PHASE_STOPPING;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	g_assert_cmpuint(dir->passing, ==, 1);
	session->phase = PHASE_IDLE;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	g_assert_cmpuint(dir->passing, ==, 0);
	session->phase = PHASE_STARTING;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	g_assert_true(apply_gone(dir, "s-1", dir_tick(dir), NULL));
	g_assert_cmpuint(dir->passing, ==, 0);
}

/* The provider tells no times: the clock must do, and never stand still. */
static void each_change_has_a_later_time(void)
{
	static const char *const states[] = {"Busy", "Running"};
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	guint32 session;
	gint64 before;

	answer(dir, "s-1", "Running", dir_tick(dir), 0);
	session = fixture_find(f, dir->number, "s-1");
	before = fixture_mtime(f, session, SESSION_STATE);
	for (guint i = 0; i < 100; i++) {
		gint64 now;

		answer(dir, "s-1", states[i % 2], dir_tick(dir), 0);
		now = fixture_mtime(f, session, SESSION_STATE);
		g_assert_cmpint(now, >, before);
		before = now;
	}
}

static void a_readers_snapshot_stays_as_it_was(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	g_autoptr(Snapshot) kept = NULL;
	g_autofree char *body = NULL;
	const Row *row;

	answer(dir, "s-1", "Running", dir_tick(dir), 0);
	kept = dir_snapshot(dir);
	answer(dir, "s-1", "Stopped", dir_tick(dir), 0);
	g_assert_true(apply_gone(dir, "s-1", dir_tick(dir), NULL));
	g_assert_cmpuint(kept->count, ==, 1);
	row = snapshot_find(kept, kept->blocks[0].first);
	body = dir_body(dir, kept, row, NULL);
	g_assert_cmpstr(body, ==, "{\"state\":\"Running\"}");
}

static void check_told(Fixture *f, guint32 parent, const char *want)
{
	g_autofree char *told = fixture_told(f, parent);

	g_assert_cmpstr(told, ==, want);
	fixture_forget_news(f);
}

static void news_tell_the_words_before_and_after(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);

	fixture_refresh(f, dir->number);
	fixture_forget_news(f);
	answer(dir, "s/1", "Running", dir_tick(dir), 0);
	check_told(f, dir->number, "+s/1(Running)");
	answer(dir, "s/1", "Running", dir_tick(dir), 0);
	check_told(f, dir->number, "");
	answer(dir, "s/1", "Busy", dir_tick(dir), 0);
	check_told(f, dir->number, "s/1(Running>Busy:11)");
	g_assert_true(apply_gone(dir, "s/1", dir_tick(dir), NULL));
	news_deliver(dir->cache->news);
	check_told(f, dir->number, "-s/1(Busy)");
}

/* What was there all the time did not happen just now. */
static void what_a_first_listing_finds_is_no_event(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);

	listing_restore(dir->listing, 0);
	fixture_forget_news(f);
	answer(dir, "s-1", "Running", dir_tick(dir), 0);
	check_told(f, dir->number, "?+s-1(Running)");
	answer(dir, "s-1", "Busy", dir_tick(dir), 0);
	check_told(f, dir->number, "s-1(Running>Busy:11)");
	apply_operation_begins(dir, "s-2", NULL);
	answer(dir, "s-2", "Running", dir_tick(dir), 0);
	check_told(f, dir->number, "+s-2(Running)");
	memory_put(f->backend, "m-1", "s-1", NULL, "Busy");
	memory_put(f->backend, "m-1", "s-2", NULL, "Running");
	memory_put(f->backend, "m-1", "s-3", NULL, "Running");
	fixture_refresh(f, dir->number);
	fixture_forget_news(f);
	answer(dir, "s-4", "Running", dir_tick(dir), 0);
	check_told(f, dir->number, "+s-4(Running)");
}

static void that_more_is_known_is_no_event(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	g_autoptr(Session) session = session_new();

	fixture_refresh(f, dir->number);
	session->id = g_strdup("s-1");
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->body = g_strdup("{\"a\":1}");
	session->body_len = strlen(session->body);
	session->partial = TRUE;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	news_deliver(dir->cache->news);
	fixture_forget_news(f);
	g_free(session->body);
	session->body = g_strdup("{\"a\":1,\"b\":2}");
	session->body_len = strlen(session->body);
	session->partial = FALSE;
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	news_deliver(dir->cache->news);
	check_told(f, dir->number, "?s-1(Running>Running:10)");
	g_free(session->body);
	session->body = g_strdup("{\"a\":1,\"b\":3}");
	g_assert_true(apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL));
	news_deliver(dir->cache->news);
	check_told(f, dir->number, "s-1(Running>Running:10)");
}

/* Google's answers are indented, those of a list by more than those of one. */
static void white_space_is_no_event(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	static const char *const bodies[] = {
		"{\n      \"a b\": \"c  d\",\n      \"e\": [1]\n    }",
		"{\n  \"a b\": \"c  d\",\n  \"e\": [1]\n}",
		"{\"a b\":\"c  d\",\"e\":[1]}",
		"{\"a b\":\"c d\",\"e\":[1]}",
		"{\"a b\":\"c d\",\"e\":[1,2]}",
		"{\"a b\":\"c d\"}",
	};
	static const char *const told[] = {"+s-1(Running)", "", "",
		"s-1(Running>Running:10)", "s-1(Running>Running:10)",
		"s-1(Running>Running:10)"};

	fixture_refresh(f, dir->number);
	fixture_forget_news(f);
	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(Session) session = session_new();

		session->id = g_strdup("s-1");
		session->name = g_strdup("");
		session->state = g_strdup("Running");
		session->body = g_strdup(bodies[i]);
		session->body_len = strlen(session->body);
		g_assert_true(apply_sessions(
			dir, &session, 1, dir_tick(dir), 0, NULL));
		news_deliver(dir->cache->news);
		check_told(f, dir->number, told[i]);
	}
}

static void a_place_and_a_state_are_known_by_number(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);
	const char *provider = NULL, *workspace = NULL;
	SessionState state = {.phase = PHASE_FAILED};
	guint32 session;

	answer(dir, "s-1", "Running", dir_tick(dir), 0);
	session = fixture_find(f, dir->number, "s-1");
	g_assert_true(cache_state(f->cache, session, &state));
	g_assert_cmpstr(state.word, ==, "Running");
	g_assert_cmpint(state.phase, ==, PHASE_IDLE);
	g_assert_true(apply_gone(dir, "s-1", dir_tick(dir), NULL));
	g_assert_false(cache_state(f->cache, session, &state));
	cache_place(f->cache, session, &provider, &workspace);
	g_assert_cmpstr(provider, ==, "m");
	g_assert_cmpstr(workspace, ==, "m-1");
	cache_place(f->cache, f->provider, &provider, &workspace);
	g_assert_cmpstr(provider, ==, "m");
	g_assert_null(workspace);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/apply/" #name, name)
	ADD(an_older_page_does_not_undo_a_newer_answer);
	ADD(who_is_named_twice_in_an_answer_changes_once);
	ADD(what_was_made_during_a_sweep_stays_at_its_end);
	ADD(one_listing_that_misses_takes_nothing_away);
	ADD(a_listing_with_gaps_takes_nothing_away);
	ADD(what_returns_is_not_older_than_it_was);
	ADD(what_returns_later_is_not_older_than_it_was);
	ADD(a_time_beyond_all_bounds_is_none);
	ADD(what_moves_is_newer_than_any_answer_before);
	ADD(an_older_absence_takes_nothing_away);
	ADD(passing_sessions_are_counted);
	ADD(each_change_has_a_later_time);
	ADD(a_readers_snapshot_stays_as_it_was);
	ADD(news_tell_the_words_before_and_after);
	ADD(what_a_first_listing_finds_is_no_event);
	ADD(that_more_is_known_is_no_event);
	ADD(white_space_is_no_event);
	ADD(a_place_and_a_state_are_known_by_number);
	return g_test_run();
}
