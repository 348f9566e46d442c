#pragma once

#include "cache/model/dir.h"

/*
 * Between two listings that take long: what can be known sooner at little cost.
 * The sessions that somebody watches are asked for one by one; the living are
 * listed, where the provider can list them alone and they are not too many, or
 * the newest, where they come first.  What a partial refresh says is shown as any answer
 * is; that it does not name a session says nothing.
 *
 * At most one runs in a workspace at a time, beside the listing.  It takes at
 * most half of the time and never more than a few places in the line for the
 * budget, so that a listing goes on.
 */

/* A listing of more pages costs more than asking for some sessions. */
#define PARTIAL_REFRESH_PAGES 16

/* The monotonic time at which one is due; G_MAXINT64: never, as in a workspace
 * that is listed as soon itself. */
gint64 partial_refresh_due_us(const Dir *dir, const ListingState *listing,
	const PartialState *partial, gint64 now_us);
/* A job for the pool, once it has begun (partials_begin); data is the Dir. */
void partial_refresh_run(void *data);
