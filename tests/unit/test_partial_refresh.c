#include "cache/refresh/partial_refresh.h"

#include "backends/classes.h"
#include "cache/model/listings_inside.h"
#include "cache/refresh/refresh.h"
#include "cache_fixture.h"
#include "fake_clock.h"

#define SECOND G_USEC_PER_SEC

/* Its listing, or its partial refreshes, are never due by themselves for an hour. */
#define LONG_US (G_GINT64_CONSTANT(3600) * SECOND)

static BackendClass class;

/* A provider whose workspace m-1 has so many running sessions on pages of two.
 * Its number. */
static guint32 open_pages(
	Fixture *f, const char *sessions, gboolean newest, gboolean living)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;

	g_hash_table_insert(keys, (gpointer) "sessions", (gpointer)sessions);
	g_hash_table_insert(keys, (gpointer) "page", (gpointer) "2");
	class = memory_rich_class(FALSE);
	memory_class_lists(&class, newest, living);
	f->other = backend_open(&class, keys, &error);
	g_assert_no_error(error);
	f->refresh_ms = 200;
	fixture_open(f, NULL, NULL);
	return fixture_workspace(f, "m-1");
}

static gint64 due_of(Dir *dir, gint64 now_us)
{
	ListingState listing = listing_get(dir->listing);
	PartialState partial = partials_get(dir->partials);

	return partial_refresh_due_us(dir, &listing, &partial, now_us);
}

/* From now on only partial refreshes ask. */
static void stop_sweeps(Fixture *f, guint32 workspace)
{
	Dir *dir = dir_find(f->cache, workspace);

	mutex_lock(&dir->listing->lock);
	dir->listing->now.took_us = LONG_US;
	mutex_unlock(&dir->listing->lock);
}

static guint32 session_number(Fixture *f, guint32 workspace, guint i)
{
	g_autofree char *name = g_strdup_printf("s-%06u", i);
	guint32 number = fixture_find(f, workspace, name);

	g_assert_cmpuint(number, !=, 0);
	return number;
}

static gboolean shows(Fixture *f, guint32 session, const char *state)
{
	g_autofree char *text = fixture_read(f, session, SESSION_STATE);

	return g_str_equal(g_strchomp(text), state);
}

static void watch(Fixture *f, guint32 workspace, guint32 session)
{
	cache_watch(f->cache, workspace, &session, 1);
	cache_hold(f->cache, workspace, TRUE);
}

static guint64 asked(Fixture *f)
{
	return memory_calls(f->backend, MEMORY_GET);
}

/* ---- one by one ---- */

static void a_watched_session_is_asked_for_beside_a_listing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE);
	guint32 one = session_number(f, workspace, 39);
	guint32 other = session_number(f, workspace, 38);

	memory_hold(f->backend, MEMORY_LIST_PAGE);
	watch(f, workspace, one);
	fixture_until(memory_running(f->backend, MEMORY_LIST_PAGE) > 0);
	for (guint i = 0; i < 4; i++) {
		const char *state = i % 2 == 0 ? "Busy" : "Error";

		memory_put(f->backend, "m-1", "s-000039", NULL, state);
		memory_put(f->backend, "m-1", "s-000038", NULL, state);
		fixture_until(shows(f, one, state));
		g_assert_true(shows(f, other, "Running"));
	}
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, one), ==, 4);
	memory_release(f->backend, MEMORY_LIST_PAGE);
	fixture_until(shows(f, other, "Error"));
	cache_hold(f->cache, workspace, FALSE);
}

static gboolean is_asking(Fixture *f, guint32 workspace)
{
	const Dir *dir = dir_find(f->cache, workspace);

	return partials_get(dir->partials).running;
}

/* While time passes, and somebody looks at that number; 0: nobody looks. */
static void nothing_is_asked(Fixture *f, guint32 workspace, guint32 number)
{
	guint64 before;

	fixture_until(!is_asking(f, workspace));
	before = asked(f);
	for (guint i = 0; i < 30; i++) {
		if (number != 0)
			cache_look(f->cache, number);
		clock_forward(50);
		refresh_run(f->cache);
		g_assert_false(is_asking(f, workspace));
	}
	g_assert_cmpuint(asked(f), ==, before);
}

/* Somebody looks, and time of the clock passes, but not while it is asked: the longer
 * that takes, the later is the next. */
static guint64 look_on(Fixture *f, guint32 workspace, guint32 number)
{
	cache_look(f->cache, number);
	if (!is_asking(f, workspace))
		clock_forward(10);
	return asked(f);
}

static void a_look_at_a_session_is_enough(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, one;

	f->clock = &clock_fake;
	f->window_ms = 1000;
	workspace = open_pages(f, "40", FALSE, FALSE);
	one = session_number(f, workspace, 20);
	stop_sweeps(f, workspace);
	nothing_is_asked(f, workspace, workspace);
	g_assert_cmpuint(asked(f), ==, 0);
	fixture_until(look_on(f, workspace, one) >= 2);
	/* Nobody does any more. */
	clock_forward(10000);
	fixture_until(fixture_status_number(f, workspace, "watched") == 0);
	nothing_is_asked(f, workspace, 0);
}

/* Those of a view would crowd out the sessions. */
static void a_look_at_what_is_no_session_is_none(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE);
	Entry group;

	fixture_until(cache_group_find(f->cache, workspace, BY_STATE, "Running",
			      &group, NULL) == KNOWN_YES);
	cache_look(f->cache, group.number);
	g_assert_cmpuint(fixture_status_number(f, workspace, "watched"), ==, 0);
	cache_look(f->cache, session_number(f, workspace, 1));
	g_assert_cmpuint(fixture_status_number(f, workspace, "watched"), ==, 1);
}

static void nobody_watches_without_interest(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", TRUE, TRUE);
	guint64 pages = memory_calls(f->backend, MEMORY_LIST_PAGE);
	guint32 one = session_number(f, workspace, 1);
	Dir *dir = dir_find(f->cache, workspace);
	gint64 due_us;

	stop_sweeps(f, workspace);
	cache_watch(f->cache, workspace, &one, 1);
	due_us = due_of(dir, clock_now_us(&clock_real) + LONG_US);
	g_assert_cmpint(due_us, ==, G_MAXINT64);
	g_assert_cmpuint(asked(f), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_PAGE), ==, pages);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_LIVING), ==, 0);
}

static void one_page_is_cheaper_than_any_glance(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "2", TRUE, TRUE);
	guint64 pages = memory_calls(f->backend, MEMORY_LIST_PAGE);

	memory_delay(f->backend, MEMORY_LIST_PAGE, 250);
	watch(f, workspace, session_number(f, workspace, 1));
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) > pages + 2);
	g_assert_cmpuint(asked(f), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_LIVING), ==, 0);
	cache_hold(f->cache, workspace, FALSE);
}

static void all_have_their_turn(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "200", FALSE, FALSE);
	guint32 node_ids[200];
	guint changed = 0;

	stop_sweeps(f, workspace);
	for (guint i = 0; i < 200; i++) {
		g_autofree char *id = g_strdup_printf("s-%06u", i + 1);

		node_ids[i] = session_number(f, workspace, i + 1);
		memory_put(f->backend, "m-1", id, NULL, "Busy");
	}
	cache_watch(f->cache, workspace, node_ids, 200);
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(fixture_count_news(f, NEWS_CHANGED, 0) == 200);
	/* Nobody twice before the last. */
	g_assert_cmpuint(asked(f), <=, 256);
	for (guint i = 0; i < 200; i++)
		changed += shows(f, node_ids[i], "Busy");
	g_assert_cmpuint(changed, ==, 200);
	cache_hold(f->cache, workspace, FALSE);
}

static void what_is_gone_vanishes(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE);
	Entry entry;
	guint32 one = session_number(f, workspace, 5);

	stop_sweeps(f, workspace);
	watch(f, workspace, one);
	memory_remove(f->backend, "m-1", "s-000005");
	memory_remove(f->backend, "m-1", "s-000006");
	fixture_until(!cache_entry(f->cache, one, &entry));
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 1);
	cache_hold(f->cache, workspace, FALSE);
}

static void an_answer_that_says_the_same_is_no_news(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", TRUE, TRUE);

	watch(f, workspace, session_number(f, workspace, 5));
	fixture_forget_news(f);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_LIVING) > 8 &&
		      fixture_status_number(f, workspace, "generation") > 3);
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, 0), ==, 0);
	g_assert_cmpuint(fixture_count_news(f, NEWS_APPEARED, 0), ==, 0);
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 0);
	cache_hold(f->cache, workspace, FALSE);
}

/* ---- lists ---- */

static void new_ones_are_seen_at_the_head_of_the_list(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", TRUE, FALSE);
	guint64 before, glances;

	stop_sweeps(f, workspace);
	before = memory_calls(f->backend, MEMORY_LIST_PAGE);
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) >= before + 3);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *id = g_strdup_printf("x-%u", i);

		memory_put(f->backend, "m-1", id, NULL, "Running");
	}
	/* Three pages bring all five. */
	fixture_until(cache_count(f->cache, workspace) == 45);
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 0);
	g_assert_cmpuint(
		fixture_status_number(f, workspace, "generation"), ==, 1);
	/* Then each partial refresh is one page. */
	before = memory_calls(f->backend, MEMORY_LIST_PAGE);
	glances = g_get_monotonic_time();
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) >= before + 3);
	g_assert_cmpint(g_get_monotonic_time() - (gint64)glances, >=, 350000);
	cache_hold(f->cache, workspace, FALSE);
}

/* All but three have ended. */
static guint32 open_living(Fixture *f)
{
	guint32 workspace = open_pages(f, "0", TRUE, TRUE);

	for (guint i = 1; i <= 40; i++) {
		g_autofree char *id = g_strdup_printf("s-%06u", i);

		memory_put(f->backend, "m-1", id, NULL,
			i % 16 == 0 ? "Running" : "Stopped");
	}
	memory_put(f->backend, "m-1", "s-000001", NULL, "Running");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 40);
	stop_sweeps(f, workspace);
	fixture_forget_news(f);
	return workspace;
}

static void the_living_are_listed_alone(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_living(f);
	guint64 pages = memory_calls(f->backend, MEMORY_LIST_PAGE);
	guint32 one = session_number(f, workspace, 16);

	memory_put(f->backend, "m-1", "s-000016", NULL, "Busy");
	memory_put(f->backend, "m-1", "x-1", NULL, "Running");
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(shows(f, one, "Busy"));
	fixture_until(cache_count(f->cache, workspace) == 41);
	g_assert_cmpuint(asked(f), ==, 0);
	/* Who is not named is asked for: he has ended, or is gone. */
	memory_put(f->backend, "m-1", "s-000016", NULL, "Stopped");
	memory_remove(f->backend, "m-1", "s-000001");
	fixture_until(shows(f, one, "Stopped"));
	fixture_until(cache_count(f->cache, workspace) == 40);
	/* Listings named who is gone: one answer is not enough. */
	g_assert_cmpuint(asked(f), ==, 3);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_PAGE), ==, pages);
	cache_hold(f->cache, workspace, FALSE);
}

static void what_the_list_tells_is_not_asked_for(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_living(f);
	guint64 before;

	watch(f, workspace, session_number(f, workspace, 16));
	fixture_until(memory_calls(f->backend, MEMORY_LIST_LIVING) > 4);
	before = asked(f);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_LIVING) > 12);
	g_assert_cmpuint(asked(f), ==, before);
	cache_hold(f->cache, workspace, FALSE);
}

static void too_many_living_are_left_to_the_listing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", TRUE, TRUE);
	guint64 pages;

	stop_sweeps(f, workspace);
	cache_hold(f->cache, workspace, TRUE);
	pages = memory_calls(f->backend, MEMORY_LIST_PAGE);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) > pages + 4);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_LIST_LIVING), ==, 4);
	g_assert_cmpuint(asked(f), ==, 0);
	cache_hold(f->cache, workspace, FALSE);
}

/* ---- when ---- */

/* Seconds until a partial refresh of a workspace of many pages, begun just now; -1:
 * never. */
static gint64 due_in(
	Dir *dir, PartialState partial_refresh, ListingState listing)
{
	gint64 now = g_get_monotonic_time(), due;

	partial_refresh.started_us = listing.started_us = now;
	due = partial_refresh_due_us(dir, &listing, &partial_refresh, now);
	return due == G_MAXINT64 ? -1 : (due - now) / SECOND;
}

static void the_interval_follows_what_happens(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 now = g_get_monotonic_time();
	const struct {
		PartialState partial_refresh;
		ListingState listing;
		gint64 due;
	} cases[] = {
		{{0}, {.pages = 1000}, 5},
		{{0}, {.pages = 16}, -1},
		{{0}, {.pages = 2, .took_us = SECOND}, -1},
		{{0}, {.pages = 2, .took_us = 2 * SECOND}, 5},
		{{0}, {.pages = 1, .took_us = 100 * SECOND}, -1},
		{{0}, {.pages = 1000, .relisting = TRUE}, 5},
		{{.running = TRUE}, {.pages = 1000}, -1},
		{{.boost = TRUE}, {.pages = 1000}, 1},
		{{0}, {.pages = 1000, .boost_us = now + 100 * SECOND}, 1},
		{{.took_us = 4 * SECOND}, {.pages = 1000}, 8},
		{{.failures = 1}, {.pages = 1000}, 10},
		{{.failures = 3, .boost = TRUE}, {.pages = 1000}, 8},
		{{.failures = 100}, {.pages = 1000}, 300},
		{{.retry_us = now + 40 * SECOND}, {.pages = 1000}, 40},
		{{0}, {.pages = 1000, .retry_us = now + 40 * SECOND}, 40},
		{{.asked = TRUE}, {.pages = 1000}, 1},
		{{.asked = TRUE, .retry_us = now + 40 * SECOND},
			{.pages = 1000}, 40},
	};
	guint32 workspace = open_pages(f, "2", FALSE, FALSE), one;
	Dir *dir = dir_find(f->cache, workspace);

	dir->provider->refresh_ms = 5000;
	one = session_number(f, workspace, 1);
	cache_watch(f->cache, workspace, &one, 1);
	g_assert_cmpint(
		due_in(dir, (PartialState){0}, cases[0].listing), ==, -1);
	cache_look(f->cache, one);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 due =
			due_in(dir, cases[i].partial_refresh, cases[i].listing);

		g_test_message("case %u", i);
		g_assert_cmpint(due, <=, cases[i].due);
		g_assert_cmpint(due, >=, MAX(cases[i].due - 1, -1));
	}
	__atomic_store_n(&dir->looked_us, 0, __ATOMIC_RELAXED);
	g_assert_cmpint(
		due_in(dir, (PartialState){.asked = TRUE}, cases[0].listing),
		>=, 0);
}

static void refusals_make_it_rarer(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE);
	guint32 one = session_number(f, workspace, 1);
	gint64 begun = g_get_monotonic_time();

	stop_sweeps(f, workspace);
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_THROTTLED);
	watch(f, workspace, one);
	/* After 0.2, 0.4, 0.8 and 1.6 seconds. */
	fixture_until(asked(f) == 4);
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 1200000);
	memory_heal(f->backend);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	fixture_until(shows(f, one, "Busy"));
	cache_hold(f->cache, workspace, FALSE);
}

static void one_that_makes_no_sense_hinders_no_other(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE);
	guint32 node_ids[2] = {session_number(f, workspace, 1),
		session_number(f, workspace, 2)};

	stop_sweeps(f, workspace);
	memory_fail(f->backend, MEMORY_GET, 0, 1, BACKEND_ERROR_BAD_ANSWER);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	memory_put(f->backend, "m-1", "s-000002", NULL, "Busy");
	cache_watch(f->cache, workspace, node_ids, 2);
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(
		shows(f, node_ids[0], "Busy") && shows(f, node_ids[1], "Busy"));
	cache_hold(f->cache, workspace, FALSE);
}

/* A refusal of one session, or of one kind of list, leaves the rest. */
static void what_is_refused_hinders_nothing_else(void)
{
	const BackendErrorCode codes[] = {
		BACKEND_ERROR_DENIED, BACKEND_ERROR_INVALID};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(Fixture) f = fixture_new();
		guint32 workspace = open_pages(f, "40", TRUE, TRUE);

		stop_sweeps(f, workspace);
		memory_fail(f->backend, MEMORY_GET, 0, 0, codes[i]);
		memory_fail(f->backend, MEMORY_LIST_LIVING, 0, 0, codes[i]);
		watch(f, workspace, session_number(f, workspace, 1));
		memory_put(f->backend, "m-1", "x-1", NULL, "Running");
		fixture_until(cache_count(f->cache, workspace) == 41);
		fixture_until(asked(f) >= 3);
		g_assert_cmpuint(
			memory_calls(f->backend, MEMORY_LIST_LIVING), ==, 1);
		cache_hold(f->cache, workspace, FALSE);
	}
}

static gboolean has_failed(Dir *dir)
{
	PartialState now = partials_get(dir->partials);

	return now.failures > 0 && !now.running;
}

/* All in one partial refresh: the next would be an hour later. */
static void a_failure_for_one_ends_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", TRUE, FALSE), node_ids[20];
	guint told = 0;

	for (guint i = 0; i < 20; i++) {
		g_autofree char *id = g_strdup_printf("s-%06u", i + 1);

		node_ids[i] = session_number(f, workspace, i + 1);
		memory_put(f->backend, "m-1", id, NULL, "Busy");
	}
	memory_put(f->backend, "m-1", "x-1", NULL, "Running");
	dir_find(f->cache, workspace)->provider->refresh_ms = 3600 * 1000;
	stop_sweeps(f, workspace);
	memory_fail(f->backend, MEMORY_GET, 0, 1, BACKEND_ERROR_REMOTE);
	cache_watch(f->cache, workspace, node_ids, 20);
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(cache_count(f->cache, workspace) == 41);
	for (guint i = 0; i < 20; i++)
		told += shows(f, node_ids[i], "Busy");
	g_assert_cmpuint(told, ==, 19);
	cache_hold(f->cache, workspace, FALSE);
}

static void fail_and_see(guint watched)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE), node_ids[40];
	Dir *dir = dir_find(f->cache, workspace);

	for (guint i = 0; i < 40; i++)
		node_ids[i] = session_number(f, workspace, i + 1);
	dir->provider->refresh_ms = 3600 * 1000;
	stop_sweeps(f, workspace);
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_REMOTE);
	cache_watch(f->cache, workspace, node_ids, watched);
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(has_failed(dir));
	g_assert_cmpuint(asked(f), <=, 5);
	cache_hold(f->cache, workspace, FALSE);
}

static void a_provider_that_fails_is_left_alone(void)
{
	fail_and_see(40);
	fail_and_see(1);
}

/* The list still tells of others, as often as ever. */
static void a_session_that_always_fails_slows_no_list(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", TRUE, FALSE);
	Dir *dir = dir_find(f->cache, workspace);
	guint64 pages;

	stop_sweeps(f, workspace);
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_REMOTE);
	watch(f, workspace, session_number(f, workspace, 1));
	pages = memory_calls(f->backend, MEMORY_LIST_PAGE);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) > pages + 3);
	g_assert_false(has_failed(dir));
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	fixture_until(has_failed(dir));
	cache_hold(f->cache, workspace, FALSE);
}

static Mutex gate = MUTEX_INIT;

static void wait_at_gate(void *data)
{
	(void)data;
	mutex_lock(&gate);
	mutex_unlock(&gate);
}

static void note_done(void *data)
{
	__atomic_store_n((int *)data, 1, __ATOMIC_RELEASE);
}

/* One thread is free: whoever was to ask beside it comes when it is over. */
static void after_an_error_nobody_goes_on(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_pages(f, "40", FALSE, FALSE), node_ids[40];
	Dir *dir = dir_find(f->cache, workspace);
	int done = 0;

	for (guint i = 0; i < 40; i++)
		node_ids[i] = session_number(f, workspace, i + 1);
	dir->provider->refresh_ms = 3600 * 1000;
	stop_sweeps(f, workspace);
	memory_fail(f->backend, MEMORY_GET, 0, 1, BACKEND_ERROR_THROTTLED);
	mutex_lock(&gate);
	for (guint i = 1; i < POOL_THREADS_MAX; i++)
		g_assert_true(pool_push(
			dir->provider->work[WORK_PARTIAL], wait_at_gate, NULL));
	cache_watch(f->cache, workspace, node_ids, 40);
	cache_hold(f->cache, workspace, TRUE);
	fixture_until(has_failed(dir));
	g_assert_true(
		pool_push(dir->provider->work[WORK_PARTIAL], note_done, &done));
	fixture_until(__atomic_load_n(&done, __ATOMIC_ACQUIRE));
	mutex_unlock(&gate);
	g_assert_cmpuint(asked(f), ==, 1);
	cache_hold(f->cache, workspace, FALSE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/glance/" #name, name)
	ADD(a_watched_session_is_asked_for_beside_a_listing);
	ADD(a_look_at_a_session_is_enough);
	ADD(a_look_at_what_is_no_session_is_none);
	ADD(nobody_watches_without_interest);
	ADD(one_page_is_cheaper_than_any_glance);
	ADD(all_have_their_turn);
	ADD(what_is_gone_vanishes);
	ADD(an_answer_that_says_the_same_is_no_news);
	ADD(new_ones_are_seen_at_the_head_of_the_list);
	ADD(the_living_are_listed_alone);
	ADD(what_the_list_tells_is_not_asked_for);
	ADD(too_many_living_are_left_to_the_listing);
	ADD(the_interval_follows_what_happens);
	ADD(refusals_make_it_rarer);
	ADD(one_that_makes_no_sense_hinders_no_other);
	ADD(what_is_refused_hinders_nothing_else);
	ADD(a_failure_for_one_ends_nothing);
	ADD(a_provider_that_fails_is_left_alone);
	ADD(a_session_that_always_fails_slows_no_list);
	ADD(after_an_error_nobody_goes_on);
	return g_test_run();
}
