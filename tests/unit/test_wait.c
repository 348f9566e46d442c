#include "fs/ops/wait.h"

#include <glib.h>

#include "fs/base/node.h"
#include "fs/tree/tree.h"

static void a_phase_is_met_by_itself_and_idle_by_busy_too(void)
{
	for (Phase phase = 0; phase < N_PHASES; phase++) {
		for (Phase now = 0; now < N_PHASES; now++) {
			gboolean met =
				phase == now ||
				(phase == PHASE_IDLE && now == PHASE_BUSY);

			g_assert_cmpint(
				wait_judge(phase, now) == WAIT_MET, ==, met);
		}
	}
}

static void who_waits_for_something_else_than_the_end_waits_in_vain(void)
{
	for (Phase phase = 0; phase < N_PHASES; phase++) {
		if (phase != PHASE_STOPPED)
			g_assert_cmpint(wait_judge(phase, PHASE_STOPPED), ==,
				WAIT_IN_VAIN);
		if (phase != PHASE_FAILED)
			g_assert_cmpint(wait_judge(phase, PHASE_FAILED), ==,
				WAIT_IN_VAIN);
	}
}

static void what_lives_may_still_get_there(void)
{
	for (Phase now = 0; now < N_PHASES; now++) {
		gboolean ended = now == PHASE_STOPPED || now == PHASE_FAILED;

		for (Phase phase = 0; !ended && phase < N_PHASES; phase++)
			g_assert_cmpint(
				wait_judge(phase, now), !=, WAIT_IN_VAIN);
	}
	g_assert_cmpint(wait_judge(PHASE_BUSY, PHASE_IDLE), ==, WAIT_ON);
	g_assert_cmpint(wait_judge(PHASE_STOPPED, PHASE_STOPPING), ==, WAIT_ON);
}

static void only_a_state_that_nobody_documents_is_given_up(void)
{
	SessionState state = {.word = "ARCHIVED", .phase = PHASE_PENDING};

	state.since_ms = 1000000;
	g_assert_cmpint(wait_until_ms(&state), ==, 1000000 + 10 * 60 * 1000);
	state.documented = TRUE;
	g_assert_cmpint(wait_until_ms(&state), ==, G_MAXINT64);
}

static void each_phase_has_its_file(void)
{
	for (Phase phase = 0; phase < N_PHASES; phase++) {
		const TreeRow *row = tree_by_name(DIR_WAIT, phase_name(phase));

		g_assert_nonnull(row);
		g_assert_cmpint(row->phase, ==, phase);
		g_assert_cmpuint(row->slot, ==, NODE_PHASE + phase);
		g_assert_true(row->hidden);
		g_assert_true(tree_by_slot(DIR_SESSION, row->slot) == row);
	}
	g_assert_null(tree_by_name(DIR_WAIT, "ready"));
}

static void each_view_and_each_link_has_its_node(void)
{
	for (ByWhat by = 0; by < N_VIEWS; by++) {
		const TreeRow *view = tree_view(by), *link = tree_link(by);

		g_assert_cmpint(view->kind, ==, ROW_DIR);
		g_assert_cmpint(view->leads, ==, DIR_VIEW);
		g_assert_cmpint(view->by, ==, by);
		g_assert_true(tree_by_name(DIR_WORKSPACE, view->name) == view);
		g_assert_cmpint(link->kind, ==, ROW_SESSION);
		g_assert_cmpint(link->by, ==, by);
		g_assert_true(tree_by_slot(DIR_SESSION, link->slot) == link);
	}
}

static void check_slots(const DirKind *kinds, gsize n)
{
	guint32 seen = 1; /* the directory's own */

	for (gsize i = 0; i < n; i++) {
		for (const TreeRow *row = NULL;
			(row = tree_next(kinds[i], row));) {
			g_assert_cmpuint(row->slot, <, NODE_SLOTS);
			g_assert_cmpuint(seen & (1u << row->slot), ==, 0);
			seen |= 1u << row->slot;
		}
	}
	for (ByWhat by = 0; kinds[0] == DIR_SESSION && by < N_VIEWS; by++)
		g_assert_cmpuint(seen & (1u << tree_link(by)->slot), ==, 0);
}

static void no_two_files_of_a_number_share_a_slot(void)
{
	check_slots((const DirKind[]){DIR_SESSION, DIR_WAIT}, 2);
	check_slots((const DirKind[]){DIR_WORKSPACE}, 1);
	check_slots((const DirKind[]){DIR_PROVIDER}, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/wait/met", a_phase_is_met_by_itself_and_idle_by_busy_too);
	g_test_add_func("/wait/in-vain",
		who_waits_for_something_else_than_the_end_waits_in_vain);
	g_test_add_func("/wait/on", what_lives_may_still_get_there);
	g_test_add_func("/wait/undocumented",
		only_a_state_that_nobody_documents_is_given_up);
	g_test_add_func("/wait/files", each_phase_has_its_file);
	g_test_add_func("/wait/views", each_view_and_each_link_has_its_node);
	g_test_add_func("/wait/slots", no_two_files_of_a_number_share_a_slot);
	return g_test_run();
}
