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
gboolean apply_workspaces(Dir *dir, Workspace *const *workspaces, guint n,
	guint32 tick, guint32 sweep, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The provider says that there is no such session. */
gboolean apply_gone(Dir *dir, const char *id, guint32 tick,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* At the end of a sweep: what it has not seen goes, but for what was asked for
 * since its first question.  Then completeness is recorded. */
gboolean apply_sweep_end(Dir *dir, guint32 sweep, guint32 first_tick,
	gint64 complete_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Remembers the newest session made here. */
gboolean apply_last(
	Dir *dir, guint32 number, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Records when the listing was complete last, if that is not on disk. */
void apply_settle(Dir *dir);
/* Rewrites the files when they hold too much garbage. */
void apply_compact(Dir *dir);

/* Makes the directory of a workspace's entry, or finds it. */
Dir *apply_workspace_dir(Dir *provider, Id *id);
