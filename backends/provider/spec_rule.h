#pragma once

#include "backends/base/json.h"

/* Rules for specs that several providers have and no table says.  Pure. */

/* Whether a member that the workspace implies says the same, or is left out.
 * Errors: INVALID. */
gboolean spec_agrees(const Json *spec, const char *name, const char *implied,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a value stands for what was never set: null, "", [], {}. */
gboolean spec_is_unset(const Json *value);

/* The members that say whom a session belongs to and where it runs, ended by NULL:
 * what the provider says of these, be it nothing, is not to be guessed. */
extern const char *const spec_identity[];
