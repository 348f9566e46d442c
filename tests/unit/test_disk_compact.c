#include "disk_box.h"

#include <string.h>

#include "backends/error.h"

static void what_changes_while_it_is_rewritten_is_kept(void)
{
	static const char want[] =
		"64 s-1 Running {\"a\":1};65 s-2 Stopped {};"
		"66 s-3 Running {\"a\":3,\"b\":4};69 s-6 Running {\"a\":6};";
	g_auto(Box) box = {0};
	DiskCompact *compact;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	box_must_put(&box, "s-2", "Running", "{\"a\":2}");
	box_must_put(&box, "s-3", "Running", "{\"a\":3}");
	box_must_put(&box, "s-4", "Running", "{\"a\":4}");
	box_must_put(&box, "s-5", "Running", "{\"a\":5}");
	compact = box_compact_begin(&box);
	box_must_put(&box, "s-2", "Stopped", "{}");
	box_must_put(&box, "s-3", "Running", "{\"a\":3,\"b\":4}");
	box_must_remove(&box, 67);
	box_must_put(&box, "s-6", "Running", "{\"a\":6}");
	box_must_remove(&box, 68);
	assert_dump(&box, want);
	box_compact_end(&box, compact);
	assert_dump(&box, want);
	box_reopen(&box);
	assert_dump(&box, want);
	g_assert_cmpuint(ids_get(box.load.ids, "s-4")->number, ==, 67);
	g_assert_cmpuint(box.disk->live_bytes, ==, 7 + 2 + 13 + 7);
}

static void renumber(Box *box, const char *raw)
{
	Id *id = ids_get(box->load.ids, raw);

	box_must_remove(box, id->number);
	g_assert_true(
		node_ids_take(box->load.node_ids, box, &id->number, NULL));
}

/* The id came again, as another session. */
static void an_id_has_its_newest_number(void)
{
	static const char want[] =
		"65 s-2 Running {};67 s-1 Running {\"a\":3};";
	g_auto(Box) box = {0};
	DiskCompact *compact;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	box_must_put(&box, "s-2", "Running", "{}");
	renumber(&box, "s-1");
	box_must_put(&box, "s-1", "Running", "{\"a\":2}");
	box_reopen(&box);
	assert_dump(&box, "65 s-2 Running {};66 s-1 Running {\"a\":2};");
	compact = box_compact_begin(&box);
	renumber(&box, "s-1");
	box_must_put(&box, "s-1", "Running", "{\"a\":3}");
	box_compact_end(&box, compact);
	assert_dump(&box, want);
	box_reopen(&box);
	assert_dump(&box, want);
	g_assert_false(box.load.damaged);
	g_assert_cmpuint(ids_get(box.load.ids, "s-1")->number, ==, 67);
	g_assert_cmpuint(node_ids_next(box.load.node_ids), >=, 68);
}

static void check_marks(Box *box, guint8 partial, guint32 born)
{
	const Row *row = snapshot_find(box->shown, 64);

	g_assert_cmpuint(row->partial, ==, partial);
	g_assert_cmpuint(row->born, ==, born);
	g_assert_cmpint(row_mtime_ns(row, SESSION_LOG), ==,
		born != 0 ? 5 : 1234 * G_GINT64_CONSTANT(1000000));
}

static void what_is_thin_and_when_it_was_made_is_kept(void)
{
	g_auto(Box) box = {0};
	Mtimes times = {.refs = 1};
	Row row;

	times.ns[SESSION_LOG] = 5;
	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{}");
	box_reopen(&box);
	check_marks(&box, 0, 0);
	row = *snapshot_find(box.shown, 64);
	row.partial = 1;
	row.born = row_created(1700000000000);
	row.mtimes = &times;
	g_assert_cmpuint(row.born, !=, row_created(1700000000001));
	g_assert_true(disk_put(box.disk, &row, snapshot_find(box.shown, 64),
		"Running", NULL, 0, NULL));
	g_assert_true(disk_commit(box.disk, NULL));
	box_reopen(&box);
	check_marks(&box, 1, row.born);
	box_compact(&box);
	box_reopen(&box);
	check_marks(&box, 1, row.born);
}

static void a_rewrite_that_is_stopped_leaves_no_file(void)
{
	static const gboolean stop = TRUE;
	g_auto(Box) box = {0};
	g_autofree char *store = NULL;
	g_autoptr(GError) error = NULL;
	DiskCompact *compact;

	box_open(&box);
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	compact = disk_compact_begin(
		box.disk, box.shown, box.load.state_names, &stop);
	g_assert_false(disk_compact_rows(compact, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
	disk_compact_free(compact);
	store = box_file(&box, "bodies.2");
	g_assert_false(g_file_test(store, G_FILE_TEST_EXISTS));
	box_reopen(&box);
	assert_dump(&box, "64 s-1 Running {\"a\":1};");
}

static void a_rewrite_that_failed_is_not_tried_at_once(void)
{
	g_auto(Box) box = {0};
	g_autofree char *big = g_strnfill(200000, 'x');

	box_open(&box);
	for (guint i = 0; i < 20; i++) {
		big[0] = (char)('a' + i);
		box_must_put(&box, "s-1", "Running", big);
	}
	g_assert_true(disk_wants_compact(box.disk, g_get_monotonic_time()));
	disk_compact_failed(box.disk, g_get_monotonic_time());
	g_assert_false(disk_wants_compact(box.disk, g_get_monotonic_time()));
	box.disk->compact_after_us = g_get_monotonic_time();
	g_assert_true(disk_wants_compact(box.disk, g_get_monotonic_time()));
	disk_compact_failed(box.disk, g_get_monotonic_time());
	g_assert_cmpint(box.disk->compact_after_us, >,
		g_get_monotonic_time() + 100 * G_USEC_PER_SEC);
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
	box_must_put(&box, "s-1", "Running", "{\"a\":1}");
	g_assert_false(disk_wants_compact(box.disk, g_get_monotonic_time()));
	for (guint i = 0; i < 60; i++) {
		g_autofree char *body = g_strdup_printf("{\"%s\":%u}", big, i);

		box_must_put(&box, "s-2", "Running", body);
	}
	g_assert_true(disk_wants_compact(box.disk, g_get_monotonic_time()));
	before = box_dump(&box);
	reader = snapshot_ref(box.shown);
	box_compact(&box);
	assert_dump(&box, before);
	g_assert_cmpuint(body_store_len(box.disk->store), <, 50000);
	g_assert_false(disk_wants_compact(box.disk, g_get_monotonic_time()));
	old = box_file(&box, "bodies.1");
	row = snapshot_find(reader, 65);
	/* Who began before goes on, though the old file was closed meanwhile. */
	descriptors_limit(1);
	assert_dump(&box, before);
	read = body_store_read(reader->store, row->body_at, row->body_len,
		row->body_hash, NULL);
	g_assert_nonnull(read);
	box_must_put(&box, "s-3", "Running", "{}");
	g_assert_cmpuint(descriptors_open(), ==, 1);
	descriptors_limit(0);
	g_assert_true(g_file_test(old, G_FILE_TEST_EXISTS));
	g_clear_pointer(&reader, snapshot_unref);
	g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
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
	box_must_put(&box, "s-1", "Running", "{}");
	box_must_put(&box, "s-2", "Running", "{}");
	disk_remove(box.disk, snapshot_find(box.shown, cut));
	g_assert_true(disk_commit(box.disk, NULL));
	next = snapshot_apply(box.shown, NULL, 0, &cut, 1, 1, box.disk->store);
	snapshot_unref(box.shown);
	box.shown = next;
	box_compact(&box);
	box_reopen(&box);
	assert_dump(&box, "65 s-2 Running {};");
	g_assert_cmpuint(ids_get(box.load.ids, "s-1")->number, ==, 64);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/disk_compact/" #name, name)
	ADD(what_changes_while_it_is_rewritten_is_kept);
	ADD(a_rewrite_that_is_stopped_leaves_no_file);
	ADD(a_rewrite_that_failed_is_not_tried_at_once);
	ADD(garbage_goes_and_the_rest_stays);
	ADD(an_id_has_its_newest_number);
	ADD(what_is_thin_and_when_it_was_made_is_kept);
	ADD(compaction_remembers_ids_that_are_gone);
	return g_test_run();
}
