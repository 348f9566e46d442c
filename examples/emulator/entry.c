#include "entry.h"

#include <string.h>

Life store_class_life(const StoreClass *class, const char *word)
{
	for (guint i = 0; word && i < LIFE_OTHER; i++)
		if (class->states[i].word &&
			!g_ascii_strcasecmp(class->states[i].word, word))
			return i;
	return LIFE_OTHER;
}

char *store_class_id(const StoreClass *class, const Json *record)
{
	const Json *value = json_get(record, class->id_member);
	gint64 number;

	if (class->id_of)
		return class->id_of(record);
	if (class->counted && json_type(value) == JSON_NUMBER &&
		json_whole(value, &number))
		return g_strdup_printf("%" G_GINT64_FORMAT, number);
	return g_strdup(json_text(value));
}

const char *store_class_state(const StoreClass *class, const Json *record)
{
	return class->state_of
		       ? class->state_of(record)
		       : json_text(json_get(record, class->state_member));
}

Entry *entry_new(const char *id, char *record)
{
	Entry *entry = g_new0(Entry, 1);

	entry->id = g_strdup(id);
	entry->record = record;
	return entry;
}

void entry_free(void *memory)
{
	Entry *entry = memory;

	if (!entry)
		return;
	g_free(entry->id);
	g_free(entry->record);
	g_free(entry->extra);
	g_free(entry);
}

guint entry_hash(const void *entry)
{
	return g_str_hash(((const Entry *)entry)->id);
}

gboolean entry_equal(const void *a, const void *b)
{
	return !strcmp(((const Entry *)a)->id, ((const Entry *)b)->id);
}
