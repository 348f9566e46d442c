#pragma once

#include <glib.h>

/*
 * All numbers of the tree: who owns each, and which comes next.  Looking up an
 * owner takes no lock; any thread.
 */
typedef struct NodeIds NodeIds;

/*
 * Called with the lock before node_ids_take gives a number at or above the last
 * limit: from now on numbers below `limit` may be in use.  (Claimed ones may lie
 * above it: who claims them has them on disk already.)
 */
typedef gboolean (*NumbersReserve)(guint32 limit, void *data, GError **error);

NodeIds *node_ids_new(NumbersReserve reserve, void *data);
void node_ids_free(NodeIds *self);

/* Before the first is taken: everything below `limit` may have been used once. */
void node_ids_skip(NodeIds *self, guint32 limit);
/* What was loaded: the number belongs to owner, and no lower one is given from
 * now on.  FALSE when it cannot: out of range, or somebody else's. */
gboolean node_ids_claim(NodeIds *self, guint32 number, gpointer owner);
/* A fresh number for owner.  Errors: LOCAL when there are none left, and those
 * of reserve. */
gboolean node_ids_take(NodeIds *self, gpointer owner, guint32 *ret_number,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Hands a number on to another owner. */
void node_ids_assign(NodeIds *self, guint32 number, gpointer owner);
/* NULL when the number was neither given nor claimed. */
gpointer node_ids_owner(NodeIds *self, guint32 number);
/* The next number that node_ids_take would give. */
guint32 node_ids_next(NodeIds *self);
