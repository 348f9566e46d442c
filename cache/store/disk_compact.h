#pragma once

#include "cache/store/disk.h"

/* Rewriting the files of a disk without their garbage. */

/* There is much garbage, and it did not fail just now. */
gboolean disk_wants_compact(const Disk *self, gint64 now_us);

/*
 * A rewrite has three steps, so that nobody has to wait for the long one:
 * begin, with the apply lock; rows, without; end, with it again, which adds what
 * has changed in between and switches.  On failure all is as before; it fails
 * with CANCELLED once *stop (atomic) is set.  One at a time for a disk.
 */
typedef struct DiskCompact DiskCompact;

DiskCompact *disk_compact_begin(const Disk *self, Snapshot *shown,
	StateNames *state_names, const gboolean *stop);
gboolean disk_compact_rows(
	DiskCompact *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is shown now, and what else is known. */
typedef struct {
	const Snapshot *shown;
	const IdTable *ids;
	gint64 complete_ms;
	guint32 last;
} DiskState;

/* *ret_rows: the rows by number as they lie now, sharing the snapshot's mtimes;
 * the caller frees the array, and disk->body store is the body store they lie in. */
gboolean disk_compact_end(DiskCompact *self, Disk *disk, const DiskState *state,
	GArray **ret_rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes what did not become the disk's. */
void disk_compact_free(DiskCompact *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DiskCompact, disk_compact_free)
/* The next try waits, longer from time to time. */
void disk_compact_failed(Disk *self, gint64 now_us);
