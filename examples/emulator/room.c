#include "room.h"

#include <string.h>

#include "net/json.h"
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

Room *room_new(const StoreClass *class, const char *id)
{
	Room *room = g_new0(Room, 1);

	room->class = class;
	room->id = g_strdup(id);
	room->record = class->workspace(id);
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
	g_free(room->record);
	g_free(room);
}

Entry *room_find(Room *room, const char *id)
{
	Entry key = {.id = (char *)id};

	return g_hash_table_lookup(room->by_id, &key);
}

static void room_add(Room *room, Entry *entry)
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

void room_move(Room *room, Entry *entry, Life life, gint64 due_ms)
{
	entry->life = life;
	entry->due_ms = due_ms;
	room->class->moved(entry, room->id);
}

void room_settle(Room *room, Entry *entry, gint64 now)
{
	if (!entry->due_ms || now < entry->due_ms)
		return;
	room_move(room, entry,
		entry->life == LIFE_STARTING ? LIFE_RUNNING : LIFE_STOPPED, 0);
}

void room_write(Room *room, Entry *entry, gint64 now, GString *out)
{
	room_settle(room, entry, now);
	if (entry->record)
		g_string_append(out, entry->record);
	else
		room->class->render(entry, room->id, out);
}

static void write_item(
	Room *room, Entry *entry, gint64 now, GString *out, gboolean *first)
{
	if (!*first)
		g_string_append_c(out, ',');
	*first = FALSE;
	room_write(room, entry, now, out);
}

/* The i-th newest. */
static Entry *room_newest(Room *room, gsize i)
{
	return room->entries->pdata[room->entries->len - 1 - i];
}

static void list_all(
	Room *room, const StoreQuery *query, gint64 now, GString *out)
{
	gsize total = room->entries->len;
	gsize offset =
		query->wrap && total ? query->offset % total : query->offset;
	gboolean first = TRUE;

	for (gsize i = 0; i < query->limit && offset < total; i++) {
		Entry *entry = room_newest(room, offset++);

		write_item(room, entry, now, out, &first);
		if (query->twice)
			write_item(room, entry, now, out, &first);
		if (query->wrap && offset == total)
			offset = 0;
	}
}

/* The slow way, which reads every record, unless only one may be it. */
static gsize list_wanted(
	Room *room, const StoreQuery *query, gint64 now, GString *out)
{
	g_autoptr(GString) record = g_string_new(NULL);
	Entry *only = query->id ? room_find(room, query->id) : NULL;
	gsize n = !query->id ? room->entries->len : only != NULL;
	gboolean first = TRUE;
	gsize total = 0;

	for (gsize i = 0; i < n; i++) {
		Entry *entry = only ? only : room_newest(room, i);

		g_string_truncate(record, 0);
		room_write(room, entry, now, record);
		if (!query->keep(record->str, query->data))
			continue;
		if (total >= query->offset &&
			total - query->offset < query->limit)
			write_item(room, entry, now, out, &first);
		total++;
	}
	return total;
}

void room_list(Room *room, const StoreQuery *query, gint64 now, GString *out,
	gsize *ret_total)
{
	if (query->keep) {
		*ret_total = list_wanted(room, query, now, out);
		return;
	}
	list_all(room, query, now, out);
	*ret_total = room->entries->len;
}

static void remember_token(Room *room, const StoreSpec *spec)
{
	RoomToken *token = g_new0(RoomToken, 1);

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
	RoomMade *made;
	Entry *entry;

	if (token && strcmp(token->digest, spec->digest))
		return STORE_MISMATCH;
	*ret_id = g_strdup(token ? token->id : spec->id);
	if (token)
		return STORE_SAME;
	if (spec->token)
		remember_token(room, spec);
	entry = g_new0(Entry, 1);
	entry->id = g_strdup(spec->id);
	entry->record = g_strdup(spec->record);
	entry->extra = g_strdup(spec->extra);
	entry->created_ms = now;
	room_add(room, entry);
	room_move(room, entry, LIFE_STOPPED, 0);
	made = g_new0(RoomMade, 1);
	made->id = g_strdup(spec->id);
	made->token = g_strdup(spec->token);
	g_ptr_array_add(room->made, made);
	return STORE_OK;
}
