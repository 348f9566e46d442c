#include "cache/model/watch.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"

#define NEVER (G_MININT64 / 2)

typedef struct {
	Watched watched;
	gint64 looked_us; /* NEVER: it counts for being held alone */
	gboolean held;
} Item;

struct Watch {
	gint64 life_us;
	Mutex lock;
	GHashTable *items GUARDED_BY(lock); /* number -> Item */
};

Watch *watch_new(gint64 life_us)
{
	Watch *self = g_new0(Watch, 1);

	self->life_us = life_us;
	mutex_init(&self->lock);
	self->items = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	return self;
}

void watch_free(Watch *self)
{
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->items);
	g_free(self);
}

/* ---- with the lock ---- */

static gint by_asked(gconstpointer a, gconstpointer b)
{
	const Watched *one = a, *two = b;

	if (one->asked_us != two->asked_us)
		return one->asked_us < two->asked_us ? -1 : 1;
	return one->number < two->number ? -1 : one->number > two->number;
}

static Item *find(const Watch *self, guint32 number) REQUIRES(self->lock)
{
	return g_hash_table_lookup(self->items, GUINT_TO_POINTER(number));
}

static Item *find_or_add(Watch *self, guint32 number) REQUIRES(self->lock)
{
	Item *item = find(self, number);

	if (item == NULL) {
		item = g_new(Item, 1);
		*item = (Item){.watched.number = number, .looked_us = NEVER};
		g_hash_table_insert(
			self->items, GUINT_TO_POINTER(number), item);
	}
	return item;
}

static gboolean is_over(gpointer key, gpointer value, gpointer data)
{
	const gint64 *since_us = data;
	Item *item = value;

	if (item->looked_us <= *since_us)
		item->looked_us = NEVER;
	return !item->held && item->looked_us == NEVER;
}

/* How many are left, once those are gone that nobody holds or looks at now. */
static guint count(Watch *self, gint64 now_us) REQUIRES(self->lock)
{
	gint64 since_us = now_us - self->life_us;

	g_hash_table_foreach_remove(self->items, is_over, &since_us);
	return g_hash_table_size(self->items);
}

/* Of too many that were looked at, the one that was longest ago counts no more. */
static void make_room(Watch *self) REQUIRES(self->lock)
{
	GHashTableIter iter;
	Item *oldest = NULL;
	gpointer value;
	guint looked = 0;

	g_hash_table_iter_init(&iter, self->items);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Item *item = value;

		if (item->looked_us == NEVER)
			continue;
		looked++;
		if (oldest == NULL || item->looked_us < oldest->looked_us)
			oldest = item;
	}
	if (looked > WATCH_LOOKED_MAX)
		oldest->looked_us = NEVER;
}

/* ---- without ---- */

gboolean watch_look(Watch *self, guint32 number, gint64 now_us)
{
	gboolean first;

	mutex_lock(&self->lock);
	first = count(self, now_us) == 0;
	find_or_add(self, number)->looked_us = now_us;
	make_room(self);
	mutex_unlock(&self->lock);
	return first;
}

gboolean watch_hold(
	Watch *self, const guint32 *node_ids, gsize n, gint64 now_us)
{
	GHashTableIter iter;
	gpointer item;
	gboolean first;

	mutex_lock(&self->lock);
	first = n > 0 && count(self, now_us) == 0;
	g_hash_table_iter_init(&iter, self->items);
	while (g_hash_table_iter_next(&iter, NULL, &item))
		((Item *)item)->held = FALSE;
	for (gsize i = 0; i < n; i++)
		find_or_add(self, node_ids[i])->held = TRUE;
	count(self, now_us);
	mutex_unlock(&self->lock);
	return first;
}

gboolean watch_is_empty(Watch *self, gint64 now_us)
{
	return watch_count(self, now_us) == 0;
}

guint watch_count(Watch *self, gint64 now_us)
{
	return LOCKED(&self->lock, count(self, now_us));
}

GArray *watch_list(Watch *self, gint64 now_us)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(Watched));
	GHashTableIter iter;
	gpointer item;

	mutex_lock(&self->lock);
	count(self, now_us);
	g_hash_table_iter_init(&iter, self->items);
	while (g_hash_table_iter_next(&iter, NULL, &item))
		g_array_append_val(all, ((Item *)item)->watched);
	mutex_unlock(&self->lock);
	g_array_sort(all, by_asked);
	return all;
}

void watch_asked(Watch *self, guint32 number, gint64 now_us)
{
	Item *item;

	mutex_lock(&self->lock);
	item = find(self, number);
	if (item != NULL)
		item->watched.asked_us = now_us;
	mutex_unlock(&self->lock);
}
