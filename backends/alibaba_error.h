#pragma once

#include "net/http.h"
#include "net/json.h"

/*
 * Alibaba's refusals as errors.  They come as JSON {Code, Message, RequestId}
 * in either case of the first letter, as XML <Error> of these names, and seldom
 * as {"success": false} with status 200.
 */

/* As in ApiProtocol: always sets *error, with its detail. */
void alibaba_refuse(const HttpAnswer *answer, const Json *body, GError **error);
/* A code that a repaired clock puts right. */
gboolean alibaba_is_skew(const char *provider_code);

/* FALSE with an error for an answer that says success: false. */
gboolean alibaba_accepted(const Json *answer, GError **error);

/* Whether an INVALID error is about that parameter. */
gboolean alibaba_blames(GError *error, const char *parameter);
