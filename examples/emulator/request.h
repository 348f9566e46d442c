#pragma once

#include <glib.h>

#define REQUEST_PARTS 6

/*
 * One HTTP request.  Reference-counted; frozen once it is handed to the
 * emulator, so that the log may keep it.
 */
typedef struct {
	gint refs; /* atomic */
	char *method;
	char *target;       /* as on the request line */
	char *path;         /* the target up to "?", still encoded */
	char *query;        /* the rest, still encoded; NULL: none */
	GPtrArray *headers; /* "name: value", owned */
	GByteArray *body;   /* NUL-terminated beyond its length */
	gboolean too_big;   /* the body went over REQUEST_BODY_MAX */

	const char *provider, *action; /* static; NULL: no route */
	char *parts
		[REQUEST_PARTS]; /* what a route's {...} stood for, decoded */
} Request;

#define REQUEST_BODY_MAX (32 * 1024 * 1024)

/* Only the target is known yet: method, headers and body are the caller's to
 * fill in before anybody else sees it. */
Request *request_new(const char *target);
Request *request_ref(Request *request);
void request_unref(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_unref)

/* Adds to the body; over the limit it only sets too_big. */
void request_feed(Request *request, const char *data, gsize len);

/* A header's value by its name in any case, borrowed; NULL when absent. */
const char *request_header(const Request *request, const char *name);

/* A query parameter, decoded ("+" is a blank), new string; NULL when absent or
 * empty. */
char *request_query(const Request *request, const char *name);
/* All of that name, the empty ones too, in order; ended by NULL. */
char **request_query_all(const Request *request, const char *name);

/* Percent-decodes; NULL where that is broken or would hide a NUL. */
char *request_decode(const char *text, gsize len);
