#pragma once

#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * Huawei Cloud's refusals as errors, of DLI, its gateway and IAM.  They come as
 * {error_code, error_msg, request_id}, {code, message}, or either of these one
 * level deeper; DLI's status says little, so that the code counts.
 */

/* As in ApiProtocol. */
void dli_refuse(const HttpAnswer *answer, const Json *body, GError **error);
/* FALSE with an error for an answer that says is_success: false. */
gboolean dli_accept(const Json *answer, GError **error);
gboolean dli_is_skew(const char *provider_code);
