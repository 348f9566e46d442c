#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/base/json_span.h"

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

/* Where the one value lies in the text of an answer, which it is. */
JsonSpan answer_whole(const GByteArray *text);

/* The next page's token, NULL at the end.  Errors: BAD_ANSWER for one that
 * cannot be sent back, since the listing would end before its end. */
gboolean answer_next(const Json *answer, const char *member, char **ret_next,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells the call which page follows; see Call. */
void answer_announce(const SessionPage *page, const Call *call);

/* An empty page that knows which one follows, as answer_next says, and has told
 * the call. */
SessionPage *answer_page(const Json *answer, const char *member,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The id that a create's answer names.  answer: NULL when it failed with
 * `cause`, which is taken.  Errors: as create.
 */
char *answer_created(const Json *answer, const char *member, GError *cause,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The id of a workspace that a page is to have: a new string; NULL, which counts
 * as skipped, for a record without one. */
char *answer_workspace_id(
	WorkspacePage *page, const Json *record, const char *member);
/* Adds a workspace; takes the name (NULL: it has none). */
void answer_add_workspace(
	WorkspacePage *page, const char *id, char *name, gint64 created_ms);
/* The page of a provider that has just one. */
WorkspacePage *answer_workspace(const char *id);
