#include "nonce.h"

#include "backends/base/clock.h"
#include "backends/base/mutex.h"

#define SPAN_US (30 * 60 * G_USEC_PER_SEC)
#define COUNT_MAX 500000

/* Two sets: when the younger one is old or full it becomes the elder, so that
 * a nonce is remembered for one to two spans in bounded memory. */
struct Nonces {
	Mutex lock;
	GHashTable *young GUARDED_BY(lock), *old GUARDED_BY(lock);
	gint64 since_us GUARDED_BY(lock);
};

static GHashTable *set_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

Nonces *nonces_new(void)
{
	Nonces *self = g_new0(Nonces, 1);

	mutex_init(&self->lock);
	self->young = set_new();
	self->old = set_new();
	self->since_us = clock_now_us(&clock_real);
	return self;
}

void nonces_free(Nonces *nonces)
{
	if (!nonces)
		return;
	mutex_destroy(&nonces->lock);
	g_hash_table_unref(nonces->young);
	g_hash_table_unref(nonces->old);
	g_free(nonces);
}

static void turn(Nonces *nonces) REQUIRES(nonces->lock)
{
	gint64 now = clock_now_us(&clock_real);

	if (now - nonces->since_us < SPAN_US &&
		g_hash_table_size(nonces->young) < COUNT_MAX)
		return;
	g_hash_table_unref(nonces->old);
	nonces->old = nonces->young;
	nonces->young = set_new();
	nonces->since_us = now;
}

gboolean nonces_add(Nonces *nonces, const char *nonce)
{
	gboolean fresh;

	mutex_lock(&nonces->lock);
	turn(nonces);
	fresh = !g_hash_table_contains(nonces->old, nonce) &&
		g_hash_table_add(nonces->young, g_strdup(nonce));
	mutex_unlock(&nonces->lock);
	return fresh;
}
