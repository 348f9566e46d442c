#include "cache/store/snapshot.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/refs.h"
#include "cache/base/sorted.h"

#define BLOCK_ROWS 256u
/* A run shorter than this is joined to its neighbour. */
#define BLOCK_SHORT (BLOCK_ROWS / 4)

struct Block {
	int refs;
	guint n;
	Row rows[]; /* and one of number 0 behind them */
};

REFS_DEFINE(Mtimes, mtimes, g_free)

guint32 row_created(gint64 created_ms)
{
	guint64 ms = (guint64)created_ms;

	if (created_ms <= 0)
		return 0;
	return MAX(1, (guint32)(ms ^ ms >> 32));
}

/* The upper half is known but for the edges of its 49 days: so the lower half can
 * be told. */
gboolean row_created_at(guint32 born, gint64 created_ms)
{
	gint64 upper = created_ms >> 32;

	if (born == 0 || created_ms <= 0)
		return TRUE;
	for (gint64 high = MAX(0, upper - 1); high <= upper + 1; high++) {
		guint32 low = born ^ (guint32)high;
		gint64 ms = (gint64)((guint64)high << 32 | low);

		if (ABS(ms - created_ms) <= SESSION_GRAIN_MS)
			return TRUE;
	}
	return FALSE;
}

gint64 row_mtime_ns(const Row *row, SessionFile file)
{
	if (row->mtimes != NULL)
		return row->mtimes->ns[file];
	return row->since_ms * 1000000;
}

/* What the provider says of when something changed lies before we were told: whoever
 * has read the old bytes since then would never see that there are others, if
 * those were dated so (find -newer, tar, make, rsync). */
Mtimes *mtimes_moved(const Row *row, guint files)
{
	Mtimes *times = g_new0(Mtimes, 1);

	times->refs = 1;
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		gint64 ns = row_mtime_ns(row, file);

		times->ns[file] = files & (1u << file) ? time_noticed(ns) : ns;
	}
	return times;
}

gint64 row_newest_ns(const Row *row)
{
	gint64 ns = row_mtime_ns(row, 0);

	for (SessionFile file = 1; file < N_SESSION_FILES; file++)
		ns = MAX(ns, row_mtime_ns(row, file));
	return ns;
}

static gint row_compare(gconstpointer a, gconstpointer b)
{
	guint32 one = ((const Row *)a)->number, two = ((const Row *)b)->number;

	return one < two ? -1 : one > two;
}

void rows_sort(GArray *rows)
{
	g_array_sort(rows, row_compare); /* stable */
}

static Block *block_new(const Row *rows, guint n)
{
	Block *self = g_malloc(sizeof(*self) + (n + 1) * sizeof(Row));

	self->refs = 1;
	self->n = n;
	memcpy(self->rows, rows, n * sizeof(Row));
	self->rows[n].number = 0;
	for (guint i = 0; i < n; i++)
		mtimes_ref(self->rows[i].mtimes);
	return self;
}

static void block_unref(Block *self)
{
	if (__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (guint i = 0; i < self->n; i++)
		mtimes_unref(self->rows[i].mtimes);
	g_free(self);
}

/* ---- writing: rows gather in `open` until they are a block ---- */

typedef struct {
	GArray *refs; /* BlockRef */
	guint64 count;
	guint n_open;
	Row open[2 * BLOCK_ROWS];
} Writer;

static void writer_add(Writer *self, Block *block)
{
	BlockRef ref = {block->rows[0].number, block};

	g_array_append_val(self->refs, ref);
	self->count += block->n;
}

/* Makes a block of the first n open rows. */
static void writer_flush(Writer *self, guint n)
{
	if (n == 0)
		return;
	writer_add(self, block_new(self->open, n));
	self->n_open -= n;
	memmove(self->open, self->open + n, self->n_open * sizeof(Row));
}

static void writer_row(Writer *self, const Row *row)
{
	if (self->n_open == BLOCK_ROWS)
		writer_flush(self, BLOCK_ROWS);
	self->open[self->n_open++] = *row;
}

static void writer_block(Writer *self, Block *block)
{
	if (self->n_open == 0 || self->n_open >= BLOCK_SHORT) {
		writer_flush(self, self->n_open);
		__atomic_add_fetch(&block->refs, 1, __ATOMIC_RELAXED);
		writer_add(self, block);
		return;
	}
	memcpy(self->open + self->n_open, block->rows, block->n * sizeof(Row));
	self->n_open += block->n;
	/* In halves: a short rest would be joined to the next block, and so on
	 * through all of them. */
	if (self->n_open > BLOCK_ROWS) {
		writer_flush(self, self->n_open / 2);
		writer_flush(self, self->n_open);
	}
}

/* ---- merging ---- */

typedef struct {
	const Row *put, *put_end;
	const guint32 *cut, *cut_end;
} Edit;

static gboolean edit_touches(const Edit *edit, guint64 limit)
{
	return (edit->put < edit->put_end && edit->put->number < limit) ||
	       (edit->cut < edit->cut_end && *edit->cut < limit);
}

/* All edits below limit, merged with the rows of one block. */
static void merge_block(
	Writer *writer, const Block *block, Edit *edit, guint64 limit)
{
	for (guint i = 0; i < block->n; i++) {
		const Row *row = &block->rows[i];

		while (edit->put < edit->put_end &&
			edit->put->number < row->number)
			writer_row(writer, edit->put++);
		while (edit->cut < edit->cut_end && *edit->cut < row->number)
			edit->cut++;
		if (edit->put < edit->put_end &&
			edit->put->number == row->number)
			writer_row(writer, edit->put++);
		else if (edit->cut < edit->cut_end && *edit->cut == row->number)
			edit->cut++;
		else
			writer_row(writer, row);
	}
	while (edit->put < edit->put_end && edit->put->number < limit)
		writer_row(writer, edit->put++);
	while (edit->cut < edit->cut_end && *edit->cut < limit)
		edit->cut++;
}

/* The numbers below this one are the business of block i. */
static guint64 block_limit(const Snapshot *old, guint i)
{
	const Block *block = old->blocks[i].block;

	if (i + 1 < old->n_blocks)
		return old->blocks[i + 1].first;
	if (block->n < BLOCK_ROWS)
		return G_MAXUINT64;
	return (guint64)block->rows[block->n - 1].number + 1;
}

static void merge_all(Writer *writer, const Snapshot *old, Edit *edit)
{
	for (guint i = 0; i < old->n_blocks; i++) {
		guint64 limit = block_limit(old, i);

		if (edit_touches(edit, limit))
			merge_block(writer, old->blocks[i].block, edit, limit);
		else
			writer_block(writer, old->blocks[i].block);
	}
	while (edit->put < edit->put_end)
		writer_row(writer, edit->put++);
	writer_flush(writer, writer->n_open);
}

static Snapshot *snapshot_of(
	const BlockRef *blocks, guint n, gint64 mtime_ns, BodyStore *store)
{
	Snapshot *self = g_malloc(sizeof(*self) + n * sizeof(BlockRef));

	*self = (Snapshot){.refs = 1, .n_blocks = n, .mtime_ns = mtime_ns};
	self->store = body_store_ref(store);
	if (n > 0)
		memcpy(self->blocks, blocks, n * sizeof(BlockRef));
	return self;
}

Snapshot *snapshot_new(gint64 mtime_ns, BodyStore *store)
{
	return snapshot_of(NULL, 0, mtime_ns, store);
}

Snapshot *snapshot_apply(const Snapshot *old, const Row *put, gsize n_put,
	const guint32 *cut, gsize n_cut, gint64 mtime_ns, BodyStore *store)
{
	Edit edit = {put, n_put > 0 ? put + n_put : put, cut,
		n_cut > 0 ? cut + n_cut : cut};
	g_autofree Writer *writer = g_new(Writer, 1);
	Snapshot *self;

	writer->refs = g_array_sized_new(FALSE, FALSE, sizeof(BlockRef),
		old->n_blocks + (guint)(n_put / BLOCK_ROWS) + 2);
	writer->count = 0;
	writer->n_open = 0;
	merge_all(writer, old, &edit);
	self = snapshot_of((BlockRef *)(void *)writer->refs->data,
		writer->refs->len, mtime_ns, store);
	self->count = writer->count;
	g_array_unref(writer->refs);
	return self;
}

static void snapshot_free(Snapshot *self)
{
	for (guint i = 0; i < self->n_blocks; i++)
		block_unref(self->blocks[i].block);
	body_store_unref(self->store);
	g_free(self);
}

REFS_DEFINE(Snapshot, snapshot, snapshot_free)

/* ---- reading ---- */

/* The last block that begins at or below the number, if any. */
static guint block_of(const Snapshot *self, guint64 number)
{
	guint at = sorted_find(&self->blocks->first, sizeof(BlockRef),
		self->n_blocks, number + 1);

	return at > 0 ? at - 1 : 0;
}

/* The first row of the block with a number at or above this one. */
static guint row_of(const Block *block, guint64 number)
{
	return sorted_find(&block->rows->number, sizeof(Row), block->n, number);
}

const Row *snapshot_find(const Snapshot *self, guint32 number)
{
	const Block *block;
	guint at;

	if (self->n_blocks == 0)
		return NULL;
	block = self->blocks[block_of(self, number)].block;
	at = row_of(block, number);
	if (at == block->n || block->rows[at].number != number)
		return NULL;
	return &block->rows[at];
}

const Row *snapshot_after(const Snapshot *self, guint32 after)
{
	guint i = block_of(self, after);
	const Block *block;
	guint at;

	if (self->n_blocks == 0)
		return NULL;
	block = self->blocks[i].block;
	at = row_of(block, (guint64)after + 1);
	return at < block->n ? &block->rows[at]
			     : snapshot_next(self, &block->rows[block->n - 1]);
}

const Row *snapshot_next(const Snapshot *self, const Row *row)
{
	guint i;

	if (row[1].number != 0)
		return row + 1;
	i = block_of(self, row->number) + 1;
	return i < self->n_blocks ? self->blocks[i].block->rows : NULL;
}
