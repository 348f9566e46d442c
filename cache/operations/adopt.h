#pragma once

#include "cache/requests/requests.h"

/* A session that a request made, as was found out later. */

/* requests_reserve for the session of that id, as it is shown.  With the request
 * ours.  Takes the lock of dir. */
gboolean adopt_reserve(
	Dir *dir, Request *request, const char *id, Request **ret_holder);
/*
 * Reserves it, and shows it, with what it was made from, as the newest one made here.
 * On a worker, with the request ours.  Errors: those of `get`; GONE: it is not there;
 * EXISTS: another create has it.
 */
gboolean adopt_session(Dir *dir, Request *request, const char *id,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is shown of that session and contradicts the create that made it, as a
 * sentence; "": nothing does, or it is a verb.  Takes the lock of dir; new string. */
char *adopt_objection(Dir *dir, const Intent *intent, const char *id);
/* DONE by that session; error: a sentence on what it lacks, or NULL: what is shown
 * of it may object to the request.  Takes the lock of dir. */
Outcome *adopt_outcome(
	Dir *dir, const Intent *intent, const char *id, const char *error);
