#pragma once

#include "cache/model/dir.h"
#include "cache/store/request.h"

typedef struct Requests Requests;

/*
 * One request, as it is kept.  Whoever made it busy (an operation, or reconcile.h) owns
 * it: nobody else changes its intent and outcome until it is released.
 */
typedef struct Request {
	int refs;
	Intent *intent; /* but for until_ms and plan, which goes when all is over,
	                   it never changes */
	/* Under the lock of all. */
	Outcome *outcome;
	gint64 mtime_ns; /* when that changed; strictly increasing */
	gboolean busy;
	gboolean shown;  /* it has a number and stands in its directory */
	gboolean waited; /* an operation waits for what is found of it */
	gint64 look_ms; /* open: a listing that begins then or later is wanted */
	gint64 sure_ms; /* one that begins then or later shows its session, if
	                    there is one */
	char *reserved; /* the id of the session that it is being given; NULL:
	                   none */
	guint missed;   /* such listings of several pages, without it */
	guint32 judged; /* sessions with a lower number were compared with it;
	                   of whoever it is busy for */
	gint64 old_us; /* monotonic: too old to be kept since then, by the clock;
	                   0: it is not */
} Request;

/* Both are taken. */
Request *request_new(Intent *intent, Outcome *outcome);
Request *request_ref(Request *request);
void request_unref(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_unref)

/* A GCompareFunc of arrays of them. */
gint request_by_number(gconstpointer a, gconstpointer b);

/* Under the lock of all. */
static inline gboolean request_is_open(const Request *request)
{
	RequestState state = request->outcome->state;

	return state == REQUEST_SENT || state == REQUEST_CREATED ||
	       state == REQUEST_STARTING;
}
