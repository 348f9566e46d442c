#pragma once

#include "backends/base/clock.h"
#include "cache/cache.h"
#include "fs/keeper/kept.h"
#include "fs/kernel/notify.h"

/*
 * Who is looking, although the kernel answers for us.  A workspace's (and a
 * provider's) directory has a short entry and attribute timeout, the window:
 * a look through the kernel's cache costs one upcall per window.  When a window
 * passes without one, the kernel is asked to forget what it merely caches there
 * (notify_prune); what it still holds afterwards is a watch, a cwd or an open
 * file, and counts as interest for as long as it is held.
 */
typedef struct Interest Interest;

/* kept: what outlives the process, with what the kernel has got from another one
 * that is dead; NULL: nothing does. */
Interest *interest_new(Cache *cache, const Clock *clock, const char *mountpoint,
	gint64 window_us, Kept *kept);
void interest_free(Interest *interest);

/* An upcall for a node of this number: somebody looks. */
void interest_look(Interest *interest, guint32 number);
/* The kernel gets a reference to this node by the next reply of this thread; or it
 * gave back so many. */
void interest_hold(Interest *interest, fuse_ino_t node);
void interest_forget(Interest *interest, fuse_ino_t node, guint64 count);
/* The emitter is led through this provider's directory: the reference that the
 * kernel gets for that is held for nobody. */
void interest_emitted(Interest *interest, guint32 number);
/* Whether it has any: only then can somebody be watching it. */
gboolean interest_holds(Interest *interest, fuse_ino_t node);
/*
 * The emitter removed a directory.  Who still works in it keeps its inode in the
 * kernel, dead for ever: when it comes again it has to be another one, which is
 * what the generation of a node tells.
 */
void interest_removed(Interest *interest, fuse_ino_t node);
/* Of a directory, and of those in it that have the same number. */
guint64 interest_generation(Interest *interest, guint32 number);
/* What it has of a number: a bit set of 1 << slot. */
guint32 interest_slots(Interest *interest, guint32 number);
/* Of which view a number that was ever seen is a group; BY_NAME: it is none. */
ByWhat interest_group(Interest *interest, guint32 number);
/* The numbers (guint32) in a workspace or provider of which it has any; a new
 * array. */
GArray *interest_numbers(Interest *interest, guint32 owner);

/* The kernel is told that this name is not there, and may keep that, where there is
 * room to remember it, until interest_appeared says that it must be invalidated. */
void interest_denied(Interest *interest, guint32 parent, const char *name);
/* Whether the kernel was told so; forgets it. */
gboolean interest_appeared(
	Interest *interest, guint32 parent, const char *name);
/* Whether the kernel still counts on hearing when it appears. */
gboolean interest_is_denied(
	Interest *interest, guint32 parent, const char *name);

/*
 * The kernel remembers that a name is not there: it was told so, or has seen the
 * emitter remove it.  That alone holds the directory, and so has to be dropped
 * before it can be told who does.
 */
void interest_negative(Interest *interest, fuse_ino_t dir, const char *name);
/* It is there now.  TRUE when the kernel may still remember otherwise. */
gboolean interest_present(Interest *interest, fuse_ino_t dir, const char *name);

/* A lookup in this directory.  TRUE when so many came since it was last listed
 * to the end that the kernel should list again, with attributes. */
gboolean interest_lookup_storm(Interest *interest, guint32 parent);
/* A listing of it was answered; to_the_end: nothing comes after that. */
void interest_listed(Interest *interest, guint32 parent, gboolean to_the_end);

/*
 * After another process is dead: whatever the kernel has from it may be old, since it
 * may have died before it told.  All names are asked for again, all attributes, and
 * all bytes, when they are used.
 */
void interest_doubt_all(Interest *interest, Notify *notify);

/* To be called from the notifier's tick, at least four times a window. */
void interest_tick(Interest *interest, Notify *notify);

/* How many references the kernel holds in this directory and below. */
guint64 interest_held(Interest *interest, guint32 number);
