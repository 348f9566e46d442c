/* The kept answers by themselves, then what cache_open makes of them. */
#include "cache/model/on_demand.h"

#include <pthread.h>
#include <string.h>

#include "cache_fixture.h"

#define LOG (1u << SESSION_LOG)
#define ENDPOINT (1u << SESSION_ENDPOINT)
#define SOON_MS 60000

/* ---- the kept answers ---- */

static void keep(OnDemand *on_demand, guint32 number, guint file, gsize size)
{
	g_autoptr(GBytes) bytes = NULL;
	gboolean begin = FALSE;
	Known known =
		on_demand_open(on_demand, number, file, &bytes, &begin, NULL);

	g_assert_cmpint(known, ==, KNOWN_NOT_YET);
	g_assert_true(begin);
	g_assert_cmpint(on_demand_store(on_demand, number, file, FALSE,
				g_bytes_new_take(g_malloc0(size), size), 0, 7),
		==, ON_DEMAND_FIRST);
}

static gboolean is_kept(OnDemand *on_demand, guint32 number, guint file)
{
	g_autoptr(GBytes) bytes = on_demand_read(on_demand, number, file);

	return bytes != NULL;
}

static void the_longest_unused_goes_first(void)
{
	OnDemand *on_demand = on_demand_new(&clock_real);
	g_autoptr(GBytes) bytes = NULL;
	gboolean begin = FALSE;

	for (guint32 number = 1; number <= 4096; number++)
		keep(on_demand, number, SESSION_LOG, 10);
	g_assert_cmpint(
		on_demand_open(on_demand, 1, SESSION_LOG, &bytes, &begin, NULL),
		==, KNOWN_YES);
	keep(on_demand, 5000, SESSION_LOG, 10);
	g_assert_true(is_kept(on_demand, 1, SESSION_LOG));
	g_assert_false(is_kept(on_demand, 2, SESSION_LOG));
	g_assert_true(is_kept(on_demand, 3, SESSION_LOG));
	on_demand_free(on_demand);
}

static void they_have_a_bound_in_bytes(void)
{
	OnDemand *on_demand = on_demand_new(&clock_real);

	for (guint32 number = 1; number <= 5; number++)
		keep(on_demand, number, SESSION_LOG, ON_DEMAND_MAX);
	g_assert_false(is_kept(on_demand, 1, SESSION_LOG));
	g_assert_true(is_kept(on_demand, 2, SESSION_LOG));
	g_assert_true(is_kept(on_demand, 5, SESSION_LOG));
	on_demand_free(on_demand);
}

static void what_is_asked_for_is_not_dropped(void)
{
	OnDemand *on_demand = on_demand_new(&clock_real);
	g_autoptr(GError) error = NULL;
	GBytes *bytes = NULL;
	gboolean begin;

	for (guint32 number = 1; number <= 4096; number++) {
		begin = FALSE;
		g_assert_cmpint(on_demand_open(on_demand, number, SESSION_LOG,
					&bytes, &begin, NULL),
			==, KNOWN_NOT_YET);
		g_assert_true(begin);
	}
	begin = FALSE;
	g_assert_cmpint(on_demand_open(on_demand, 5000, SESSION_LOG, &bytes,
				&begin, &error),
		==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BUDGET);
	g_assert_false(begin);
	on_demand_fail(on_demand, 1, SESSION_LOG,
		g_error_new_literal(BACKEND_ERROR, BACKEND_ERROR_REMOTE, "x"));
	g_assert_cmpint(on_demand_open(on_demand, 5000, SESSION_LOG, &bytes,
				&begin, NULL),
		==, KNOWN_NOT_YET);
	on_demand_free(on_demand);
}

static void an_answer_to_what_is_forgotten_is_dropped(void)
{
	OnDemand *on_demand = on_demand_new(&clock_real);
	GBytes *bytes = NULL;
	gboolean begin = FALSE;

	on_demand_open(on_demand, 1, SESSION_LOG, &bytes, &begin, NULL);
	on_demand_forget(on_demand, 1);
	g_assert_cmpint(on_demand_store(on_demand, 1, SESSION_LOG, FALSE,
				g_bytes_new_static("x", 1), 0, 7),
		==, ON_DEMAND_SAME);
	g_assert_false(is_kept(on_demand, 1, SESSION_LOG));
	on_demand_free(on_demand);
}

/* Asks for it, and gets a byte that is good for a moment from until_ms on. */
static void keep_until(OnDemand *on_demand, guint file, gint64 until_ms)
{
	GBytes *bytes = NULL;
	gboolean begin = FALSE;

	on_demand_open(on_demand, 1, file, &bytes, &begin, NULL);
	g_assert_true(begin);
	on_demand_store(on_demand, 1, file, FALSE, g_bytes_new_static("x", 1),
		until_ms, 7);
}

static void a_refusal_is_not_hidden_by_old_bytes(void)
{
	OnDemand *on_demand = on_demand_new(&clock_real);
	g_autoptr(GError) error = NULL;
	GBytes *bytes = NULL;
	gboolean begin = FALSE;
	ContentStat stat;

	keep_until(on_demand, SESSION_ENDPOINT, 1);
	fixture_until(on_demand_stat(on_demand, 1, SESSION_ENDPOINT, &stat) &&
		      stat.keep_ms == 0);
	g_assert_cmpint(on_demand_open(on_demand, 1, SESSION_ENDPOINT, &bytes,
				&begin, NULL),
		==, KNOWN_NOT_YET);
	on_demand_fail(on_demand, 1, SESSION_ENDPOINT,
		g_error_new_literal(BACKEND_ERROR, BACKEND_ERROR_REMOTE, "x"));
	begin = FALSE;
	g_assert_cmpint(on_demand_open(on_demand, 1, SESSION_ENDPOINT, &bytes,
				&begin, &error),
		==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
	g_assert_true(on_demand_stat(on_demand, 1, SESSION_ENDPOINT, &stat));
	g_assert_cmpint(stat.keep_ms, ==, 0);
	on_demand_free(on_demand);
}

/* The kernel may hold the size of what went to make room. */
static void a_change_of_what_went_to_make_room_is_told(void)
{
	OnDemand *on_demand = on_demand_new(&clock_real);

	keep(on_demand, 1, SESSION_LOG, ON_DEMAND_MAX);
	g_assert_cmpuint(on_demand_changed(on_demand, 2, FALSE), ==, 0);
	for (guint32 number = 2; number <= 5; number++)
		keep(on_demand, number, SESSION_LOG, ON_DEMAND_MAX);
	g_assert_false(is_kept(on_demand, 1, SESSION_LOG));
	g_assert_cmpuint(on_demand_changed(on_demand, 1, FALSE) & LOG, ==, LOG);
	on_demand_free(on_demand);
}

/* ---- the cache ---- */

static Fixture *open_rich(const char *describe_ms, guint32 *ret_session)
{
	Fixture *f = fixture_new();

	f->rich = TRUE;
	fixture_open(f, "sessions", "3", "describe_ms", describe_ms, NULL);
	*ret_session = fixture_find(f, fixture_workspace(f, "m-1"), "s-000001");
	g_assert_cmpuint(*ret_session, !=, 0);
	fixture_forget_news(f);
	return f;
}

static guint64 describes(Fixture *f)
{
	return memory_calls(f->backend, MEMORY_DESCRIBE);
}

static char *read_file(Fixture *f, guint32 session, SessionFile file)
{
	g_autoptr(GError) error = NULL;
	char *text = fixture_read_costly(f, session, file, &error);

	g_assert_no_error(error);
	g_assert_nonnull(text);
	return text;
}

static guint32 workspace_of(Fixture *f)
{
	return fixture_find(f, f->provider, "m-1");
}

static void many_open_and_one_call_is_made(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	g_autofree char *text = NULL, *again = NULL;
	GBytes *bytes = NULL;
	ContentStat stat;
	Entry entry;

	g_assert_true(cache_entry(f->cache, session, &entry));
	g_assert_cmpuint(entry.on_demand, ==, LOG | ENDPOINT);
	g_assert_cmpuint(entry.secret, ==, ENDPOINT);
	stat = fixture_stat(f, session, SESSION_LOG);
	g_assert_cmpuint(stat.size, ==, CACHE_ON_DEMAND_SIZE);
	g_assert_cmpint(stat.keep_ms, ==, 0);
	memory_hold(f->backend, MEMORY_DESCRIBE);
	for (guint i = 0; i < 100; i++)
		g_assert_cmpint(cache_open(f->cache, session, SESSION_LOG,
					&bytes, NULL),
			==, KNOWN_NOT_YET);
	memory_release(f->backend, MEMORY_DESCRIBE);
	text = read_file(f, session, SESSION_LOG);
	g_assert_cmpstr(text, ==, "log of s-000001: Running\n");
	g_assert_cmpuint(describes(f), ==, 1);
	fixture_until(fixture_described_files(f, session) == LOG);
	stat = fixture_stat(f, session, SESSION_LOG);
	g_assert_cmpuint(stat.size, ==, strlen(text));
	g_assert_cmpint(stat.keep_ms, ==, -1);
	again = fixture_read(f, session, SESSION_LOG);
	g_assert_cmpstr(again, ==, text);
	g_assert_cmpuint(describes(f), ==, 1);
}

static void reading_without_opening_costs_nothing(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	g_autoptr(GBytes) bytes =
		cache_read(f->cache, session, SESSION_ENDPOINT, NULL);

	g_assert_cmpuint(g_bytes_get_size(bytes), ==, 0);
	g_assert_cmpuint(describes(f), ==, 0);
}

static void a_change_drops_what_is_good_until_then(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	g_autofree char *before = read_file(f, session, SESSION_LOG);
	g_autofree char *after = NULL;
	gint64 mtime = fixture_stat(f, session, SESSION_LOG).mtime_ns;

	g_assert_cmpstr(before, ==, "log of s-000001: Running\n");
	fixture_forget_news(f);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	fixture_refresh(f, workspace_of(f));
	g_assert_cmpuint(fixture_described_files(f, session), ==, LOG);
	g_assert_cmpuint(fixture_changed_files(f, session) & LOG, ==, 0);
	g_assert_cmpint(fixture_stat(f, session, SESSION_LOG).keep_ms, ==, 0);
	after = read_file(f, session, SESSION_LOG);
	g_assert_cmpstr(after, ==, "log of s-000001: Busy\n");
	g_assert_cmpint(
		fixture_stat(f, session, SESSION_LOG).mtime_ns, >, mtime);
	g_assert_cmpuint(describes(f), ==, 2);
}

static void only_the_end_drops_what_is_good_for_a_time(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("60000", &session);
	g_autofree char *text = read_file(f, session, SESSION_ENDPOINT);
	g_autofree char *same = NULL, *after = NULL;
	gint64 keep_ms = fixture_stat(f, session, SESSION_ENDPOINT).keep_ms;
	g_autoptr(GBytes) none = NULL;

	g_assert_cmpint(keep_ms, >, 0);
	g_assert_cmpint(keep_ms, <=, SOON_MS);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	fixture_refresh(f, workspace_of(f));
	same = read_file(f, session, SESSION_ENDPOINT);
	g_assert_cmpstr(same, ==, text);
	g_assert_cmpuint(describes(f), ==, 1);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Stopped");
	fixture_refresh(f, workspace_of(f));
	none = cache_read(f->cache, session, SESSION_ENDPOINT, NULL);
	g_assert_cmpuint(g_bytes_get_size(none), ==, 0);
	after = read_file(f, session, SESSION_ENDPOINT);
	g_assert_cmpstr(after, ==, "endpoint of s-000001: Stopped\n");
}

static void what_has_expired_is_asked_for_again(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("1", &session);
	g_autofree char *text = read_file(f, session, SESSION_LOG);
	g_autofree char *same = NULL, *other = NULL;
	ContentStat first = fixture_stat(f, session, SESSION_LOG), stat;

	fixture_until(
		(stat = fixture_stat(f, session, SESSION_LOG)).keep_ms == 0);
	g_assert_cmpuint(stat.size, ==, strlen(text));
	fixture_forget_news(f);
	same = read_file(f, session, SESSION_LOG);
	fixture_until(fixture_count_news(f, NEWS_ON_DEMAND, session) > 0);
	g_assert_cmpuint(fixture_described_files(f, session), ==, 0);
	g_assert_cmpint(fixture_stat(f, session, SESSION_LOG).mtime_ns, ==,
		first.mtime_ns);
	fixture_until(fixture_stat(f, session, SESSION_LOG).keep_ms == 0);
	memory_say(f->backend, "m-1", "s-000001", "more");
	other = read_file(f, session, SESSION_LOG);
	g_assert_cmpstr(other, ==, "log of s-000001: more\n");
	g_assert_cmpint(fixture_stat(f, session, SESSION_LOG).mtime_ns, >,
		first.mtime_ns);
	fixture_until(fixture_described_files(f, session) == LOG);
}

static void a_refusal_is_told_and_forgotten(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	GBytes *bytes = NULL;

	memory_fail(f->backend, MEMORY_DESCRIBE, 0, 1, BACKEND_ERROR_BUDGET);
	g_assert_null(fixture_read_costly(f, session, SESSION_LOG, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BUDGET);
	fixture_until(fixture_count_news(f, NEWS_ON_DEMAND, session) == 1);
	fixture_until(cache_open(f->cache, session, SESSION_LOG, &bytes,
			      NULL) != KNOWN_FAILED);
	text = read_file(f, session, SESSION_LOG);
	g_assert_cmpuint(describes(f), ==, 2);
	g_clear_pointer(&bytes, g_bytes_unref);
}

static void what_is_too_long_is_refused(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	g_autofree char *text = g_strnfill(ON_DEMAND_MAX, 'x');
	g_autoptr(GError) error = NULL;

	memory_say(f->backend, "m-1", "s-000001", text);
	g_assert_null(fixture_read_costly(f, session, SESSION_LOG, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	g_assert_cmpuint(fixture_stat(f, session, SESSION_LOG).size, ==,
		CACHE_ON_DEMAND_SIZE);
}

static void a_change_meanwhile_makes_it_good_for_a_moment(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	g_autofree char *text = NULL;
	GBytes *bytes = NULL;

	memory_hold(f->backend, MEMORY_DESCRIBE);
	g_assert_cmpint(
		cache_open(f->cache, session, SESSION_LOG, &bytes, NULL), ==,
		KNOWN_NOT_YET);
	fixture_until(memory_running(f->backend, MEMORY_DESCRIBE) == 1);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	fixture_refresh(f, workspace_of(f));
	memory_release(f->backend, MEMORY_DESCRIBE);
	text = read_file(f, session, SESSION_LOG);
	g_assert_cmpint(fixture_stat(f, session, SESSION_LOG).keep_ms, !=, -1);
}

static void what_ends_meanwhile_is_good_for_a_moment(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("60000", &session);
	g_autofree char *text = NULL;
	GBytes *bytes = NULL;

	memory_hold(f->backend, MEMORY_DESCRIBE);
	g_assert_cmpint(
		cache_open(f->cache, session, SESSION_ENDPOINT, &bytes, NULL),
		==, KNOWN_NOT_YET);
	fixture_until(memory_running(f->backend, MEMORY_DESCRIBE) == 1);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Stopped");
	fixture_refresh(f, workspace_of(f));
	memory_release(f->backend, MEMORY_DESCRIBE);
	text = read_file(f, session, SESSION_ENDPOINT);
	g_assert_cmpint(
		fixture_stat(f, session, SESSION_ENDPOINT).keep_ms, <=, 1000);
}

static void who_waits_for_what_vanishes_is_told(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("0", &session);
	GBytes *bytes = NULL;

	memory_hold(f->backend, MEMORY_DESCRIBE);
	g_assert_cmpint(
		cache_open(f->cache, session, SESSION_LOG, &bytes, NULL), ==,
		KNOWN_NOT_YET);
	fixture_until(memory_running(f->backend, MEMORY_DESCRIBE) == 1);
	memory_remove(f->backend, "m-1", "s-000001");
	fixture_refresh(f, workspace_of(f));
	memory_release(f->backend, MEMORY_DESCRIBE);
	fixture_until(fixture_count_news(f, NEWS_ON_DEMAND, session) > 0);
	g_assert_cmpint(
		cache_open(f->cache, session, SESSION_LOG, &bytes, NULL), ==,
		KNOWN_NO);
	g_assert_cmpint(
		cache_open(f->cache, session, SESSION_REASON, &bytes, NULL), ==,
		KNOWN_NO);
}

static void a_workspace_has_some_workers_not_all(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 slow, other;
	g_autofree char *text = NULL;

	f->rich = TRUE;
	fixture_open(f, "sessions", "30", "workspaces_made", "2", NULL);
	slow = fixture_workspace(f, "m-1");
	other = fixture_find(f, fixture_workspace(f, "m-2"), "s-000001");
	memory_hold(f->backend, MEMORY_DESCRIBE);
	for (guint i = 1; i <= 30; i++) {
		g_autofree char *name = g_strdup_printf("s-%06u", i);
		GBytes *bytes = NULL;

		g_assert_cmpint(
			cache_open(f->cache, fixture_find(f, slow, name),
				SESSION_LOG, &bytes, NULL),
			==, KNOWN_NOT_YET);
	}
	fixture_until(memory_running(f->backend, MEMORY_DESCRIBE) == 8);
	{
		GBytes *bytes = NULL;

		cache_open(f->cache, other, SESSION_LOG, &bytes, NULL);
	}
	fixture_until(memory_running(f->backend, MEMORY_DESCRIBE) == 9);
	memory_release(f->backend, MEMORY_DESCRIBE);
	text = read_file(f, other, SESSION_LOG);
	fixture_until(describes(f) == 31);
}

/* Those behind slow calls are not asked for when nobody can wait any more. */
static void what_waited_too_long_is_not_asked(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace, last = 0;
	GBytes *bytes = NULL;

	f->rich = TRUE;
	f->deadline_ms = 2000;
	fixture_open(f, "sessions", "20", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_hold(f->backend, MEMORY_DESCRIBE);
	for (guint i = 1; i <= 20; i++) {
		g_autofree char *name = g_strdup_printf("s-%06u", i);

		last = fixture_find(f, workspace, name);
		g_assert_cmpint(
			cache_open(f->cache, last, SESSION_LOG, &bytes, NULL),
			==, KNOWN_NOT_YET);
	}
	fixture_until(fixture_count_news(f, NEWS_ON_DEMAND, last) == 1);
	g_assert_cmpuint(describes(f), <, 20);
	g_assert_cmpint(cache_open(f->cache, last, SESSION_LOG, &bytes, &error),
		==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	memory_release(f->backend, MEMORY_DESCRIBE);
}

static void the_end_does_not_wait_for_an_answer(void)
{
	guint32 session;
	g_autoptr(Fixture) f = NULL;
	GBytes *bytes = NULL;
	gint64 start;

	f = fixture_new();
	f->rich = TRUE;
	f->deadline_ms = 600000;
	fixture_open(f, "sessions", "1", NULL);
	session = fixture_find(f, fixture_workspace(f, "m-1"), "s-000001");
	memory_hold(f->backend, MEMORY_DESCRIBE);
	cache_open(f->cache, session, SESSION_LOG, &bytes, NULL);
	fixture_until(memory_running(f->backend, MEMORY_DESCRIBE) == 1);
	start = g_get_monotonic_time();
	cache_stop(f->cache);
	g_assert_cmpint(
		g_get_monotonic_time() - start, <, 300 * G_USEC_PER_SEC);
	g_assert_cmpint(
		cache_open(f->cache, session, SESSION_ENDPOINT, &bytes, NULL),
		==, KNOWN_FAILED);
}

/* ---- all at once ---- */

typedef struct {
	Fixture *f;
	int on;
} Race;

static gboolean touch(const Entry *entry, const char *name, void *data)
{
	Race *race = data;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GBytes) opened = NULL;
	ContentStat stat;

	bytes = cache_read(race->f->cache, entry->number, SESSION_LOG, NULL);
	if (cache_stat(race->f->cache, entry->number, SESSION_LOG, &stat, NULL))
		g_assert_cmpint(stat.mtime_ns, >, 0);
	if (cache_open(race->f->cache, entry->number, SESSION_LOG, &opened,
		    NULL) == KNOWN_YES)
		g_assert_true(g_str_has_prefix(
			g_bytes_get_data(opened, NULL), "log of s-"));
	return TRUE;
}

static void *race_run(void *data)
{
	Race *race = data;

	while (__atomic_load_n(&race->on, __ATOMIC_RELAXED))
		cache_list(race->f->cache, workspace_of(race->f), 0, touch,
			race, NULL);
	return NULL;
}

static void many_threads_open_while_all_changes(void)
{
	guint32 session;
	g_autoptr(Fixture) f = open_rich("1", &session);
	Race race = {f, 1};
	pthread_t threads[3];
	guint32 workspace = workspace_of(f);

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, race_run, &race), ==,
			0);
	for (guint i = 0; i < 20; i++) {
		memory_put(f->backend, "m-1", "s-000001", NULL,
			i % 2 ? "Running" : "Stopped");
		memory_replace(f->backend, "m-1", "s-000002");
		if (i % 3 == 0)
			memory_remove(f->backend, "m-1", "s-000003");
		else
			memory_put(f->backend, "m-1", "s-000003", NULL, "Busy");
		fixture_refresh(f, workspace);
	}
	__atomic_store_n(&race.on, 0, __ATOMIC_RELAXED);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_join(threads[i], NULL);
	g_assert_cmpuint(describes(f), >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/described/" #test, test)
	ADD(the_longest_unused_goes_first);
	ADD(they_have_a_bound_in_bytes);
	ADD(what_is_asked_for_is_not_dropped);
	ADD(an_answer_to_what_is_forgotten_is_dropped);
	ADD(a_refusal_is_not_hidden_by_old_bytes);
	ADD(a_change_of_what_went_to_make_room_is_told);
	ADD(many_open_and_one_call_is_made);
	ADD(reading_without_opening_costs_nothing);
	ADD(a_change_drops_what_is_good_until_then);
	ADD(only_the_end_drops_what_is_good_for_a_time);
	ADD(what_has_expired_is_asked_for_again);
	ADD(a_refusal_is_told_and_forgotten);
	ADD(what_is_too_long_is_refused);
	ADD(a_change_meanwhile_makes_it_good_for_a_moment);
	ADD(what_ends_meanwhile_is_good_for_a_moment);
	ADD(who_waits_for_what_vanishes_is_told);
	ADD(a_workspace_has_some_workers_not_all);
	ADD(what_waited_too_long_is_not_asked);
	ADD(the_end_does_not_wait_for_an_answer);
	ADD(many_threads_open_while_all_changes);
	return g_test_run();
}
