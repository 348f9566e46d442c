#pragma once

#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * Google's refusals as errors: {"error": {code, message, status, details[]}},
 * of which status ("NOT_FOUND") decides, and where there is none (front ends
 * answer HTML) that of HTTP.  The provider's code in the detail is the status
 * word, with the reason where one is told: "PERMISSION_DENIED/SERVICE_DISABLED".
 */

/* As in ApiProtocol. */
void dataproc_refuse(
	const HttpAnswer *answer, const Json *body, GError **error);
/* FALSE with an error for an operation that has failed already. */
gboolean dataproc_accept(const Json *answer, GError **error);
