#include "cache/refresh/refresh.h"

#include "cache/entry.h"
#include "cache/model/listings_inside.h"
#include "cache/model/pace.h"
#include "cache_fixture.h"
#include "fake_clock.h"

#define SECOND G_USEC_PER_SEC

/* A workspace whose listing the cases set as they like; nothing looks at it. */
static Dir *quiet_workspace(Fixture *f)
{
	guint32 number;
	Dir *dir;

	f->refresh_ms = 5000;
	f->window_ms = 60000;
	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	dir = dir_find(f->cache, number);
	/* Or else it is listed beside the cases, as soon as one looks at it. */
	listing_begin(dir->listing, g_get_monotonic_time());
	return dir;
}

/* When it is due, in seconds from now, with a listing begun `ago` seconds ago;
 * -1: never. */
static gint64 due_in(Dir *dir, ListingState listing, gint64 ago)
{
	gint64 now = g_get_monotonic_time(), due;

	listing.started_us = now - ago * SECOND;
	due = refresh_due_us(dir, &listing, now);
	if (due == G_MAXINT64)
		return -1;
	return (due - now) / SECOND;
}

static void look_at(Dir *dir, gint64 ago)
{
	__atomic_store_n(&dir->looked_us, g_get_monotonic_time() - ago * SECOND,
		__ATOMIC_RELAXED);
}

static void a_directory_nobody_looks_at_is_never_asked(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);

	g_assert_cmpint(due_in(dir, (ListingState){0}, 1000), ==, -1);
	/* Some seconds more, until it is known who holds on. */
	look_at(dir, 65);
	g_assert_cmpint(due_in(dir, (ListingState){0}, 1000), ==, -1);
	look_at(dir, 63);
	g_assert_cmpint(due_in(dir, (ListingState){0}, 1000), <=, 0);
	look_at(dir, 1000);
	__atomic_store_n(&dir->held, 1, __ATOMIC_RELAXED);
	g_assert_cmpint(due_in(dir, (ListingState){0}, 1000), <=, 0);
	__atomic_store_n(&dir->held, 0, __ATOMIC_RELAXED);
	g_assert_cmpint(due_in(dir, (ListingState){.wanted = TRUE}, 1), ==, 0);
	__atomic_store_n(&dir->there, 0, __ATOMIC_RELAXED);
	g_assert_cmpint(due_in(dir, (ListingState){.wanted = TRUE}, 1), ==, -1);
	__atomic_store_n(&dir->there, 1, __ATOMIC_RELAXED);
}

static void the_interval_follows_what_happens(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);
	gint64 now = g_get_monotonic_time();
	const struct {
		ListingState listing;
		gint64 due;
		guint passing;
	} cases[] = {
		{{.complete = TRUE}, 5},
		{{0}, 1, 1},
		{{.boost_us = now + 100 * SECOND}, 1},
		{{.boost_us = now - SECOND}, 5},
		{{.took_us = SECOND}, 5},
		{{.took_us = 3 * SECOND}, 12},
		{{.took_us = SECOND}, 4, 1},
		{{.failures = 1}, 10},
		{{.failures = 3}, 40},
		{{.failures = 100}, 300},
		{{.failures = 1, .retry_us = now + 100 * SECOND}, 100},
		{{.relisting = TRUE}, -1},
		{{.wanted = TRUE, .retry_us = now + 7 * SECOND}, 7},
		{{.asked = TRUE}, 1},
		{{.asked = TRUE, .took_us = 3 * SECOND}, 6},
		{{.asked = TRUE, .failures = 3, .took_us = SECOND}, 16},
		{{.asked = TRUE, .relisting = TRUE}, -1},
		{{.asked = TRUE, .retry_us = now + 70 * SECOND}, 70},
	};

	/* A margin, since the clock goes on. */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 due;

		look_at(dir, 0);
		dir->passing = cases[i].passing;
		due = due_in(dir, cases[i].listing, 0);
		g_assert_cmpint(due, <=, cases[i].due);
		g_assert_cmpint(due, >=, cases[i].due - 1);
	}
	look_at(dir, 1000);
}

static GError *error_of(BackendErrorCode code)
{
	GError *error = NULL;

	backend_error_set(&error, code, "it went wrong");
	return error;
}

/* As after a listing that ended so. */
static ListingState with_error(ListingState state, GError *error)
{
	state.unheard = breaker_counts(error);
	state.broken = pace_is_broken(error);
	return state;
}

/* However long the outage was. */
static void the_pause_after_an_outage_is_short(void)
{
	static const struct {
		BackendErrorCode code;
		gint64 due;
	} cases[] = {
		{BACKEND_ERROR_UNREACHABLE, 30},
		{BACKEND_ERROR_TIMEOUT, 30},
		{BACKEND_ERROR_REMOTE, 30},
		{BACKEND_ERROR_BAD_ANSWER, 30},
		{BACKEND_ERROR_DENIED, 300},
		{BACKEND_ERROR_THROTTLED, 300},
	};
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);

	look_at(dir, 0);
	look_at(dir->parent, 0);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = error_of(cases[i].code);
		const ListingState failed = with_error(
			(ListingState){.failures = 100,
				.failed_us = g_get_monotonic_time() + SECOND},
			error);
		gint64 due = due_in(dir, failed, 0);

		g_assert_cmpint(due, <=, cases[i].due);
		g_assert_cmpint(due, >=, cases[i].due - 1);
		g_assert_cmpint(
			due_in(dir->parent, failed, 0), <=, cases[i].due);
	}
	look_at(dir, 1000);
	look_at(dir->parent, 1000);
}

static void a_call_that_succeeds_ends_the_pause(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);
	g_autoptr(GError) silent = error_of(BACKEND_ERROR_TIMEOUT);
	g_autoptr(GError) broken = error_of(BACKEND_ERROR_REMOTE);
	ListingState failed =
		with_error((ListingState){.failures = 100}, silent);

	/* Not in the same microsecond. */
	failed.failed_us = g_get_monotonic_time() - 1;
	look_at(dir, 0);
	g_assert_cmpint(due_in(dir, failed, 0), >=, 28);
	dir_heard(dir);
	g_assert_cmpint(due_in(dir, failed, 0), <=, 5);
	/* It may be this listing alone that does not work. */
	failed = with_error(failed, broken);
	g_assert_cmpint(due_in(dir, failed, 0), >=, 28);
	look_at(dir, 1000);
}

/* However long the one before has waited for an answer. */
static void who_tells_to_ask_ends_the_pause(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);
	g_autoptr(GError) silent = error_of(BACKEND_ERROR_TIMEOUT);
	g_autoptr(GError) denied = error_of(BACKEND_ERROR_DENIED);
	ListingState failed = with_error(
		(ListingState){
			.failures = 5, .took_us = 10 * SECOND, .asked = TRUE},
		silent);

	look_at(dir, 0);
	failed.failed_us = g_get_monotonic_time();
	g_assert_cmpint(due_in(dir, failed, 10), <=, 0);
	failed = with_error(failed, denied);
	g_assert_cmpint(due_in(dir, failed, 10), >, 5);
	look_at(dir, 1000);
}

/* Lists the workspace for somebody, in place of its listing. */
static Known list_with(Dir *dir, ListingState state, GError *error)
{
	Listing *kept = dir->listing;
	Known known;

	dir->listing = listing_new(dir->cache->news, &(News){0});
	mutex_lock(&dir->listing->lock);
	dir->listing->now = with_error(state, error);
	dir->listing->error = g_error_copy(error);
	mutex_unlock(&dir->listing->lock);
	known = listing_known(dir, NULL);
	listing_free(dir->listing);
	dir->listing = kept;
	return known;
}

static void who_asks_first_does_not_wait_long_for_the_network(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);
	g_autoptr(GError) silent = error_of(BACKEND_ERROR_UNREACHABLE);
	g_autoptr(GError) denied = error_of(BACKEND_ERROR_DENIED);
	gint64 now = g_get_monotonic_time();
	ListingState failed = {
		.failures = 100, .started_us = now, .begged_us = now};

	/* Its thread would list in earnest. */
	scheduler_stop(f->cache->scheduler);
	failed.failed_us = now;
	g_assert_cmpint(list_with(dir, failed, silent), ==, KNOWN_FAILED);
	failed.failed_us = now - 6 * SECOND;
	g_assert_cmpint(list_with(dir, failed, silent), ==, KNOWN_NOT_YET);
	g_assert_cmpint(list_with(dir, failed, denied), ==, KNOWN_FAILED);
	failed.failed_us = now - 1;
	dir_heard(dir);
	g_assert_cmpint(list_with(dir, failed, silent), ==, KNOWN_NOT_YET);
}

static void a_short_interval_is_not_made_longer(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f);

	dir->provider->refresh_ms = 200;
	look_at(dir, 0);
	dir->passing = 1;
	g_assert_cmpint(due_in(dir, (ListingState){0}, 1), <=, 0);
	dir->provider->refresh_ms = 100000;
	g_assert_cmpint(due_in(dir, (ListingState){0}, 0), >=, 19);
	dir->passing = 0;
	look_at(dir, 1000);
}

static void lists_of_workspaces_are_asked_less_often(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = quiet_workspace(f)->parent;

	look_at(dir, 0);
	g_assert_cmpint(due_in(dir, (ListingState){0}, 0), >=, 59);
	g_assert_cmpint(due_in(dir, (ListingState){0}, 60), <=, 0);
	look_at(dir, 1000);
}

static void fixed_workspaces_are_not_asked_for(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir;

	f->workspaces = g_strsplit("m-1", " ", 0);
	dir = quiet_workspace(f)->parent;
	g_assert_false(refresh_is_listing(dir));
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_LIST_WORKSPACES), ==, 0);
}

static guint64 pages(Fixture *f)
{
	return memory_calls(f->backend, MEMORY_LIST_PAGE);
}

/* Whether a listing goes on, or waits for a thread. */
static gboolean is_listing(Fixture *f, guint32 number)
{
	const Dir *dir = dir_find(f->cache, number);

	return listing_get(dir->listing).relisting;
}

/* Time of the clock passes, but not while a listing goes on: the longer one takes,
 * the later is the next. */
static void pass(Fixture *f, guint32 number, gint64 ms)
{
	if (!is_listing(f, number))
		clock_forward(ms);
}

static guint64 look_on(Fixture *f, guint32 number)
{
	cache_look(f->cache, number);
	pass(f, number, 10);
	return pages(f);
}

/* Refreshed every 100 ms. */
static void refreshes_go_on_while_somebody_looks(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint64 calls;
	guint32 number;
	gint64 begun;

	f->clock = &clock_fake;
	f->refresh_ms = 100;
	f->window_ms = 300;
	fixture_open(f, "sessions", "1", NULL);
	begun = clock_now_us(&clock_fake);
	number = fixture_workspace(f, "m-1");
	fixture_until(look_on(f, number) >= 10);
	g_assert_cmpint(
		pages(f), <=, (clock_now_us(&clock_fake) - begun) / 100000 + 3);
	/* Nobody does any more. */
	clock_forward(10000);
	fixture_until(!is_listing(f, number));
	calls = pages(f);
	for (guint i = 0; i < 20; i++) {
		clock_forward(100);
		refresh_run(f->cache);
		g_assert_false(is_listing(f, number));
	}
	g_assert_cmpuint(pages(f), ==, calls);
	cache_hold(f->cache, number, TRUE);
	fixture_until(pages(f) > calls + 3);
	cache_hold(f->cache, number, FALSE);
}

static void who_tells_to_ask_need_not_look(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number, session;
	guint64 calls;

	f->clock = &clock_fake;
	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000001");
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	cache_refresh(f->cache, number);
	fixture_until(fixture_count_news(f, NEWS_CHANGED, session) == 1);
	/* The list of workspaces likewise. */
	calls = memory_calls(f->backend, MEMORY_LIST_WORKSPACES);
	cache_refresh(f->cache, f->provider);
	fixture_until(
		memory_calls(f->backend, MEMORY_LIST_WORKSPACES) == calls + 1);
	/* Neither is anything else asked by that. */
	calls = pages(f);
	cache_refresh(f->cache, session);
	cache_refresh(f->cache, 0);
	cache_refresh(f->cache, CACHE_NUMBER_MAX);
	clock_forward(300);
	g_assert_cmpint(refresh_run(f->cache), >, clock_now_us(&clock_fake));
	g_assert_cmpuint(pages(f), ==, calls);
}

static guint64 tell_again(Fixture *f, guint32 number)
{
	cache_refresh(f->cache, number);
	g_assert_cmpuint(memory_running(f->backend, MEMORY_LIST_PAGE), <=, 1);
	pass(f, number, 2);
	return pages(f);
}

static void who_tells_so_again_and_again_is_obeyed_now_and_then(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;
	guint64 calls;
	gint64 begun;

	f->clock = &clock_fake;
	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	memory_delay(f->backend, MEMORY_LIST_PAGE, 20);
	calls = pages(f);
	begun = clock_now_us(&clock_fake);
	fixture_until(tell_again(f, number) > calls + 4);
	g_assert_cmpint(pages(f) - calls, <=,
		(clock_now_us(&clock_fake) - begun) / 200000 + 2);
}

static void a_pause_that_was_asked_for_is_kept(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;
	guint64 calls;
	Dir *dir;

	f->clock = &clock_fake;
	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	dir = dir_find(f->cache, number);
	calls = pages(f);
	mutex_lock(&dir->listing->lock);
	dir->listing->now.retry_us = clock_now_us(&clock_fake) + 60 * SECOND;
	mutex_unlock(&dir->listing->lock);
	cache_refresh(f->cache, number);
	clock_forward(58000);
	g_assert_cmpint(refresh_run(f->cache), >, clock_now_us(&clock_fake));
	g_assert_cmpuint(pages(f), ==, calls);
	clock_forward(3000);
	fixture_until(pages(f) == calls + 1);
}

/* Somebody who tries again and again does not make the provider be asked as
 * often. */
static void a_first_listing_that_fails_is_asked_for_less_and_less(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint64 calls;
	Dir *dir;

	f->clock = &clock_fake;
	fixture_open(f, NULL, NULL);
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	dir = dir_find(f->cache, fixture_find(f, f->provider, "m-1"));
	for (guint ms = 0; ms < 3500; ms += 5) {
		fixture_known(f, dir->number, NULL);
		clock_forward(5);
		refresh_run(f->cache);
		fixture_until(!is_listing(f, dir->number));
	}
	calls = memory_calls(f->backend, MEMORY_LIST_PAGE);
	g_assert_cmpuint(calls, ==, 2);
	/* He who comes after a long silence does not hear of that. */
	mutex_lock(&dir->listing->lock);
	dir->listing->now.begged_us -= 61 * G_USEC_PER_SEC;
	mutex_unlock(&dir->listing->lock);
	g_assert_cmpint(fixture_known(f, dir->number, NULL), ==, KNOWN_NOT_YET);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) == calls + 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/refresh/" #name, name)
	ADD(a_directory_nobody_looks_at_is_never_asked);
	ADD(the_interval_follows_what_happens);
	ADD(the_pause_after_an_outage_is_short);
	ADD(a_call_that_succeeds_ends_the_pause);
	ADD(who_tells_to_ask_ends_the_pause);
	ADD(who_asks_first_does_not_wait_long_for_the_network);
	ADD(a_short_interval_is_not_made_longer);
	ADD(lists_of_workspaces_are_asked_less_often);
	ADD(fixed_workspaces_are_not_asked_for);
	ADD(refreshes_go_on_while_somebody_looks);
	ADD(who_tells_to_ask_need_not_look);
	ADD(who_tells_so_again_and_again_is_obeyed_now_and_then);
	ADD(a_pause_that_was_asked_for_is_kept);
	ADD(a_first_listing_that_fails_is_asked_for_less_and_less);
	return g_test_run();
}
