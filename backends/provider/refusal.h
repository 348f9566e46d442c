#pragma once

#include "backends/base/json.h"
#include "backends/error.h"
#include "backends/http/http.h"

/*
 * From what a provider says when it refuses to a BACKEND_ERROR.  Each provider
 * reads its own wire form and has tables of what its codes mean; what a status
 * means where the code says nothing is mostly the same everywhere.  Pure.
 */

/* An answer's own words, NULL where it has none; owned. */
typedef struct {
	guint status; /* 0: of an answer that was none of a refusal by that */
	char *code, *message, *request_id; /* valid UTF-8 */
	char *foreign_code;                /* of another's spelling */
	gboolean foreign;                  /* so are all of its words */
	gint64 retry_after_ms;             /* 0: it names none */
} Refusal;

void refusal_clear(Refusal *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Refusal, refusal_clear)

/* What a code means; the first pattern that fits counts.  NULL advice: the
 * provider's own message says enough.  Tables end with a NULL pattern. */
typedef struct {
	const char *pattern; /* "*" and "?" stand for any characters */
	BackendErrorCode code;
	const char *advice;
} RefusalCode;

/* What a status means, and the words for it where the provider has none.  Tables
 * end with a NULL message. */
typedef struct {
	guint least, most;
	BackendErrorCode code;
	const char *message, *advice;
} RefusalStatus;

/* What a provider calls the members of a refusal: the first that tells something
 * counts.  Each list ends with NULL. */
typedef struct {
	const char *const *codes, *const *messages, *const *ids;
	gboolean numbers; /* any of them may be a whole number */
} RefusalWords;

typedef struct {
	const RefusalWords
		*words;  /* for those who have no reading of their own */
	gboolean nested; /* they may stand one level deeper */
	const char *xml; /* what an XML body of the provider's own holds; its
	                    elements have the same names.  NULL: there is none */
	const char *const *success; /* members that say false with status 200 */
	const RefusalCode *codes;
	const RefusalStatus *statuses; /* before those of all */
	/* The last word on the code that the tables say; known: there is a row
	 * for the provider's.  May be NULL. */
	BackendErrorCode (*judge)(
		const Refusal *r, gboolean known, BackendErrorCode code);
	/* Whether its message quotes what was signed, a security token included,
	 * and so is not passed on.  May be NULL: none does. */
	gboolean (*quotes)(const Refusal *r);
} RefusalKind;

/* Fills in what is missing of an object's own words.  object: NULL: of none. */
void refusal_read(Refusal *self, const Json *object, const RefusalWords *words);

/*
 * Fills in what the provider's own reading has left empty, since gateways, proxies
 * and servers of the like answer in its place: the words, and the code (as
 * foreign_code), of JSON as gateways spell it at any of its first levels, of XML,
 * of a page or of a plain text.  body: NULL when it was not JSON.  Both are
 * bounded, and valid UTF-8 on one line.
 */
void refusal_read_foreign(
	Refusal *self, const HttpAnswer *answer, const Json *body);

/* All of it: reads an answer and sets *error.  As the slot of ApiProtocol. */
void refusal_answer(const RefusalKind *kind, const HttpAnswer *answer,
	const Json *body, GError **error);
/* FALSE with an error for an answer that says that it is no success. */
gboolean refusal_accept(
	const RefusalKind *kind, const Json *answer, GError **error);

gboolean refusal_code_fits(const char *code, const char *pattern);

/* Whether words speak of a quota that is used up, and not of a rate. */
gboolean refusal_is_quota(const char *code, const char *message);

/* The row for a status, of own (may be NULL) or else of all. */
const RefusalStatus *refusal_status(const RefusalStatus *own, guint status);

/*
 * Sets *error by the tables.  A code in another's spelling counts by its row, but
 * proves nothing of what is there: it is never GONE.  A quota that is used up is
 * QUOTA in whatever words.  Status 429 is THROTTLED whatever the code says. */
void refusal_set(const Refusal *self, const RefusalKind *kind, GError **error);

/* Sets *error to that message and advice (may be NULL), with the detail. */
void refusal_say(const Refusal *self, BackendErrorCode code,
	const char *message, const char *advice, GError **error);
