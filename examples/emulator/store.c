#include "store.h"

#include <pthread.h>
#include <string.h>

#include "room.h"
#include "text.h"

struct Store {
	const StoreClass *class;
	StorePace pace;
	Clock *clock;
	pthread_mutex_t lock;
	GPtrArray *rooms;  /* Room *, owned, in the order of their making */
	GHashTable *by_id; /* the same by id, borrowed */
};

Store *store_new(const StoreClass *class, const StorePace *pace, Clock *clock)
{
	Store *self = g_new0(Store, 1);

	self->class = class;
	self->pace = *pace;
	self->clock = clock;
	self->rooms = g_ptr_array_new_with_free_func(room_free);
	self->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	pthread_mutex_init(&self->lock, NULL);
	return self;
}

void store_free(Store *store)
{
	if (!store)
		return;
	g_hash_table_unref(store->by_id);
	g_ptr_array_unref(store->rooms);
	pthread_mutex_destroy(&store->lock);
	g_free(store);
}

static Room *store_room(Store *store, const char *id)
{
	return g_hash_table_lookup(store->by_id, id);
}

static Room *store_room_made(Store *store, const char *id)
{
	Room *room = store_room(store, id);

	if (!room) {
		room = room_new(store->class, id);
		g_ptr_array_add(store->rooms, room);
		g_hash_table_insert(store->by_id, room->id, room);
	}
	return room;
}

void store_add_workspace(Store *store, const char *id, const char *patch)
{
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room_made(store, id);
	if (patch)
		text_merge(&room->record, patch);
	pthread_mutex_unlock(&store->lock);
}

gboolean store_remove_workspace(Store *store, const char *id)
{
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room(store, id);
	if (room) {
		g_hash_table_remove(store->by_id, id);
		g_ptr_array_remove(store->rooms, room);
	}
	pthread_mutex_unlock(&store->lock);
	return room != NULL;
}

gboolean store_has_workspace(Store *store, const char *id)
{
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room(store, id);
	pthread_mutex_unlock(&store->lock);
	return room != NULL;
}

void store_list_workspaces(Store *store, gsize offset, gsize limit,
	StoreKeep keep, const void *data, GString *out, gsize *ret_total)
{
	gsize total = 0;

	pthread_mutex_lock(&store->lock);
	for (gsize i = 0; i < store->rooms->len; i++) {
		const Room *room = store->rooms->pdata[i];

		if (!keep(room->record, data))
			continue;
		if (total >= offset && total - offset < limit) {
			if (total > offset)
				g_string_append_c(out, ',');
			g_string_append(out, room->record);
		}
		total++;
	}
	pthread_mutex_unlock(&store->lock);
	*ret_total = total;
}

void store_fill(Store *store, const char *workspace, gsize n)
{
	pthread_mutex_lock(&store->lock);
	room_fill(store_room_made(store, workspace), n);
	pthread_mutex_unlock(&store->lock);
}

StoreResult store_list(Store *store, const char *workspace,
	const StoreQuery *query, GString *out, gsize *ret_total)
{
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room(store, workspace);
	if (room)
		room_list(room, query, clock_now_ms(store->clock), out,
			ret_total);
	pthread_mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}

/* Called under the lock. */
static StoreResult store_find(Store *store, const char *workspace,
	const char *id, Room **ret_room, Entry **ret_entry)
{
	Room *room = store_room(store, workspace);
	Entry *entry = room ? room_find(room, id) : NULL;

	if (!room)
		return STORE_NO_WORKSPACE;
	if (!entry)
		return STORE_NO_SESSION;
	*ret_room = room;
	*ret_entry = entry;
	return STORE_OK;
}

StoreResult store_get(
	Store *store, const char *workspace, const char *id, GString *out)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	pthread_mutex_lock(&store->lock);
	result = store_find(store, workspace, id, &room, &entry);
	if (result == STORE_OK)
		room_write(room, entry, clock_now_ms(store->clock), out);
	if (result == STORE_OK && entry->extra) {
		g_string_truncate(out, out->len - 1);
		g_string_append_printf(out, ",%s}", entry->extra);
	}
	pthread_mutex_unlock(&store->lock);
	return result;
}

/* Called under the lock. */
static StoreResult start(Store *store, Room *room, Entry *entry)
{
	gint64 now = clock_now_ms(store->clock);

	room_settle(room, entry, now);
	if (entry->life != LIFE_STOPPED && entry->life != LIFE_ERROR)
		return STORE_WRONG_STATE;
	entry->started_ms = now;
	room_move(room, entry, LIFE_STARTING, now + store->pace.start_ms);
	return STORE_OK;
}

static StoreResult stop(Store *store, Room *room, Entry *entry)
{
	gint64 now = clock_now_ms(store->clock);

	room_settle(room, entry, now);
	if (entry->life != LIFE_RUNNING && entry->life != LIFE_STARTING)
		return STORE_WRONG_STATE;
	room_move(room, entry, LIFE_STOPPING, now + store->pace.stop_ms);
	return STORE_OK;
}

static StoreResult store_steer(Store *store, const char *workspace,
	const char *id, StoreResult (*verb)(Store *, Room *, Entry *))
{
	StoreResult result;
	Entry *entry;
	Room *room;

	pthread_mutex_lock(&store->lock);
	result = store_find(store, workspace, id, &room, &entry);
	if (result == STORE_OK)
		result = verb(store, room, entry);
	pthread_mutex_unlock(&store->lock);
	return result;
}

StoreResult store_start(Store *store, const char *workspace, const char *id)
{
	return store_steer(store, workspace, id, start);
}

StoreResult store_stop(Store *store, const char *workspace, const char *id)
{
	return store_steer(store, workspace, id, stop);
}

StoreResult store_create(Store *store, const char *workspace,
	const StoreSpec *spec, char **ret_id)
{
	StoreResult result = STORE_NO_WORKSPACE;
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room(store, workspace);
	if (room)
		result = room_create(
			room, spec, clock_now_ms(store->clock), ret_id);
	if (result == STORE_OK && spec->starts)
		result = start(store, room, room_find(room, *ret_id));
	pthread_mutex_unlock(&store->lock);
	return result;
}

void store_plant(Store *store, const char *workspace, const char *record,
	const char *extra, gint64 due_ms, char **ret_id)
{
	Entry *entry;
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room_made(store, workspace);
	room_plant(room, record, clock_now_ms(store->clock), ret_id);
	entry = room_find(room, *ret_id);
	entry->due_ms = due_ms;
	if (extra)
		entry->extra = g_strdup(extra);
	pthread_mutex_unlock(&store->lock);
}

StoreResult store_remove(Store *store, const char *workspace, const char *id)
{
	StoreResult result;
	Entry *entry;
	Room *room;

	pthread_mutex_lock(&store->lock);
	result = store_find(store, workspace, id, &room, &entry);
	if (result == STORE_OK)
		room_remove(room, id);
	pthread_mutex_unlock(&store->lock);
	return result;
}

StoreResult store_dump(
	Store *store, const char *workspace, gsize limit, GString *out)
{
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room(store, workspace);
	if (room)
		room_dump(room, limit, clock_now_ms(store->clock), out);
	pthread_mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}

StoreResult store_churn(Store *store, const char *workspace,
	const StoreChurn *churn, GString *out)
{
	Room *room;

	pthread_mutex_lock(&store->lock);
	room = store_room(store, workspace);
	if (room)
		room_churn(room, churn, clock_now_ms(store->clock), out);
	pthread_mutex_unlock(&store->lock);
	return room ? STORE_OK : STORE_NO_WORKSPACE;
}
