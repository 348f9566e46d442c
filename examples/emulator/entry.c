#include "entry.h"

#include <string.h>

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
