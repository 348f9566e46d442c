#include "room.h"

#include <string.h>

#include "backends/base/json.h"
#include "text.h"

/* What tests do to a workspace behind the provider's back. */

/* The state may be a planted one, which lasts. */
static void adopt_state(Room *room, Entry *entry, gint64 now)
{
	g_autoptr(Json) record =
		json_parse(entry->record, strlen(entry->record), NULL);

	entry->life = store_class_life(
		room->class, store_class_state(room->class, record));
	entry->moved_ms = now;
	entry->due_ms = 0;
}

void room_merge(Room *room, Entry *entry, const char *patch, const char *extra,
	gint64 now)
{
	GString *record = g_string_new(NULL);

	room_write(room, entry, now, record);
	if (!entry->record && room->class->render_extra) {
		GString *shown = g_string_new(NULL);

		room->class->render_extra(entry, room->id, shown);
		entry->extra = g_string_free(shown, FALSE);
	}
	g_free(entry->record);
	entry->record = g_string_free(record, FALSE);
	if (patch)
		text_merge(&entry->record, patch);
	if (extra && !entry->extra)
		entry->extra = g_strdup(extra);
	else if (extra)
		text_merge(&entry->extra, extra);
	if (patch)
		adopt_state(room, entry, now);
}

/* So that the API gives no number a second time. */
static void count_past(Room *room, const char *id)
{
	guint64 number;

	if (room->class->counted && g_ascii_string_to_unsigned(id, 10, 0,
					    G_MAXINT32, &number, NULL))
		room->next_index = MAX(room->next_index, number + 1);
}

Entry *room_plant(Room *room, const char *record, const char *extra, gint64 now)
{
	g_autoptr(Json) document = json_parse(record, strlen(record), NULL);
	g_autofree char *id = store_class_id(room->class, document);
	Entry *entry = id ? room_find(room, id) : NULL;

	if (entry) {
		room_merge(room, entry, record, extra, now);
		return entry;
	}
	if (!id)
		id = g_strdup_printf(
			"nameless-%" G_GUINT64_FORMAT, room->next_nameless++);
	entry = entry_new(id, g_strdup(record));
	entry->extra = g_strdup(extra);
	entry->created_ms = now;
	adopt_state(room, entry, now);
	room_add(room, entry);
	count_past(room, id);
	return entry;
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

		g_string_append(out, i ? ",{\"id\":" : "{\"id\":");
		text_quote(out, made->id);
		g_string_append(out, ",\"token\":");
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
	Life other =
		room->class->states[LIFE_BUSY].word ? LIFE_BUSY : LIFE_STOPPED;

	for (gsize i = 0; step && i < n && i * step < room->entries->len; i++) {
		Entry *entry = room->entries->pdata[i * step];

		if (entry->life == LIFE_RUNNING) {
			room_move(room, entry, other, now);
		} else {
			entry->started_ms = now;
			room_move(room, entry, LIFE_RUNNING, now);
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
			room->n_going -= entry->gone_ms != 0;
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
