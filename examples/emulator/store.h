#pragma once

#include <glib.h>

#include "clock.h"
#include "entry.h"

/*
 * The workspaces of one provider and the sessions in them.  What was made in
 * numbers is only a seed, from which its record is written when asked for; what
 * was created or planted keeps its record as text.  Passing states end by the
 * clock, and are looked at when somebody asks.  Thread-safe.
 *
 * Where `workspace` may be NULL, the workspaces themselves are meant, and an id
 * is a workspace's.
 */
typedef struct {
	gint64 start_ms, stop_ms; /* how long it takes to start, to stop */
} StorePace;

typedef enum {
	STORE_OK,
	STORE_SAME, /* a repeated create: nothing new */
	STORE_NO_WORKSPACE,
	STORE_NO_SESSION,
	STORE_WRONG_STATE,
	STORE_MISMATCH, /* the token came with another body before */
	STORE_EXISTS,   /* a session of that id, and no repeat */
} StoreResult;

/* Whether a listing wants the record. */
typedef gboolean (*StoreKeep)(const char *record, const void *data);

typedef struct Store Store;

Store *store_new(
	const StoreClass *class, const StorePace *pace, DemoClock *clock);
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

/* Makes a workspace where it is missing, and merges the objects (each may be
 * NULL) into its record and its extra. */
void store_add_workspace(
	Store *store, const char *id, const char *patch, const char *extra);
gboolean store_remove_workspace(Store *store, const char *id);
gboolean store_has_workspace(Store *store, const char *id);

/* Makes n sessions from seeds; the workspace is made where it is missing.  The
 * same workspace has the same sessions in each run. */
void store_fill(Store *store, const char *workspace, gsize n);

/* Which part of a listing. */
typedef struct {
	gsize offset, limit;
	gboolean wrap;             /* past the end it begins again */
	gboolean twice;            /* each record twice */
	const char *id;            /* the only one there may be; NULL: any */
	const char *const *states; /* only these words; NULL or empty: all */
	gboolean grouped; /* in the order of states, not only of time */
	StoreKeep keep;   /* NULL: all */
	const void *data;
} StoreQuery;

/* Appends the records wanted with commas; *ret_total counts all that there are
 * beyond offset and limit too.  workspace may be NULL. */
StoreResult store_list(Store *store, const char *workspace,
	const StoreQuery *query, GString *out, gsize *ret_total);

/* Appends one record with its extra.  workspace may be NULL. */
StoreResult store_get(
	Store *store, const char *workspace, const char *id, GString *out);

/* *ret: where it stands.  workspace may be NULL. */
StoreResult store_life(
	Store *store, const char *workspace, const char *id, Life *ret);

typedef struct {
	const char *id, *record, *extra; /* as in Entry */
	Life life;                       /* that it begins in */
	const char *token, *digest;      /* token may be NULL */
} StoreSpec;

/* Creates a session, its state put into its record.  A repeat with the same
 * token and digest gives the first one's id. */
StoreResult store_create(Store *store, const char *workspace,
	const StoreSpec *spec, char **ret_id);

/* The next number of a workspace whose ids are counted. */
StoreResult store_number(Store *store, const char *workspace, guint64 *ret);

/* WRONG_STATE unless its life is in the set.  workspace may be NULL. */
StoreResult store_move(Store *store, const char *workspace, const char *id,
	guint from, Life to);
/* The record is forgotten that much later, at once when 0; till then it may be
 * moved. */
StoreResult store_forget(
	Store *store, const char *workspace, const char *id, gint64 after_ms);

/* Control: plants a record as it is, or merges it into the one of its id; so
 * with extra, NULL: none.  Its transitional state ends at due_ms; 0: never. */
void store_plant(Store *store, const char *workspace, const char *record,
	const char *extra, gint64 due_ms, char **ret_id);
/* Takes it out of listings at once, whatever its state. */
StoreResult store_remove(Store *store, const char *workspace, const char *id);
/* Forgets all sessions and tokens of a workspace and counts from 0 again, as a
 * server does that keeps them in memory. */
StoreResult store_restart(Store *store, const char *workspace);
/* Appends the members sessions, total, created and made, as README.md has
 * them, without braces. */
StoreResult store_dump(
	Store *store, const char *workspace, gsize limit, GString *out);

typedef struct {
	gsize change, add, remove;
} StoreChurn;

/* Changes the state of some, adds some, removes some, spread evenly; appends
 * the ids as members changed, added, removed. */
StoreResult store_churn(Store *store, const char *workspace,
	const StoreChurn *churn, GString *out);
