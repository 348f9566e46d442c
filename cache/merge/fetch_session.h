#pragma once

#include "cache/model/dir.h"

/* Asks the provider for one session and shows what it says, even if that is
 * that there is none.  Asks again where another answer came meanwhile: see
 * apply_left_open.  Errors: the provider's others, and those of apply. */
gboolean fetch_session(Dir *dir, const char *id, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
