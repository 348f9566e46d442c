#pragma once

#include <stdint.h>

#include <glib.h>

/*
 * Node ids are computed, never allocated: number * NODE_SLOTS + slot, where the
 * number is the cache's (0: the root and what is below .sessionfs) and the slot
 * says which of the entry's files is meant.  Slot 0 is the entry's directory.
 * They are the inode numbers too, and stay below 2^32 for old tools.
 */
#define NODE_SLOTS 32u
#define NODE_ROOT 1u /* FUSE_ROOT_ID: number 0, slot 1 */

static inline uint64_t node_make(guint32 number, guint slot)
{
	return (uint64_t)number * NODE_SLOTS + slot;
}

static inline guint32 node_number(uint64_t node)
{
	return (guint32)(node / NODE_SLOTS);
}

static inline guint node_slot(uint64_t node)
{
	return (guint)(node % NODE_SLOTS);
}
