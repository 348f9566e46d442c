#include "room.h"

#include <string.h>

#include "text.h"

static void token_free(void *memory)
{
	RoomToken *token = memory;

	g_free(token->id);
	g_free(token->digest);
	g_free(token);
}

static void made_free(void *memory)
{
	RoomMade *made = memory;

	g_free(made->id);
	g_free(made->token);
	g_free(made);
}

Room *room_new(const StoreClass *class, const StorePace *pace, const char *id)
{
	Room *room = g_new0(Room, 1);

	room->class = class;
	room->pace = pace;
	room->id = g_strdup(id);
	room->entries = g_ptr_array_new_with_free_func(entry_free);
	room->by_id = g_hash_table_new(entry_hash, entry_equal);
	room->tokens = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, token_free);
	room->made = g_ptr_array_new_with_free_func(made_free);
	return room;
}

void room_free(void *memory)
{
	Room *room = memory;

	g_hash_table_unref(room->by_id);
	g_ptr_array_unref(room->entries);
	g_hash_table_unref(room->tokens);
	g_ptr_array_unref(room->made);
	g_free(room->id);
	g_free(room);
}

Entry *room_find(Room *room, const char *id)
{
	Entry key = {.id = (char *)id};

	return g_hash_table_lookup(room->by_id, &key);
}

void room_add(Room *room, Entry *entry)
{
	g_ptr_array_add(room->entries, entry);
	g_hash_table_add(room->by_id, entry);
}

void room_fill(Room *room, gsize n)
{
	for (gsize i = 0; i < n; i++)
		room_add(room,
			room->class->seeded(room->id, room->next_index++));
}

gboolean room_remove(Room *room, const char *id)
{
	Entry *entry = room_find(room, id);

	if (!entry)
		return FALSE;
	room->n_going -= entry->gone_ms != 0;
	g_hash_table_remove(room->by_id, entry);
	g_ptr_array_remove(room->entries, entry);
	return TRUE;
}

void room_sweep(Room *room, gint64 now)
{
	for (guint i = room->entries->len; i-- > 0 && room->n_going;) {
		const Entry *entry = room->entries->pdata[i];

		if (entry->gone_ms && entry->gone_ms <= now)
			room_remove(room, entry->id);
	}
}

void room_restart(Room *room)
{
	g_hash_table_remove_all(room->by_id);
	g_ptr_array_set_size(room->entries, 0);
	g_hash_table_remove_all(room->tokens);
	room->next_index = 0;
	room->n_going = 0;
}

void room_move(Room *room, Entry *entry, Life life, gint64 now)
{
	const EntryState *state =
		life < LIFE_OTHER ? &room->class->states[life] : NULL;
	gint64 whole = life == LIFE_STOPPING ? room->pace->stop_ms
					     : room->pace->start_ms;

	entry->life = life;
	entry->moved_ms = now;
	entry->due_ms =
		state && state->share ? now + whole * state->share / 100 : 0;
	if (room->class->moved)
		room->class->moved(entry, room->id);
	else if (entry->record && state)
		text_put_string(
			&entry->record, room->class->state_member, state->word);
}

void room_settle(Room *room, Entry *entry, gint64 now)
{
	/* Each at its own time, however late somebody asks. */
	while (entry->due_ms && now >= entry->due_ms &&
		entry->life < LIFE_OTHER)
		room_move(room, entry, room->class->states[entry->life].next,
			entry->due_ms);
}

void room_write(Room *room, Entry *entry, gint64 now, GString *out)
{
	room_settle(room, entry, now);
	if (entry->record)
		g_string_append(out, entry->record);
	else
		room->class->render(entry, room->id, out);
}

/* Adds the members of an object to the object that ends the text. */
static void append_members(GString *out, const char *object)
{
	const char *first = object + 1 + strspn(object + 1, " \t\r\n");

	if (*first == '}')
		return;
	g_string_truncate(out, out->len - 1);
	if (out->str[out->len - 1] != '{')
		g_string_append_c(out, ',');
	g_string_append(out, first);
}

void room_write_whole(Room *room, Entry *entry, gint64 now, GString *out)
{
	g_autoptr(GString) extra = NULL;

	room_write(room, entry, now, out);
	if (entry->extra) {
		append_members(out, entry->extra);
	} else if (!entry->record && room->class->render_extra) {
		extra = g_string_new(NULL);
		room->class->render_extra(entry, room->id, extra);
		append_members(out, extra->str);
	}
}

static void remember(Room *room, const StoreSpec *spec)
{
	RoomMade *made = g_new0(RoomMade, 1);
	RoomToken *token;

	made->id = g_strdup(spec->id);
	made->token = g_strdup(spec->token);
	g_ptr_array_add(room->made, made);
	if (!spec->token)
		return;
	token = g_new0(RoomToken, 1);
	token->id = g_strdup(spec->id);
	token->digest = g_strdup(spec->digest);
	g_hash_table_insert(room->tokens, g_strdup(spec->token), token);
}

StoreResult room_create(
	Room *room, const StoreSpec *spec, gint64 now, char **ret_id)
{
	const RoomToken *token =
		spec->token ? g_hash_table_lookup(room->tokens, spec->token)
			    : NULL;
	Entry *entry;

	if (token && strcmp(token->digest, spec->digest))
		return STORE_MISMATCH;
	if (!token && room_find(room, spec->id))
		return STORE_EXISTS;
	*ret_id = g_strdup(token ? token->id : spec->id);
	if (token)
		return STORE_SAME;
	remember(room, spec);
	entry = entry_new(spec->id, g_strdup(spec->record));
	entry->extra = g_strdup(spec->extra);
	entry->created_ms = now;
	room_add(room, entry);
	room_move(room, entry, spec->life, now);
	return STORE_OK;
}
