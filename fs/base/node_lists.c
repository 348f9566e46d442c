#include "fs/base/node_lists.h"

GSList *node_list(GHashTable *lists, fuse_ino_t node)
{
	return g_hash_table_lookup(lists, GSIZE_TO_POINTER(node));
}

static void set(GHashTable *lists, fuse_ino_t node, GSList *list)
{
	gpointer key = GSIZE_TO_POINTER(node);

	if (list)
		g_hash_table_insert(lists, key, list);
	else
		g_hash_table_remove(lists, key);
}

void node_list_add(GHashTable *lists, fuse_ino_t node, gpointer item)
{
	set(lists, node, g_slist_prepend(node_list(lists, node), item));
}

void node_list_remove(GHashTable *lists, fuse_ino_t node, gpointer item)
{
	set(lists, node, g_slist_remove(node_list(lists, node), item));
}
