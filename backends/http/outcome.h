#pragma once

#include "backends/base/json.h"
#include "backends/http/http_message.h"

/*
 * What came of one attempt: answers read, refusals completed, and the line
 * drawn between "it was not done" and "it may have been done".  Pure.
 */

/*
 * The error of an answer of status >= 400: what `refuse` makes of it, with the
 * delay that the headers ask for; now: by the provider's clock.
 */
GError *outcome_refusal(void (*refuse)(const HttpAnswer *answer,
				const Json *body, GError **error),
	const HttpAnswer *answer, gint64 now);

/*
 * The JSON of any other answer, or its outline.  An empty body reads as {}, but
 * is no answer to a read (safe), which nobody has then seen.  A byte order mark
 * is skipped, what is no UTF-8 becomes U+FFFD, and of an outline an element that
 * no parser takes becomes {} (see json_mend).
 * *ret_text (may be NULL) gets the bytes, for http_body_free.  Errors:
 * BAD_ANSWER, and those of `accept` (may be NULL).
 */
Json *outcome_json(HttpAnswer *answer, gboolean safe, gboolean outline,
	gboolean (*accept)(const Json *answer, GError **error),
	GByteArray **ret_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The provider's id of the request that was answered so: the problem's, or else
 * what a header tells, whoever's it is.  NULL: there is none; both arguments may
 * be.  New string, valid UTF-8. */
char *outcome_request_id(const HttpAnswer *answer, GError *problem);

/*
 * Makes an error fit to be shown.  After a request that is not safe, three errors
 * become MAY_EXIST: no answer (TIMEOUT), an unreadable one (BAD_ANSWER), and the
 * provider's own failure (REMOTE).  The provider may have acted in all three.
 * Only a refusal with a reason of its own proves that nothing was done.
 */
void outcome_clear_up(GError *problem, gboolean safe);
