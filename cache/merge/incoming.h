#pragma once

#include "cache/merge/change.h"

/* When a question was asked, and when its answer was there: of dir_tick. */
typedef struct {
	guint32 asked, came;
} Ticks;

/* What became of the entries of a page. */
typedef struct {
	guint fresh;   /* that the listing has not named before */
	guint clashed; /* of those, left out, since another has the name */
	guint over;    /* left out, since there are too many */
	/* The ids, new strings, of which nobody can tell whether this answer or what
	 * is shown is newer, and which differ: for the caller to ask for.  The
	 * caller's; NULL: it does not. */
	GPtrArray *unsure;
} Applied;

/* No more than so many are for the caller to ask for; any other is taken at once. */
#define INCOMING_UNSURE_MAX 16

/*
 * What one answer says of entries of a directory, on its way into a change.
 * With Dir.apply.
 */
typedef struct {
	Change *change;
	Ticks ticks;
	guint32 relist;
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
gboolean incoming_number(Dir *dir, Id *id, gboolean *ret_known, GError **error)
	REQUIRES(dir->apply) G_GNUC_WARN_UNUSED_RESULT;
/*
 * Whether this answer is to be taken; notes that the id was listed.
 *
 * A question that began after the answer came which is shown is newer, and one that
 * began before the other's is not: it is left alone.  Where a question began later, but
 * before the other's answer came, the two were on their way together, and the provider
 * may have answered either first.  To take the later one might show a state that is
 * over; to leave it might hide a change that a listing has to show.  So what is shown
 * stays, and where the answer differs (incoming_leave) it is asked for again.  The
 * pages of a listing are questions of their own.
 */
typedef enum { INCOMING_OLD, INCOMING_NEWS, INCOMING_UNSURE } IncomingAge;
IncomingAge incoming_counts(Incoming *self, Id *id)
	REQUIRES(self->change->dir->apply);
/* An unsure answer says what is shown, or something else; with Dir.apply. */
void incoming_confirm(Incoming *self, Id *id);
void incoming_leave(Incoming *self, const Id *id);
