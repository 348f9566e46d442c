#include "cache/refresh/backfill.h"

#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"

#define BACKFILLED_MAX 50u
/* What was asked for is not asked for again before. */
#define AGAIN_US (60 * G_USEC_PER_SEC)

typedef struct {
	gint64 since_ms;
	guint32 number;
} Partial;

static gint newest_first(gconstpointer a, gconstpointer b)
{
	const Partial *one = a, *two = b;

	if (one->since_ms != two->since_ms)
		return one->since_ms > two->since_ms ? -1 : 1;
	return one->number > two->number ? -1 : one->number < two->number;
}

static gboolean is_due(gpointer key, gpointer value, gpointer data)
{
	return *(const gint64 *)value <= *(const gint64 *)data;
}

static GArray *partial_rows(const Dir *dir, const Snapshot *shown)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(Partial));
	SnapshotAt at = snapshot_seek(shown, 0);
	const Row *row;

	while ((row = snapshot_step(shown, &at)) != NULL) {
		Partial partial = {row->since_ms, row->number};

		if (row->partial && !g_hash_table_contains(dir->filled,
					    GUINT_TO_POINTER(row->number)))
			g_array_append_val(found, partial);
	}
	g_array_sort(found, newest_first);
	return found;
}

static void note(Dir *dir, guint32 number)
{
	gint64 again = g_get_monotonic_time() + AGAIN_US;

	g_hash_table_insert(dir->filled, GUINT_TO_POINTER(number),
		g_memdup2(&again, sizeof(again)));
}

/* FALSE: it is not the session that cannot be told of. */
static gboolean backfill_one(Dir *dir, guint32 number)
{
	Call call = call_for(dir, FALSE);
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	const Row *row = snapshot_find(shown, number);
	gboolean on;

	if (row == NULL || !row->partial)
		return TRUE;
	id = g_strdup(row->id->text);
	note(dir, number);
	on = fetch_session(dir, id, &call, &error) ||
	     g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER) ||
	     g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	news_deliver(dir->cache->news);
	return on;
}

static gboolean goes_on(const Dir *dir)
{
	return !cache_is_stopping(dir->cache) && dir_is_there(dir) &&
	       dir_has_interest(dir, g_get_monotonic_time());
}

static void backfill_run(void *data)
{
	Dir *dir = data;
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	g_autoptr(GArray) partial = NULL;
	gint64 now = g_get_monotonic_time();

	if (dir->filled == NULL)
		dir->filled = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_hash_table_foreach_remove(dir->filled, is_due, &now);
	partial = partial_rows(dir, shown);
	g_clear_pointer(&shown, snapshot_unref);
	for (guint i = 0;
		i < partial->len && i < BACKFILLED_MAX && goes_on(dir); i++)
		if (!backfill_one(
			    dir, g_array_index(partial, Partial, i).number))
			break;
	pthread_mutex_lock(&dir->lock);
	dir->backfilling = FALSE;
	pthread_mutex_unlock(&dir->lock);
}

void backfill_start(Dir *dir)
{
	gboolean begin;

	if (dir->kind != DIR_WORKSPACE ||
		dir->provider->backend->class->whole_files == 0 ||
		!goes_on(dir))
		return;
	pthread_mutex_lock(&dir->lock);
	begin = !dir->backfilling;
	dir->backfilling = TRUE;
	pthread_mutex_unlock(&dir->lock);
	if (begin && !pool_push(dir->provider->work[WORK_BACKFILL],
			     backfill_run, dir))
		g_debug("%s: filled after the end", dir->name);
}
