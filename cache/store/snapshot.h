#pragma once

#include <glib.h>

#include "backends/session.h"
#include "cache/store/body_store.h"
#include "cache/store/ids.h"

/*
 * What one directory showed at one moment.  A snapshot never changes once it is
 * made; whoever holds a reference reads without a lock, for as long as he
 * likes.  Rows lie in blocks that consecutive snapshots share, so that a page
 * of a large listing costs the blocks it touches.
 */
typedef struct {
	int refs;
	gint64 ns[N_SESSION_FILES];
} Mtimes;

typedef struct {
	guint32 number;
	guint32 body_len;
	guint64 body_at; /* in the snapshot's body store */
	guint64 body_hash;
	gint64 since_ms; /* when its files last changed, unless mtimes says so */
	Id *id;          /* borrowed from the directory's table */
	Mtimes *mtimes;  /* NULL: none of its files has been seen to change */
	guint16 word;    /* state: index into the words */
	guint8 phase;
	guint8 partial; /* its body has never been whole */
	guint32 born;   /* of when it was made: see row_created; 0: unknown */
} Row;

typedef struct Block Block;

typedef struct {
	guint32 first; /* number of the block's first row */
	Block *block;
} BlockRef;

typedef struct {
	int refs;
	guint n_blocks;
	guint64 count;
	gint64 mtime_ns;  /* when the membership last changed */
	BodyStore *store; /* where the bodies lie; may be NULL */
	BlockRef blocks[];
} Snapshot;

Mtimes *mtimes_ref(Mtimes *self);
void mtimes_unref(Mtimes *self);

/* What is kept of a moment of making, enough to tell one from another. */
guint32 row_created(gint64 created_ms);
/* Whether what was kept may be of that moment, told in another precision; TRUE
 * where one of them is unknown. */
gboolean row_created_at(guint32 born, gint64 created_ms);

/* When a file of the row changed, in ns since the epoch. */
gint64 row_mtime_ns(const Row *row, SessionFile file);

/* The same of all files, as they are now that those of the set were changed: what
 * took the place of the old bytes, see time_noticed. */
Mtimes *mtimes_moved(const Row *row, guint files);
/* The latest of them. */
gint64 row_newest_ns(const Row *row);

/* Puts Rows in the order of their numbers; equal ones stay as they are. */
void rows_sort(GArray *rows);

Snapshot *snapshot_new(gint64 mtime_ns, BodyStore *store);
Snapshot *snapshot_ref(Snapshot *self);
void snapshot_unref(Snapshot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_unref)

/*
 * A new snapshot: the old one with the rows of `put` added or replaced and the
 * numbers of `cut` taken out.  Both are sorted by number, without repetition
 * and disjoint.  Takes its own references.
 */
Snapshot *snapshot_apply(const Snapshot *old, const Row *put, gsize n_put,
	const guint32 *cut, gsize n_cut, gint64 mtime_ns, BodyStore *store);

/* The row of a number or NULL; borrowed from the snapshot. */
const Row *snapshot_find(const Snapshot *self, guint32 number);

/* The first row with a number above that one, and the row behind another; NULL: there
 * is none. */
const Row *snapshot_after(const Snapshot *self, guint32 after);
const Row *snapshot_next(const Snapshot *self, const Row *row);
/* Goes over the rows with a number above `after`, in ascending order. */
#define snapshot_foreach(row, self, after)                                     \
	for (const Row *row = snapshot_after(self, after); row != NULL;        \
		row = snapshot_next(self, row))
