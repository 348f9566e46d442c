#pragma once

#include "requests.h"

/* A session that a request made, as was found out later. */

/*
 * Shows it, with what it was made from, as the newest one made here.  On a worker,
 * with the request ours.  Errors: those of `get`; GONE: it is not there.
 */
gboolean adopt_session(Dir *dir, const Request *request, const char *id,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* DONE by that session; error: a sentence on what it lacks, or NULL. */
Outcome *adopt_outcome(Dir *dir, const char *id, const char *error);
