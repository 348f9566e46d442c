#pragma once

#include "backends/base/json.h"

/*
 * What a session was made with, as two parties write it: the spec and the
 * provider, or the provider today and before a restart.  Pure, any thread.
 */

/* Whether both say the same: "1g" and "1024m", "60m" and "1h", 4 and "4", lists
 * in any order, and all that was never set.  NULL is what was never set. */
gboolean setting_same(const Json *a, const Json *b);

/* Whether a provider that was asked for the one may tell the other of it: besides
 * the same setting that is more than was asked (its own defaults), a full name
 * for a short one, a version in full, letters in another case, and a value that
 * is masked or not told at all. */
gboolean setting_may_be(const Json *asked, const Json *told);
