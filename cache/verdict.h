#pragma once

#include <glib.h>

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
	VERDICT_ABSENT, /* no session can be its */
	VERDICT_FOUND,  /* *ret_session is */
	VERDICT_UNCLEAR,
} Verdict;

/*
 * FOUND: just one session is surely its, none in doubt, and no other request could
 * have made it; or as many requests that ask for the same as there are sessions
 * that are surely theirs, which are then given out in order.
 */
Verdict verdict_of(const Matches *self, guint request, guint *ret_session);

/* A session's time of making (0: nobody tells) beside the time in which a create
 * can have made it, all since the epoch; slack_ms: by how much clocks may differ.
 * It is DOUBT within that slack, SURE inside the time itself. */
Match verdict_time(
	gint64 created_ms, gint64 from_ms, gint64 until_ms, gint64 slack_ms);
