#pragma once

#include "dir.h"

/*
 * How what a provider answers becomes what a directory shows: compared with
 * what is shown, put on disk, published as one new snapshot, told as news (to
 * be delivered by the caller, with no lock held).  All take Dir.apply.
 *
 * `tick` is the dir_tick of the question: what is shown by a later question is
 * left alone.  `sweep` is the listing's number, or 0 when it is none.
 * Errors: those of disk and numbers; then nothing was changed.
 */
gboolean apply_sessions(Dir *dir, Session *const *sessions, guint n,
	guint32 tick, guint32 sweep, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* *ret_fresh: how many entries of the page that listing has not named before. */
gboolean apply_page(Dir *dir, const SessionPage *page, guint32 tick,
	guint32 sweep, guint *ret_fresh,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean apply_workspaces(Dir *dir, Workspace *const *workspaces, guint n,
	guint32 tick, guint32 sweep, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The provider says that there is no such session. */
gboolean apply_gone(Dir *dir, const char *id, guint32 tick,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A listing that went to its end. */
typedef struct {
	guint32 sweep;      /* its number */
	guint32 first_tick; /* what was asked for since is not its business */
	gint64 begun_ms;
	gboolean gaps; /* entries were left out, which may be any */
} Listed;

/*
 * Pages shift while sessions come and go, so that one listing may miss a session
 * that is there.  Notes what this one has not named; returns the ids of some of
 * it, `most` at most, for the caller to ask for: of what no listing before this
 * has missed, or, when it has gaps, of all.  A new array of new strings.
 */
GPtrArray *apply_missed(Dir *dir, const Listed *listed, guint most);
/* Then: what two whole listings running have not named goes, unless this one
 * has gaps; of workspaces, what this one has not named.  Then completeness is
 * recorded. */
gboolean apply_sweep_end(Dir *dir, const Listed *listed,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * An order for that session is being carried out, and then no more: it is not
 * hidden until a sweep has ended that began after that.  spec (an object; may be
 * NULL) will lie under the next record of it.
 */
void apply_order_begins(Dir *dir, const char *id, const char *spec);
void apply_order_ends(Dir *dir, const char *id);
/* Remembers the newest session made here. */
gboolean apply_last(
	Dir *dir, guint32 number, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Records when the listing was complete last, if that is not on disk. */
void apply_settle(Dir *dir);
/* Waits until what was written is on the medium, and rewrites the files when
 * they hold too much garbage. */
void apply_tidy(Dir *dir);

/* Makes the directory of a workspace's entry, or finds it. */
Dir *apply_workspace_dir(Dir *provider, Id *id);
