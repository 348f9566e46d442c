#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/base/json_span.h"

/*
 * Sessions as the answers of providers tell of them.  A provider says in a
 * const table what its records are like; where they lie in an answer is a span
 * of its text, out of which they are picked without building JSON.  Pure.
 */

/* What a Session is made of: the first members of a RecordKind's pick. */
enum {
	RECORD_ID,
	RECORD_NAME,
	RECORD_STATE,
	RECORD_CREATED,
	RECORD_CHANGED,
	N_RECORD_MEMBERS,
};
#define RECORD_MEMBERS_MAX 8
#define RECORD_USERS_MAX 2

/* One record of an answer, borrowed. */
typedef struct {
	const char *text;       /* the answer */
	JsonSpan at;            /* where in it the record lies */
	const JsonSpan *values; /* where its picked members do */
	void *data;             /* the caller's */
} RawRecord;

typedef struct RecordKind {
	const BackendClass *class;
	JsonPick pick;        /* names: the five above, then the provider's own,
	                       RECORD_MEMBERS_MAX in all; "" for none */
	const char *no_state; /* the state of a record that tells none */
	gboolean partial;     /* see Session */
	/* Makes the id, or NULL where the record cannot be shown.  May be NULL:
	 * it is the text or number of RECORD_ID. */
	char *(*id)(const RawRecord *record);
	/* Makes the name, "" for none.  May be NULL: it is the text of
	 * RECORD_NAME. */
	char *(*name)(const RawRecord *record);
	/* Members that tell whose it is: the first that does counts.
	 * RECORD_USERS_MAX at most, ends with NULL; may be NULL. */
	const char *const *users;
	/* Whether a record is of another workspace, and so neither shown nor
	 * counted.  May be NULL: none is. */
	gboolean (*is_elsewhere)(const RawRecord *record);
	/* Adds what only this provider tells.  May be NULL. */
	void (*finish)(const RawRecord *record, Session *session);
} RecordKind;

/* The `secrets` of a pick whose records hold none. */
extern const char *const record_no_secrets[];

/*
 * The session of the record that lies there, without its largest members where
 * it is too long.  NULL for one that cannot be shown (no usable id) or, with
 * *ret_elsewhere (may be NULL) TRUE, is of another workspace.
 */
Session *record_read(const RecordKind *kind, const char *text,
	const JsonSpan *span, void *data, gboolean *ret_elsewhere);

/* Adds the sessions of the array that lies there, and counts what cannot be shown
 * in the page's skipped, trimmed and tail.  Returns the number of its elements. */
guint record_read_all(const RecordKind *kind, const char *text,
	const JsonSpan *span, void *data, SessionPage *page);

/* ---- values ---- */

/* Milliseconds since the epoch, 0 for what is no time: a date, "YYYY-MM-DD HH:MM:SS"
 * or as ISO 8601 has it, in UTC where no zone is told; or a number of milliseconds
 * or of seconds, with any fraction, which are told apart by their size. */
gint64 record_ms(const char *text, JsonSpan value);
/* The same of a member. */
gint64 record_time(const Json *object, const char *name);

/* An id, which may be spelt as a text or as a whole number: a new string, NULL
 * when it is none or too long. */
char *record_picked_id(const char *text, JsonSpan value);
/* The same of a member. */
char *record_id(const Json *object, const char *name);

/* A member's text as valid UTF-8, "" when there is none.  New string. */
char *record_text(const Json *object, const char *name);
/* The same of a value in a text; fallback for what is empty, no string or longer
 * than max. */
char *record_picked_text(
	const char *text, JsonSpan value, gsize max, const char *fallback);

/* ---- content files ---- */

/* Appends a document as config.json shows it. */
void record_append_json(GString *out, const Json *document);

/* Appends a text without control characters, and that as a line; no line for an
 * empty one. */
void record_append_clean(GString *out, const char *text);
void record_append_line(GString *out, const char *text);

#define RECORD_URL_MAX 8192
/* Whether a text is a web address that may be shown; text may be NULL. */
gboolean record_is_url(const char *text);
/* Appends one as a line; nothing for what is none. */
void record_append_url(GString *out, const char *text);
