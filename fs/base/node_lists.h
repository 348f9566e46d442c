#pragma once

#include <glib.h>

#include "fs/base/lowlevel.h"

/* What is open of each node: a table of node ids, whose values are lists of pointers,
 * by whoever holds the lock of that table.  Free when all lists are empty. */

/* The last added comes first; NULL: nothing. */
GSList *node_list(GHashTable *lists, fuse_ino_t node);
void node_list_add(GHashTable *lists, fuse_ino_t node, gpointer item);
void node_list_remove(GHashTable *lists, fuse_ino_t node, gpointer item);
