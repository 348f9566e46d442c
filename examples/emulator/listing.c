#include "room.h"

#include <string.h>

/* Which entries a listing shows. */
typedef struct {
	Room *room;
	const StoreQuery *query;
	gint64 now;
	GString *record;   /* of the entry at hand, where it is wanted */
	GPtrArray *wanted; /* Entry *, in order; NULL: all of the room */
} Listing;

static Entry *room_nth(const Room *room, gsize i)
{
	return room->entries
		->pdata[room->class->oldest_first ? i
						  : room->entries->len - 1 - i];
}

static gboolean state_is(Listing *l, const Entry *entry, const char *word)
{
	g_autoptr(Json) record = NULL;
	const char *state;

	if (entry->life != LIFE_OTHER)
		return !g_strcmp0(
			l->room->class->states[entry->life].word, word);
	record = json_parse(entry->record, strlen(entry->record), NULL);
	state = store_class_state(l->room->class, record);
	return !g_strcmp0(state, word);
}

static gboolean state_wanted(Listing *l, Entry *entry, const char *only)
{
	const char *const *states = l->query->states;

	room_settle(l->room, entry, l->now);
	if (only)
		return state_is(l, entry, only);
	for (; states && *states; states++)
		if (state_is(l, entry, *states))
			return TRUE;
	return !l->query->states || !*l->query->states;
}

static gboolean record_wanted(Listing *l, Entry *entry)
{
	if (!l->query->keep)
		return TRUE;
	g_string_truncate(l->record, 0);
	room_write(l->room, entry, l->now, l->record);
	return l->query->keep(l->record->str, l->query->data);
}

/* only: those in that state; NULL: in any that is asked for. */
static void gather(Listing *l, const char *only)
{
	Entry *one = l->query->id ? room_find(l->room, l->query->id) : NULL;
	gsize n = !l->query->id ? l->room->entries->len : one != NULL;

	for (gsize i = 0; i < n; i++) {
		Entry *entry = one ? one : room_nth(l->room, i);

		if (state_wanted(l, entry, only) && record_wanted(l, entry))
			g_ptr_array_add(l->wanted, entry);
	}
}

static void write_item(Listing *l, Entry *entry, GString *out, gboolean *first)
{
	if (!*first)
		g_string_append_c(out, ',');
	*first = FALSE;
	room_write(l->room, entry, l->now, out);
}

static void write_page(Listing *l, gsize total, GString *out)
{
	const StoreQuery *query = l->query;
	gsize offset =
		query->wrap && total ? query->offset % total : query->offset;
	gboolean first = TRUE;

	for (gsize i = 0; i < query->limit && offset < total; i++) {
		Entry *entry = l->wanted ? l->wanted->pdata[offset]
					 : room_nth(l->room, offset);

		offset++;
		write_item(l, entry, out, &first);
		if (query->twice)
			write_item(l, entry, out, &first);
		if (query->wrap && offset == total)
			offset = 0;
	}
}

void room_list(Room *room, const StoreQuery *query, gint64 now, GString *out,
	gsize *ret_total)
{
	gboolean states = query->states && *query->states;
	g_autoptr(GString) record = g_string_new(NULL);
	g_autoptr(GPtrArray) wanted = NULL;
	Listing l = {room, query, now, record, NULL};

	/* A filter reads all that there is; a page without one does not. */
	if (query->keep || query->id || states)
		l.wanted = wanted = g_ptr_array_new();
	if (wanted && states && query->grouped)
		for (const char *const *s = query->states; *s; s++)
			gather(&l, *s);
	else if (wanted)
		gather(&l, NULL);
	*ret_total = wanted ? wanted->len : room->entries->len;
	write_page(&l, *ret_total, out);
}
