#pragma once

#include "cache/requests/requests.h"

/*
 * What becomes of a create whose session is known to exist (outcome: CREATED or
 * STARTING), when nobody waits for it any more; with the request ours.  sure: a
 * session that is not there now is gone.  On a worker, with no lock held.
 */
void reconcile_known(
	Dir *dir, Request *request, const Outcome *outcome, gboolean sure);

/* What to know of a session that was created and perhaps never started: a new
 * sentence, or NULL. */
char *reconcile_unstarted(const Dir *dir, RequestState state, const Row *row);
