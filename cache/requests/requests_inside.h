#pragma once

#include "cache/requests/requests.h"
#include "cache/store/journal.h"

/* What requests.c and requests_look.c share. */

/* The requests of one workspace, which may not have been listed yet. */
typedef struct RequestBox {
	GPtrArray *list;   /* Request, owned; by number, those of none first */
	Dir *dir;          /* NULL: not there yet */
	gint64 mtime_ns;   /* one came or went */
	GPtrArray *guests; /* Request, referenced: of boxes of other accounts */
	char *store, *workspace; /* its place */
} Box;

struct Requests {
	Cache *cache;
	Journal *journal;
	guint32 highest;
	gint64 old_for_us; /* so long the clock must have called one too old; set
	                      by tests before anything is kept */
	pthread_mutex_t lock; /* of all below, and of each request */
	pthread_cond_t moved;
	gboolean stopped;
	GHashTable *boxes; /* key of a place -> Box */
};

/* With the lock, all of these. */
static inline gboolean request_is_open(const Request *request)
{
	RequestState state = request->outcome->state;

	return state == REQUEST_SENT || state == REQUEST_CREATED ||
	       state == REQUEST_STARTING;
}

/* From now on that number of a request stands for it in that directory, where it may
 * have stood for it in another account's; FALSE: it stands for something else. */
gboolean requests_number(guint32 number, Dir *dir);
/* Finds the guests of a directory anew, and tells. */
void requests_invite(Requests *self, Dir *dir);

/* What can be read of it is other than it was: tells. */
void request_changed(Requests *self, Request *request);
