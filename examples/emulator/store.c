#include "store.h"

#include <string.h>

#include "backends/base/mutex.h"
#include "room.h"

struct Store {
	const StoreClass *class;
	StorePace pace;
	DemoClock *clock;
	Mutex lock;
	Room *lobby GUARDED_BY(lock);       /* of the workspaces' own records */
	GHashTable *rooms GUARDED_BY(lock); /* by id, owned */
};

Store *store_new(
	const StoreClass *class, const StorePace *pace, DemoClock *clock)
{
	Store *self = g_new0(Store, 1);

	self->class = class;
	self->pace = *pace;
	self->clock = clock;
	mutex_init(&self->lock);
	self->lobby = room_new(class->workspaces, &self->pace, "");
	self->rooms =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, room_free);
	return self;
}

void store_free(Store *store)
{
	if (!store)
		return;
	mutex_destroy(&store->lock);
	g_hash_table_unref(store->rooms);
	room_free(store->lobby);
	g_free(store);
}

/* NULL: no such workspace. */
static Room *place(Store *store, const char *workspace) REQUIRES(store->lock)
{
	Room *room = workspace ? g_hash_table_lookup(store->rooms, workspace)
			       : store->lobby;

	if (room)
		room_sweep(room, demo_clock_now_ms(store->clock));
	return room;
}

static Room *place_made(Store *store, const char *id) REQUIRES(store->lock)
{
	Room *room = place(store, id);

	if (!room) {
		room = room_new(store->class, &store->pace, id);
		g_hash_table_insert(store->rooms, room->id, room);
		room_add(
			store->lobby, store->class->workspaces->named(id,
					      demo_clock_now_ms(store->clock)));
	}
	return room;
}

static StoreResult find(Store *store, const char *workspace, const char *id,
	Room **ret_room, Entry **ret_entry) REQUIRES(store->lock)
{
	Room *room = place(store, workspace);
	Entry *entry = room ? room_find(room, id) : NULL;

	if (!room || (!entry && !workspace))
		return STORE_NO_WORKSPACE;
	if (!entry)
		return STORE_NO_SESSION;
	*ret_room = room;
	*ret_entry = entry;
	return STORE_OK;
}

void store_add_workspace(
	Store *store, const char *id, const char *patch, const char *extra)
{
	mutex_lock(&store->lock);
	place_made(store, id);
	if (patch || extra)
		room_merge(store->lobby, room_find(store->lobby, id), patch,
			extra, demo_clock_now_ms(store->clock));
	mutex_unlock(&store->lock);
}

gboolean store_remove_workspace(Store *store, const char *id)
{
	gboolean found;

	mutex_lock(&store->lock);
	found = room_remove(store->lobby, id);
	g_hash_table_remove(store->rooms, id);
	mutex_unlock(&store->lock);
	return found;
}

gboolean store_has_workspace(Store *store, const char *id)
{
	gboolean found;

	mutex_lock(&store->lock);
	found = place(store, id) != NULL;
	mutex_unlock(&store->lock);
	return found;
}

void store_fill(Store *store, const char *workspace, gsize n)
{
	mutex_lock(&store->lock);
	room_fill(place_made(store, workspace), n);
	mutex_unlock(&store->lock);
}

StoreResult store_list(Store *store, const char *workspace,
	const StoreQuery *query, GString *out, gsize *ret_total)
{
	Room *room;

	mutex_lock(&store->lock);
	room = place(store, workspace);
	if (room)
		room_list(room, query, demo_clock_now_ms(store->clock), out,
			ret_total);
	mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}

StoreResult store_get(
	Store *store, const char *workspace, const char *id, GString *out)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	mutex_lock(&store->lock);
	result = find(store, workspace, id, &room, &entry);
	if (result == STORE_OK)
		room_write_whole(
			room, entry, demo_clock_now_ms(store->clock), out);
	mutex_unlock(&store->lock);
	return result;
}

StoreResult store_life(
	Store *store, const char *workspace, const char *id, Life *ret)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	mutex_lock(&store->lock);
	result = find(store, workspace, id, &room, &entry);
	if (result == STORE_OK) {
		room_settle(room, entry, demo_clock_now_ms(store->clock));
		*ret = entry->life;
	}
	mutex_unlock(&store->lock);
	return result;
}

StoreResult store_create(Store *store, const char *workspace,
	const StoreSpec *spec, char **ret_id)
{
	StoreResult result = STORE_NO_WORKSPACE;
	Room *room;

	mutex_lock(&store->lock);
	room = place(store, workspace);
	if (room)
		result = room_create(
			room, spec, demo_clock_now_ms(store->clock), ret_id);
	mutex_unlock(&store->lock);
	return result;
}

StoreResult store_number(Store *store, const char *workspace, guint64 *ret)
{
	Room *room;

	mutex_lock(&store->lock);
	room = place(store, workspace);
	if (room)
		*ret = room->next_index++;
	mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}

StoreResult store_move(Store *store, const char *workspace, const char *id,
	guint from, Life to)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	mutex_lock(&store->lock);
	result = find(store, workspace, id, &room, &entry);
	if (result == STORE_OK) {
		gint64 now = demo_clock_now_ms(store->clock);

		room_settle(room, entry, now);
		if (from & LIFE_BIT(entry->life))
			room_move(room, entry, to, now);
		else
			result = STORE_WRONG_STATE;
	}
	mutex_unlock(&store->lock);
	return result;
}

StoreResult store_forget(
	Store *store, const char *workspace, const char *id, gint64 after_ms)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	mutex_lock(&store->lock);
	result = find(store, workspace, id, &room, &entry);
	if (result == STORE_OK) {
		if (!entry->gone_ms)
			room->n_going++;
		entry->gone_ms = demo_clock_now_ms(store->clock) + after_ms;
	}
	mutex_unlock(&store->lock);
	return result;
}

void store_plant(Store *store, const char *workspace, const char *record,
	const char *extra, gint64 due_ms, char **ret_id)
{
	Entry *entry;

	mutex_lock(&store->lock);
	entry = room_plant(place_made(store, workspace), record, extra,
		demo_clock_now_ms(store->clock));
	entry->due_ms = due_ms;
	*ret_id = g_strdup(entry->id);
	mutex_unlock(&store->lock);
}

StoreResult store_remove(Store *store, const char *workspace, const char *id)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	mutex_lock(&store->lock);
	result = find(store, workspace, id, &room, &entry);
	if (result == STORE_OK)
		room_remove(room, id);
	mutex_unlock(&store->lock);
	return result;
}

StoreResult store_restart(Store *store, const char *workspace)
{
	Room *room;

	mutex_lock(&store->lock);
	room = place(store, workspace);
	if (room)
		room_restart(room);
	mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}

StoreResult store_dump(
	Store *store, const char *workspace, gsize limit, GString *out)
{
	Room *room;

	mutex_lock(&store->lock);
	room = place(store, workspace);
	if (room)
		room_dump(room, limit, demo_clock_now_ms(store->clock), out);
	mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}

StoreResult store_churn(Store *store, const char *workspace,
	const StoreChurn *churn, GString *out)
{
	Room *room;

	mutex_lock(&store->lock);
	room = place(store, workspace);
	if (room)
		room_churn(room, churn, demo_clock_now_ms(store->clock), out);
	mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}
