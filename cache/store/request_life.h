#pragma once

#include "cache/store/request.h"

/*
 * The life of a request, which is all in one table: what can happen to it, in which
 * states, and what it is then.  That a create is carried out once, and that what
 * came of it is never lost, can be read there.
 */

typedef enum {
	/* Of the operation that carries it out. */
	REQUEST_EVENT_SEND, /* its bytes go out next, for the first time or again */
	REQUEST_EVENT_REFUSE, /* nothing was made: refused, or never sent */
	REQUEST_EVENT_MADE,   /* the answer names its session */
	REQUEST_EVENT_START,  /* the second step goes out next */
	REQUEST_EVENT_FINISH, /* all is done that was asked for */
	REQUEST_EVENT_TWIN, /* the answer names the session of the same request */
	REQUEST_EVENT_TAKEN, /* the answer names the session of another request */
	/* Of a listing that was compared with it. */
	REQUEST_EVENT_FOUND, /* its session is there, or its verb was obeyed */
	REQUEST_EVENT_SEEN, /* the same, for an operation that goes on with it */
	REQUEST_EVENT_ABSENT,  /* its session is surely not there */
	REQUEST_EVENT_IGNORED, /* its verb was surely not obeyed */
	REQUEST_EVENT_UNCLEAR, /* nothing tells what came of it */
	/* Of the user, by `resolve`. */
	REQUEST_EVENT_ADOPT,
	REQUEST_EVENT_ABANDON,
	N_REQUEST_EVENTS,
} RequestEvent;

typedef struct {
	RequestState to;
	gboolean
		lazy; /* it need not be on the medium when it is told: what it was
	                  before leads to the same after a restart */
} RequestStep;

/* FALSE: that cannot happen to a request in this state.  Any thread. */
gboolean request_step(RequestEvent event, RequestState from, RequestStep *ret);
/* "made", "abandon": static, for a message. */
const char *request_event_name(RequestEvent event);
