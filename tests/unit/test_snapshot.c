#include "cache/store/snapshot.h"

#include <string.h>

#define UNIVERSE 4000u

/* What should be shown: since_ms by number, -1 for nothing. */
typedef struct {
	gint64 since[UNIVERSE];
	guint count;
} Model;

static void check(const Snapshot *shown, const Model *model)
{
	guint seen = 0;
	guint32 before = 0;

	g_assert_cmpuint(shown->count, ==, model->count);
	snapshot_foreach (row, shown, 0) {
		g_assert_cmpuint(row->number, >, before);
		g_assert_cmpint(row->since_ms, ==, model->since[row->number]);
		before = row->number;
		seen++;
	}
	g_assert_cmpuint(seen, ==, model->count);
	for (guint32 n = 1; n < UNIVERSE; n += 7) {
		const Row *row = snapshot_find(shown, n);

		g_assert_true((row != NULL) == (model->since[n] >= 0));
		if (row != NULL)
			g_assert_cmpuint(row->number, ==, n);
	}
}

/* A random change of about n rows, done to both. */
static Snapshot *random_change(const Snapshot *old, Model *model, guint n)
{
	g_autoptr(GArray) put = g_array_new(FALSE, FALSE, sizeof(Row));
	g_autoptr(GArray) cut = g_array_new(FALSE, FALSE, sizeof(guint32));
	gboolean growing = g_test_rand_int_range(0, 3) > 0;

	for (guint32 number = 1; number < UNIVERSE; number++) {
		Row row = {.number = number};

		if (g_test_rand_int_range(0, UNIVERSE) >= (gint32)n)
			continue;
		if (growing || g_test_rand_int_range(0, 2) == 0) {
			row.since_ms = g_test_rand_int_range(0, 1000000);
			model->count += model->since[number] < 0;
			model->since[number] = row.since_ms;
			g_array_append_val(put, row);
		} else {
			model->count -= model->since[number] >= 0;
			model->since[number] = -1;
			g_array_append_val(cut, number);
		}
	}
	return snapshot_apply(old, (const Row *)(void *)put->data, put->len,
		(const guint32 *)(void *)cut->data, cut->len, 1, NULL);
}

static void behaves_as_a_plain_table_would(void)
{
	g_autofree Model *model = g_new0(Model, 1);
	g_autofree Model *earlier = g_new0(Model, 1);
	g_autoptr(Snapshot) shown = snapshot_new(0, NULL);
	g_autoptr(Snapshot) kept = NULL;

	for (guint i = 0; i < UNIVERSE; i++)
		model->since[i] = -1;
	for (guint round = 0; round < 400; round++) {
		static const guint sizes[] = {1, 3, 40, 400, UNIVERSE};
		guint n = sizes[g_test_rand_int_range(0, 5)];
		Snapshot *next = random_change(shown, model, n);

		check(next, model);
		if (kept != NULL)
			check(kept, earlier);
		if (round % 10 == 0) {
			snapshot_unref(kept);
			kept = snapshot_ref(next);
			*earlier = *model;
		}
		snapshot_unref(shown);
		shown = next;
	}
}

static Snapshot *ascending(guint n, guint step)
{
	Snapshot *shown = snapshot_new(0, NULL);
	g_autofree Row *rows = g_new0(Row, step);

	for (guint at = 0; at < n; at += step) {
		Snapshot *next;

		for (guint i = 0; i < step; i++)
			rows[i].number = at + i + 1;
		next = snapshot_apply(shown, rows, step, NULL, 0, 0, NULL);
		snapshot_unref(shown);
		shown = next;
	}
	return shown;
}

static void streaming_fills_the_blocks(void)
{
	g_autoptr(Snapshot) shown = ascending(25600, 100);

	g_assert_cmpuint(shown->count, ==, 25600);
	g_assert_cmpuint(shown->n_blocks, ==, 100);
}

static void a_change_shares_what_it_does_not_touch(void)
{
	g_autoptr(Snapshot) shown = ascending(10000, 100);
	g_autoptr(Snapshot) next = NULL;
	Row row = {.number = 5000, .since_ms = 9};
	guint differ = 0;

	next = snapshot_apply(shown, &row, 1, NULL, 0, 0, NULL);
	g_assert_cmpuint(next->n_blocks, ==, shown->n_blocks);
	for (guint i = 0; i < next->n_blocks; i++)
		differ += next->blocks[i].block != shown->blocks[i].block;
	g_assert_cmpuint(differ, ==, 1);
	g_assert_cmpint(snapshot_find(next, 5000)->since_ms, ==, 9);
	g_assert_cmpint(snapshot_find(shown, 5000)->since_ms, ==, 0);
}

static void removals_leave_no_crumbs(void)
{
	g_autoptr(Snapshot) shown = ascending(25600, 100);
	g_autoptr(GArray) cut = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(Snapshot) next = NULL;

	for (guint32 n = 1; n <= 25600; n++)
		if (n % 100 != 0)
			g_array_append_val(cut, n);
	next = snapshot_apply(shown, NULL, 0,
		(const guint32 *)(void *)cut->data, cut->len, 0, NULL);
	g_assert_cmpuint(next->count, ==, 256);
	g_assert_cmpuint(next->n_blocks, ==, 1);
}

static void seeking_begins_behind_a_number(void)
{
	g_autoptr(Snapshot) shown = ascending(1000, 100);
	static const guint32 after[] = {
		0, 1, 255, 256, 257, 999, 1000, 5000, G_MAXUINT32};

	for (guint i = 0; i < G_N_ELEMENTS(after); i++) {
		const Row *row = snapshot_after(shown, after[i]);

		if (after[i] >= 1000)
			g_assert_null(row);
		else
			g_assert_cmpuint(row->number, ==, after[i] + 1);
	}
}

static void times_are_shared_and_freed(void)
{
	g_autoptr(Snapshot) first = snapshot_new(0, NULL);
	g_autoptr(Snapshot) second = NULL;
	Row row = {.number = 7, .since_ms = 3};

	g_assert_cmpint(row_mtime_ns(&row, SESSION_STATE), ==, 3000000);
	row.mtimes = g_new0(Mtimes, 1);
	row.mtimes->refs = 1;
	row.mtimes->ns[SESSION_STATE] = 42;
	second = snapshot_apply(first, &row, 1, NULL, 0, 0, NULL);
	g_assert_cmpint(row.mtimes->refs, ==, 2);
	g_assert_cmpint(
		row_mtime_ns(snapshot_find(second, 7), SESSION_STATE), ==, 42);
	mtimes_unref(row.mtimes);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/snapshot/behaves_as_a_plain_table_would",
		behaves_as_a_plain_table_would);
	g_test_add_func("/snapshot/streaming_fills_the_blocks",
		streaming_fills_the_blocks);
	g_test_add_func("/snapshot/a_change_shares_what_it_does_not_touch",
		a_change_shares_what_it_does_not_touch);
	g_test_add_func(
		"/snapshot/removals_leave_no_crumbs", removals_leave_no_crumbs);
	g_test_add_func("/snapshot/seeking_begins_behind_a_number",
		seeking_begins_behind_a_number);
	g_test_add_func("/snapshot/times_are_shared_and_freed",
		times_are_shared_and_freed);
	return g_test_run();
}
