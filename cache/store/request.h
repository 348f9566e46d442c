#pragma once

#include "backends/backend.h"

/*
 * One create, or one verb: what was to be done, and what is known to have come of
 * it.  A record of both is what journal.h keeps.
 */

/* Kept on disk: append only. */
typedef enum {
	REQUEST_WAITING,  /* nothing was sent, and nothing is on disk */
	REQUEST_SENT,     /* since before the first byte: the outcome is open */
	REQUEST_CREATED,  /* it exists; its second step was not sent */
	REQUEST_STARTING, /* it exists; its second step may have been sent */
	REQUEST_DONE,
	REQUEST_FAILED,  /* it was refused, or never sent: nothing was made */
	REQUEST_UNKNOWN, /* it may have been: whoever asked for it must say */
	REQUEST_ABANDONED,
	REQUEST_ABSENT, /* failed: it was looked for and is not there, which may
	                   turn out otherwise yet */
	N_REQUEST_STATES,
} RequestState;

/* Those before it have a word of their own. */
#define N_REQUEST_WORDS REQUEST_ABSENT

/* "sent", "done": static. */
const char *request_state_name(RequestState state);
/* Nothing will come of it any more by itself. */
gboolean request_state_is_final(RequestState state);
/* Nothing was made, as far as is known. */
gboolean request_state_has_failed(RequestState state);
/* Its plan may be sent again, or compared with sessions. */
gboolean request_state_keeps_plan(RequestState state);
/* A session is known to stand behind it. */
gboolean request_state_exists(RequestState state);

#define RID_MAX 32
/* Clocks that nobody told of may differ by so much before a provider refuses a
 * signature. */
#define CLOCKS_DIFFER_MS (15 * 60 * 1000)
#define REQUEST_ERROR_MAX 4096 /* bytes of a sentence */

/* Texts are never NULL. */
typedef struct {
	char rid[RID_MAX]; /* the directory's name; sorts by time */
	guint32 number;    /* in the tree; 0: none yet */
	guint32 watermark; /* sessions with a lower number were there before */
	gint64 made_ms;    /* when it was asked for */
	gint64 until_ms;   /* when it was last possible to send any of it */
	char *provider, *workspace; /* raw ids */
	char *text;                 /* as written: the spec, or the verb */
	char *token;                /* the caller's own; "" */
	CreatePlan *plan;           /* NULL: a verb */
	char *verb;                 /* NULL: a create */
	guint phase; /* verb: of its session before, 1 + Phase; 0: not known */
	char *session; /* verb: the raw id; "" the workspace's own */
} Intent;

typedef struct {
	RequestState state;
	gint64 changed_ms;
	guint32 session; /* its number in the tree; 0: not known */
	char *id;        /* of the session that stands behind it; "" */
	char *name;      /* what that was called when it was last seen; "" */
	char *error;     /* a sentence; "" */
} Outcome;

/* A new intent with a rid of its own; its texts are set by the caller. */
Intent *intent_new(gint64 made_ms);
void intent_free(Intent *intent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Intent, intent_free)

Outcome *outcome_new(RequestState state);
/* Takes the sentence. */
Outcome *outcome_saying(RequestState state, char *sentence);
Outcome *outcome_copy(const Outcome *outcome);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)
