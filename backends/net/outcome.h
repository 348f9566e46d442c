#pragma once

#include "auth/credentials.h"
#include "net/http.h"
#include "net/json.h"

/*
 * What came of one attempt: answers read, refusals completed, and the line
 * drawn between "it was not done" and "it may have been done".  Pure.
 */

/*
 * The error of an answer of status >= 400: what `refuse` makes of it, with the
 * delay that the headers ask for.  A 5xx without a provider's code, after a
 * request that is not safe, is TIMEOUT, since what stands between us and the
 * provider may have broken after the provider had acted.  *ret_server_s gets
 * the answer's Date, and stays when there is none.
 */
GError *outcome_refusal(void (*refuse)(const HttpAnswer *answer,
				const Json *body, GError **error),
	const HttpAnswer *answer, gboolean safe, gint64 now,
	gint64 *ret_server_s);

/*
 * The JSON of any other answer; an empty body reads as {}.  *ret_text (may be
 * NULL) gets the bytes.  Errors: BAD_ANSWER.
 */
Json *outcome_json(HttpAnswer *answer, GByteArray **ret_text,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Makes an error fit to be shown: an unreadable answer to a request that is not
 * safe becomes TIMEOUT, and the credentials' secrets, which providers quote when
 * they refuse a signature, become "***".
 */
void outcome_clear_up(
	GError *problem, gboolean safe, const Credentials *credentials);
