#pragma once

#include "cache/requests/requests.h"

/* Runs an order to its end and tells; a job for the pool, data is the Order,
 * whose reference it takes. */
void operation_run(void *data);

#define OPERATION_TOKEN_LEN 32

typedef enum {
	OPERATION_QUEUED,
	OPERATION_SENT,
	OPERATION_DROPPED
} OperationState;

typedef enum {
	OPERATION_CREATE,
	OPERATION_VERB,
	OPERATION_RESOLVE
} OperationKind;

/* The inside of an order, for the files that carry orders out. */
struct Operation {
	int refs;
	int state; /* OperationState; atomic */
	OperationKind kind;
	Cache *cache;
	Dir *dir;       /* the workspace; NULL: there is none of that number */
	guint32 number; /* VERB: of its session, or 0: the workspace's own;
	                   RESOLVE: of its request */
	char *text;     /* as written; NULL: what rmdir means */
	gsize len;
	gint64 deadline_us;
	gint64 send_until_us; /* create: the rest of its time is for a look */
	OperationDone done;
	void *data;
	char *answer;
	GError *error;
	char *what;        /* "create in ali/w-1" */
	Request *request;  /* NULL: none yet.  Busy on our behalf */
	gboolean recorded; /* what is about to be sent is on disk */
	GError *refused;   /* why it could not be put there */
	gboolean doubt; /* it was sent before, and what came of that is open */
	gboolean again; /* resolve: its request has been given another try */
	char token[OPERATION_TOKEN_LEN +
		   1]; /* of all its plans; "": not made yet */
};

/* A call on behalf of the order.  Its first byte decides whether it can still be
 * dropped, and leaves when the request is on disk. */
Call operation_call(Operation *self);
/* A call that sends nothing which the order could be dropped before. */
Call operation_look_call(const Operation *self);
/* A new intent of the order's workspace and text. */
Intent *operation_intent(const Operation *self);
/* The request, which is of an order before, may be sent until this one's end. */
void operation_prolong(Operation *self);
/* A listing that begins then shows what the request made, if anything: the provider
 * may be at it until its deadline, and takes its time to list it. */
gint64 operation_sure_ms(const Operation *self);
/* Ends the work on the request: ok, or by the error that is told.  That error agrees
 * with the outcome: TIMEOUT where a session may exist or does (then it gets the
 * request's name), any other where there is none. */
void operation_finish(Operation *self, gboolean ok, GError *error);
/* Why a call that could be dropped was; takes its error. */
void operation_refused(Operation *self, GError *cause, GError **error);

/* All on a worker. */
gboolean operation_create(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean operation_control(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean operation_steer(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean operation_resolve(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A plan for the text of the request.  Errors: as backend_plan. */
CreatePlan *operation_plan(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a provider still knows the plan again. */
gboolean operation_token_holds(const Intent *intent);

/* The request's plan, sent to its end: until the session exists and runs, nothing
 * came of it, or nobody can tell in time. */
gboolean operation_send(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The second half of that, for a session that is known to exist. */
gboolean operation_made(Operation *self, const char *id,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sends the verb of the request once more, if its session is still the one that it
 * was for; the answer is made.  Errors: GONE, and those of the verb. */
gboolean operation_verb_again(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
