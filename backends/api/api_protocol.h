#pragma once

#include "backends/auth/credentials.h"
#include "backends/base/clock.h"
#include "backends/base/json.h"
#include "backends/http/http_message.h"

/* A call as a vendor's file builds it, and how the vendor signs and answers all of
 * its calls: what api.h is told of both. */

typedef struct {
	const char *action; /* static; for counting, and for some the wire */
	const char *method;
	const char *path;    /* encoded, begins with "/" */
	const char *query;   /* encoded, without "?"; NULL or "": none */
	const char *body;    /* JSON; NULL: none */
	gboolean safe;       /* it changes nothing */
	gboolean repeatable; /* it changes something, but the same bytes again
	                        change nothing more */
} ApiRequest;

typedef struct {
	/* Adds the headers of the wire protocol, besides those of JSON, and signs.
	 * `now` is the repaired clock, seconds since the epoch.  Called for each
	 * attempt. */
	gboolean (*sign)(const ApiRequest *call, HttpRequest *request,
		const Credentials *credentials, gint64 now, void *data,
		GError **error);
	/* What an answer of status >= 400 means: always sets *error, with detail.
	 * `body` is NULL when it was not JSON. */
	void (*refuse)(
		const HttpAnswer *answer, const Json *body, GError **error);
	/* Sets detail->permission to what an action needs, if DENIED with that
	 * provider code means that the permission is missing.  May be NULL. */
	void (*permission)(
		const char *action, BackendErrorDetail *detail, void *data);
	/* Whether an answer of status 2xx is none of a refusal, else *error with
	 * detail.  May be NULL: it is none. */
	gboolean (*accept)(const Json *answer, GError **error);
	/* Whether an error came of a wrong clock (by its provider code).  This
	 * and the next may be NULL: none does. */
	gboolean (*is_skew)(const char *provider_code);
	/* Whether it says that this attempt had come before, as it does when
	 * somebody on the way sends it twice: the first may have been obeyed,
	 * whatever error `refuse` makes of the second. */
	gboolean (*is_replay)(const char *provider_code);
	/* Whose sessions those credentials reach, where that is another question
	 * than whose they are; new string.  Called for each attempt.  May be NULL:
	 * it is not. */
	char *(*account)(
		const Credentials *credentials, void *data, GError **error);
	/* The vendor's own domains, in which its hosts lie; ends with NULL. */
	const char *const *domains;
	/* Of bodies, which are sent with it; NULL: application/json. */
	const char *content_type;
	/* What named the endpoint, where the key of that name did not: a key or a
	 * variable, for errors of api_new.  NULL: nothing did. */
	const char *endpoint_key;
	/* The vendor's own choice of authorities, see api_ca_file; copied. */
	const char *ca_file;
	/* By which calls are spaced, repeated and dated; it outlives the Api.
	 * NULL: the real one. */
	const Clock *clock;
	void *data;
} ApiProtocol;
