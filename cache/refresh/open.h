#pragma once

#include "cache/model/dir.h"

/*
 * Files that only a call of their own gets, asked for by workers: a few of a workspace
 * at a time, and none for a while after the provider had no answer (breaker.h).
 */

/* For somebody who opens the file, or ON_DEMAND_WHOLE: as cache_open. */
Known open_ask(
	Dir *dir, guint32 session, guint file, GBytes **ret, GError **error);
/* Asks, in the background, for those files that grow and are due while somebody has
 * them open; when the next will be (monotonic). */
gint64 open_follow(Cache *cache);
