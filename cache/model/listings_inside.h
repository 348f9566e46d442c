#pragma once

#include "backends/base/mutex.h"
#include "cache/model/listing_state.h"
#include "cache/model/news.h"

/* What listings.c keeps; for it alone, and for tests that set the scene. */
struct Listing {
	NewsQueue *queue;
	News tells;
	int complete;         /* atomic: now.complete */
	ListingTotals totals; /* of the thread that lists */
	Mutex lock;
	ListingState now GUARDED_BY(lock);
	GError *error GUARDED_BY(lock); /* of the last, if it failed */
};
