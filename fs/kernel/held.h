#pragma once

#include "cache/cache.h"

/*
 * The kernel's references, by node, and for whom each number counts: the
 * workspace or provider that it lies in.  Not thread-safe.
 */
typedef struct Held Held;

Held *held_new(void);
void held_free(Held *self);

/* 0: not known yet. */
guint32 held_owner(Held *self, guint32 number);
/* group: of which view it is a group; BY_NAME, which has none: it is no group. */
void held_own(Held *self, guint32 number, guint32 owner, ByWhat group);
ByWhat held_group(const Held *self, guint32 number);

void held_add(Held *self, guint64 node, guint64 count);
/* As many as there are at most. */
void held_drop(Held *self, guint64 node, guint64 count);
guint64 held_count(const Held *self, guint64 node);
/* Those of a number: a bit set of 1 << slot. */
guint32 held_slots(const Held *self, guint32 number);

/* The directory of that number was removed: the kernel's inode of it is dead for
 * as long as somebody holds it.  How often that was so, from 1. */
void held_removed(Held *self, guint32 number);
guint32 held_generation(const Held *self, guint32 number);

/* All nodes (guint64) that count for `owner`, files before directories, its own
 * last.  A new array. */
GArray *held_nodes(Held *self, guint32 owner);
/* The numbers (guint32) of those but its own, each once.  A new array. */
GArray *held_numbers(Held *self, guint32 owner);
