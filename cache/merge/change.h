#pragma once

#include "cache/model/dir.h"

/*
 * One change of what a directory shows, gathered row by row and published at
 * once.  Everything here wants Dir.apply.
 */
typedef struct {
	Dir *dir;
	GArray *rows;       /* Row: new or changed; each owns its mtimes */
	GArray *cuts;       /* guint32 */
	GArray *renumbered; /* Renumbered */
	GArray *news;       /* News */
	guint added;        /* rows that stand for nothing older */
	int transitional;   /* by how much their number changes */
	gboolean members;
	gint64 newest_ns; /* of the files of what is cut */
} Change;

void change_begin(Change *self, Dir *dir) REQUIRES(dir->apply)
	ASSERT_HELD(self->dir->apply);
void change_end(Change *self);

/* A row (its mtimes are taken) that is new or stands for `old`; files: those
 * whose bytes changed.  A NULL body stays where it is. */
gboolean change_put(Change *self, Row *row, const Row *old, const char *body,
	gsize len, guint files, GError **error)
	REQUIRES(self->dir->apply) G_GNUC_WARN_UNUSED_RESULT;
void change_remove(Change *self, const Row *row) REQUIRES(self->dir->apply);
/* From the commit on, the id has a new number, which stands for another session
 * than the old one did. */
gboolean change_renumber(Change *self, Id *id, guint32 *ret_number,
	GError **error) REQUIRES(self->dir->apply) G_GNUC_WARN_UNUSED_RESULT;
/* The same with a number that is the caller's. */
void change_renumber_as(Change *self, Id *id, guint32 number)
	REQUIRES(self->dir->apply);
/* Disk first, then the snapshot, then the news. */
gboolean change_commit(Change *self, GError **error)
	REQUIRES(self->dir->apply) G_GNUC_WARN_UNUSED_RESULT;

/* Records on disk that the listing was complete. */
gboolean change_record(Dir *dir, gint64 complete_ms, GError **error)
	REQUIRES(dir->apply) G_GNUC_WARN_UNUSED_RESULT;
