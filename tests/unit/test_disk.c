#include "disk.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache_fixture.h"
#include "hash.h"
#include "warnings.h"

/* A disk and all that loading fills. */
typedef struct {
	char *dir;
	Disk *disk;
	DiskLoaded load;
	Snapshot *shown;
} Box;

static void box_close(Box *self)
{
	disk_loaded_clear(&self->load);
	g_clear_pointer(&self->shown, snapshot_unref);
	g_clear_pointer(&self->disk, disk_free);
	g_clear_pointer(&self->load.ids, ids_free);
	g_clear_pointer(&self->load.words, words_free);
	g_clear_pointer(&self->load.numbers, numbers_free);
}

static void box_open(Box *self)
{
	g_autoptr(GError) error = NULL;
	gboolean ok;

	if (self->dir == NULL)
		self->dir = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	self->disk = disk_new(g_build_filename(self->dir, "w", NULL));
	self->load = (DiskLoaded){.owner = self};
	self->load.ids = ids_new(NULL);
	self->load.words = words_new();
	self->load.numbers = numbers_new(NULL, NULL);
	ok = disk_load(self->disk, &self->load, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	self->shown = snapshot_new(0, self->disk->heap);
	if (self->load.rows != NULL) {
		Snapshot *next = snapshot_apply(self->shown,
			(const Row *)(void *)self->load.rows->data,
			self->load.rows->len, NULL, 0, 1, self->disk->heap);

		snapshot_unref(self->shown);
		self->shown = next;
	}
}

static void box_clear(Box *self)
{
	box_close(self);
	fixture_remove_tree(self->dir);
	g_free(self->dir);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Box, box_clear)

static void box_reopen(Box *self)
{
	box_close(self);
	box_open(self);
}

/* One session, new or changed, made and committed. */
static gboolean box_put(Box *self, const char *raw, const char *word,
	const char *body, GError **error)
{
	Id *id = ids_get(self->load.ids, raw);
	const Row *old = NULL;
	Row row = {.phase = PHASE_IDLE, .since_ms = 1234};
	Snapshot *next;

	if (id == NULL) {
		guint32 number;

		if (!numbers_take(self->load.numbers, self, &number, error))
			return FALSE;
		id = ids_add(self->load.ids, raw, number);
	} else {
		old = snapshot_find(self->shown, id->number);
	}
	row.id = id;
	row.number = id->number;
	if (!words_index(self->load.words, word, &row.word, error) ||
		!disk_put(self->disk, &row, old, word, body, strlen(body),
			error) ||
		!disk_commit(self->disk, error))
		return FALSE;
	next = snapshot_apply(
		self->shown, &row, 1, NULL, 0, 1, self->disk->heap);
	snapshot_unref(self->shown);
	self->shown = next;
	return TRUE;
}

static void must_put(
	Box *self, const char *id, const char *word, const char *body)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = box_put(self, id, word, body, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}

static char *body_of(Box *self, const Row *row)
{
	if (row->body_len == 0)
		return g_strdup("-");
	return heap_read(self->shown->heap, row->body_at, row->body_len,
		row->body_hash, NULL);
}

/* "number id word body;" of all rows. */
static char *dump(Box *self)
{
	GString *out = g_string_new(NULL);
	SnapshotAt at = snapshot_seek(self->shown, 0);
	const Row *row;

	while ((row = snapshot_step(self->shown, &at)) != NULL) {
		g_autofree char *body = body_of(self, row);

		g_string_append_printf(out, "%u %s %s %s;", row->number,
			row->id->text, words_get(self->load.words, row->word),
			body);
	}
	return g_string_free(out, FALSE);
}

#define assert_dump(box, want)                                                 \
	G_STMT_START                                                           \
	{                                                                      \
		g_autofree char *dump_ = dump(box);                            \
		g_assert_cmpstr(dump_, ==, want);                              \
	}                                                                      \
	G_STMT_END

static void rows_and_bodies_come_back(void)
{
	g_auto(Box) box = {0};

	box_open(&box);
	must_put(&box, "s-1", "Running", "{\"a\":1}");
	must_put(&box, "a/b", "Stopped", "{}");
	must_put(&box, "s-1", "Stopped", "{\"a\":2}");
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
	must_put(&box, "s-1", "Running", "{}");
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
	must_put(&box, "s-1", "Running", "{}");
	must_put(&box, "s-2", "Running", "{}");
	disk_remove(box.disk, snapshot_find(box.shown, cut));
	g_assert_true(disk_commit(box.disk, NULL));
	next = snapshot_apply(box.shown, NULL, 0, &cut, 1, 1, box.disk->heap);
	snapshot_unref(box.shown);
	box.shown = next;
	box_reopen(&box);
	assert_dump(&box, "65 s-2 Running {};");
	g_assert_cmpuint(ids_get(box.load.ids, "s-1")->number, ==, 64);
	must_put(&box, "s-1", "Running", "{}");
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Running {};65 s-2 Running {};");
}

static void times_of_single_files_come_back(void)
{
	g_auto(Box) box = {0};
	Row row;

	box_open(&box);
	must_put(&box, "s-1", "Running", "{}");
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

static char *file_of(Box *self, const char *name)
{
	return g_build_filename(self->dir, "w", name, NULL);
}

static void a_lost_heap_leaves_the_states(void)
{
	g_auto(Box) box = {0};
	g_autofree char *path = NULL;

	box_open(&box);
	must_put(&box, "s-1", "Running", "{\"a\":1}");
	must_put(&box, "s-2", "Stopped", "{\"a\":2}");
	path = file_of(&box, "bodies.1");
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
	must_put(&box, "s-1", "Running", "{\"a\":1}");
	path = file_of(&box, "bodies.1");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(pwrite(fd, "X", 1, 5), ==, 1);
	close(fd);
	row = snapshot_find(box.shown, 64);
	body = heap_read(box.shown->heap, row->body_at, row->body_len,
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
	must_put(&box, "s-1", "Running", "{}");
	path = file_of(&box, "index");
	g_assert_true(g_file_set_contents(path, "rubbish", 7, NULL));
	warnings_keep();
	box_reopen(&box);
	warnings_expect_one("*ignored*");
	assert_dump(&box, "");
	must_put(&box, "s-2", "Running", "{\"b\":1}");
	box_reopen(&box);
	assert_dump(&box, "64 s-2 Running {\"b\":1};");
}

static void somebody_elses_number_is_not_taken(void)
{
	g_auto(Box) box = {0};
	int other;

	box_open(&box);
	must_put(&box, "s-1", "Running", "{}");
	must_put(&box, "s-2", "Running", "{}");
	disk_loaded_clear(&box.load);
	g_clear_pointer(&box.shown, snapshot_unref);
	disk_free(box.disk);
	box.disk = disk_new(g_build_filename(box.dir, "w", NULL));
	ids_free(box.load.ids);
	box.load.ids = ids_new(NULL);
	numbers_free(box.load.numbers);
	box.load.numbers = numbers_new(NULL, NULL);
	g_assert_true(numbers_claim(box.load.numbers, 64, &other));
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
	must_put(&box, "s-1", "Running", "{\"a\":1}");
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = 20000;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	g_assert_false(box_put(&box, "s-2", "Running", big, &error));
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_ROOM);
	assert_dump(&box, "64 s-1 Running {\"a\":1};");
	must_put(&box, "s-3", "Running", "{\"a\":3}");
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Running {\"a\":1};66 s-3 Running {\"a\":3};");
}

static void compact(Box *self)
{
	g_autoptr(GArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	Snapshot *empty = snapshot_new(1, NULL);
	gboolean ok = disk_compact(self->disk, self->shown, self->load.ids,
		self->load.words, 55, 64, &rows, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	snapshot_unref(self->shown);
	self->shown = snapshot_apply(empty, (const Row *)(void *)rows->data,
		rows->len, NULL, 0, 1, self->disk->heap);
	snapshot_unref(empty);
}

static void garbage_goes_and_the_rest_stays(void)
{
	g_auto(Box) box = {0};
	g_autofree char *old = NULL, *big = g_strnfill(40000, 'x');
	g_autofree char *before = NULL;
	g_autoptr(Snapshot) reader = NULL;
	g_autofree char *read = NULL;
	const Row *row;

	box_open(&box);
	must_put(&box, "s-1", "Running", "{\"a\":1}");
	g_assert_false(disk_wants_compact(box.disk));
	for (guint i = 0; i < 60; i++) {
		g_autofree char *body = g_strdup_printf("{\"%s\":%u}", big, i);

		must_put(&box, "s-2", "Running", body);
	}
	g_assert_true(disk_wants_compact(box.disk));
	before = dump(&box);
	reader = snapshot_ref(box.shown);
	compact(&box);
	assert_dump(&box, before);
	g_assert_cmpuint(heap_len(box.disk->heap), <, 50000);
	g_assert_false(disk_wants_compact(box.disk));
	old = file_of(&box, "bodies.1");
	g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
	row = snapshot_find(reader, 65);
	read = heap_read(reader->heap, row->body_at, row->body_len,
		row->body_hash, NULL);
	g_assert_nonnull(read); /* who began before goes on */
	must_put(&box, "s-3", "Running", "{}");
	box_reopen(&box);
	g_assert_cmpuint(box.shown->count, ==, 3);
	g_assert_cmpint(box.load.complete_ms, ==, 55);
	g_assert_cmpuint(box.load.last, ==, 64);
}

static void compaction_remembers_ids_that_are_gone(void)
{
	g_auto(Box) box = {0};
	const guint32 cut = 64;
	Snapshot *next;

	box_open(&box);
	must_put(&box, "s-1", "Running", "{}");
	must_put(&box, "s-2", "Running", "{}");
	disk_remove(box.disk, snapshot_find(box.shown, cut));
	g_assert_true(disk_commit(box.disk, NULL));
	next = snapshot_apply(box.shown, NULL, 0, &cut, 1, 1, box.disk->heap);
	snapshot_unref(box.shown);
	box.shown = next;
	compact(&box);
	box_reopen(&box);
	assert_dump(&box, "65 s-2 Running {};");
	g_assert_cmpuint(ids_get(box.load.ids, "s-1")->number, ==, 64);
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
	ADD(an_empty_batch_touches_no_file);
	ADD(files_are_private);
	ADD(a_session_that_returns_keeps_its_number);
	ADD(times_of_single_files_come_back);
	ADD(a_lost_heap_leaves_the_states);
	ADD(a_damaged_body_is_an_error_not_a_lie);
	ADD(an_unreadable_index_begins_anew);
	ADD(somebody_elses_number_is_not_taken);
	ADD(a_full_disk_changes_nothing);
	ADD(garbage_goes_and_the_rest_stays);
	ADD(compaction_remembers_ids_that_are_gone);
	ADD(loading_many_is_quick);
	return g_test_run();
}
