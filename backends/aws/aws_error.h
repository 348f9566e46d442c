#pragma once

#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * AWS's refusals as errors.  The code comes in the header x-amzn-errortype or
 * in the body as `code` or `__type`, in an order that the protocol sets, and
 * with a namespace and a URL around it; the text is `message` or `Message`.
 * What is no answer of AWS's own (a proxy's page) is told by its status, and
 * is never taken to say that something is gone.
 */

/* As ApiProtocol.refuse, for REST-JSON and for JSON 1.1. */
void aws_refuse_rest(
	const HttpAnswer *answer, const Json *body, GError **error);
void aws_refuse_json(
	const HttpAnswer *answer, const Json *body, GError **error);

/* As in ApiProtocol. */
gboolean aws_is_skew(const char *provider_code);
