#pragma once

#include <glib.h>

/*
 * A set of numbers above 0, in order.  All zero is an empty one, which takes no
 * room; adding and removing move a few hundred numbers at most.  The caller's
 * lock.
 */
typedef struct NumberBlock NumberBlock;

typedef struct {
	NumberBlock **blocks;
	guint n_blocks, room; /* room: for blocks */
	guint size;           /* how many numbers */
} NumberSet;

void number_set_clear(NumberSet *self);
/* FALSE: it is in the set already. */
gboolean number_set_add(NumberSet *self, guint32 number);
/* FALSE: it is not in the set. */
gboolean number_set_remove(NumberSet *self, guint32 number);
/* The lowest number above `after`; 0: there is none. */
guint32 number_set_next(const NumberSet *self, guint32 after);
