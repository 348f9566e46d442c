#pragma once

#include "cache/requests/requests_item.h"
#include "cache/store/journal.h"

/* What the files of requests.h share. */

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
	Mutex lock;        /* of all below, and of each request */
	pthread_cond_t moved;
	gboolean stopped GUARDED_BY(lock);
	GHashTable *boxes GUARDED_BY(lock); /* key of a place -> Box */
};

void requests_box_free(gpointer box);
/* An array of references to those of a list that fit. */
GPtrArray *requests_pick(
	const GPtrArray *list, gboolean (*fits)(const Request *request));

/* With the lock, all of these. */

/* The box of a workspace, which is made when there is none; by the name of its
 * account's store and its raw id. */
Box *requests_box(Requests *self, const char *provider, const char *workspace)
	REQUIRES(self->lock);
Box *requests_box_of(Requests *self, const Request *request)
	REQUIRES(self->lock);
/* What can be read of it is other than it was: tells. */
void request_changed(Requests *self, Request *request) REQUIRES(self->lock);
/* It came into the box, or went: tells. */
void request_came_or_went(Requests *self, Box *box, const Request *request,
	NewsKind kind) REQUIRES(self->lock);

/* ---- guests, which requests_aside.c finds ---- */

/* From now on that number of a request stands for it in that directory, where it may
 * have stood for it in another account's; FALSE: it stands for something else. */
gboolean requests_number(guint32 number, Dir *dir);
/* Finds the guests of a directory anew, and tells. */
void requests_invite(Requests *self, Dir *dir) REQUIRES(self->lock);
