#pragma once

#include "cache/operations/operation.h"

/* A session that is known to exist, since a create has made it: it is reserved for the
 * request, shown, and started where that is a step of its own.  On a worker. */
gboolean operation_made(Operation *self, const char *id,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
