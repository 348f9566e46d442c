#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/base/json_span.h"
#include "backends/provider/record.h"

/* What provider files read out of answers in the same way.  Pure. */

/* Sets BAD_ANSWER, naming what is missing, and returns NULL. */
void *answer_bad(const char *what, GError **error);

/* The array of that name, which is empty where the answer has none, or null: so
 * do some providers tell of an empty page.  Errors: BAD_ANSWER for another type,
 * and for an answer that tells of an error instead. */
const Json *answer_list(const Json *answer, const char *member, GError **error);

/* Where the array (as answer_list) or object of that name lies in an outline.
 * Errors:
 * BAD_ANSWER. */
gboolean answer_find(const Json *answer, const char *member, JsonType type,
	JsonSpan *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How an answer tells which page follows. */
typedef struct {
	const char *member; /* with its token; NULL: no page follows any */
	gboolean number;    /* the token may be a whole number */
} NextPage;

/* How the answers of a provider tell of sessions. */
typedef struct {
	const RecordKind *listed, *got; /* one of a page, and one by itself */
	const char *list;               /* the member that holds a page's */
	NextPage next;
	const char *total; /* that tells how many there are; NULL: none does */
	const char *one;   /* that holds a single one; NULL: it is the answer */
} SessionAnswers;

/*
 * A page of sessions, and one of them, of an outline and the text it was made from.
 * An answer that is NULL has set *error.  data: for the records.  The call is told
 * which page follows before its records are read.  Errors: BAD_ANSWER, as for a
 * token that cannot be sent back, since the listing would end before its end.
 */
SessionPage *answer_sessions(const SessionAnswers *kind, const Json *answer,
	const GByteArray *text, void *data, const Call *call, GError **error);
/* *ret_elsewhere: see record_read; there is no error then.  May be NULL. */
Session *answer_session(const SessionAnswers *kind, const Json *answer,
	const GByteArray *text, void *data, gboolean *ret_elsewhere,
	GError **error);

/*
 * The id that a create's answer names.  answer: NULL when it failed with
 * `cause`, which is taken.  Errors: as create.
 */
char *answer_created(const Json *answer, const char *member, GError *cause,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How the answers of a provider tell of workspaces. */
typedef struct {
	const char *list;
	const char *id, *name;  /* members of a record */
	const char *created[4]; /* the way to the time of its making */
	NextPage next;
	gboolean (*is_wanted)(const Json *record); /* NULL: each is */
} WorkspaceAnswers;

/* A page of workspaces; one without an id counts as skipped.  An answer that is NULL
 * has set *error.  Errors: as answer_sessions. */
WorkspacePage *answer_workspaces(
	const WorkspaceAnswers *kind, const Json *answer, GError **error);
/* The page of a provider that has just one. */
WorkspacePage *answer_workspace(const char *id);
