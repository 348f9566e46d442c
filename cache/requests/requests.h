#pragma once

#include "cache/requests/requests_item.h"
#include "cache/store/request_life.h"

/*
 * All requests that are kept: those of the last days, and those whose outcome is
 * open or unknown, however old.  What stands in memory here stands in the journal
 * too, but for what is WAITING.  Its lock is a leaf (see core.h); nothing is
 * written to disk under it.
 */

/* Opens the journal and loads it.  Errors: LOCAL, NO_ROOM. */
Requests *requests_new(Cache *cache, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void requests_free(Requests *self);
/* The highest number that was given to one. */
guint32 requests_highest(Requests *self);
guint requests_damaged(Requests *self);
/* Ends all waiting, now and for ever. */
void requests_stop(Requests *self);

/* A workspace is there: its requests get their numbers and can be seen. */
void requests_attach(Requests *self, Dir *dir);

/* ---- the life of one; by operations and reconcile.h ---- */

/*
 * A new one, WAITING and busy: the intent (taken) gets its number.  Or, where
 * there is one of the same token that has not failed, that one as it is, which is
 * not busy on the caller's behalf; then *ret_fresh is FALSE.  A new reference.
 * Errors: LOCAL, NO_ROOM.
 */
Request *requests_begin(Requests *self, Dir *dir, Intent *intent,
	gboolean *ret_fresh, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes it busy, to look for it; FALSE: it is. */
gboolean requests_take(Requests *self, Request *request);
/* The same for an operation, when nobody has it and no order waits for what is found
 * of it, or (FALSE) the monotonic time has come. */
gboolean requests_take_free(Requests *self, Request *request, gint64 until_us);
/* It is busy no more; what waits for it looks. */
void requests_release(Requests *self, Request *request);
/* Nothing was sent and nobody is to know: takes it away, released. */
void requests_forget(Requests *self, Request *request);

/* It failed, and is sent as if it was new, within so many milliseconds; so its plan
 * is new too (taken).  Of whoever it is busy for. */
void requests_renew(
	Requests *self, Request *request, CreatePlan *plan, gint64 left_ms);
/* Whether a later request has its caller's own token. */
gboolean requests_is_repeated(
	Requests *self, const Dir *dir, const Request *request);
/* Another plan (taken) in place of the one that it has, or has not yet. */
void requests_replan(Requests *self, Request *request, CreatePlan *plan);
/*
 * The intent and SENT are on the medium when this returns TRUE: now it may be
 * sent.  Errors: LOCAL, NO_ROOM; then the outcome is what it was.
 */
gboolean requests_send(Requests *self, Request *request,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * What has happened to it, and all else that is known then (taken), but for the
 * state, which follows from the event (request_life.h).  Of what was sent it is on
 * the medium when this returns, unless it may be lazy.  That it cannot be written is
 * told by g_warning, and changes nothing else: it would be looked for after a
 * restart.  It is not looked for any more, until requests_look.  The session that
 * it tells of a create is reserved.
 */
void requests_note(
	Requests *self, Request *request, RequestEvent event, Outcome *outcome);
/* The same where there is nothing but that sentence to tell (copied). */
void requests_say(Requests *self, Request *request, RequestEvent event,
	const char *sentence);
/* A copy of its outcome now; whether it is looked for (may be NULL). */
Outcome *requests_outcome(
	Requests *self, const Request *request, gboolean *ret_sought);
RequestState requests_state(Requests *self, const Request *request);

/* It is open, and to be looked for: see Request. */
void requests_look(Requests *self, Request *request, gint64 look_ms,
	gint64 sure_ms, gboolean waited);
/* The next wanted listing; when it is sure, and who waits, stays. */
void requests_look_again(Requests *self, Request *request, gint64 look_ms);
gint64 requests_sure_ms(Requests *self, const Request *request);
/* The name that its session will have, while it is not known what came of it; else
 * NULL.  New string. */
char *requests_rival(Requests *self, const Request *request);
/* A session that a create may have made. */
typedef struct {
	guint32 number; /* 0: not shown */
	const char *id;
	gint64 created_ms; /* where clients choose ids, which may come again;
	                      else 0 */
} MadeSession;

/*
 * Of all creates of a workspace, one at most has a given session.  So whoever learns
 * of a session that it is a request's reserves it here before he notes it, however
 * he has learned of it: by the answer to a create (operation_made.c), from a listing or
 * from what the last run left (reconcile.c), or by the user's word (adopt.c).  Who comes
 * first has it for good: what was told of a request that is done stays so, even where
 * the answer to another one shows later that it was guessed wrong.
 *
 * TRUE: no other create has that session, and none can get it before request is
 * released.  FALSE: *ret_holder (may be NULL) is the one that has it, a new reference.
 * request NULL: only asks.
 */
gboolean requests_reserve(Requests *self, const Dir *dir, Request *request,
	const MadeSession *made, Request **ret_holder);
/* An operation that gave it up to be looked for waits no longer, and has it again. */
void requests_resume(Requests *self, Request *request);
gboolean requests_is_waited(Requests *self, const Request *request);
/* Waits until it is not busy and its outcome is not that state, or the monotonic
 * time has come.  FALSE: it came, or all is stopped. */
gboolean requests_wait(
	Requests *self, Request *request, RequestState state, gint64 until_us);

/* Whether a session that is new may change what is said of one that is not open:
 * it was not there when it was looked for, or nobody could tell. */
gboolean requests_may_turn(Requests *self, const Dir *dir);
/* When the earliest wanted listing of a workspace is to begin, since the epoch;
 * G_MAXINT64: none is wanted. */
gint64 requests_look_ms(Requests *self, const Dir *dir);
/* All requests of a workspace, by number; an array of references. */
GPtrArray *requests_of(Requests *self, const Dir *dir);
/* Whether a session made then may be what an open request is looked for: it is
 * shown whatever its phase. */
gboolean requests_seek(Requests *self, const Dir *dir, gint64 created_ms);

/* When the session of that number was asked for here; 0: it was not, or that is no
 * longer kept. */
gint64 requests_made_ms(Requests *self, const Dir *dir, guint32 session);

/* ---- what the tree shows ---- */

/* The one of that number or, where rid is not NULL, of that name; a new reference
 * or NULL. */
Request *requests_get(
	Requests *self, const Dir *dir, guint32 number, const char *rid);
/* When its outcome last changed; NULL: when one came or went. */
gint64 requests_mtime_ns(
	Requests *self, const Dir *dir, const Request *request);
