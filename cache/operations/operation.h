#pragma once

#include "cache/requests/requests.h"

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

/* dir: the workspace; NULL: there is none. */
Operation *operation_new(OperationKind kind, Dir *dir, Cache *cache,
	gint64 deadline_us, OperationDone done, void *data);
void operation_set_text(Operation *self, const char *text, gsize len);

/* The caller was gone before anything was sent. */
gboolean operation_is_dropped(const Operation *self);
/* Its first byte left, or was about to. */
gboolean operation_was_sent(const Operation *self);

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
/* What is left of its time. */
gint64 operation_left_ms(const Operation *self);
/* Pauses between two looks, or attempts, of an operation: the first, and twice as long
 * each time. */
#define OPERATION_PAUSE_MS 100
/* FALSE: there is no time for it before until_us (monotonic), or the cache ends. */
gboolean operation_pause(
	const Operation *self, gint64 *pause_ms, gint64 until_us);
/* Ends the work on the request: ok, or by the error in *ret.  That error agrees
 * with the outcome: MAY_EXIST where a session may exist or does (then it gets the
 * request's name), any other where there is none.  Returns ok. */
gboolean operation_finish(Operation *self, gboolean ok, GError **ret);
/* Why a call that could be dropped was; takes its error. */
void operation_refused(Operation *self, GError *cause, GError **error);
