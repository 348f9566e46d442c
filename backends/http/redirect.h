#pragma once

#include "backends/http/http.h"

/*
 * Answers that are none of the server that was asked: redirects, and logins that
 * a gateway puts before it.  Most prove that a call was not obeyed.  Pure.
 */

/* As many redirects of one call are followed. */
#define REDIRECT_HOPS 3

/*
 * Where a read goes on: the target of a 307 or 308 within the origin (scheme,
 * host and port) that was asked, so that credentials go nowhere else; NULL: it is
 * not to be followed.  New string.
 */
char *redirect_next(const HttpRequest *request, const HttpAnswer *answer);

/*
 * http_send, and redirect_check of what came.  `make` makes the request anew for
 * the URL at which it goes on; NULL: it is not to be followed.
 */
HttpAnswer *redirect_send(HttpClient *client, const HttpRequest *request,
	HttpRequest *(*make)(const char *url, void *data, GError **error),
	void *data, gint64 until_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * FALSE, with *error, for a redirect to a place that it names, and for a login's
 * page with status 200.  Errors, which tell the place or the title: AUTH where a
 * login is wanted; UNSUPPORTED for any other redirect, since who sends us away
 * has done nothing, but BAD_ANSWER for one that may follow upon something done.
 */
gboolean redirect_check(const HttpRequest *request, const HttpAnswer *answer,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
