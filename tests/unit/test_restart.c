#include "cache_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/merge/apply.h"
#include "cache/store/disk_compact.h"
#include "warnings.h"

/* Opened again, with a provider that answers nothing: what is known must do. */
static void reopen_offline(Fixture *f)
{
	fixture_close(f);
	fixture_open(f, "fail",
		"list_workspaces; list_page; get; create; control", NULL);
}

static char *path_of(Fixture *f, const char *name)
{
	return g_build_filename(f->state_dir, "m", "m-1", name, NULL);
}

static void what_was_known_is_there_without_a_network(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL, *again = NULL, *json = NULL,
			*later = NULL;
	gint64 mtime, start;
	Entry before, after;
	guint32 number, session;

	fixture_open(f, "workspaces_made", "2", "sessions", "30", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000007");
	memory_put(f->backend, "m-1", "s-000007", NULL, "Busy");
	fixture_refresh(f, number);
	names = fixture_names(f, number);
	json = fixture_read(f, session, SESSION_JSON);
	mtime = fixture_mtime(f, session, SESSION_STATE);
	g_assert_true(cache_entry(f->cache, number, &before));
	start = g_get_monotonic_time();
	reopen_offline(f);
	again = fixture_list(f, number);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 2000000);
	g_assert_cmpstr(again, ==, names);
	g_assert_true(cache_entry(f->cache, number, &after));
	g_assert_cmpint(after.mtime_ns, ==, before.mtime_ns);
	later = fixture_read(f, session, SESSION_JSON);
	g_assert_cmpstr(later, ==, json);
	g_assert_cmpint(fixture_mtime(f, session, SESSION_STATE), ==, mtime);
	g_assert_cmpuint(fixture_find(f, number, "s-000007"), ==, session);
	g_assert_cmpuint(fixture_find(f, number, "s-999999"), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_GET), ==, 0);
	/* The other was never listed. */
	g_assert_cmpuint(cache_count(f->cache, f->provider), ==, 30);
}

static void numbers_are_never_used_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number, gone, fresh;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	gone = fixture_find(f, number, "s-000003");
	memory_remove(f->backend, "m-1", "s-000003");
	fixture_refresh(f, number);
	fixture_close(f);
	fixture_open(f, "sessions", "2", NULL);
	g_assert_cmpuint(fixture_find(f, number, "s-000003"), ==, 0);
	memory_put(f->backend, "m-1", "other", NULL, "Running");
	fixture_refresh(f, number);
	fresh = fixture_find(f, number, "other");
	g_assert_cmpuint(fresh, >, gone);
	g_assert_cmpuint(fresh, <, gone + 64);
	memory_put(f->backend, "m-1", "s-000003", NULL, "Running");
	fixture_refresh(f, number);
	g_assert_cmpuint(fixture_find(f, number, "s-000003"), ==, gone);
}

static void an_unfinished_listing_is_not_complete_later(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;

	fixture_open(f, "sessions", "25", "page", "10", NULL);
	number = fixture_find(f, f->provider, "m-1");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 1, 1, BACKEND_ERROR_REMOTE);
	fixture_refresh(f, number);
	fixture_close(f);
	fixture_open(f, "sessions", "25", "page", "10", NULL);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 10);
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	g_assert_cmpint(fixture_known(f, number, NULL), ==, KNOWN_NOT_YET);
	memory_release(f->backend, MEMORY_LIST_PAGE);
	g_free(fixture_list(f, number));
	g_assert_cmpuint(cache_count(f->cache, number), ==, 25);
}

static void a_workspace_that_returns_has_its_sessions(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number, session;

	fixture_open(f, "workspaces_made", "2", "sessions", "3", NULL);
	number = fixture_workspace(f, "m-2");
	session = fixture_find(f, number, "s-000002");
	memory_remove_workspace(f->backend, "m-2");
	for (guint i = 0; i < 2; i++)
		fixture_refresh(f, f->provider);
	fixture_close(f);
	fixture_open(f, "workspaces_made", "1", NULL);
	g_assert_cmpuint(fixture_find(f, f->provider, "m-2"), ==, 0);
	memory_add_workspace(f->backend, "m-2");
	fixture_refresh(f, f->provider);
	g_assert_cmpuint(fixture_find(f, f->provider, "m-2"), ==, number);
	g_assert_cmpuint(fixture_find(f, number, "s-000002"), ==, session);
}

static void the_newest_session_stays_the_newest(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *last = NULL, *later = NULL;
	guint32 number;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	answer = fixture_create(f, number, "{\"name\":\"x\"}", NULL);
	g_assert_nonnull(answer);
	last = cache_last(f->cache, number);
	reopen_offline(f);
	later = cache_last(f->cache, number);
	g_assert_cmpstr(later, ==, last);
}

static void a_damaged_index_costs_the_workspace_only(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = path_of(f, "index");
	guint32 number, other;

	fixture_open(f, "workspaces_made", "2", "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	other = fixture_workspace(f, "m-2");
	fixture_close(f);
	g_assert_cmpint(truncate(path, 5), ==, 0);
	warnings_keep();
	fixture_open(f, "workspaces_made", "2", "sessions", "3", NULL);
	warnings_expect_one("*m-1/index*ignored*");
	g_assert_cmpuint(cache_count(f->cache, number), ==, 0);
	g_assert_cmpuint(cache_count(f->cache, other), ==, 3);
	g_assert_cmpuint(fixture_workspace(f, "m-1"), ==, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 3);
}

/* The body store is damaged under a running cache: one error, healed by a refresh. */
static void a_damaged_body_comes_back_with_a_refresh(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = path_of(f, "bodies.1"), *json = NULL;
	g_autofree char *before = NULL, *state = NULL, *said = NULL;
	g_autoptr(GError) error = NULL;
	guint32 number, session;
	int fd;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000002");
	before = fixture_read(f, session, SESSION_JSON);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	for (guint at = 0; at < 400; at++)
		g_assert_cmpint(pwrite(fd, "X", 1, at), ==, 1);
	close(fd);
	warnings_keep();
	for (guint i = 0; i < 2; i++) {
		g_clear_error(&error);
		g_assert_null(
			cache_read(f->cache, session, SESSION_JSON, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	}
	/* Said once, with what is wrong. */
	warnings_expect_one("*m/m-1: *bodies.1 is damaged*");
	said = cache_last_error(f->cache, number);
	g_assert_nonnull(strstr(said, "bodies.1 is damaged"));
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "Running\n");
	fixture_refresh(f, number);
	json = fixture_read(f, session, SESSION_JSON);
	g_assert_cmpstr(json, ==, before);
}

static void a_full_disk_is_a_failed_page(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *partial = NULL, *state = NULL, *json = NULL;
	struct rlimit before, small;
	guint32 number, session;

	fixture_open(f, "sessions", "100", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000002");
	for (guint i = 1; i <= 100; i++) {
		g_autofree char *id = g_strdup_printf("s-%06u", i);

		memory_put(f->backend, "m-1", id, NULL, "Busy");
	}
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = 15000;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	fixture_refresh(f, number);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	partial = cache_partial(f->cache, number);
	g_assert_nonnull(strstr(partial, "bodies.1"));
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "Running\n");
	json = fixture_read(f, session, SESSION_JSON);
	g_assert_nonnull(strstr(json, "Running"));
	fixture_refresh(f, number);
	g_free(state);
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "Busy\n");
}

static guint64 size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (guint64)st.st_size : 0;
}

/* Changes without end do not make files without end. */
static void garbage_is_written_away(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL, *after = NULL;
	static const char *const states[] = {"Busy", "Running"};
	guint64 most = 0;
	guint32 number;

	fixture_open(f, "sessions", "1000", "page", "1000", NULL);
	number = fixture_workspace(f, "m-1");
	names = fixture_names(f, number);
	for (guint round = 0; round < 30; round++) {
		g_autoptr(GString) metrics = g_string_new(NULL);
		const char *value;

		for (guint i = 1; i <= 1000; i++) {
			g_autofree char *id = g_strdup_printf("s-%06u", i);

			memory_put(
				f->backend, "m-1", id, NULL, states[round % 2]);
		}
		fixture_refresh(f, number);
		cache_metrics(f->cache, metrics);
		value = strstr(metrics->str, "sessionfs_state_bytes{");
		value = strchr(value, ' ');
		most = MAX(most, g_ascii_strtoull(value, NULL, 10));
	}
	g_assert_cmpuint(most, <, 6 * 1024 * 1024);
	g_assert_cmpuint(most, >, 1024 * 1024);
	reopen_offline(f);
	after = fixture_names(f, number);
	g_assert_cmpstr(after, ==, names);
	g_free(fixture_read(
		f, fixture_find(f, number, "s-000500"), SESSION_JSON));
}

/* A copy taken at any moment, as a kill would leave it, is a good state. */
static void a_kill_at_any_moment_is_survived(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *index = path_of(f, "index");
	g_autofree char *store = path_of(f, "bodies.1");
	guint64 index_len, body_store_len;
	guint32 number;

	fixture_open(f, "sessions", "20", "page", "5", NULL);
	number = fixture_workspace(f, "m-1");
	fixture_close(f);
	index_len = size_of(index);
	body_store_len = size_of(store);
	for (guint64 cut = index_len; cut >= 16; cut -= MIN(cut, 37)) {
		g_assert_cmpint(truncate(index, (off_t)cut), ==, 0);
		warnings_keep();
		reopen_offline(f);
		warnings_drop();
		for (guint i = 1; i <= 20; i++) {
			g_autofree char *id = g_strdup_printf("s-%06u", i);
			Entry entry;

			if (cache_find(f->cache, number, id, &entry, NULL) ==
				KNOWN_YES)
				g_free(fixture_read(
					f, entry.number, SESSION_JSON));
		}
		fixture_close(f);
	}
	g_assert_cmpuint(size_of(store), ==, body_store_len);
}

/* ---- damage ---- */

static void overwrite(const char *path, off_t at)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(pwrite(fd, "XXXX", 4, at), ==, 4);
	close(fd);
}

/* Whoever asks for what was lost must not hear that there is none. */
static void a_damaged_listing_is_not_complete(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = path_of(f, "index"), *after = NULL;
	guint32 number, lost;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	for (guint i = 4; i <= 30; i++) {
		g_autofree char *id = g_strdup_printf("s-%06u", i);

		memory_put(f->backend, "m-1", id, NULL, "Running");
	}
	fixture_refresh(f, number);
	lost = fixture_find(f, number, "s-000029");
	fixture_close(f);
	/* It was complete before that, once. */
	overwrite(path, (off_t)size_of(path) / 2);
	warnings_keep();
	fixture_open(f, "fail", "list_page", NULL);
	warnings_expect_one("*m-1/index is damaged*");
	/* What was cut off is not there to tell at the second start. */
	for (guint i = 0; i < 2; i++) {
		g_autofree char *partial = cache_partial(f->cache, number);
		guint64 count = cache_count(f->cache, number);

		g_assert_cmpuint(count, >, 0);
		g_assert_cmpuint(count, <, 29);
		if (i == 0)
			g_assert_nonnull(strstr(partial, "index was damaged"));
		g_assert_cmpint(fixture_known(f, number, NULL), !=, KNOWN_YES);
		memory_put(f->backend, "m-1", "s-000029", NULL, "Running");
		g_assert_cmpuint(fixture_find(f, number, "s-000029"), !=, 0);
		fixture_close(f);
		fixture_open(f, "fail", "list_page", NULL);
	}
	memory_heal(f->backend);
	fixture_refresh(f, number);
	after = cache_partial(f->cache, number);
	g_assert_null(after);
	g_assert_cmpuint(lost, !=, 0);
}

/* It does not matter which workspaces the tree still knows. */
static void numbers_are_not_used_again_after_damage(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = g_build_filename(f->state_dir, ".tree", NULL);
	guint32 number, session;
	DirLog *tree;

	fixture_open(f, "sessions", "30", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000030");
	fixture_close(f);
	g_assert_cmpint(truncate(path, 5), ==, 0);
	warnings_keep();
	fixture_open(f, "sessions", "30", NULL);
	warnings_expect_one("*.tree*ignored*");
	g_assert_cmpuint(f->provider, >, session + 900000);
	/* It is on disk, should this one be killed. */
	tree = dirlog_open(f->state_dir, NULL);
	g_assert_cmpuint(dirlog_limit(tree), >, session + 900000);
	dirlog_free(tree);
	number = fixture_workspace(f, "m-1");
	g_assert_cmpuint(number, >, session + 900000);
	g_assert_cmpuint(fixture_find(f, number, "s-000030"), ==, session);
	/* Once is enough. */
	fixture_close(f);
	fixture_open(f, "sessions", "31", NULL);
	fixture_refresh(f, number);
	g_assert_cmpuint(
		fixture_find(f, number, "s-000031"), <, session + 1100000);
}

/* A link where the index should be cannot be opened, and is not touched. */
static void a_workspace_whose_files_cannot_be_used_works(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = path_of(f, "index"), *kept = NULL;
	g_autofree char *aside = path_of(f, "aside"), *text = NULL;
	g_autofree char *json = NULL;
	guint32 number;
	gsize before, after;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	fixture_close(f);
	g_assert_true(g_file_get_contents(path, &kept, &before, NULL));
	g_assert_cmpint(rename(path, aside), ==, 0);
	g_assert_cmpint(symlink(aside, path), ==, 0);
	warnings_keep();
	fixture_open(f, "sessions", "3", NULL);
	warnings_expect_one("*m/m-1 is kept in memory only*");
	text = cache_last_error(f->cache, number);
	g_assert_nonnull(strstr(text, "kept in memory only"));
	g_assert_cmpuint(fixture_workspace(f, "m-1"), ==, number);
	fixture_refresh(f, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 3);
	json = fixture_read(
		f, fixture_find(f, number, "s-000002"), SESSION_JSON);
	g_assert_nonnull(strstr(json, "s-000002"));
	fixture_close(f);
	g_clear_pointer(&kept, g_free);
	g_assert_true(g_file_get_contents(aside, &kept, &after, NULL));
	g_assert_cmpuint(after, ==, before);
}

/* The end of a listing that cannot be recorded has not happened. */
static void a_workspace_that_cannot_be_forgotten_is_there(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = g_build_filename(f->state_dir, ".tree", NULL);
	g_autofree char *partial = NULL;
	struct rlimit before, small;
	guint32 number;

	fixture_open(f, "workspaces_made", "2", NULL);
	number = fixture_workspace(f, "m-2");
	memory_remove_workspace(f->backend, "m-2");
	fixture_refresh(f, f->provider);
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	/* Room for the record of its going, none for that of the time. */
	small.rlim_cur = size_of(path) + 20;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	fixture_refresh(f, f->provider);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	partial = cache_partial(f->cache, f->provider);
	g_assert_nonnull(partial);
	g_assert_cmpuint(fixture_find(f, f->provider, "m-2"), ==, number);
	reopen_offline(f);
	g_assert_cmpuint(fixture_find(f, f->provider, "m-2"), ==, number);
}

/* Whoever unmounts does not wait for what can be done at the next start. */
static void nothing_is_tidied_at_the_end(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *path = path_of(f, "bodies.1");
	Dir *dir;

	fixture_open(f, "sessions", "3", NULL);
	dir = dir_find(f->cache, fixture_workspace(f, "m-1"));
	cache_stop(f->cache);
	dir->disk->garbage = 1u << 30;
	g_assert_true(disk_wants_compact(dir->disk, g_get_monotonic_time()));
	apply_tidy(dir);
	g_assert_true(disk_wants_compact(dir->disk, g_get_monotonic_time()));
	g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/restart/" #name, name)
	ADD(what_was_known_is_there_without_a_network);
	ADD(numbers_are_never_used_again);
	ADD(an_unfinished_listing_is_not_complete_later);
	ADD(a_workspace_that_returns_has_its_sessions);
	ADD(the_newest_session_stays_the_newest);
	ADD(a_damaged_index_costs_the_workspace_only);
	ADD(a_damaged_body_comes_back_with_a_refresh);
	ADD(a_full_disk_is_a_failed_page);
	ADD(garbage_is_written_away);
	ADD(a_kill_at_any_moment_is_survived);
	ADD(a_damaged_listing_is_not_complete);
	ADD(numbers_are_not_used_again_after_damage);
	ADD(a_workspace_whose_files_cannot_be_used_works);
	ADD(a_workspace_that_cannot_be_forgotten_is_there);
	ADD(nothing_is_tidied_at_the_end);
	return g_test_run();
}
