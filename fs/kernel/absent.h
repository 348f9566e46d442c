#pragma once

#include <glib.h>

/*
 * Names that the kernel was told, or has seen itself, not to be there.  It
 * remembers each below its directory, which cannot be pruned meanwhile, and
 * would look as if somebody held it.  Not thread-safe.
 */
typedef struct Absent Absent;

Absent *absent_new(void);
void absent_free(Absent *self);

/* A name in the directory `parent`, which counts for `owner`. */
void absent_add(Absent *self, guint32 owner, guint64 parent, const char *name);
/* It is there now.  Whether it was among these. */
gboolean absent_remove(
	Absent *self, guint32 owner, guint64 parent, const char *name);

/* How many there are in all. */
guint absent_count(const Absent *self);
/* Takes those of an owner; of all for 0.  New strings "PARENT/NAME". */
GPtrArray *absent_take(Absent *self, guint32 owner);
/* The parts of such a string. */
guint64 absent_parent(const char *entry, const char **ret_name);
