#pragma once

#include "backends/base/json.h"
#include "backends/http/http.h"
#include "backends/provider/refusal.h"

/*
 * Refusals in other spellings than the provider's: gateways, proxies and servers
 * of the like answer in its place.  Pure.
 */

/*
 * Fills in what the provider's own reading has left empty: the words, and the
 * code (as foreign_code), of JSON as gateways spell it at any of its first
 * levels, of XML, of a page or of a plain text.  body: NULL when it was not JSON.
 * Both are bounded, and valid UTF-8 on one line.
 */
void foreign_read(Refusal *self, const HttpAnswer *answer, const Json *body);
