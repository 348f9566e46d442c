#pragma once

#include "cache/merge/incoming.h"

/*
 * How what a provider answers becomes what a directory shows: compared with
 * what is shown, put on disk, published as one new snapshot, told as news (to
 * be delivered by the caller, with no lock held).  All take Dir.apply.
 *
 * `tick` is the dir_tick of the question, whose answer has just come.  What a later
 * question has shown stays, and so does what an answer has shown that came while this
 * question was on its way: see incoming_counts.  `relist` is the listing's number, or
 * 0 when it is none.  Errors: those of disk and numbers; then nothing was changed.
 */
gboolean apply_sessions(Dir *dir, Session *const *sessions, guint n,
	guint32 tick, guint32 relist, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A page, which may have come a while ago. */
gboolean apply_page(Dir *dir, const SessionPage *page, const Ticks *ticks,
	guint32 relist, Applied *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* ret may be NULL. */
gboolean apply_workspaces(Dir *dir, Workspace *const *workspaces, guint n,
	guint32 tick, guint32 relist, Applied *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The provider says, asked for it alone, that there is no such session.  It goes
 * at once, unless listings name it: then two answers have to say so, half a refresh
 * interval or a second apart, or one and a listing; and where a listing names what
 * such an answer called gone, listings alone are believed from then on.
 */
gboolean apply_gone(Dir *dir, const char *id, guint32 tick,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the answer to that question about one session was not taken, since another came
 * meanwhile, and says something else, or, being newer, less: whoever needs to know asks
 * again. */
gboolean apply_left_open(Dir *dir, const char *id, guint32 tick);

/* A listing that went to its end. */
typedef struct {
	guint32 relist;     /* its number */
	guint32 first_tick; /* what was asked for since is not its business */
	gint64 begun_ms;
	gboolean gaps; /* entries were left out, which may be any */
	guint missed;  /* apply_missed: what no listing before has missed */
} Listed;

/*
 * Pages shift while sessions come and go, so that one listing may miss an entry
 * that is there.  Notes what this one has not named; returns the ids of some of
 * it, `most` at most, for the caller to ask for: of what no listing has missed
 * since it was last seen, or, when this one has gaps, of all.  A new array of new
 * strings.
 */
GPtrArray *apply_missed(Dir *dir, Listed *listed, guint most);
/* Then: what two whole listings running have not named goes, unless this one
 * has gaps, or an answer in between told of it.  Then completeness is recorded. */
gboolean apply_relist_end(Dir *dir, const Listed *listed,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * An operation for that session is being carried out, and then no more: it is not
 * hidden until a full listing has ended that began after that.  spec (an object; may be
 * NULL) will lie under the next record of it.
 */
void apply_operation_begins(Dir *dir, const char *id, const char *spec);
void apply_operation_ends(Dir *dir, const char *id);
/* Remembers the newest session made here. */
gboolean apply_last(
	Dir *dir, guint32 number, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Records when the listing was complete last, if that is not on disk. */
void apply_finish(Dir *dir);
/* Waits until what was written is on the medium, and rewrites the files when
 * they hold too much garbage. */
void apply_tidy(Dir *dir);
