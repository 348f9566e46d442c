#include "disk.h"

#include <unistd.h>

#define SLACK (1024u * 1024)
#define FLUSH_AT (1024u * 1024)
#define TOMBS_MIN 10000u

gboolean disk_wants_compact(const Disk *self)
{
	guint64 heap, garbage;

	if (self->ledger == NULL)
		return FALSE;
	heap = heap_len(self->heap);
	garbage = heap - MIN(heap, self->live_bytes);
	return garbage > heap / 2 + SLACK ||
	       self->garbage > ledger_len(self->ledger) / 2 + SLACK;
}

/* ---- ids of sessions that are gone keep their numbers, up to a point ---- */

typedef struct {
	const Snapshot *shown;
	GPtrArray *ids;
} Tombs;

static void tomb_visit(Id *id, void *data)
{
	Tombs *self = data;

	if (snapshot_find(self->shown, id->number) == NULL)
		g_ptr_array_add(self->ids, id);
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	guint32 one = (*(Id *const *)a)->number,
		two = (*(Id *const *)b)->number;

	return one > two ? -1 : one < two;
}

static gboolean put_tombs(
	Disk *next, const Snapshot *shown, const IdTable *ids, GError **error)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new();
	Tombs tombs = {shown, gone};
	guint64 most = shown->count + TOMBS_MIN;

	ids_foreach(ids, tomb_visit, &tombs);
	g_ptr_array_sort(gone, newest_first);
	for (guint i = 0; i < gone->len && i < most; i++) {
		disk_tomb(next, g_ptr_array_index(gone, i));
		if (next->records->len >= FLUSH_AT && !disk_commit(next, error))
			return FALSE;
	}
	return TRUE;
}

/* ---- rows ---- */

static gboolean put_row(
	Disk *next, Disk *self, Row *row, Words *words, GError **error)
{
	g_autofree char *body = NULL;

	if (row->body_len > 0)
		body = heap_read(self->heap, row->body_at, row->body_len,
			row->body_hash, NULL);
	if (body == NULL) /* damaged: the next refresh brings it back */
		row->body_at = row->body_len = row->body_hash = 0;
	if (!disk_put(next, row, NULL, words_get(words, row->word), body,
		    row->body_len, error))
		return FALSE;
	if (next->bodies->len + next->records->len < FLUSH_AT)
		return TRUE;
	return disk_commit(next, error);
}

static gboolean put_rows(Disk *next, Disk *self, const Snapshot *shown,
	Words *words, GArray *rows, GError **error)
{
	SnapshotAt at = snapshot_seek(shown, 0);
	const Row *old;

	while ((old = snapshot_step(shown, &at)) != NULL) {
		Row row = *old;

		if (!put_row(next, self, &row, words, error))
			return FALSE;
		g_array_append_val(rows, row);
	}
	return TRUE;
}

/* ---- the files ---- */

static char *heap_path(const Disk *self, guint32 generation)
{
	return g_strdup_printf("%s/bodies.%u", self->path, generation);
}

static gboolean next_open(Disk *next, guint32 generation, GError **error)
{
	g_autofree char *index =
		g_build_filename(next->path, "index.new", NULL);
	g_autofree char *bodies = heap_path(next, generation);

	unlink(bodies);
	next->heap = heap_open(bodies, error);
	if (next->heap == NULL)
		return FALSE;
	next->ledger = ledger_create(index, generation, error);
	return next->ledger != NULL;
}

static gboolean next_switch(Disk *next, GError **error)
{
	g_autofree char *index = g_build_filename(next->path, "index", NULL);

	return disk_commit(next, error) && disk_sync(next, error) &&
	       ledger_rename(next->ledger, index, error);
}

static void disk_swap(Disk *self, Disk *next)
{
	Disk old = *self;

	*self = *next;
	*next = old;
}

gboolean disk_compact(Disk *self, const Snapshot *shown, const IdTable *ids,
	Words *words, gint64 complete_ms, guint32 last, GArray **ret_rows,
	GError **error)
{
	g_autoptr(Disk) next = disk_new(g_strdup(self->path));
	g_autoptr(GArray) rows = g_array_sized_new(
		FALSE, FALSE, sizeof(Row), (guint)shown->count);
	guint32 old = ledger_generation(self->ledger), new = old + 1;
	g_autofree char *old_heap = heap_path(self, old);
	g_autofree char *new_heap = heap_path(self, new);
	gboolean ok;

	ok = next_open(next, new, error) &&
	     put_rows(next, self, shown, words, rows, error) &&
	     put_tombs(next, shown, ids, error);
	if (ok) {
		if (complete_ms != 0)
			disk_complete(next, complete_ms);
		if (last != 0)
			disk_last(next, last);
		disk_touch(next, shown->mtime_ns);
		ok = next_switch(next, error);
	}
	if (!ok) {
		unlink(new_heap);
		return FALSE;
	}
	disk_swap(self, next);
	self->garbage = 0;
	unlink(old_heap);
	*ret_rows = g_steal_pointer(&rows);
	return TRUE;
}
