#pragma once

#include "cache/operations/operation.h"

/* Verbs.  All on a worker. */

/* For a session. */
gboolean operation_control(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For the workspace itself. */
gboolean operation_steer(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sends the verb of the request once more, if its session is still the one that it
 * was for; the answer is made.  Errors: GONE, and those of the verb. */
gboolean operation_verb_again(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
