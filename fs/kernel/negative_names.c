#include "fs/kernel/negative_names.h"

#include <string.h>

struct NegativeNames {
	GHashTable *owners; /* number -> set of "PARENT/NAME" */
	guint count;
};

NegativeNames *negative_names_new(void)
{
	NegativeNames *self = g_new0(NegativeNames, 1);

	self->owners = g_hash_table_new_full(
		NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	return self;
}

void negative_names_free(NegativeNames *self)
{
	g_hash_table_unref(self->owners);
	g_free(self);
}

static GHashTable *names_of(const NegativeNames *self, guint32 owner)
{
	return g_hash_table_lookup(self->owners, GUINT_TO_POINTER(owner));
}

static char *entry_of(guint64 parent, const char *name)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT "/%s", parent, name);
}

void negative_names_add(
	NegativeNames *self, guint32 owner, guint64 parent, const char *name)
{
	GHashTable *names = names_of(self, owner);

	if (!names) {
		names = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL);
		g_hash_table_insert(
			self->owners, GUINT_TO_POINTER(owner), names);
	}
	self->count += (guint)g_hash_table_add(names, entry_of(parent, name));
}

gboolean negative_names_remove(
	NegativeNames *self, guint32 owner, guint64 parent, const char *name)
{
	GHashTable *names = names_of(self, owner);
	gboolean was;

	if (!names)
		return FALSE;
	g_autofree char *entry = entry_of(parent, name);

	was = g_hash_table_remove(names, entry);
	self->count -= (guint)was;
	return was;
}

guint negative_names_count(const NegativeNames *self)
{
	return self->count;
}

static void take_names(NegativeNames *self, GHashTable *names, GPtrArray *ret)
{
	GHashTableIter iter;
	gpointer entry;

	g_hash_table_iter_init(&iter, names);
	while (g_hash_table_iter_next(&iter, &entry, NULL)) {
		g_hash_table_iter_steal(&iter);
		g_ptr_array_add(ret, entry);
		self->count--;
	}
}

GPtrArray *negative_names_take(NegativeNames *self, guint32 owner)
{
	GPtrArray *taken = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer key, names;

	g_hash_table_iter_init(&iter, self->owners);
	while (g_hash_table_iter_next(&iter, &key, &names)) {
		if (owner && GPOINTER_TO_UINT(key) != owner)
			continue;
		take_names(self, names, taken);
		g_hash_table_iter_remove(&iter);
	}
	return taken;
}

guint64 negative_names_parent(const char *entry, const char **ret_name)
{
	char *slash;
	guint64 parent = g_ascii_strtoull(entry, &slash, 10);

	*ret_name = slash + 1;
	return parent;
}
