#pragma once

#include <glib.h>

#include "clock.h"
#include "entry.h"

/*
 * The sessions of one provider, in workspaces.  A session that was made in
 * numbers is only a seed, from which its record is written when asked for; one
 * that was created or planted keeps its record as text.  Passing states end by
 * the clock, and are looked at when somebody asks.  Thread-safe.
 */
typedef struct {
	gint64 start_ms, stop_ms; /* how long the passing states last */
} StorePace;

typedef enum {
	STORE_OK,
	STORE_SAME, /* a repeated create: nothing new */
	STORE_NO_WORKSPACE,
	STORE_NO_SESSION,
	STORE_WRONG_STATE,
	STORE_MISMATCH, /* the token came with another body before */
} StoreResult;

/* Whether a listing wants the record. */
typedef gboolean (*StoreKeep)(const char *record, const void *data);

typedef struct Store Store;

Store *store_new(const StoreClass *class, const StorePace *pace, Clock *clock);
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

/* Makes a workspace where it is missing, and merges the object patch (may be
 * NULL) into its record. */
void store_add_workspace(Store *store, const char *id, const char *patch);
gboolean store_remove_workspace(Store *store, const char *id);
gboolean store_has_workspace(Store *store, const char *id);
/* Appends up to limit records from offset that keep() wants, with commas;
 * *ret_total counts all that it wants. */
void store_list_workspaces(Store *store, gsize offset, gsize limit,
	StoreKeep keep, const void *data, GString *out, gsize *ret_total);

/* Makes n sessions from seeds; the workspace is made where it is missing.  The
 * same workspace has the same sessions in each run. */
void store_fill(Store *store, const char *workspace, gsize n);

/* Which part of a listing. */
typedef struct {
	gsize offset, limit;
	gboolean wrap;  /* past the end it begins again */
	gboolean twice; /* each record twice */
	const char *id; /* with keep: the only one there may be; NULL: any */
	StoreKeep keep; /* NULL: all */
	const void *data;
} StoreQuery;

/* Appends the records wanted, newest session first, with commas. */
StoreResult store_list(Store *store, const char *workspace,
	const StoreQuery *query, GString *out, gsize *ret_total);

/* Appends one record. */
StoreResult store_get(
	Store *store, const char *workspace, const char *id, GString *out);

typedef struct {
	const char *id, *record, *extra; /* as in Entry */
	gboolean starts;                 /* or waits for a start, stopped */
	const char *token, *digest;      /* token may be NULL */
} StoreSpec;

/* Creates a session.  A repeat with the same token and digest gives the first
 * one's id. */
StoreResult store_create(Store *store, const char *workspace,
	const StoreSpec *spec, char **ret_id);

/* WRONG_STATE unless it is stopped or failed; unless it starts or runs. */
StoreResult store_start(Store *store, const char *workspace, const char *id);
StoreResult store_stop(Store *store, const char *workspace, const char *id);

/* Control: plants a record as it is, or merges it into the one of its id.  extra
 * is as in Entry.  Its passing state ends at due_ms; 0: never. */
void store_plant(Store *store, const char *workspace, const char *record,
	const char *extra, gint64 due_ms, char **ret_id);
/* Takes it out of listings at once, whatever its state. */
StoreResult store_remove(Store *store, const char *workspace, const char *id);
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
