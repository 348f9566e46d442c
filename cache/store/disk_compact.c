#include "cache/store/disk_compact.h"

#include <unistd.h>

#include "backends/error.h"

#define SLACK (1024u * 1024)
#define FLUSH_AT (1024u * 1024)
#define TOMBS_MIN 10000u
#define AGAIN_US (60 * G_USEC_PER_SEC)
#define AGAIN_SHIFT_MAX 6

struct DiskCompact {
	Disk *next;
	Snapshot *base; /* what is written first */
	GArray *rows;   /* Row: those of base as they lie in next */
	StateNames *state_names;
	const gboolean *stop;
	guint32 generation; /* of next */
	gboolean switched;
};

gboolean disk_wants_compact(const Disk *self, gint64 now_us)
{
	guint64 store, garbage;

	if (self->store == NULL || (self->compact_after_us != 0 &&
					   now_us < self->compact_after_us))
		return FALSE;
	store = body_store_len(self->store);
	garbage = store - MIN(store, self->live_bytes);
	return garbage > store / 2 + SLACK ||
	       (self->record_log != NULL &&
		       self->garbage >
			       record_log_len(self->record_log) / 2 + SLACK);
}

void disk_compact_failed(Disk *self, gint64 now_us)
{
	guint shift = MIN(self->compact_failures, AGAIN_SHIFT_MAX);

	self->compact_failures++;
	self->compact_after_us = now_us + (AGAIN_US << shift);
}

static gboolean goes_on(const DiskCompact *self, GError **error)
{
	return !__atomic_load_n(self->stop, __ATOMIC_RELAXED) ||
	       backend_error_false(error, BACKEND_ERROR_CANCELLED,
		       "the file system is being unmounted");
}

/* What is gathered is written when it has become much. */
static gboolean flush(Disk *next, GError **error)
{
	return next->bodies->len + next->records->len < FLUSH_AT ||
	       disk_commit(next, error);
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

static gboolean put_tombs(DiskCompact *self, const Snapshot *shown,
	const IdTable *ids, GError **error)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new();
	Tombs tombs = {shown, gone};
	guint64 most = shown->count + TOMBS_MIN;

	ids_foreach(ids, tomb_visit, &tombs);
	g_ptr_array_sort(gone, newest_first);
	for (guint i = 0; i < gone->len && i < most; i++) {
		disk_tomb(self->next, g_ptr_array_index(gone, i));
		if (!goes_on(self, error) || !flush(self->next, error))
			return FALSE;
	}
	return TRUE;
}

/* ---- rows ---- */

/* The row, which lies in that body store, gets its place in the next one. */
static gboolean put_row(DiskCompact *self, Row *row, const Row *old,
	BodyStore *store, GError **error)
{
	g_autofree char *body = NULL;
	g_autoptr(GError) why = NULL;

	if (row->body_len > 0)
		body = body_store_read(store, row->body_at, row->body_len,
			row->body_hash, &why);
	/* It could not be opened, which is no damage. */
	if (g_error_matches(why, BACKEND_ERROR, BACKEND_ERROR_NO_FILES)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	if (body == NULL) /* damaged: the next refresh brings it back */
		row->body_at = row->body_len = row->body_hash = 0;
	return goes_on(self, error) &&
	       disk_put(self->next, row, old,
		       state_names_get(self->state_names, row->word), body,
		       row->body_len, error) &&
	       flush(self->next, error);
}

static gboolean row_is_same(const Row *a, const Row *b)
{
	return a->body_at == b->body_at && a->body_len == b->body_len &&
	       a->body_hash == b->body_hash && a->since_ms == b->since_ms &&
	       a->mtimes == b->mtimes && a->word == b->word &&
	       a->phase == b->phase && a->partial == b->partial &&
	       a->born == b->born;
}

/* Rows of base with a number below that one are gone. */
static guint drop_below(DiskCompact *self, guint at, guint64 number)
{
	for (; at < self->rows->len; at++) {
		const Row *row = &g_array_index(self->rows, Row, at);

		if (row->number >= number)
			break;
		disk_remove(self->next, row);
	}
	return at;
}

/* Writes what is shown now and is otherwise than in base. */
static gboolean put_changes(
	DiskCompact *self, const Snapshot *shown, GArray *out, GError **error)
{
	guint next = 0;

	snapshot_foreach (now, shown, 0) {
		const Row *old = NULL, *base = NULL;
		Row row = *now;

		next = drop_below(self, next, now->number);
		if (next < self->rows->len)
			old = &g_array_index(self->rows, Row, next);
		if (old != NULL && old->number == now->number)
			base = snapshot_find(self->base, now->number);
		if (base != NULL && row_is_same(base, now))
			row = *old;
		else if (!put_row(self, &row, base != NULL ? old : NULL,
				 shown->store, error))
			return FALSE;
		next += base != NULL;
		g_array_append_val(out, row);
	}
	drop_below(self, next, G_MAXUINT64);
	return TRUE;
}

/* ---- the files ---- */

static char *body_store_path(const Disk *self, guint32 generation)
{
	return g_strdup_printf("%s/bodies.%u", self->path, generation);
}

static gboolean next_open(DiskCompact *self, GError **error)
{
	Disk *next = self->next;
	g_autofree char *index =
		g_build_filename(next->path, "index.new", NULL);
	g_autofree char *bodies = body_store_path(next, self->generation);

	if (next->in_memory) {
		next->store = body_store_memory(error);
		return next->store != NULL;
	}
	unlink(bodies);
	next->store = body_store_open(bodies, error);
	if (next->store == NULL)
		return FALSE;
	next->record_log = record_log_create(index, self->generation, error);
	return next->record_log != NULL;
}

static gboolean next_sync(Disk *next, GError **error)
{
	return disk_commit(next, error) && disk_sync(next, error);
}

static gboolean next_switch(Disk *next, GError **error)
{
	g_autofree char *index = g_build_filename(next->path, "index", NULL);

	return next_sync(next, error) &&
	       (next->in_memory ||
		       record_log_rename(next->record_log, index, error));
}

static void disk_adopt(Disk *self, Disk *next)
{
	record_log_free(self->record_log);
	self->record_log = g_steal_pointer(&next->record_log);
	body_store_unref(self->store);
	self->store = g_steal_pointer(&next->store);
	self->live_bytes = next->live_bytes;
	self->garbage = next->garbage;
	self->synced = self->commits;
	self->compact_failures = 0;
	self->compact_after_us = 0;
	__atomic_store_n(&self->bytes, next->bytes, __ATOMIC_RELAXED);
}

/* ---- the steps ---- */

DiskCompact *disk_compact_begin(const Disk *disk, Snapshot *shown,
	StateNames *state_names, const gboolean *stop)
{
	DiskCompact *self = g_new0(DiskCompact, 1);

	self->next = disk_new(g_strdup(disk->path));
	self->next->in_memory = disk->in_memory;
	self->base = snapshot_ref(shown);
	self->rows = g_array_sized_new(
		FALSE, FALSE, sizeof(Row), (guint)shown->count);
	self->state_names = state_names;
	self->stop = stop;
	if (disk->record_log != NULL)
		self->generation = record_log_generation(disk->record_log) + 1;
	return self;
}

gboolean disk_compact_rows(DiskCompact *self, GError **error)
{
	if (!next_open(self, error))
		return FALSE;
	snapshot_foreach (old, self->base, 0) {
		Row row = *old;

		if (!put_row(self, &row, NULL, self->base->store, error))
			return FALSE;
		g_array_append_val(self->rows, row);
	}
	/* So that little is left to be waited for at the end. */
	return next_sync(self->next, error);
}

gboolean disk_compact_end(DiskCompact *self, Disk *disk, const DiskState *state,
	GArray **ret_rows, GError **error)
{
	g_autoptr(GArray) rows = g_array_sized_new(
		FALSE, FALSE, sizeof(Row), (guint)state->shown->count);

	if (!put_changes(self, state->shown, rows, error) ||
		!put_tombs(self, state->shown, state->ids, error))
		return FALSE;
	if (state->complete_ms != 0)
		disk_complete(self->next, state->complete_ms);
	if (state->last != 0)
		disk_last(self->next, state->last);
	disk_touch(self->next, state->shown->mtime_ns);
	if (!next_switch(self->next, error))
		return FALSE;
	/* Readers of what was shown before may still open it. */
	if (!disk->in_memory)
		body_store_doom(disk->store);
	disk_adopt(disk, self->next);
	self->switched = TRUE;
	*ret_rows = g_steal_pointer(&rows);
	return TRUE;
}

void disk_compact_free(DiskCompact *self)
{
	if (!self->switched && self->next->store != NULL &&
		!self->next->in_memory) {
		g_autofree char *path =
			body_store_path(self->next, self->generation);

		unlink(path);
	}
	disk_free(self->next);
	snapshot_unref(self->base);
	g_array_unref(self->rows);
	g_free(self);
}
