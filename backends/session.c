#include "backends/session.h"

static const char *const phase_names[N_PHASES] = {
	[PHASE_PENDING] = "pending",
	[PHASE_STARTING] = "starting",
	[PHASE_IDLE] = "idle",
	[PHASE_BUSY] = "busy",
	[PHASE_STOPPING] = "stopping",
	[PHASE_STOPPED] = "stopped",
	[PHASE_FAILED] = "failed",
};

const char *phase_name(Phase phase)
{
	g_return_val_if_fail(
		(guint)phase < N_PHASES, phase_names[PHASE_PENDING]);
	return phase_names[phase];
}

gboolean phase_is_transitional(Phase phase)
{
	return phase == PHASE_PENDING || phase == PHASE_STARTING ||
	       phase == PHASE_STOPPING;
}

Session *session_new(void)
{
	return g_new0(Session, 1);
}

void session_free(gpointer data)
{
	Session *session = data;

	if (!session)
		return;
	g_free(session->id);
	g_free(session->name);
	g_free(session->state);
	g_free(session->body);
	g_free(session);
}

SessionPage *session_page_new(void)
{
	SessionPage *page = g_new0(SessionPage, 1);

	page->sessions = g_ptr_array_new_with_free_func(session_free);
	page->total = -1;
	return page;
}

void session_page_free(SessionPage *page)
{
	if (!page)
		return;
	g_ptr_array_unref(page->sessions);
	g_free(page->next);
	g_free(page);
}

void workspace_free(gpointer data)
{
	Workspace *workspace = data;

	if (!workspace)
		return;
	g_free(workspace->id);
	g_free(workspace->name);
	g_free(workspace);
}

WorkspacePage *workspace_page_new(void)
{
	WorkspacePage *page = g_new0(WorkspacePage, 1);

	page->workspaces = g_ptr_array_new_with_free_func(workspace_free);
	return page;
}

void workspace_page_free(WorkspacePage *page)
{
	if (!page)
		return;
	g_ptr_array_unref(page->workspaces);
	g_free(page->next);
	g_free(page);
}
