#pragma once

#include "cache/model/dir.h"

/*
 * When to ask again: starts the full listings that are due, and the partial
 * refreshes in between.  A listing is due when somebody waits for it or has told to
 * ask, or when somebody looks at it and it is old enough.
 */

/* For the cache's scheduler; data is the Cache. */
gint64 refresh_run(void *data);

/* Whether the provider is asked for what is in this directory. */
gboolean refresh_is_listing(const Dir *dir);
/* The monotonic time at which its listing, which stands so, is due; G_MAXINT64: never. */
gint64 refresh_due_us(
	const Dir *dir, const ListingState *listing, gint64 now_us);
