#pragma once

#include "cache/merge/change.h"

/* What became of the entries of a page. */
typedef struct {
	guint fresh;   /* that the listing has not named before */
	guint clashed; /* of those, left out, since another has the name */
	guint over;    /* left out, since there are too many */
} Applied;

/*
 * What one answer says of entries of a directory, on its way into a change.
 * With Dir.apply.
 */
typedef struct {
	Change *change;
	guint32 tick, relist;
	Applied *told; /* NULL: nobody asks */
} Incoming;

/* One of an answer's entries, a Session or a Workspace, goes into the change. */
typedef gboolean (*IncomingOne)(
	Incoming *self, gconstpointer entry, GError **error);
/* All of them, as one change of dir.  Takes Dir.apply. */
gboolean incoming_apply(Incoming *self, Dir *dir, gconstpointer const *entries,
	guint n, IncomingOne one, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The entry of an id, made when it is new; its number may be 0, which stands for
 * nothing.  NULL: it cannot be shown. */
Id *incoming_id(Dir *dir, const char *raw) REQUIRES(dir->apply);
/* One that has no such entry is left out: TRUE. */
gboolean incoming_clashed(Incoming *self);
/* Whether one more entry, which is not shown yet, is too many; then it is counted
 * as left out. */
gboolean incoming_is_over(Incoming *self) REQUIRES(self->change->dir->apply);
/* Gives the entry a number, unless it has one; *ret_known: it had. */
gboolean incoming_number(Dir *dir, Id *id, gboolean *ret_known,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether this answer is to be taken; notes that the id was listed. */
gboolean incoming_counts(Incoming *self, Id *id)
	REQUIRES(self->change->dir->apply);
