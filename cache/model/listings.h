#pragma once

#include "cache/model/listing_state.h"
#include "cache/model/news.h"

/*
 * How the full listings of a directory go, and who wants one.  What they list is not here
 * but in what the directory shows, and comes under other locks.  So an order stands in
 * for a common lock: a listing is complete only once all of it is shown.  Whoever needs
 * to know both asks first whether it is complete, and looks for rows after that.
 *
 * Any thread, but for what is said below of the thread that lists.  Nothing but its news
 * is called while its lock is held, so that they are told in the order in which they
 * became true.
 */

/* tells: the NEWS_LISTING of its directory, for a queue that outlives it. */
Listing *listing_new(NewsQueue *queue, const News *tells);
void listing_free(Listing *self);

ListingState listing_get(Listing *self);
/* Takes no lock. */
gboolean listing_is_complete(const Listing *self);
/* Why the last one failed: a copy; NULL: it did not. */
GError *listing_error(Listing *self);

/* ---- what is known without one ---- */

/* An earlier run listed it last at that time; 0: never. */
void listing_restore(Listing *self, gint64 listed_ms);
/* Whether the configuration names all that there is; where it names it no more, it has to
 * be asked for. */
void listing_fix(Listing *self, gboolean complete);

/* ---- who wants it ---- */

/* For somebody who waits until it is complete: asks for it, unless that failed just now
 * (KNOWN_FAILED, with the error).  heard_us: when the provider last answered anything.
 * *ret_wake is set when it has to be started. */
Known listing_want(Listing *self, gint64 now_us, gint64 heard_us,
	gboolean *ret_wake, GError **error);
/* One is to begin as soon as may be; the number that it will have. */
guint32 listing_ask(Listing *self);
/* Whether the one of that number, or one after it, is over, and how the last ended. */
Known listing_answered(Listing *self, guint32 relist, GError **error);
void listing_boost(Listing *self, gint64 until_us);
/* Earlier failures count no more. */
void listing_forgive(Listing *self, gboolean ask);

/* ---- the one under way ---- */

/* On the scheduler's thread: one begins, and then either is listed, or is not. */
void listing_begin(Listing *self, gint64 now_us);
void listing_abandon(Listing *self);
/* On the thread that lists, as all below: page (from 1) is read; total: -1 unknown. */
void listing_progress(Listing *self, guint page, guint64 so_far, gint64 total);
/* All of it is shown, but for left_out. */
void listing_end_well(Listing *self, gint64 now_us, gint64 listed_ms,
	guint pages, guint64 left_out);
/* error: NULL: it was broken off, and counts as if there had been none. */
void listing_end_badly(Listing *self, gint64 now_us, GError *error);
/* For that thread alone, from the beginning to the end. */
ListingTotals *listing_totals(Listing *self);
