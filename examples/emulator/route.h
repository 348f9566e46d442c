#pragma once

#include "answer.h"
#include "fault.h"
#include "request.h"
#include "store.h"

/*
 * A provider is a table of routes, a gate that judges signatures, and a way of
 * writing refusals.  Its files are all there is to add for another one, and a
 * row in emulator.c.
 */
typedef struct Emulator Emulator; /* emulator.h */
typedef struct Provider Provider;

/* One request being answered.  Borrowed, one thread's. */
typedef struct {
	Emulator *emulator;
	const Provider *provider;
	Store *store;
	const Request *request;
	const Fault *fault; /* how the answer is to be spoilt; NULL: not */
	Answer *answer;
} Exchange;

/* A row: calls of this method and path are this action.  Rows of one action are
 * counted together. */
typedef struct {
	const char *action;
	const char *method;
	const char
		*path; /* "{}" stands for one segment, "{}:x" for its start */
	void (*handle)(Exchange *x);
} Route;

struct Provider {
	const char *name;
	const Route *routes;
	guint n_routes;
	const char *target; /* the action is what X-Amz-Target has after this;
	                       NULL: method and path are all */
	const StoreClass *sessions;
	/* Whether a request that has no route looks as if meant for this one. */
	gboolean (*owns)(const Request *request);
	/* Judges the signature and what goes with it.  FALSE: the answer says why
	 * not, and the route is not called. */
	gboolean (*admit)(Exchange *x, const Route *route);
	/* Fills in a refusal in the provider's own form. */
	void (*refuse)(Exchange *x, guint status, const char *code,
		const char *message);
	/* The code that goes with a status when a fault names none. */
	const char *(*code)(guint status);
	/* Fills in the refusal of what has no route. */
	void (*unknown)(Exchange *x);
	/* Makes the sessions of a demonstration; NULL: none. */
	void (*demo)(Store *store, gint64 now_ms);
	/* Command line switches of its own, whose arg_data are variables of its
	 * file, set before the first request; ended by a row of NULL.  NULL:
	 * none. */
	const GOptionEntry *options;
};

/* The route of a request, NULL: none.  Sets its action and, in the order of the
 * path, its parts: each is decoded, not empty, and holds no NUL. */
const Route *route_find(const Provider *provider, Request *request);
