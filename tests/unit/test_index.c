#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "cache/base/descriptors.h"
#include "cache/base/name.h"
#include "view_model.h"

static void put(Fixture *f, const char *id, const char *name, const char *state,
	const char *user)
{
	memory_put(f->backend, "m-1", id, name, state);
	if (user != NULL) {
		g_autofree char *spec =
			g_strdup_printf("{\"user\":\"%s\"}", user);

		memory_respec(f->backend, "m-1", id, spec);
	}
}

#define expect(expression, text)                                               \
	G_STMT_START                                                           \
	{                                                                      \
		g_autofree char *is_ = (expression);                           \
		g_assert_cmpstr(is_, ==, (text));                              \
	}                                                                      \
	G_STMT_END

static void open_with_three(Fixture *f)
{
	fixture_open(f, "page", "1000", NULL);
	put(f, "s-1", "etl", "Running", "ann");
	put(f, "s-2", "report", "Stopped", "bob");
	put(f, "s-3", "", "Running", NULL);
}

/* Three sessions, listed, with an index. */
static guint32 begin(Fixture *f)
{
	guint32 workspace;

	open_with_three(f);
	workspace = fixture_workspace(f, "m-1");
	views_wait(f, workspace);
	fixture_forget_news(f);
	return workspace;
}

/* ---- the first question ---- */

static void the_first_question_makes_the_index(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	fixture_open(f, NULL, NULL);
	put(f, "s-1", "etl", "Running", "ann");
	workspace = fixture_workspace(f, "m-1");
	fixture_refresh(f, workspace);
	fixture_forget_news(f);
	g_assert_cmpint(
		cache_view_ready(f->cache, workspace, NULL), ==, KNOWN_NOT_YET);
	fixture_until(fixture_count_news(f, NEWS_LISTING, workspace) > 0);
	g_assert_cmpint(
		cache_view_ready(f->cache, workspace, NULL), ==, KNOWN_YES);
	/* Nobody has seen a view before. */
	expect(fixture_views(f), "");
	views_check(f, workspace);
}

/* Whatever is kept open makes way for another file, and nobody can open one until
 * they are given back. */
typedef struct {
	struct rlimit before;
	KeptFile *other;
} Taken;

static Taken take_files(void)
{
	Taken taken;
	struct rlimit none;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &taken.before), ==, 0);
	none = taken.before;
	none.rlim_cur = 0;
	descriptors_limit(1);
	taken.other = kept_file_new(fd, "/dev/null");
	g_assert_cmpint(kept_file_hold(taken.other), ==, fd);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	return taken;
}

static void give_files(Taken *taken)
{
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &taken->before), ==, 0);
	kept_file_release(taken->other);
	kept_file_free(taken->other);
	descriptors_limit(0);
}

static void what_could_not_be_read_is_read_by_the_next_listing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	Taken taken;

	/* From here on groups need no new numbers, and so no file. */
	fixture_close(f);
	open_with_three(f);
	workspace = fixture_find(f, 0, "m");
	workspace = fixture_find(f, workspace, "m-1");
	taken = take_files();
	views_wait(f, workspace);
	expect(views_list(f, workspace, BY_NAME), "");
	expect(views_list(f, workspace, BY_STATE), "Running Stopped");
	give_files(&taken);
	fixture_refresh(f, workspace);
	expect(views_list(f, workspace, BY_NAME), "etl=s-1 report=s-2");
	expect(views_list(f, workspace, BY_USER), "ann bob");
	views_check(f, workspace);
}

static void a_listing_that_never_was_is_waited_for(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;
	Entry entry;

	fixture_open(f, NULL, NULL);
	workspace = fixture_find(f, f->provider, "m-1");
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	g_assert_cmpint(
		cache_view_ready(f->cache, workspace, NULL), ==, KNOWN_NOT_YET);
	g_assert_cmpint(cache_group_find(f->cache, workspace, BY_PHASE, "idle",
				&entry, NULL),
		==, KNOWN_NOT_YET);
	memory_release(f->backend, MEMORY_LIST_PAGE);
	views_wait(f, workspace);
	views_check(f, workspace);
}

static void a_listing_that_fails_is_told(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace;
	GBytes *bytes;
	Known known;

	fixture_open(f, NULL, NULL);
	workspace = fixture_find(f, f->provider, "m-1");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_DENIED);
	fixture_until((known = cache_table(f->cache, workspace, TABLE_TSV,
			       &bytes, &error)) != KNOWN_NOT_YET);
	g_assert_cmpint(known, ==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_DENIED);
	g_clear_error(&error);
	memory_heal(f->backend);
	fixture_until((known = cache_view_ready(f->cache, workspace, NULL)) ==
		      KNOWN_YES);
	views_check(f, workspace);
}

static gboolean never(const Entry *entry, const char *name, void *data)
{
	g_assert_not_reached();
}

static void what_is_no_workspace_has_no_views(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	guint32 session = fixture_find(f, workspace, "s-1");
	const guint32 others[] = {0, f->provider, session, 5, 1u << 30};
	Entry entry;

	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(cache_view_ready(f->cache, others[i], &error),
			==, KNOWN_FAILED);
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
		/* A provider has links to its workspaces. */
		if (others[i] != f->provider) {
			g_assert_cmpint(cache_links(f->cache, others[i], 0,
						never, NULL, NULL),
				==, KNOWN_FAILED);
			g_assert_cmpint(cache_link_find(f->cache, others[i],
						"s-1", &entry, NULL),
				==, KNOWN_NO);
		}
		g_assert_cmpint(cache_group_find(f->cache, others[i], BY_STATE,
					"Running", &entry, NULL),
			==, KNOWN_NO);
	}
	g_assert_cmpint(
		cache_link_find(f->cache, workspace, "none", &entry, NULL), ==,
		KNOWN_NO);
	g_assert_cmpint(cache_groups(f->cache, workspace, BY_NAME, 0, never,
				NULL, NULL),
		==, KNOWN_YES);
}

/* ---- what is shown ---- */

static void views_and_tables_show_what_there_is(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);

	expect(views_list(f, workspace, BY_NAME), "etl=s-1 report=s-2");
	expect(views_list(f, workspace, BY_STATE), "Running Stopped");
	expect(views_links(f, workspace, BY_STATE, "Running"), "s-1 s-3");
	expect(views_list(f, workspace, BY_PHASE),
		"pending starting idle busy stopping stopped failed");
	expect(views_links(f, workspace, BY_PHASE, "busy"), "");
	expect(views_list(f, workspace, BY_USER), "ann bob");
	views_check(f, workspace);
}

static void a_page_goes_on_where_the_last_one_ended(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, group;
	g_autofree char *links = NULL;

	fixture_open(f, "sessions", "700", "page", "1000", NULL);
	workspace = fixture_workspace(f, "m-1");
	views_wait(f, workspace);
	views_check(f, workspace);
	links = views_links(f, workspace, BY_PHASE, "idle");
	group = views_group(f, workspace, BY_PHASE, "idle");
	g_assert_cmpuint(group, !=, 0);
	g_assert_cmpuint(strlen(links), ==, 700 * strlen("s-000001 ") - 1);
}

/* ---- what changes ---- */

static void a_state_that_changes_moves_its_links(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	guint32 running, stopped;
	gint64 before_ns, view_ns;
	Entry was, is;

	running = views_group(f, workspace, BY_STATE, "Running");
	stopped = views_group(f, workspace, BY_STATE, "Stopped");
	g_assert_true(cache_entry(f->cache, running, &was));
	before_ns = cache_view_mtime_ns(f->cache, workspace, BY_NAME);
	view_ns = cache_view_mtime_ns(f->cache, workspace, BY_STATE);
	put(f, "s-2", NULL, "Busy", NULL);
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-state:Stopped/s-2 -phase:stopped/s-2 "
				"(state:Busy) +state:Busy/s-2 +phase:busy/s-2 "
				")state:Stopped( table");
	g_assert_false(cache_entry(f->cache, stopped, &is));
	g_assert_true(cache_entry(f->cache, running, &is));
	g_assert_cmpint(is.mtime_ns, ==, was.mtime_ns);
	g_assert_cmpint(cache_view_mtime_ns(f->cache, workspace, BY_NAME), ==,
		before_ns);
	g_assert_cmpint(
		cache_view_mtime_ns(f->cache, workspace, BY_STATE), >, view_ns);
	views_check(f, workspace);
	/* Back again: the same group. */
	put(f, "s-2", NULL, "Stopped", NULL);
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-state:Busy/s-2 -phase:busy/s-2 "
				"(state:Stopped) +state:Stopped/s-2 "
				"+phase:stopped/s-2 )state:Busy( table");
	g_assert_cmpuint(
		views_group(f, workspace, BY_STATE, "Stopped"), ==, stopped);
	views_check(f, workspace);
}

static void what_does_not_change_is_not_told(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	gsize size;
	gint64 before, after;

	cache_table_stat(f->cache, workspace, TABLE_TSV, &size, &before, NULL);
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "");
	cache_table_stat(f->cache, workspace, TABLE_TSV, &size, &after, NULL);
	g_assert_cmpint(after, ==, before);
}

static void a_group_that_is_left_and_joined_at_once_stays(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);

	put(f, "s-1", NULL, "Stopped", NULL);
	put(f, "s-2", NULL, "Running", NULL);
	put(f, "s-3", NULL, "Stopped", NULL);
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-state:Running/s-1 -phase:idle/s-1 "
				"-state:Stopped/s-2 -phase:stopped/s-2 "
				"-state:Running/s-3 -phase:idle/s-3 "
				"+state:Stopped/s-1 +phase:stopped/s-1 "
				"+state:Running/s-2 +phase:idle/s-2 "
				"+state:Stopped/s-3 +phase:stopped/s-3 table");
	views_check(f, workspace);
}

static void sessions_come_and_go_with_their_links(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	guint32 gone = fixture_find(f, workspace, "s-1");

	put(f, "s-4", "new", "Error", "ann");
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "+name:new (state:Error) +state:Error/s-4 "
				"+phase:failed/s-4 +user:ann/s-4 table");
	views_check(f, workspace);
	memory_remove(f->backend, "m-1", "s-4");
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-name:new -state:Error/s-4 -phase:failed/s-4 "
				"-user:ann/s-4 )state:Error( table");
	memory_remove(f->backend, "m-1", "s-1");
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-name:etl -state:Running/s-1 -phase:idle/s-1 "
				"-user:ann/s-1 )user:ann( table");
	views_check(f, workspace);
	expect(cache_name(f->cache, gone), "s-1");
}

static void what_is_not_shown_is_in_no_view(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	f->ended = ENDED_NONE;
	workspace = begin(f);
	expect(views_list(f, workspace, BY_NAME), "etl=s-1");
	put(f, "s-1", NULL, "Stopped", NULL);
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-name:etl -state:Running/s-1 -phase:idle/s-1 "
				"-user:ann/s-1 )user:ann( table");
	views_check(f, workspace);
}

static void times_only_grow(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	guint32 running = views_group(f, workspace, BY_STATE, "Running");
	gint64 table_ns = 0, view_ns = 0, group_ns = 0;

	for (guint i = 0; i < 20; i++) {
		gint64 ns = cache_view_mtime_ns(f->cache, workspace, BY_USER);
		g_autofree char *user = g_strdup_printf("u%u", i);
		gsize size;
		Entry entry;

		g_assert_cmpint(ns, >, view_ns);
		view_ns = ns;
		g_assert_true(cache_entry(f->cache, running, &entry));
		g_assert_cmpint(entry.mtime_ns, >, group_ns);
		group_ns = entry.mtime_ns;
		cache_table_stat(
			f->cache, workspace, TABLE_JSONL, &size, &ns, NULL);
		g_assert_cmpint(ns, >, table_ns);
		table_ns = ns;
		put(f, "s-2", NULL, i % 2 == 0 ? "Running" : "Stopped", user);
		fixture_refresh(f, workspace);
	}
}

/* What listings tell in part is known when somebody asked for the rest. */
static void what_is_told_later_is_shown_later(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	f->rich = TRUE;
	fixture_open(f, "thin_lists", "true", NULL);
	put(f, "s-1", "etl", "Running", "ann");
	memory_hold(f->backend, MEMORY_GET);
	workspace = fixture_workspace(f, "m-1");
	views_wait(f, workspace);
	expect(views_list(f, workspace, BY_USER), "");
	fixture_forget_news(f);
	cache_look(f->cache, workspace);
	memory_release(f->backend, MEMORY_GET);
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "(user:ann) +user:ann/s-1 table");
	views_check(f, workspace);
}

/* ---- names ---- */

static void a_name_that_changes_is_another_link(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	gint64 before = cache_view_mtime_ns(f->cache, workspace, BY_NAME);

	memory_rename(f->backend, "m-1", "s-1", "other");
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-name:etl +name:other table");
	g_assert_cmpint(
		cache_view_mtime_ns(f->cache, workspace, BY_NAME), >, before);
	/* Names change hands at once. */
	memory_rename(f->backend, "m-1", "s-1", "report");
	memory_rename(f->backend, "m-1", "s-2", "other");
	fixture_refresh(f, workspace);
	fixture_expect_views(f,
		"-name:other -name:report +name:report +name:other "
		"table");
	expect(views_list(f, workspace, BY_NAME), "report=s-1 other=s-2");
	memory_rename(f->backend, "m-1", "s-1", "");
	memory_rename(f->backend, "m-1", "s-3", "third");
	fixture_refresh(f, workspace);
	fixture_expect_views(f, "-name:report +name:third table");
	views_check(f, workspace);
}

static void equal_names_are_numbered(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);

	put(f, "s-4", "etl", "Running", NULL);
	put(f, "s-5", "etl", "Running", NULL);
	fixture_refresh(f, workspace);
	expect(views_list(f, workspace, BY_NAME),
		"etl=s-1 report=s-2 etl~2=s-4 etl~3=s-5");
	/* What they have they keep, also when the first goes. */
	memory_remove(f->backend, "m-1", "s-1");
	memory_put(f->backend, "m-1", "s-5", NULL, "Stopped");
	fixture_refresh(f, workspace);
	expect(views_list(f, workspace, BY_NAME),
		"report=s-2 etl~2=s-4 etl~3=s-5");
	put(f, "s-6", "etl", "Running", NULL);
	put(f, "s-7", "etl", "Running", NULL);
	fixture_refresh(f, workspace);
	expect(views_list(f, workspace, BY_NAME),
		"report=s-2 etl~2=s-4 etl~3=s-5 etl=s-6 etl~4=s-7");
	views_check(f, workspace);
}

static void hostile_names_are_escaped(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *longest = g_strnfill(SESSION_ID_MAX, 'x');
	g_autofree char *most = g_strnfill(10 * 1024, 'y');
	guint32 workspace;

	fixture_open(f, "page", "1000", NULL);
	put(f, "s-1", "../../etc\n\t\r\\", "Running", "a/b");
	put(f, "s-2", ".hidden", "Odd/State", "..");
	put(f, "s-3", longest, "Running", longest);
	put(f, "s-4", longest, "Running", most);
	put(f, "s-5", most, "Running", "a\\u0009b\\u0000c");
	put(f, "s-6",
		"bad\xff"
		"bytes",
		"Running", "%2e");
	put(f, "s-7", "a~2", "Running", NULL);
	put(f, "s-8", "a", "Running", NULL);
	put(f, "s-9", "a", "Running", NULL);
	put(f, "s/10\n", "new", "Running", NULL);
	workspace = fixture_workspace(f, "m-1");
	views_wait(f, workspace);
	views_check(f, workspace);
	g_assert_cmpuint(views_group(f, workspace, BY_USER, "%2E."), !=, 0);
	g_assert_cmpuint(
		views_group(f, workspace, BY_STATE, "Odd%2FState"), !=, 0);
	expect(views_links(f, workspace, BY_USER, "a%2Fb"), "s-1");
}

/* ---- restart ---- */

static void groups_keep_their_numbers(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = begin(f);
	guint32 running, idle, bob;
	Entry entry;

	running = views_group(f, workspace, BY_STATE, "Running");
	idle = views_group(f, workspace, BY_PHASE, "idle");
	bob = views_group(f, workspace, BY_USER, "bob");
	memory_remove(f->backend, "m-1", "s-2");
	fixture_refresh(f, workspace);
	fixture_until(views_group(f, workspace, BY_USER, "bob") == 0);
	for (guint run = 0; run < 2; run++) {
		guint32 fresh;

		fixture_close(f);
		fixture_open(f, NULL, NULL);
		put(f, "s-1", "etl", "Running", "ann");
		put(f, "s-3", "", "Running", NULL);
		put(f, run == 0 ? "s-8" : "s-9", "x", "Running", NULL);
		g_assert_cmpuint(fixture_workspace(f, "m-1"), ==, workspace);
		fixture_refresh(f, workspace);
		/* Nobody else gets a number that is not claimed yet. */
		fresh = fixture_find(f, workspace, run == 0 ? "s-8" : "s-9");
		g_assert_cmpuint(fresh, >, MAX(MAX(running, idle), bob));
		g_assert_false(cache_entry(f->cache, running, &entry));
		views_wait(f, workspace);
		g_assert_true(cache_entry(f->cache, running, &entry));
		g_assert_cmpuint(views_group(f, workspace, BY_STATE, "Running"),
			==, running);
		g_assert_cmpuint(
			views_group(f, workspace, BY_PHASE, "idle"), ==, idle);
		views_check(f, workspace);
	}
	put(f, "s-4", "", "Running", "bob");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(views_group(f, workspace, BY_USER, "bob"), ==, bob);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/index/the-first-question-makes-the-index",
		the_first_question_makes_the_index);
	g_test_add_func(
		"/index/what-could-not-be-read-is-read-by-the-next-listing",
		what_could_not_be_read_is_read_by_the_next_listing);
	g_test_add_func("/index/a-listing-that-never-was-is-waited-for",
		a_listing_that_never_was_is_waited_for);
	g_test_add_func("/index/a-listing-that-fails-is-told",
		a_listing_that_fails_is_told);
	g_test_add_func("/index/what-is-no-workspace-has-no-views",
		what_is_no_workspace_has_no_views);
	g_test_add_func("/index/views-and-tables-show-what-there-is",
		views_and_tables_show_what_there_is);
	g_test_add_func("/index/a-page-goes-on-where-the-last-one-ended",
		a_page_goes_on_where_the_last_one_ended);
	g_test_add_func("/index/a-state-that-changes-moves-its-links",
		a_state_that_changes_moves_its_links);
	g_test_add_func("/index/what-does-not-change-is-not-told",
		what_does_not_change_is_not_told);
	g_test_add_func("/index/a-group-that-is-left-and-joined-at-once-stays",
		a_group_that_is_left_and_joined_at_once_stays);
	g_test_add_func("/index/sessions-come-and-go-with-their-links",
		sessions_come_and_go_with_their_links);
	g_test_add_func("/index/what-is-not-shown-is-in-no-view",
		what_is_not_shown_is_in_no_view);
	g_test_add_func("/index/times-only-grow", times_only_grow);
	g_test_add_func("/index/what-is-told-later-is-shown-later",
		what_is_told_later_is_shown_later);
	g_test_add_func("/index/a-name-that-changes-is-another-link",
		a_name_that_changes_is_another_link);
	g_test_add_func(
		"/index/equal-names-are-numbered", equal_names_are_numbered);
	g_test_add_func(
		"/index/hostile-names-are-escaped", hostile_names_are_escaped);
	g_test_add_func(
		"/index/groups-keep-their-numbers", groups_keep_their_numbers);
	return g_test_run();
}
