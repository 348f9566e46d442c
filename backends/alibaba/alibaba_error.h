#pragma once

#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * Alibaba's refusals as errors.  They come as JSON {Code, Message, RequestId}
 * in either case of the first letter, as XML <Error> of these names, and seldom
 * as {"success": false} with status 200.
 */

/* As in ApiProtocol. */
void alibaba_refuse(const HttpAnswer *answer, const Json *body, GError **error);
/* FALSE with an error for an answer that says success: false. */
gboolean alibaba_accept(const Json *answer, GError **error);
gboolean alibaba_is_skew(const char *provider_code);
gboolean alibaba_is_replay(const char *provider_code);
