#pragma once

#include "cache/model/dir.h"

/*
 * Questions for one name, while a listing is incomplete.  At most one for a
 * name at a time, few at a time for a directory; answers that say no are
 * remembered for a while.
 */

/* What is known of a name that the workspace does not show.  *ret_push:
 * resolve_name_run has to be pushed once the lock is let go.  Error: why, for
 * FAILED. */
Known resolve_name(Dir *dir, const char *name, gboolean *ret_push,
	GError **error) REQUIRES(dir->lock);
/* Asks what waits; a job for the pool, data is the Dir. */
void resolve_name_run(void *data);
/* Forgets what was answered. */
void resolve_name_forget(Dir *dir) REQUIRES(dir->lock);
