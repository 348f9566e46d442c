#pragma once

#include <glib.h>

/*
 * The record log of the upper directories, `.tree` in the state directory (the dot
  * keeps it apart from all providers): which number stands for which provider
 * and workspace, and for which group of a view (its parent is the workspace, its
 * id "<view>/<name>"; never removed), when their listings were complete, and how
 * far numbers may have been given out.  A section of the configuration has an entry
 * of its own for each account that it ever spoke of; one at most is there.  Any
 * thread.
 */
typedef struct DirLog DirLog;

/* The texts of an account, which no newline is in: see account.h. */
enum {
	ACCOUNT_STORE,
	ACCOUNT_PLACE,
	ACCOUNT_NAME,
	ACCOUNT_SOURCE,
	N_ACCOUNT_TEXTS,
};

typedef struct {
	guint32 number, parent; /* parent 0: a provider */
	gboolean there;         /* FALSE: known once */
	gint64 created_ms;
	gint64 complete_ms; /* of its own listing; 0: never */
	gint64 mtime_ns;    /* of its own membership; 0: unknown */
	char *id;
	char *name;     /* of a workspace: its provider's for it; NULL: none */
	char **account; /* texts, of a provider; NULL: an old version wrote it */
	guint32 used; /* grows with the last time that these were put; 0: never */
} DirLogEntry;

/* Loads what there is.  What is damaged is named by g_warning and left out.
 * Errors: LOCAL, NO_ROOM. */
DirLog *dirlog_open(
	const char *state_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void dirlog_free(DirLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirLog, dirlog_free)

/* ---- what was loaded; before the first write only; borrowed ---- */

const DirLogEntry *dirlog_find(DirLog *self, guint32 parent, const char *id);
/* Visits the entries of a directory, in the order of their numbers. */
void dirlog_foreach(DirLog *self, guint32 parent,
	void (*visit)(const DirLogEntry *entry, void *data), void *data);
/* As last reserved, and above all that was loaded, some of which is claimed long
 * after the start; 0: never. */
guint32 dirlog_limit(DirLog *self);
/* Something was lost, or there was no file: the limit cannot be relied on. */
gboolean dirlog_is_damaged(DirLog *self);

/* ---- writing.  Errors: LOCAL, NO_ROOM ---- */

gboolean dirlog_put(DirLog *self, guint32 number, guint32 parent,
	const char *id, gint64 created_ms,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the provider calls a workspace; "": nothing.  No NUL is in it. */
gboolean dirlog_name(DirLog *self, guint32 number, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whose state a provider's entry is; texts ends with NULL.  They are on the medium
 * when this returns. */
gboolean dirlog_account(DirLog *self, guint32 number, char *const *texts,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean dirlog_remove(
	DirLog *self, guint32 number, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean dirlog_complete(DirLog *self, guint32 number, gint64 complete_ms,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean dirlog_touch(DirLog *self, guint32 number, gint64 mtime_ns,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From now on numbers below limit may be in use.  Returns when that is on the
 * medium: whatever happens, no number is given out again. */
gboolean dirlog_reserve(
	DirLog *self, guint32 limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
