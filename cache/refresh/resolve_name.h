#pragma once

#include "cache/model/dir.h"

/*
 * Questions for one name, while a listing is incomplete.  At most one for a
 * name at a time, few at a time for a directory; answers that say no are
 * remembered for a while.
 */

/* What is known of a name that the workspace does not show.  YES: it should be shown by
 * now: look again.  Error: why, for FAILED. */
Known resolve_name(Dir *dir, const char *name, GError **error);
