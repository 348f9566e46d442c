#include "cache/model/recent_writes.h"

#define SPEC_RELISTS 16u

typedef struct {
	guint32 relist;
	char *spec;
} Note;

static void note_free(gpointer data)
{
	Note *note = data;

	g_free(note->spec);
	g_free(note);
}

RecentWrites *recent_writes_new(void)
{
	return g_hash_table_new_full(NULL, NULL, NULL, note_free);
}

void recent_writes_note(
	RecentWrites *self, const Id *id, guint32 relist, const char *spec)
{
	Note *note = g_hash_table_lookup(self, id);

	if (note == NULL) {
		note = g_new0(Note, 1);
		g_hash_table_insert(self, (gpointer)id, note);
	}
	note->relist = relist;
	if (spec == NULL)
		return;
	g_free(note->spec);
	note->spec = g_strdup(spec);
}

gboolean recent_writes_spares(RecentWrites *self, const Id *id, guint32 relist)
{
	const Note *note = g_hash_table_lookup(self, id);

	return note != NULL && (relist == 0 || note->relist >= relist);
}

char *recent_writes_take(RecentWrites *self, const Id *id)
{
	Note *note = g_hash_table_lookup(self, id);

	return note != NULL ? g_steal_pointer(&note->spec) : NULL;
}

/* A provider may need some listings to know of its new session. */
static gboolean is_older(gpointer key, gpointer value, gpointer data)
{
	const Note *note = value;
	guint32 relists = note->spec != NULL ? SPEC_RELISTS : 0;

	return (guint64)note->relist + relists < *(const guint32 *)data;
}

void recent_writes_forget(RecentWrites *self, guint32 relist)
{
	g_hash_table_foreach_remove(self, is_older, &relist);
}
