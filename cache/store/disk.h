#pragma once

#include "cache/base/state_names.h"
#include "cache/store/ids.h"
#include "cache/store/record_log.h"
#include "cache/store/node_ids.h"
#include "cache/store/snapshot.h"

/*
 * What a workspace keeps in its state directory:
 *
 *   index      a record log: which sessions there are, and where their bodies lie
 *   bodies.N   a body store: each body as it was sent; N is the index's generation
 *   last_error the text of .last_error
 *
 * A body is written before the record that names it.  A rewrite makes the next
 * generation beside the old one, and the rename of `index` switches to it.
 * Files that are there but cannot be opened are left alone: all is kept in
 * memory then, until the next start.
 *
 * One thread at a time (the directory's apply lock), but for disk_bytes and
 * disk_compact_rows.
 */
typedef struct {
	char *path;
	RecordLog *record_log; /* NULL until something is written or loaded */
	BodyStore *store;      /* likewise */
	gboolean in_memory; /* the files cannot be used; no record log then */
	GByteArray *records, *bodies; /* the batch that is being made */
	gint64 live_more;             /* its change of live_bytes */
	guint64 garbage_more;         /* likewise */
	guint64 live_bytes;      /* of the body store, that rows refer to */
	guint64 garbage;         /* of the record log, that means nothing now */
	guint64 commits, synced; /* how many; how many are on the medium */
	guint64 bytes;           /* of both files; atomic */
	guint compact_failures;  /* one after the other */
	gint64 compact_after_us; /* not before; 0: at any time */
} Disk;

/* Touches no file yet.  path is taken. */
Disk *disk_new(char *path);
void disk_free(Disk *self);
/* Closes its files until they are used again. */
void disk_rest(const Disk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Disk, disk_free)

/* ---- loading ---- */

typedef struct {
	IdTable *ids; /* filled in; the caller's from here to `owner` */
	StateNames *state_names;
	NodeIds *node_ids;
	gpointer owner; /* of the numbers */
	GArray *rows;   /* out: Row by number, each with its own mtimes; freed
	                     by disk_loaded_clear */
	gint64 complete_ms; /* out: of the last complete full listing; 0: never */
	gint64 mtime_ns;    /* out: last change of membership; 0: unknown */
	guint32 last;       /* out: number of .last; 0: none */
	gboolean damaged;   /* out: something was left out; complete_ms is 0 */
} DiskLoaded;

/* What is damaged is named by g_warning and left out.  Errors: LOCAL; from then
 * on nothing is kept but in memory. */
gboolean disk_load(
	Disk *self, DiskLoaded *load, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void disk_loaded_clear(DiskLoaded *load);

/* ---- writing: a batch is made record by record, then committed ---- */

/* A row, new or in the place of `old` (or NULL).  A NULL body stays where it
 * is; otherwise row->body_at, _len and _hash are set to where it will be. */
gboolean disk_put(Disk *self, Row *row, const Row *old, const char *word,
	const char *body, gsize len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void disk_remove(Disk *self, const Row *row);
void disk_tomb(Disk *self, const Id *id);
void disk_complete(Disk *self, gint64 complete_ms);
void disk_touch(Disk *self, gint64 mtime_ns);
void disk_last(Disk *self, guint32 number);
/* All or nothing; the batch is empty afterwards.  An empty batch touches no
 * file.  Errors: LOCAL, NO_ROOM. */
gboolean disk_commit(Disk *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void disk_abandon(Disk *self);
/* Descriptors of the files, for the caller to sync and close without the lock;
 * left alone when nothing was written since.  Returns what to say to
 * disk_shared_synced once both are synced. */
guint64 disk_share(Disk *self, int ret_files[2]);
void disk_shared_synced(Disk *self, guint64 commits);
/* Waits until what was committed is on the medium. */
gboolean disk_sync(Disk *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint64 disk_bytes(Disk *self);

/* What is told of what failed last, as it was kept; NULL: nothing.  New string. */
char *disk_error(const Disk *self);
/* Keeps it for the next start, or says in the log that it cannot. */
void disk_keep_error(const Disk *self, const char *text);

/* ---- the form of the records; shared by the files of this noun ---- */

enum {
	DISK_SESSION = 1, /* DiskRow, [born:u32], ns:i64 * times, id, word */
	DISK_REMOVE,      /* number:u32 */
	DISK_TOMB,        /* number:u32, id: known once, not there now */
	DISK_COMPLETE,    /* ms:i64 */
	DISK_TOUCH,       /* ns:i64 */
	DISK_LAST,        /* number:u32 */
};

typedef struct {
	guint64 body_at, body_hash;
	gint64 since_ms;
	guint32 number, body_len;
	guint16 id_len, word_len;
	guint8 phase;
	guint8 times; /* of its files: how many of Mtimes.ns there are; 0: none.
	                 1 stands for DISK_TIMES_FIRST, of the version that did
	                 not say */
	guint8 flags; /* DISK_PARTIAL, DISK_CREATED */
	guint8 zero;
} DiskRow;

#define DISK_TIMES_FIRST 8u
#define DISK_PARTIAL 1u
#define DISK_CREATED 2u /* Row.born is there */

/* The highest number in an index, which is only read; 0: none. */
guint32 disk_highest(const char *index);
/* Errors: LOCAL: a link or a file stands where its directory would. */
gboolean disk_check_place(
	const Disk *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Opens the body store of a generation and drops those of others. */
gboolean disk_open_bodies(Disk *self, guint32 generation,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
