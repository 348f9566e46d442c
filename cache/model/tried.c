#include "cache/model/tried.h"

struct Tried {
	int running;       /* atomic: a job is under way; it owns: */
	GHashTable *again; /* number -> when it may be asked for again */
};

Tried *tried_new(void)
{
	Tried *self = g_new0(Tried, 1);

	self->again = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	return self;
}

void tried_free(Tried *self)
{
	g_hash_table_unref(self->again);
	g_free(self);
}

gboolean tried_begin(Tried *self)
{
	return __atomic_exchange_n(&self->running, 1, __ATOMIC_ACQUIRE) == 0;
}

void tried_end(Tried *self)
{
	__atomic_store_n(&self->running, 0, __ATOMIC_RELEASE);
}

void tried_note(Tried *self, guint32 number, gint64 again_us)
{
	g_hash_table_insert(self->again, GUINT_TO_POINTER(number),
		g_memdup2(&again_us, sizeof(again_us)));
}

static gboolean is_due(gpointer key, gpointer value, gpointer data)
{
	return *(const gint64 *)value <= *(const gint64 *)data;
}

void tried_renew(Tried *self, gint64 now_us)
{
	g_hash_table_foreach_remove(self->again, is_due, &now_us);
}

gboolean tried_has(const Tried *self, guint32 number)
{
	return g_hash_table_contains(self->again, GUINT_TO_POINTER(number));
}
