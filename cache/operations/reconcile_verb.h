#pragma once

#include "cache/operations/matching.h"
#include "cache/requests/requests.h"

/* What came of verbs whose answers were lost. */

/* By how the session of the intent is shown now.  *ret_phase (may be NULL) gets its
 * phase, where it is there. */
VerbOutcome reconcile_verb_look(
	Dir *dir, const Intent *intent, Phase *ret_phase);

/* The session is shown as it is, and nothing of the verb can be on its way any more:
 * the outcome is noted.  With the request ours. */
void reconcile_verb(Dir *dir, Request *request);
