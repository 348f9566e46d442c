#pragma once

#include "cache/cache.h"
#include "fs/keeper/kept.h"

/*
 * The kernel's references, by node, and for whom each number counts: the
 * workspace or provider that it lies in.  Not thread-safe.
 */
typedef struct KernelRefs KernelRefs;

/* kept: where all of them are written down too; NULL: nowhere. */
KernelRefs *kernel_refs_new(Kept *kept);
void kernel_refs_free(KernelRefs *self);

/* 0: not known yet. */
guint32 kernel_refs_owner(KernelRefs *self, guint32 number);
/* group: of which view it is a group; BY_NAME, which has none: it is no group. */
void kernel_refs_own(
	KernelRefs *self, guint32 number, guint32 owner, ByWhat group);
ByWhat kernel_refs_group(const KernelRefs *self, guint32 number);

void kernel_refs_add(KernelRefs *self, guint64 node, guint64 count);
/* As many as there are at most. */
void kernel_refs_drop(KernelRefs *self, guint64 node, guint64 count);
guint64 kernel_refs_count(const KernelRefs *self, guint64 node);
/* Those of a number: a bit set of 1 << slot. */
guint32 kernel_refs_slots(const KernelRefs *self, guint32 number);

/* The directory of that number was removed: the kernel's inode of it is dead for
 * as long as somebody holds it.  How often that was so, from 1. */
void kernel_refs_removed(KernelRefs *self, guint32 number);
/* So often already. */
void kernel_refs_removed_before(
	KernelRefs *self, guint32 number, guint32 times);
guint32 kernel_refs_generation(const KernelRefs *self, guint32 number);

/* All nodes (guint64) that count for `owner`, files before directories, its own
 * last.  A new array. */
GArray *kernel_refs_nodes(KernelRefs *self, guint32 owner);
/* The numbers (guint32) of those but its own, each once.  A new array. */
GArray *kernel_refs_numbers(KernelRefs *self, guint32 owner);
