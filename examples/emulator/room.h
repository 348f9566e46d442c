#pragma once

#include "store.h"

/*
 * One workspace of a store.  Everything here is called under the store's lock;
 * `now` is the sessions' clock.
 */
typedef struct {
	const StoreClass *class;
	char *id;
	char *record;
	GPtrArray *entries;    /* Entry *, owned, oldest first */
	GHashTable *by_id;     /* a set of the same entries */
	GHashTable *tokens;    /* client token -> RoomToken */
	GPtrArray *made;       /* RoomMade *, by the API */
	guint64 next_index;    /* of the next entry made from a seed */
	guint64 next_nameless; /* of the next planted record without an id */
} Room;

/* A create that came with a client token. */
typedef struct {
	char *id, *digest;
} RoomToken;

typedef struct {
	char *id, *token; /* token: NULL when there was none */
} RoomMade;

Room *room_new(const StoreClass *class, const char *id);
void room_free(void *room);

Entry *room_find(Room *room, const char *id); /* NULL: none */
/* Adds n entries from the next seeds. */
void room_fill(Room *room, gsize n);

/* Appends an entry's record, its passing state ended if its time has come. */
void room_write(Room *room, Entry *entry, gint64 now, GString *out);
/* Ends a passing state whose time has come. */
void room_settle(Room *room, Entry *entry, gint64 now);
/* Puts an entry into a state that lasts until due_ms, 0: for good. */
void room_move(Room *room, Entry *entry, Life life, gint64 due_ms);

/* The rest are what store.h says of the functions of their names. */
void room_list(Room *room, const StoreQuery *query, gint64 now, GString *out,
	gsize *ret_total);
StoreResult room_create(
	Room *room, const StoreSpec *spec, gint64 now, char **ret_id);
void room_plant(Room *room, const char *record, gint64 now, char **ret_id);
gboolean room_remove(Room *room, const char *id);
void room_dump(Room *room, gsize limit, gint64 now, GString *out);
void room_churn(Room *room, const StoreChurn *churn, gint64 now, GString *out);
