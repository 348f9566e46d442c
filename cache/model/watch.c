#include "cache/model/watch.h"

#include <pthread.h>
#include <string.h>

typedef struct {
	Watched watched;
	gint64 looked_us;
} Looked;

struct Watch {
	gint64 life_us;

	pthread_mutex_t lock; /* guards what follows */
	Looked looked[WATCH_LOOKED_MAX];
	guint n_looked;
	GArray *held; /* Watched, by number */
};

Watch *watch_new(gint64 life_us)
{
	Watch *self = g_new0(Watch, 1);

	self->life_us = life_us;
	self->held = g_array_new(FALSE, FALSE, sizeof(Watched));
	pthread_mutex_init(&self->lock, NULL);
	return self;
}

void watch_free(Watch *self)
{
	g_array_unref(self->held);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

/* ---- with the lock ---- */

static int by_number(const void *a, const void *b)
{
	guint32 left = ((const Watched *)a)->number;
	guint32 right = ((const Watched *)b)->number;

	return (left > right) - (left < right);
}

static int by_asked(const void *a, const void *b)
{
	gint64 left = ((const Watched *)a)->asked_us;
	gint64 right = ((const Watched *)b)->asked_us;

	if (left != right)
		return left < right ? -1 : 1;
	return by_number(a, b);
}

static Watched *find_held(const Watch *self, guint32 number)
{
	Watched key = {.number = number};

	if (self->held->len == 0)
		return NULL;
	return bsearch(
		&key, self->held->data, self->held->len, sizeof key, by_number);
}

static Looked *find_looked(Watch *self, guint32 number)
{
	for (guint i = 0; i < self->n_looked; i++)
		if (self->looked[i].watched.number == number)
			return &self->looked[i];
	return NULL;
}

static void drop_old(Watch *self, gint64 now_us)
{
	for (guint i = self->n_looked; i-- > 0;)
		if (now_us - self->looked[i].looked_us >= self->life_us)
			self->looked[i] = self->looked[--self->n_looked];
}

static gboolean is_empty(Watch *self, gint64 now_us)
{
	if (self->held->len > 0)
		return FALSE;
	drop_old(self, now_us);
	return self->n_looked == 0;
}

/* The place of a new one: that of the one looked at longest ago, if need be. */
static Looked *make_room(Watch *self)
{
	Looked *oldest = &self->looked[0];

	if (self->n_looked < WATCH_LOOKED_MAX)
		return &self->looked[self->n_looked++];
	for (guint i = 1; i < self->n_looked; i++)
		if (self->looked[i].looked_us < oldest->looked_us)
			oldest = &self->looked[i];
	return oldest;
}

static gint64 asked_before(Watch *self, guint32 number)
{
	const Watched *held = find_held(self, number);
	const Looked *looked = find_looked(self, number);

	return MAX(held != NULL ? held->asked_us : 0,
		looked != NULL ? looked->watched.asked_us : 0);
}

static GArray *list_all(Watch *self, gint64 now_us)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(Watched));

	drop_old(self, now_us);
	g_array_append_vals(all, self->held->data, self->held->len);
	for (guint i = 0; i < self->n_looked; i++)
		if (find_held(self, self->looked[i].watched.number) == NULL)
			g_array_append_val(all, self->looked[i].watched);
	return all;
}

/* ---- without ---- */

gboolean watch_look(Watch *self, guint32 number, gint64 now_us)
{
	gboolean first;
	Looked *looked;

	pthread_mutex_lock(&self->lock);
	first = is_empty(self, now_us);
	looked = find_looked(self, number);
	if (looked == NULL) {
		gint64 asked_us = asked_before(self, number);

		looked = make_room(self);
		looked->watched = (Watched){number, asked_us};
	}
	looked->looked_us = now_us;
	pthread_mutex_unlock(&self->lock);
	return first;
}

gboolean watch_hold(
	Watch *self, const guint32 *node_ids, gsize n, gint64 now_us)
{
	GArray *held =
		g_array_sized_new(FALSE, FALSE, sizeof(Watched), (guint)n);
	gboolean first;

	pthread_mutex_lock(&self->lock);
	first = n > 0 && is_empty(self, now_us);
	for (gsize i = 0; i < n; i++) {
		Watched watched = {
			node_ids[i], asked_before(self, node_ids[i])};

		g_array_append_val(held, watched);
	}
	g_array_sort(held, by_number);
	for (guint i = held->len; i-- > 1;)
		if (g_array_index(held, Watched, i).number ==
			g_array_index(held, Watched, i - 1).number)
			g_array_remove_index(held, i);
	g_array_unref(self->held);
	self->held = held;
	pthread_mutex_unlock(&self->lock);
	return first;
}

gboolean watch_is_empty(Watch *self, gint64 now_us)
{
	gboolean empty;

	pthread_mutex_lock(&self->lock);
	empty = is_empty(self, now_us);
	pthread_mutex_unlock(&self->lock);
	return empty;
}

guint watch_count(Watch *self, gint64 now_us)
{
	GArray *all;
	guint n;

	pthread_mutex_lock(&self->lock);
	all = list_all(self, now_us);
	pthread_mutex_unlock(&self->lock);
	n = all->len;
	g_array_unref(all);
	return n;
}

GArray *watch_list(Watch *self, gint64 now_us)
{
	GArray *all;

	pthread_mutex_lock(&self->lock);
	all = list_all(self, now_us);
	pthread_mutex_unlock(&self->lock);
	g_array_sort(all, by_asked);
	return all;
}

void watch_asked(Watch *self, guint32 number, gint64 now_us)
{
	Watched *held;
	Looked *looked;

	pthread_mutex_lock(&self->lock);
	held = find_held(self, number);
	if (held != NULL)
		held->asked_us = now_us;
	looked = find_looked(self, number);
	if (looked != NULL)
		looked->watched.asked_us = now_us;
	pthread_mutex_unlock(&self->lock);
}
