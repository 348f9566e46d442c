#pragma once

#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * Refusals of a Livy server, or of a gateway before it: a JSON object with
 * `msg`, a bare JSON string, a page of HTML, or nothing.  The text is the only
 * code that there is.  Pure.
 */

/* As the slot of ApiProtocol. */
void livy_refuse(const HttpAnswer *answer, const Json *body, GError **error);
/* The same of calls that bear no credentials: a server that wants some refused
 * none. */
void livy_refuse_bare(
	const HttpAnswer *answer, const Json *body, GError **error);

/* Whether the server does not know a member of that name. */
gboolean livy_is_unknown_member(const GError *error, const char *name);
