#include "cache/refresh/sweep.h"

#include "backends/base/clock.h"

#define ASKED_MAX 50u
/* What was asked for in vain is not asked for again before. */
#define AGAIN_US (60 * G_USEC_PER_SEC)

/* A job. */
typedef struct {
	Dir *dir;
	Tried *tried;
	const SweepKind *kind;
} Sweep;

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

static GArray *wanted(const Sweep *self)
{
	g_autoptr(Snapshot) shown = dir_snapshot(self->dir);
	GArray *found = g_array_new(FALSE, FALSE, sizeof(Wanted));
	gint64 now_us = clock_now_us(self->dir->cache->clock);

	tried_renew(self->tried, now_us);
	snapshot_foreach (row, shown, 0) {
		Wanted item = {self->kind->rank(row), row->number};

		if (self->kind->wants(self->dir, row) &&
			!tried_has(self->tried, row->number))
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
	tried_note(self->tried, number,
		clock_now_us(self->dir->cache->clock) + AGAIN_US);
	on = self->kind->ask(self->dir, shown, row, &done);
	if (done)
		tried_note(self->tried, number, G_MAXINT64);
	news_deliver(self->dir->cache->news);
	return on;
}

static void sweep_run(void *data)
{
	g_autofree Sweep *self = data;
	g_autoptr(GArray) all = wanted(self);

	for (guint i = 0; i < all->len && i < ASKED_MAX && goes_on(self->dir);
		i++)
		if (!ask_one(self, g_array_index(all, Wanted, i).number))
			break;
	tried_end(self->tried);
}

void sweep_start(Dir *dir, Tried *tried, const SweepKind *kind)
{
	Sweep *self;

	if (!goes_on(dir) || !tried_begin(tried))
		return;
	self = g_new(Sweep, 1);
	*self = (Sweep){dir, tried, kind};
	if (pool_push(dir->provider->work[WORK_BACKFILL], sweep_run, self))
		return;
	g_debug("%s: asked after the end", dir->name);
	g_free(self);
}
