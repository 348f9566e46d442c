#include "cache/model/breaker.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"

/* Opens without an answer, one after the other, while others had one. */
#define HUNG_MAX 2

struct Breaker {
	const Clock *clock;
	gint64 pause_us;
	Mutex lock;
	GError *error GUARDED_BY(lock);   /* NULL: it speaks */
	gint64 since_us GUARDED_BY(lock); /* monotonic: when that error came */
	gint64 again_us GUARDED_BY(lock); /* when one may ask again */
	/* opens without an answer since the last with one */
	guint hung GUARDED_BY(lock);
	/* what the error tells of: other calls succeed */
	gboolean opens_alone GUARDED_BY(lock);
	/* when a call last succeeded; 0: none has */
	gint64 heard_us GUARDED_BY(lock);
	gboolean missed GUARDED_BY(lock); /* since then one had no answer */
};

Breaker *breaker_new(const Clock *clock, gint64 pause_ms)
{
	Breaker *self = g_new0(Breaker, 1);

	self->clock = clock;
	self->pause_us = pause_ms * 1000;
	mutex_init(&self->lock);
	return self;
}

void breaker_free(Breaker *self)
{
	g_clear_error(&self->error);
	mutex_destroy(&self->lock);
	g_free(self);
}

static void set_error(const Breaker *self, gint64 now_us, GError **error)
	REQUIRES(self->lock)
{
	gint64 left_us = MAX(0, self->again_us - now_us);
	char *text;

	if (error == NULL)
		return;
	*error = g_error_copy(self->error);
	text = g_strdup_printf("%s; asked again in %.1f s at the earliest",
		(*error)->message, (double)left_us / G_USEC_PER_SEC);
	g_free((*error)->message);
	(*error)->message = text;
}

gboolean breaker_lets(Breaker *self, GError **error)
{
	gint64 now_us = clock_now_us(self->clock);
	gboolean lets = TRUE;

	mutex_lock(&self->lock);
	if (self->error != NULL && now_us < self->again_us) {
		set_error(self, now_us, error);
		lets = FALSE;
	} else if (self->error != NULL) {
		self->again_us = now_us + self->pause_us;
	}
	mutex_unlock(&self->lock);
	return lets;
}

gboolean breaker_still_lets(Breaker *self, gint64 asked_us, GError **error)
{
	gboolean lets;

	mutex_lock(&self->lock);
	lets = self->error == NULL || asked_us > self->since_us;
	if (!lets)
		set_error(self, clock_now_us(self->clock), error);
	mutex_unlock(&self->lock);
	return lets;
}

gboolean breaker_counts(const GError *error)
{
	return g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT) ||
	       backend_error_is_unsent(error);
}

/* A refusal is an answer, but some are our own. */
static gboolean is_life(const GError *error)
{
	if (error == NULL)
		return TRUE;
	if (error->domain != BACKEND_ERROR)
		return FALSE;
	switch ((BackendErrorCode)error->code) {
	case BACKEND_ERROR_DENIED:
	case BACKEND_ERROR_GONE:
	case BACKEND_ERROR_CONFLICT:
	case BACKEND_ERROR_THROTTLED:
	case BACKEND_ERROR_REMOTE:
	case BACKEND_ERROR_BAD_ANSWER:
		return TRUE;
	default:
		return FALSE;
	}
}

/* An open that was begun then had no answer. */
static void note_breaker(Breaker *self, gint64 asked_us, const GError *error)
	REQUIRES(self->lock)
{
	gboolean timeout =
		g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);

	self->missed = TRUE;
	self->hung++;
	self->opens_alone = timeout && self->heard_us > asked_us;
	if (self->opens_alone && self->hung < HUNG_MAX)
		return;
	g_clear_error(&self->error);
	self->error = g_error_copy(error);
	self->since_us = clock_now_us(self->clock);
	self->again_us = self->since_us + self->pause_us;
}

void breaker_note(Breaker *self, gint64 asked_us, const GError *error)
{
	mutex_lock(&self->lock);
	if (breaker_counts(error)) {
		note_breaker(self, asked_us, error);
	} else if (is_life(error)) {
		g_clear_error(&self->error);
		self->hung = 0;
	}
	mutex_unlock(&self->lock);
}

gboolean breaker_heard(Breaker *self)
{
	gboolean missed;

	mutex_lock(&self->lock);
	missed = self->missed;
	self->missed = FALSE;
	self->heard_us = clock_now_us(self->clock);
	if (!self->opens_alone)
		g_clear_error(&self->error);
	mutex_unlock(&self->lock);
	return missed;
}

void breaker_missed(Breaker *self)
{
	mutex_lock(&self->lock);
	self->missed = TRUE;
	mutex_unlock(&self->lock);
}

gint64 breaker_heard_us(Breaker *self)
{
	return LOCKED(&self->lock, self->heard_us);
}
