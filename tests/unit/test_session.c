#include <glib.h>

#include "backends/session.h"

static void test_phase_names(void)
{
	static const char *const want[] = {"pending", "starting", "idle",
		"busy", "stopping", "stopped", "failed"};

	G_STATIC_ASSERT(G_N_ELEMENTS(want) == N_PHASES);
	for (int phase = 0; phase < N_PHASES; phase++)
		g_assert_cmpstr(phase_name((Phase)phase), ==, want[phase]);
}

static void test_passing_phases(void)
{
	static const gboolean want[N_PHASES] = {
		[PHASE_PENDING] = TRUE,
		[PHASE_STARTING] = TRUE,
		[PHASE_STOPPING] = TRUE,
	};

	for (int phase = 0; phase < N_PHASES; phase++)
		g_assert_cmpint(
			phase_is_transitional((Phase)phase), ==, want[phase]);
}

static void test_pages_own_their_records(void)
{
	g_autoptr(SessionPage) page = session_page_new();
	g_autoptr(WorkspacePage) containers = workspace_page_new();
	Session *session = session_new();
	Workspace *workspace = g_new0(Workspace, 1);

	g_assert_cmpint(page->total, ==, -1);
	g_assert_null(page->next);
	session->id = g_strdup("sc-1");
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->body = g_strdup("{}");
	g_ptr_array_add(page->sessions, session);
	page->next = g_strdup("2");
	workspace->id = g_strdup("w-1");
	workspace->name = g_strdup("one");
	g_ptr_array_add(containers->workspaces, workspace);
	containers->next = g_strdup("3");
	/* The leak checker has the last word. */
	g_assert_cmpuint(page->sessions->len, ==, 1);
	g_assert_cmpuint(containers->workspaces->len, ==, 1);
}

static void test_freeing_nothing(void)
{
	session_free(NULL);
	session_page_free(NULL);
	workspace_free(NULL);
	workspace_page_free(NULL);
	session_free(session_new());
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/session/phases-have-names", test_phase_names);
	g_test_add_func("/session/passing-phases", test_passing_phases);
	g_test_add_func("/session/pages-own-their-records",
		test_pages_own_their_records);
	g_test_add_func("/session/freeing-nothing", test_freeing_nothing);
	return g_test_run();
}
