#pragma once

#include "cache/requests/requests.h"

/*
 * What came of requests whose answers were lost, found out by looking alone: a
 * listing that has gone to its end is compared with what was asked for.  Nothing is
 * ever sent here that changes anything.
 */

/* A listing of a workspace that has ended, and is shown. */
typedef struct {
	gint64 begun_ms; /* since the epoch */
	guint pages;
	gboolean gaps; /* entries were left out, which may be any */
} Looked;

/* On a worker, with no lock held. */
void reconcile_listed(Dir *dir, const Looked *looked);
/* The listing was refused, since there is no such workspace. */
void reconcile_gone(Dir *dir, gint64 begun_ms);

/* When a listing is wanted for that, in monotonic time; G_MAXINT64: never. */
gint64 reconcile_due_us(const Dir *dir, gint64 now_us);
