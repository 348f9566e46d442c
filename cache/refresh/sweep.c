#include "cache/refresh/sweep.h"

#include "backends/base/clock.h"

#define ASKED_MAX 50u
/* What was asked for in vain is not asked for again before. */
#define AGAIN_US (60 * G_USEC_PER_SEC)

typedef struct {
	gint64 rank;
	guint32 number;
} Wanted;

static gint highest_first(gconstpointer a, gconstpointer b)
{
	const Wanted *one = a, *two = b;

	if (one->rank != two->rank)
		return one->rank > two->rank ? -1 : 1;
	return one->number > two->number ? -1 : one->number < two->number;
}

static gboolean goes_on(const Dir *dir)
{
	return !cache_is_stopping(dir->cache) && dir_is_there(dir) &&
	       dir_has_interest(dir, clock_now_us(dir->cache->clock));
}

static gboolean is_due(gpointer key, gpointer value, gpointer data)
{
	return *(const gint64 *)value <= *(const gint64 *)data;
}

static void note(Sweep *self, guint32 number, gint64 again_us)
{
	g_hash_table_insert(self->again, GUINT_TO_POINTER(number),
		g_memdup2(&again_us, sizeof(again_us)));
}

static GArray *wanted(const Sweep *self)
{
	g_autoptr(Snapshot) shown = dir_snapshot(self->dir);
	GArray *found = g_array_new(FALSE, FALSE, sizeof(Wanted));
	gint64 now_us = clock_now_us(self->dir->cache->clock);

	g_hash_table_foreach_remove(self->again, is_due, &now_us);
	snapshot_foreach (row, shown, 0) {
		Wanted item = {self->kind->rank(row), row->number};

		if (self->kind->wants(self->dir, row) &&
			!g_hash_table_contains(
				self->again, GUINT_TO_POINTER(row->number)))
			g_array_append_val(found, item);
	}
	g_array_sort(found, highest_first);
	return found;
}

static gboolean ask_one(Sweep *self, guint32 number)
{
	g_autoptr(Snapshot) shown = dir_snapshot(self->dir);
	const Row *row = snapshot_find(shown, number);
	gboolean done = FALSE, on;

	if (row == NULL || !self->kind->wants(self->dir, row))
		return TRUE;
	note(self, number, clock_now_us(self->dir->cache->clock) + AGAIN_US);
	on = self->kind->ask(self->dir, shown, row, &done);
	if (done)
		note(self, number, G_MAXINT64);
	news_deliver(self->dir->cache->news);
	return on;
}

static void sweep_run(void *data)
{
	Sweep *self = data;
	g_autoptr(GArray) all = NULL;

	if (self->again == NULL)
		self->again = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	all = wanted(self);
	for (guint i = 0; i < all->len && i < ASKED_MAX && goes_on(self->dir);
		i++)
		if (!ask_one(self, g_array_index(all, Wanted, i).number))
			break;
	mutex_lock(&self->dir->lock);
	self->running = FALSE;
	mutex_unlock(&self->dir->lock);
}

void sweep_start(Dir *dir, Sweep *self, const SweepKind *kind)
{
	gboolean begin;

	if (!goes_on(dir))
		return;
	mutex_lock(&dir->lock);
	begin = !self->running;
	/* What runs reads the rest without the lock. */
	if (begin) {
		self->running = TRUE;
		self->dir = dir;
		self->kind = kind;
	}
	mutex_unlock(&dir->lock);
	if (begin &&
		!pool_push(dir->provider->work[WORK_BACKFILL], sweep_run, self))
		g_debug("%s: asked after the end", dir->name);
}
