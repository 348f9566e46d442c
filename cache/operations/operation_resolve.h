#pragma once

#include "cache/operations/operation.h"

/* What the user says of a request whose outcome is open or unknown: retry, adopt or
 * abandon.  On a worker. */
gboolean operation_resolve(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
