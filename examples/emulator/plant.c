#include "room.h"

#include <string.h>

#include "net/json.h"
#include "text.h"

/* What tests do to a workspace behind the provider's back. */

/* A member that is a string, decoded, new string; else NULL. */
static char *string_member(const char *record, const char *name)
{
	g_autoptr(Json) document = json_parse(record, strlen(record), NULL);

	return document ? g_strdup(json_text(json_get(document, name))) : NULL;
}

static void adopt_state(Room *room, Entry *entry)
{
	g_autofree char *state =
		string_member(entry->record, room->class->state_member);

	entry->life = state ? room->class->life(state) : LIFE_OTHER;
	entry->due_ms = 0;
}

void room_plant(Room *room, const char *record, gint64 now, char **ret_id)
{
	g_autofree char *id = string_member(record, room->class->id_member);
	Entry *entry = id ? room_find(room, id) : NULL;

	if (!id)
		id = g_strdup_printf(
			"nameless-%" G_GUINT64_FORMAT, room->next_nameless++);
	if (entry) {
		GString *whole = g_string_new(NULL);

		room_write(room, entry, now, whole);
		g_free(entry->record);
		entry->record = g_string_free(whole, FALSE);
		text_merge(&entry->record, record);
	} else {
		entry = g_new0(Entry, 1);
		entry->id = g_strdup(id);
		entry->record = g_strdup(record);
		entry->created_ms = now;
		g_ptr_array_add(room->entries, entry);
		g_hash_table_add(room->by_id, entry);
	}
	adopt_state(room, entry);
	*ret_id = g_steal_pointer(&id);
}

gboolean room_remove(Room *room, const char *id)
{
	Entry *entry = room_find(room, id);

	if (!entry)
		return FALSE;
	g_hash_table_remove(room->by_id, entry);
	g_ptr_array_remove(room->entries, entry);
	return TRUE;
}

void room_dump(Room *room, gsize limit, gint64 now, GString *out)
{
	StoreQuery all = {.limit = limit};
	gsize total;

	g_string_append(out, "\"sessions\":[");
	room_list(room, &all, now, out, &total);
	g_string_append_printf(out,
		"],\"total\":%" G_GSIZE_FORMAT ",\"created\":%u,\"made\":[",
		total, room->made->len);
	for (guint i = 0; i < room->made->len; i++) {
		const RoomMade *made = room->made->pdata[i];

		g_string_append(out, i ? ",{\"sessionClusterId\":"
				       : "{\"sessionClusterId\":");
		text_quote(out, made->id);
		g_string_append(out, ",\"clientToken\":");
		if (made->token)
			text_quote(out, made->token);
		else
			g_string_append(out, "null");
		g_string_append_c(out, '}');
	}
	g_string_append_c(out, ']');
}

/* How far apart n picks of total lie; 0: none can be made. */
static gsize stride(gsize total, gsize n)
{
	return n && total ? MAX(1, total / n) : 0;
}

static void append_id(GString *out, const Entry *entry)
{
	if (out->str[out->len - 1] != '[')
		g_string_append_c(out, ',');
	text_quote(out, entry->id);
}

static void churn_change(Room *room, gsize n, gint64 now, GString *out)
{
	gsize step = stride(room->entries->len, n);

	for (gsize i = 0; step && i < n && i * step < room->entries->len; i++) {
		Entry *entry = room->entries->pdata[i * step];

		if (entry->life == LIFE_RUNNING) {
			room_move(room, entry, LIFE_STOPPED, 0);
		} else {
			entry->started_ms = now;
			room_move(room, entry, LIFE_RUNNING, 0);
		}
		append_id(out, entry);
	}
}

/* In one sweep, since removing one by one from a million moves them all. */
static void churn_remove(Room *room, gsize n, GString *out)
{
	g_autoptr(GPtrArray) old = room->entries;
	gsize step = stride(old->len, n), gone = 0;

	room->entries = g_ptr_array_new_full(old->len, entry_free);
	for (gsize i = 0; i < old->len; i++) {
		Entry *entry = old->pdata[i];

		if (step && i % step == 0 && gone < n) {
			append_id(out, entry);
			g_hash_table_remove(room->by_id, entry);
			gone++;
		} else {
			g_ptr_array_add(
				room->entries, g_steal_pointer(&old->pdata[i]));
		}
	}
}

void room_churn(Room *room, const StoreChurn *churn, gint64 now, GString *out)
{
	gsize before;

	g_string_append(out, "\"changed\":[");
	churn_change(room, churn->change, now, out);
	g_string_append(out, "],\"removed\":[");
	if (churn->remove)
		churn_remove(room, churn->remove, out);
	g_string_append(out, "],\"added\":[");
	before = room->entries->len;
	room_fill(room, churn->add);
	for (gsize i = before; i < room->entries->len; i++)
		append_id(out, room->entries->pdata[i]);
	g_string_append_c(out, ']');
}
