#include "cache/operations/reconcile_known.h"

#include "backends/base/clock.h"
#include "cache/merge/call.h"
#include "cache/operations/adopt.h"

/* Between two looks. */
#define AGAIN_MS 1000

char *reconcile_unstarted(const Dir *dir, RequestState state, const Row *row)
{
	const Provider *provider = dir->provider;
	const char *verb = provider->class->start_verb;

	if (!provider->start || verb == NULL || row == NULL ||
		row->phase != PHASE_STOPPED)
		return NULL;
	return g_strdup_printf("it was created, and %s: write %s into its ctl",
		state == REQUEST_CREATED ? "never started"
					 : "may not have been started",
		verb);
}

/* A provider may not show yet what it has just made. */
void reconcile_known(
	Dir *dir, Request *request, const Outcome *outcome, gboolean sure)
{
	Requests *requests = dir->cache->requests;
	g_autoptr(Snapshot) shown = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *lack = NULL;
	Call call = call_for(dir, TRUE);

	if (!adopt_session(dir, request, outcome->id, &call, &error)) {
		if (g_error_matches(
			    error, BACKEND_ERROR, BACKEND_ERROR_EXISTS)) {
			lack = backend_error_sentence(error);
			requests_say(
				requests, request, REQUEST_EVENT_UNCLEAR, lack);
			return;
		}
		if (!sure || !g_error_matches(error, BACKEND_ERROR,
				     BACKEND_ERROR_GONE)) {
			requests_look_again(requests, request,
				clock_wall_ms(dir->cache->clock) + AGAIN_MS);
			return;
		}
		lack = g_strdup("it was created, and is gone by now");
	} else {
		shown = dir_snapshot(dir);
		lack = reconcile_unstarted(dir, outcome->state,
			snapshot_find(shown, dir_number(dir, outcome->id)));
	}
	requests_note(requests, request, REQUEST_EVENT_FOUND,
		adopt_outcome(dir, request->intent, outcome->id, lack));
}
