#pragma once

#include <glib.h>

/*
 * All numbers of the tree: who owns each, and which comes next.  Looking up an
 * owner takes no lock; any thread.
 */
typedef struct Numbers Numbers;

/*
 * Called with the lock before numbers_take gives a number at or above the last
 * limit: from now on numbers below `limit` may be in use.  (Claimed ones may lie
 * above it: who claims them has them on disk already.)
 */
typedef gboolean (*NumbersReserve)(guint32 limit, void *data, GError **error);

Numbers *numbers_new(NumbersReserve reserve, void *data);
void numbers_free(Numbers *self);

/* Before the first is taken: everything below `limit` may have been used once. */
void numbers_skip(Numbers *self, guint32 limit);
/* What was loaded: the number belongs to owner, and no lower one is given from
 * now on.  FALSE when it cannot: out of range, or somebody else's. */
gboolean numbers_claim(Numbers *self, guint32 number, gpointer owner);
/* A fresh number for owner.  Errors: LOCAL when there are none left, and those
 * of reserve. */
gboolean numbers_take(Numbers *self, gpointer owner, guint32 *ret_number,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Hands a number on to another owner. */
void numbers_assign(Numbers *self, guint32 number, gpointer owner);
/* NULL when the number was neither given nor claimed. */
gpointer numbers_owner(Numbers *self, guint32 number);
/* The next number that numbers_take would give. */
guint32 numbers_next(Numbers *self);
