#pragma once

#include "backends/session.h"

/*
 * Which of several sessions were made by which of several creates whose answers
 * were lost.  Pure; what is in doubt is never decided.
 */
typedef enum {
	MATCH_NO,
	MATCH_DOUBT, /* it may be */
	MATCH_SURE,  /* it is, unless it is another's that is just like it */
} Match;

typedef struct {
	guint requests, sessions;
	const Match *match; /* [request * sessions + session] */
	/* Whether two requests ask for the same, so that it does not matter which
	 * of them made which session. */
	gboolean (*equal)(guint one, guint other, const void *data);
	const void *data;
} Matches;

typedef enum {
	MATCHING_ABSENT, /* no session can be its */
	MATCHING_FOUND,  /* *ret_session is */
	MATCHING_UNCLEAR,
} Matching;

/*
 * FOUND: just one session is surely its, none in doubt, and no other request could
 * have made it; or as many requests that ask for the same as there are sessions
 * that are surely theirs, which are then given out in order.
 */
Matching matching_of(const Matches *self, guint request, guint *ret_session);

/*
 * A session of that time of making, which is the provider's, beside the time in
 * which a create can have made it, which is ours; all since the epoch.  Where the
 * provider's clock is known it is ahead_ms ahead of ours.  SURE by its clock; DOUBT
 * by either clock and slack_ms.
 */
typedef struct {
	gint64 from_ms, until_ms;
	gint64 slack_ms;
	gint64 ahead_ms; /* 0: it is not known */
} CreatedWithin;

Match matching_time(gint64 created_ms, const CreatedWithin *within);

typedef enum {
	VERB_OBEYED,
	VERB_IGNORED,
	VERB_UNTOLD, /* how its session stands now does not tell */
} VerbOutcome;

/*
 * What came of a verb whose answer was lost, by how its session stands.  from: the
 * phases in which it makes sense; starts: it is the one that starts a session, all
 * others end one; before: the phase when it was asked for, NULL: not known; now:
 * NULL: the session is gone.
 */
VerbOutcome matching_verb(
	guint from, gboolean starts, const Phase *before, const Phase *now);
