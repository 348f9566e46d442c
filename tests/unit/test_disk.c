#include "disk_box.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/base/hash.h"
#include "cache_fixture.h"
#include "warnings.h"

static void rows_and_bodies_come_back(void)
{
	g_auto(Box) box = {0};

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	box_must_put(&box, "a/b", "Stopped", "{}");
	box_must_put(&box, "s-1", "Stopped", "{\"a\":2}");
	disk_complete(box.disk, 77);
	disk_touch(box.disk, 88);
	disk_last(box.disk, 65);
	g_assert_true(disk_commit(box.disk, NULL));
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Stopped {\"a\":2};65 a/b Stopped {};");
	g_assert_cmpint(box.load.complete_ms, ==, 77);
	g_assert_cmpint(box.load.mtime_ns, ==, 88);
	g_assert_cmpuint(box.load.last, ==, 65);
	g_assert_cmpint(snapshot_find(box.shown, 64)->since_ms, ==, 1234);
}

static const char *read_next(BodyWindow *window, const Box *box, const Row *row)
{
	return body_window_read(window, box->shown->store, row->body_at,
		row->body_len, row->body_hash);
}

static void many_bodies_are_read_at_once(void)
{
	g_auto(Box) box = {0};
	BodyWindow window = {NULL};
	guint n = 0;
	Row wrong;

	box_open(&box);
	for (guint i = 0; i < 100; i++) {
		g_autofree char *id = g_strdup_printf("s-%u", i);
		g_autofree char *body = g_strdup_printf("{\"a\":%u}", i * i);

		box_must_put(&box, id, "Running", body);
	}
	box_reopen(&box);
	for (guint round = 0; round < 2; round++) {
		snapshot_foreach (row, box.shown, 0) {
			g_autofree char *whole =
				body_store_read(box.shown->store, row->body_at,
					row->body_len, row->body_hash, NULL);

			g_assert_cmpmem(read_next(&window, &box, row),
				row->body_len, whole, strlen(whole));
			n++;
		}
	}
	g_assert_cmpuint(n, ==, 200);
	g_assert_cmpuint(window.len, >, 50);
	wrong = *snapshot_after(box.shown, 0);
	wrong.body_hash++;
	g_assert_null(read_next(&window, &box, &wrong));
	wrong = *snapshot_after(box.shown, 0);
	wrong.body_len = 1u << 20;
	g_assert_null(read_next(&window, &box, &wrong));
	body_window_clear(&window);
}

static void an_empty_batch_touches_no_file(void)
{
	g_auto(Box) box = {0};
	g_autofree char *path = NULL;

	box_open(&box);
	g_assert_true(disk_commit(box.disk, NULL));
	g_assert_true(disk_sync(box.disk, NULL));
	path = g_build_filename(box.dir, "w", NULL);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void files_are_private(void)
{
	g_auto(Box) box = {0};
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"w", 0700}, {"w/index", 0600}, {"w/bodies.1", 0600}};

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path =
			g_build_filename(box.dir, files[i].name, NULL);
		struct stat st;

		g_assert_cmpint(stat(path, &st), ==, 0);
		g_assert_cmpuint(st.st_mode & 07777, ==, files[i].mode);
	}
}

static void a_session_that_returns_keeps_its_number(void)
{
	g_auto(Box) box = {0};
	const guint32 cut = 64;
	Snapshot *next;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	box_must_put(&box, "s-2", "Running", "{}");
	disk_remove(box.disk, snapshot_find(box.shown, cut));
	g_assert_true(disk_commit(box.disk, NULL));
	next = snapshot_apply(box.shown, NULL, 0, &cut, 1, 1, box.disk->store);
	snapshot_unref(box.shown);
	box.shown = next;
	box_reopen(&box);
	assert_dump(&box, "65 s-2 Running {};");
	g_assert_cmpuint(ids_get(box.load.ids, "s-1")->number, ==, 64);
	box_must_put(&box, "s-1", "Running", "{}");
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Running {};65 s-2 Running {};");
}

static void times_of_single_files_come_back(void)
{
	g_auto(Box) box = {0};
	Row row;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	row = *snapshot_find(box.shown, 64);
	row.mtimes = g_new0(Mtimes, 1);
	row.mtimes->refs = 1;
	row.mtimes->ns[SESSION_STATE] = 99;
	g_assert_true(disk_put(box.disk, &row, &row, "Running", NULL, 0, NULL));
	g_assert_true(disk_commit(box.disk, NULL));
	mtimes_unref(row.mtimes);
	box_reopen(&box);
	g_assert_cmpint(
		row_mtime_ns(snapshot_find(box.shown, 64), SESSION_STATE), ==,
		99);
	assert_dump(&box, "64 s-1 Running {};");
}

static void a_lost_heap_leaves_the_states(void)
{
	g_auto(Box) box = {0};
	g_autofree char *path = NULL;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	box_must_put(&box, "s-2", "Stopped", "{\"a\":2}");
	path = box_file(&box, "bodies.1");
	g_assert_cmpint(truncate(path, 9), ==, 0);
	warnings_keep();
	box_reopen(&box);
	warnings_expect_one("*bodies of 1 sessions are missing*");
	assert_dump(&box, "64 s-1 Running {\"a\":1};65 s-2 Stopped -;");
}

static void a_damaged_body_is_an_error_not_a_lie(void)
{
	g_auto(Box) box = {0};
	g_autofree char *path = NULL, *body = NULL;
	g_autoptr(GError) error = NULL;
	const Row *row;
	int fd;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	path = box_file(&box, "bodies.1");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(pwrite(fd, "X", 1, 5), ==, 1);
	close(fd);
	row = snapshot_find(box.shown, 64);
	body = body_store_read(box.shown->store, row->body_at, row->body_len,
		row->body_hash, &error);
	g_assert_null(body);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	g_assert_nonnull(strstr(error->message, "bodies.1"));
}

static void an_unreadable_index_begins_anew(void)
{
	g_auto(Box) box = {0};
	g_autofree char *path = NULL;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	path = box_file(&box, "index");
	g_assert_true(g_file_set_contents(path, "rubbish", 7, NULL));
	warnings_keep();
	box_reopen(&box);
	warnings_expect_one("*ignored*");
	assert_dump(&box, "");
	box_must_put(&box, "s-2", "Running", "{\"b\":1}");
	box_reopen(&box);
	assert_dump(&box, "64 s-2 Running {\"b\":1};");
}

static void somebody_elses_number_is_not_taken(void)
{
	g_auto(Box) box = {0};
	int other;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	box_must_put(&box, "s-2", "Running", "{}");
	disk_loaded_clear(&box.load);
	g_clear_pointer(&box.shown, snapshot_unref);
	disk_free(box.disk);
	box.disk = disk_new(g_build_filename(box.dir, "w", NULL));
	ids_free(box.load.ids);
	box.load.ids = ids_new(NULL);
	node_ids_free(box.load.node_ids);
	box.load.node_ids = node_ids_new(NULL, NULL);
	g_assert_true(node_ids_claim(box.load.node_ids, 64, &other));
	warnings_keep();
	g_assert_true(disk_load(box.disk, &box.load, NULL));
	warnings_expect_one("*make no sense*");
	g_assert_cmpuint(box.load.rows->len, ==, 1);
	g_assert_cmpuint(g_array_index(box.load.rows, Row, 0).number, ==, 65);
}

static void a_full_disk_changes_nothing(void)
{
	g_auto(Box) box = {0};
	struct rlimit before, small;
	g_autoptr(GError) error = NULL;
	g_autofree char *big = g_strnfill(100000, 'x');

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = 20000;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	g_assert_false(box_put(&box, "s-2", "Running", big, &error));
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_ROOM);
	assert_dump(&box, "64 s-1 Running {\"a\":1};");
	box_must_put(&box, "s-3", "Running", "{\"a\":3}");
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Running {\"a\":1};66 s-3 Running {\"a\":3};");
}

/* What was written is to be synced until that has succeeded. */
static void what_was_not_synced_is_synced_later(void)
{
	g_auto(Box) box = {0};
	guint64 commits = 0;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	for (guint i = 0; i < 2; i++) {
		int files[2] = {-1, -1};

		commits = disk_share(box.disk, files);
		g_assert_cmpint(files[0], >=, 0);
		g_assert_cmpint(files[1], >=, 0);
		close(files[0]);
		close(files[1]);
	}
	box_must_put(&box, "s-2", "Running", "{}");
	disk_shared_synced(box.disk, commits);
	for (guint i = 0; i < 2; i++) {
		int files[2] = {-1, -1};

		commits = disk_share(box.disk, files);
		g_assert_cmpint(files[0] >= 0, ==, i == 0);
		if (i > 0)
			continue;
		close(files[0]);
		close(files[1]);
		disk_shared_synced(box.disk, commits);
	}
}

/* The third of four records is not what it was. */
static void damage_in_the_middle_is_not_complete_any_more(void)
{
	g_auto(Box) box = {0};
	g_autofree char *path = NULL;
	guint64 at;
	int fd;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	disk_complete(box.disk, 77);
	g_assert_true(disk_commit(box.disk, NULL));
	at = record_log_len(box.disk->record_log);
	box_must_put(&box, "s-2", "Running", "{}");
	box_must_put(&box, "s-3", "Running", "{}");
	path = box_file(&box, "index");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(pwrite(fd, "X", 1, (off_t)at + 20), ==, 1);
	close(fd);
	warnings_keep();
	box_reopen(&box);
	warnings_expect_one("*damaged at byte*");
	assert_dump(&box, "64 s-1 Running {};");
	g_assert_true(box.load.damaged);
	g_assert_cmpint(box.load.complete_ms, ==, 0);
}

/* EMFILE here; EIO and EACCES come the same way. */
static void a_file_that_cannot_be_opened_is_left_alone(void)
{
	g_auto(Box) box = {0};
	struct rlimit before, none;
	g_autoptr(GError) error = NULL;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	box_close(&box);
	box.disk = disk_new(g_build_filename(box.dir, "w", NULL));
	box.load = (DiskLoaded){.owner = &box};
	box.load.ids = ids_new(NULL);
	box.load.state_names = state_names_new();
	box.load.node_ids = node_ids_new(NULL, NULL);
	node_ids_skip(box.load.node_ids, 1000);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	none = before;
	none.rlim_cur = 0;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	g_assert_false(disk_load(box.disk, &box.load, &error));
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_FILES);
	/* From memory, rewrites too. */
	box.shown = snapshot_new(0, NULL);
	box_must_put(&box, "s-2", "Running", "{\"b\":1}");
	box_must_put(&box, "s-3", "Running", "{\"c\":1}");
	box_must_remove(&box, 1000);
	g_assert_true(disk_sync(box.disk, NULL));
	box_compact(&box);
	assert_dump(&box, "1001 s-3 Running {\"c\":1};");
	g_assert_cmpuint(disk_bytes(box.disk), ==, 7);
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Running {\"a\":1};");
}

static void times_without_sense_are_left_out(void)
{
	g_auto(Box) box = {0};
	Row row;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	box_must_put(&box, "s-2", "Running", "{}");
	row = *snapshot_find(box.shown, 64);
	row.since_ms = G_MAXINT64;
	g_assert_true(disk_put(box.disk, &row, &row, "Running", NULL, 0, NULL));
	row = *snapshot_find(box.shown, 65);
	row.mtimes = g_new0(Mtimes, 1);
	row.mtimes->refs = 1;
	row.mtimes->ns[SESSION_STATE] = G_MAXINT64;
	row.mtimes->ns[SESSION_PHASE] = 99;
	g_assert_true(disk_put(box.disk, &row, &row, "Running", NULL, 0, NULL));
	disk_touch(box.disk, -5);
	g_assert_true(disk_commit(box.disk, NULL));
	mtimes_unref(row.mtimes);
	warnings_keep();
	box_reopen(&box);
	warnings_expect_one("*2 records make no sense*");
	row = *snapshot_find(box.shown, 64);
	g_assert_cmpint(row.since_ms, ==, 1234);
	row = *snapshot_find(box.shown, 65);
	g_assert_cmpint(row_mtime_ns(&row, SESSION_STATE), ==, 1234000000);
	g_assert_cmpint(row_mtime_ns(&row, SESSION_PHASE), ==, 99);
	g_assert_cmpint(box.load.mtime_ns, ==, 0);
}

/* A row as another version writes it, whose sessions have so many files. */
static void put_times(Box *box, const Row *row, guint8 says, guint n)
{
	const DiskRow out = {.number = row->number,
		.since_ms = row->since_ms,
		.id_len = row->id->id_len,
		.word_len = 7,
		.phase = row->phase,
		.times = says};
	g_autoptr(GByteArray) rest = g_byte_array_new();

	for (guint i = 0; i < n; i++) {
		gint64 ns = 1000 + i;

		g_byte_array_append(rest, (const guint8 *)&ns, sizeof(ns));
	}
	g_byte_array_append(
		rest, (const guint8 *)row->id->text, row->id->id_len);
	g_byte_array_append(rest, (const guint8 *)"Running", 7);
	record_log_record(box->disk->records, DISK_SESSION, &out, sizeof(out),
		rest->data, rest->len);
	g_assert_true(disk_commit(box->disk, NULL));
}

static void a_row_says_how_many_times_it_has(void)
{
	static const struct {
		guint8 says;
		guint n;
	} rows[] = {{1, 8}, {8, 8}, {5, 5}, {9, 9}, {200, 200}};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(Box) box = {0};
		Row row;

		box_open(&box);
		box_must_put(&box, "s-1", "Running", "{}");
		row = *snapshot_find(box.shown, 64);
		put_times(&box, &row, rows[i].says, rows[i].n);
		box_reopen(&box);
		g_assert_false(box.load.damaged);
		row = *snapshot_find(box.shown, 64);
		for (SessionFile file = 0; file < N_SESSION_FILES; file++)
			g_assert_cmpint(row_mtime_ns(&row, file), ==,
				file < rows[i].n ? 1000 + (gint64)file
						 : 1234000000);
	}
}

static void links_are_not_followed(void)
{
	g_auto(Box) box = {0};
	g_autofree char *target = NULL, *place = NULL;
	g_autoptr(GError) error = NULL;

	box_open(&box);
	target = g_build_filename(box.dir, "elsewhere", NULL);
	place = g_build_filename(box.dir, "link", NULL);
	g_assert_cmpint(g_mkdir(target, 0700), ==, 0);
	g_assert_cmpint(symlink(target, place), ==, 0);
	g_autoptr(Disk) disk = disk_new(g_build_filename(place, "w-1", NULL));
	Id *id = ids_add(box.load.ids, "s-9", 64);
	Row row = {.number = 64, .id = id};
	g_assert_true(!disk_put(disk, &row, NULL, "Running", "{}", 2, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	g_assert_cmpint(g_rmdir(target), ==, 0);
	g_assert_cmpint(g_unlink(place), ==, 0);
}

static void loading_many_is_quick(void)
{
	enum { N = 100000 };
	g_auto(Box) box = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *body = g_strnfill(900, 'x');
	gint64 start;

	box_open(&box);
	for (guint i = 0; i < N; i++) {
		g_autofree char *raw = g_strdup_printf("sc-%016x", i);
		Row row = {.number = 64 + i, .phase = PHASE_IDLE};

		row.id = ids_add(box.load.ids, raw, row.number);
		g_assert_true(disk_put(
			box.disk, &row, NULL, "Running", body, 900, &error));
		if (i % 100 == 99)
			g_assert_true(disk_commit(box.disk, &error));
	}
	box_close(&box);
	start = g_get_monotonic_time();
	box_open(&box);
	g_test_message("%d sessions loaded in %.1f ms", N,
		(double)(g_get_monotonic_time() - start) / 1000);
	g_assert_cmpuint(box.shown->count, ==, N);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/disk/" #name, name)
	ADD(rows_and_bodies_come_back);
	ADD(many_bodies_are_read_at_once);
	ADD(an_empty_batch_touches_no_file);
	ADD(files_are_private);
	ADD(a_session_that_returns_keeps_its_number);
	ADD(times_of_single_files_come_back);
	ADD(a_lost_heap_leaves_the_states);
	ADD(a_damaged_body_is_an_error_not_a_lie);
	ADD(an_unreadable_index_begins_anew);
	ADD(somebody_elses_number_is_not_taken);
	ADD(a_full_disk_changes_nothing);
	ADD(what_was_not_synced_is_synced_later);
	ADD(damage_in_the_middle_is_not_complete_any_more);
	ADD(a_file_that_cannot_be_opened_is_left_alone);
	ADD(times_without_sense_are_left_out);
	ADD(a_row_says_how_many_times_it_has);
	ADD(links_are_not_followed);
	ADD(loading_many_is_quick);
	return g_test_run();
}
