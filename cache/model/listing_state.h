#pragma once

#include <glib.h>

/* How the full listings of a directory stand: see listings.h. */
typedef struct Listing Listing;

/* A copy, of one moment.  Times are monotonic where they end in _us, and of the wall
 * clock in _ms. */
typedef struct {
	gboolean complete; /* has been, once */
	gboolean relisting;
	gboolean wanted;  /* somebody waits for it */
	gboolean asked;   /* somebody told to ask now */
	gint64 listed_ms; /* of the last complete full listing; 0: never */
	gint64 started_us; /* of the last full listing; 0: none since the start */
	gint64 took_us;
	gint64 failed_us; /* when the last full listing failed; 0: it did not */
	gint64 begged_us; /* when somebody last asked for it while it was not
	                     complete; 0: never */
	gint64 retry_us;  /* the provider asked for peace until then */
	guint failures;   /* one after the other */
	gboolean failed;  /* the last did: listing_error has why */
	gboolean unheard; /* since there was no answer */
	gboolean broken;  /* since the provider does not work */
	gint64 boost_us; /* until then it is asked for as if something passed */
	guint32 relist;  /* counts them */
	guint pages;     /* of the last, or, if more, of the one under way */
	guint page;      /* the last read of the one under way; 0: none */
	guint64 so_far;  /* entries of it */
	gint64 total;    /* of its entries, as the provider tells; -1: not */
	guint64 left_out; /* entries that the last good one could not show */
} ListingState;

/* What one listing learns for the next. */
typedef struct {
	gint64 proved;  /* the number of sessions that a total told and a page
	                   behind the last one proved; 0: none did */
	gint64 lacking; /* by how much totals are known to be too high */
} ListingTotals;
