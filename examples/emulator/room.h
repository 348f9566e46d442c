#pragma once

#include "store.h"

/*
 * What a store keeps in one list: the sessions of a workspace, or all its
 * workspaces.  Everything here is called under the store's lock; `now` is the
 * sessions' clock.
 */
typedef struct {
	const StoreClass *class;
	const StorePace *pace;
	char *id;              /* the workspace's; "": these are workspaces */
	GPtrArray *entries;    /* Entry *, owned, oldest first */
	GHashTable *by_id;     /* a set of the same entries */
	GHashTable *tokens;    /* client token -> RoomToken */
	GPtrArray *made;       /* RoomMade *, by the API */
	guint64 next_index;    /* of the next entry from a seed, or number */
	guint64 next_nameless; /* of the next planted record without an id */
	guint n_going;         /* how many have a gone_ms */
} Room;

/* A create that came with a client token. */
typedef struct {
	char *id, *digest;
} RoomToken;

typedef struct {
	char *id, *token; /* token: NULL when there was none */
} RoomMade;

/* pace is borrowed. */
Room *room_new(const StoreClass *class, const StorePace *pace, const char *id);
void room_free(void *room);

Entry *room_find(Room *room, const char *id); /* NULL: none */
void room_add(Room *room, Entry *entry);      /* takes it */
/* Adds n entries from the next seeds. */
void room_fill(Room *room, gsize n);

/* Appends an entry's record, its transitional state ended if its time has come. */
void room_write(Room *room, Entry *entry, gint64 now, GString *out);
/* The same with what only a get shows. */
void room_write_whole(Room *room, Entry *entry, gint64 now, GString *out);
/* Ends transitional states whose time has come. */
void room_settle(Room *room, Entry *entry, gint64 now);
/* Puts an entry into a state, which passes as its class says. */
void room_move(Room *room, Entry *entry, Life life, gint64 now);
/* Forgets what is to be gone by now. */
void room_sweep(Room *room, gint64 now);

/* Merges patches (each may be NULL) into record and extra, and takes the state
 * that the record then tells, for good. */
void room_merge(Room *room, Entry *entry, const char *patch, const char *extra,
	gint64 now);

/* The rest are what store.h says of the functions of their names. */
void room_list(Room *room, const StoreQuery *query, gint64 now, GString *out,
	gsize *ret_total);
StoreResult room_create(
	Room *room, const StoreSpec *spec, gint64 now, char **ret_id);
Entry *room_plant(
	Room *room, const char *record, const char *extra, gint64 now);
gboolean room_remove(Room *room, const char *id);
void room_restart(Room *room);
void room_dump(Room *room, gsize limit, gint64 now, GString *out);
void room_churn(Room *room, const StoreChurn *churn, gint64 now, GString *out);
