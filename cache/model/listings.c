#include "cache/model/listings.h"

#include "cache/base/locked.h"
#include "cache/model/breaker.h"
#include "cache/model/listings_inside.h"
#include "cache/model/pace.h"

/* A listing that failed is asked for again on a look, but not at once; later
 * from time to time, unless nobody has asked for long. */
#define FAILED_US G_USEC_PER_SEC
#define FAILED_MAX_US (60 * G_USEC_PER_SEC)
/* Where there was no answer: whoever asks waits for it. */
#define UNHEARD_MAX_US (5 * G_USEC_PER_SEC)
#define FAILED_SHIFT_MAX 6

Listing *listing_new(NewsQueue *queue, const News *tells)
{
	Listing *self = g_new0(Listing, 1);

	mutex_init(&self->lock);
	self->queue = queue;
	self->tells = *tells;
	return self;
}

void listing_free(Listing *self)
{
	mutex_destroy(&self->lock);
	g_clear_error(&self->error);
	g_free(self);
}

ListingState listing_get(Listing *self)
{
	return LOCKED(&self->lock, self->now);
}

gboolean listing_is_complete(const Listing *self)
{
	return __atomic_load_n(&self->complete, __ATOMIC_ACQUIRE);
}

GError *listing_error(Listing *self)
{
	return LOCKED(&self->lock,
		self->error != NULL ? g_error_copy(self->error) : NULL);
}

/* ---- with the lock ---- */

static void set_complete(Listing *self, gboolean complete) REQUIRES(self->lock)
{
	self->now.complete = complete;
	__atomic_store_n(&self->complete, complete, __ATOMIC_RELEASE);
}

static void set_error(Listing *self, const GError *error) REQUIRES(self->lock)
{
	g_clear_error(&self->error);
	if (error != NULL)
		self->error = g_error_copy(error);
	self->now.failed = error != NULL;
	self->now.unheard = breaker_counts(error);
	self->now.broken = pace_is_broken(error);
}

static void tell(const Listing *self) REQUIRES(self->lock)
{
	news_push(self->queue, &self->tells, 1);
}

/* When somebody may ask again for a listing that failed; whoever comes after a long
 * silence may at once. */
static gint64 again_us(Listing *self, gint64 now_us, gint64 heard_us)
	REQUIRES(self->lock)
{
	ListingState *now = &self->now;
	guint shift = MIN(now->failures, FAILED_SHIFT_MAX);
	gint64 pause_us = MIN(FAILED_US << shift,
		now->unheard ? UNHEARD_MAX_US : FAILED_MAX_US);
	gboolean at_once = now_us - now->begged_us > FAILED_MAX_US ||
			   (now->unheard && heard_us > now->failed_us);

	now->begged_us = now_us;
	return MAX(at_once ? 0 : now->failed_us + pause_us, now->retry_us);
}

static Known want(Listing *self, gint64 now_us, gint64 heard_us,
	gboolean *ret_wake, GError **error) REQUIRES(self->lock)
{
	gint64 again;

	if (self->now.complete)
		return KNOWN_YES;
	again = again_us(self, now_us, heard_us);
	if (self->now.relisting)
		return KNOWN_NOT_YET;
	if (self->error != NULL && now_us < again) {
		g_propagate_error(error, g_error_copy(self->error));
		return KNOWN_FAILED;
	}
	if (!self->now.wanted)
		self->now.wanted = *ret_wake = TRUE;
	return KNOWN_NOT_YET;
}

static Known answered(Listing *self, guint32 relist, GError **error)
	REQUIRES(self->lock)
{
	if (self->now.relist < relist ||
		(self->now.relist == relist && self->now.relisting))
		return KNOWN_NOT_YET;
	if (self->error == NULL)
		return KNOWN_YES;
	g_propagate_error(error, g_error_copy(self->error));
	return KNOWN_FAILED;
}

static void over(Listing *self, gint64 now_us) REQUIRES(self->lock)
{
	self->now.relisting = FALSE;
	self->now.page = 0;
	self->now.took_us = now_us - self->now.started_us;
}

/* ---- without ---- */

void listing_restore(Listing *self, gint64 listed_ms)
{
	mutex_lock(&self->lock);
	self->now.listed_ms = listed_ms;
	set_complete(self, listed_ms != 0);
	mutex_unlock(&self->lock);
}

void listing_fix(Listing *self, gboolean complete)
{
	mutex_lock(&self->lock);
	set_complete(self, complete);
	self->now.asked = !complete;
	mutex_unlock(&self->lock);
}

Known listing_want(Listing *self, gint64 now_us, gint64 heard_us,
	gboolean *ret_wake, GError **error)
{
	if (listing_is_complete(self))
		return KNOWN_YES;
	return LOCKED(
		&self->lock, want(self, now_us, heard_us, ret_wake, error));
}

guint32 listing_ask(Listing *self)
{
	guint32 relist;

	mutex_lock(&self->lock);
	self->now.asked = TRUE;
	relist = self->now.relist + 1;
	mutex_unlock(&self->lock);
	return relist;
}

Known listing_answered(Listing *self, guint32 relist, GError **error)
{
	return LOCKED(&self->lock, answered(self, relist, error));
}

void listing_boost(Listing *self, gint64 until_us)
{
	mutex_lock(&self->lock);
	self->now.boost_us = until_us;
	mutex_unlock(&self->lock);
}

void listing_forgive(Listing *self, gboolean ask)
{
	mutex_lock(&self->lock);
	self->now.retry_us = 0;
	self->now.failures = 0;
	self->now.asked = ask;
	mutex_unlock(&self->lock);
}

void listing_begin(Listing *self, gint64 now_us)
{
	mutex_lock(&self->lock);
	self->now.relisting = TRUE;
	self->now.wanted = self->now.asked = FALSE;
	self->now.started_us = now_us;
	self->now.relist++;
	mutex_unlock(&self->lock);
}

void listing_abandon(Listing *self)
{
	mutex_lock(&self->lock);
	self->now.relisting = FALSE;
	mutex_unlock(&self->lock);
}

void listing_progress(Listing *self, guint page, guint64 so_far, gint64 total)
{
	mutex_lock(&self->lock);
	self->now.pages = MAX(self->now.pages, page);
	self->now.page = page;
	self->now.so_far = so_far;
	self->now.total = total;
	if (!self->now.complete)
		tell(self);
	mutex_unlock(&self->lock);
}

void listing_end_well(Listing *self, gint64 now_us, gint64 listed_ms,
	guint pages, guint64 left_out)
{
	mutex_lock(&self->lock);
	over(self, now_us);
	set_complete(self, TRUE);
	set_error(self, NULL);
	self->now.pages = pages;
	self->now.listed_ms = listed_ms;
	self->now.failures = 0;
	self->now.failed_us = self->now.retry_us = 0;
	self->now.left_out = left_out;
	tell(self);
	mutex_unlock(&self->lock);
}

void listing_end_badly(Listing *self, gint64 now_us, GError *error)
{
	mutex_lock(&self->lock);
	over(self, now_us);
	if (error != NULL) {
		set_error(self, error);
		self->now.failures++;
		self->now.failed_us = now_us;
		self->now.retry_us = now_us + pace_retry_us(error);
	}
	tell(self);
	mutex_unlock(&self->lock);
}

ListingTotals *listing_totals(Listing *self)
{
	return &self->totals;
}
