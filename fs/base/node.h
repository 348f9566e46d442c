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

/*
 * Slots that are computed from elsewhere.  Of number 0: .sessionfs, the generations of
 * .sessionfs/events, and the files behind them.  Of a provider: .by-name.  Of a
 * workspace: .by-name and its like, in the order of ByWhat, .requests, and its own
 * link in the provider's .by-name.  Of a session: .wait, what is in it in the order
 * of Phase, and its links in the views, in the order of ByWhat, and .access.
 */
#define NODE_SELF 2u
#define NODE_EVENTS 8u
#define NODE_EVENTS_N 8u
#define NODE_TRACE 16u
#define NODE_CALLS 17u
#define NODE_STATUS 18u
#define NODE_VIEW 10u
#define NODE_REQUESTS 14u
#define NODE_WAIT 10u
#define NODE_PHASE 11u
#define NODE_LINK 18u
#define NODE_ACCESS 22u

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
