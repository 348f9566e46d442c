#include "cache/model/partials.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "cache/model/breaker.h"
#include "cache/model/pace.h"

struct Partials {
	Mutex lock;
	PartialState now GUARDED_BY(lock);
};

Partials *partials_new(void)
{
	Partials *self = g_new0(Partials, 1);

	mutex_init(&self->lock);
	return self;
}

void partials_free(Partials *self)
{
	mutex_destroy(&self->lock);
	g_free(self);
}

PartialState partials_get(Partials *self)
{
	return LOCKED(&self->lock, self->now);
}

void partials_ask(Partials *self)
{
	mutex_lock(&self->lock);
	self->now.asked = TRUE;
	mutex_unlock(&self->lock);
}

void partials_all_listed(Partials *self)
{
	mutex_lock(&self->lock);
	self->now.living_many = FALSE;
	mutex_unlock(&self->lock);
}

void partials_begin(Partials *self, gint64 now_us)
{
	mutex_lock(&self->lock);
	self->now.running = TRUE;
	self->now.started_us = now_us;
	self->now.asked = FALSE;
	mutex_unlock(&self->lock);
}

void partials_abandon(Partials *self)
{
	mutex_lock(&self->lock);
	self->now.running = FALSE;
	mutex_unlock(&self->lock);
}

void partials_note_living(Partials *self, gboolean few)
{
	mutex_lock(&self->lock);
	self->now.living_few = few;
	self->now.living_many = !few;
	mutex_unlock(&self->lock);
}

static void fail(PartialState *now, gint64 now_us, GError *error)
{
	now->failures++;
	now->failed_us = now_us;
	now->unheard = breaker_counts(error);
	now->broken = pace_is_broken(error);
	now->retry_us = now_us + pace_retry_us(error);
}

void partials_end(Partials *self, gint64 now_us, gboolean boost, gint64 done_ms,
	GError *error)
{
	PartialState *now = &self->now;

	mutex_lock(&self->lock);
	now->running = FALSE;
	now->boost = boost;
	now->took_us = now_us - now->started_us;
	if (error != NULL) {
		fail(now, now_us, error);
	} else {
		now->done_ms = done_ms;
		now->failures = 0;
		now->retry_us = 0;
	}
	mutex_unlock(&self->lock);
}
