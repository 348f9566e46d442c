#include "cache/operations/reconcile_verb.h"

#include "cache/operations/adopt.h"

static const Row *row_of_verb(
	Dir *dir, const Snapshot *shown, const Intent *intent)
{
	guint32 number = dir_number(dir, intent->session);

	/* What came later under this id is another session. */
	return number != 0 && number < intent->watermark
		       ? snapshot_find(shown, number)
		       : NULL;
}

VerbOutcome reconcile_verb_look(
	Dir *dir, const Intent *intent, Phase *ret_phase)
{
	const BackendVerb *verb =
		backend_verb(dir_class(dir), intent->verb, NULL);
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	const Row *row = row_of_verb(dir, shown, intent);
	Phase before = 0, now = 0;

	if (*intent->session == '\0' || verb == NULL)
		return VERB_UNTOLD;
	if (intent->phase > 0)
		before = (Phase)(intent->phase - 1);
	if (row != NULL)
		now = (Phase)row->phase;
	if (row != NULL && ret_phase != NULL)
		*ret_phase = now;
	return matching_verb(verb->from,
		g_strcmp0(dir_class(dir)->start_verb, intent->verb) == 0,
		intent->phase > 0 ? &before : NULL, row != NULL ? &now : NULL);
}

static char *ignored_text(Phase phase)
{
	if (phase == N_PHASES)
		return g_strdup("the answer was lost, and the session is gone");
	return g_strdup_printf("the answer was lost, and the session is %s as "
			       "if nothing had been asked for: it was not "
			       "obeyed",
		phase_name(phase));
}

void reconcile_verb(Dir *dir, Request *request)
{
	Requests *requests = dir->cache->requests;
	const Intent *intent = request->intent;
	g_autofree char *text = NULL;
	Phase phase = N_PHASES;

	switch (reconcile_verb_look(dir, intent, &phase)) {
	case VERB_OBEYED:
		requests_note(requests, request, REQUEST_EVENT_FOUND,
			adopt_outcome(dir, intent, intent->session, NULL));
		break;
	case VERB_IGNORED:
		text = ignored_text(phase);
		requests_say(requests, request, REQUEST_EVENT_IGNORED, text);
		break;
	case VERB_UNTOLD:
		requests_say(requests, request, REQUEST_EVENT_UNCLEAR,
			"the answer was lost, and nothing tells whether it was "
			"obeyed: write retry or abandon into resolve");
		break;
	}
}
