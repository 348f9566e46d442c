#include "net/tally.h"

#include <pthread.h>
#include <string.h>

typedef struct {
	char *action;
	guint64 calls;
	guint64 failed;
} Count;

struct Tally {
	pthread_mutex_t lock; /* guards what follows */
	GArray *counts;       /* of Count, sorted; a handful */
};

static void count_clear(gpointer count)
{
	g_free(((Count *)count)->action);
}

Tally *tally_new(void)
{
	Tally *tally = g_new0(Tally, 1);

	pthread_mutex_init(&tally->lock, NULL);
	tally->counts = g_array_new(FALSE, TRUE, sizeof(Count));
	g_array_set_clear_func(tally->counts, count_clear);
	return tally;
}

void tally_free(Tally *tally)
{
	if (!tally)
		return;
	g_array_unref(tally->counts);
	pthread_mutex_destroy(&tally->lock);
	g_free(tally);
}

/* Lock held. */
static Count *find(Tally *tally, const char *action)
{
	Count fresh = {0};
	guint i;

	for (i = 0; i < tally->counts->len; i++) {
		Count *count = &g_array_index(tally->counts, Count, i);
		int order = strcmp(count->action, action);

		if (order == 0)
			return count;
		if (order > 0)
			break;
	}
	fresh.action = g_strdup(action);
	g_array_insert_val(tally->counts, i, fresh);
	return &g_array_index(tally->counts, Count, i);
}

void tally_add(Tally *tally, const char *action, gboolean failed)
{
	Count *count;

	pthread_mutex_lock(&tally->lock);
	count = find(tally, action);
	count->calls++;
	count->failed += failed ? 1 : 0;
	pthread_mutex_unlock(&tally->lock);
}

void tally_visit(Tally *tally,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	g_autoptr(GArray) copy = g_array_new(FALSE, FALSE, sizeof(Count));

	g_array_set_clear_func(copy, count_clear);
	pthread_mutex_lock(&tally->lock);
	for (guint i = 0; i < tally->counts->len; i++) {
		Count count = g_array_index(tally->counts, Count, i);

		count.action = g_strdup(count.action);
		g_array_append_val(copy, count);
	}
	pthread_mutex_unlock(&tally->lock);
	for (guint i = 0; i < copy->len; i++) {
		const Count *count = &g_array_index(copy, Count, i);

		visit(count->action, count->calls, count->failed, data);
	}
}
