#pragma once

#include "backends/error.h"

/*
 * Enters the mount namespace that a file stands for, as `mount -N` asks of its
 * helpers: from then on all paths are those of that namespace.  Before any
 * thread.  Errors: LOCAL.
 */
gboolean namespace_enter(
	const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
