#pragma once

#include <glib.h>

/*
 * Names that the kernel was told, or has seen itself, not to be there.  It
 * remembers each below its directory, which cannot be pruned meanwhile, and
 * would look as if somebody held it.  Not thread-safe.
 */
typedef struct NegativeNames NegativeNames;

NegativeNames *negative_names_new(void);
void negative_names_free(NegativeNames *self);

/* A name in the directory `parent`, which counts for `owner`. */
void negative_names_add(
	NegativeNames *self, guint32 owner, guint64 parent, const char *name);
/* It is there now.  Whether it was among these. */
gboolean negative_names_remove(
	NegativeNames *self, guint32 owner, guint64 parent, const char *name);

/* How many there are in all. */
guint negative_names_count(const NegativeNames *self);
/* Takes those of an owner; of all for 0.  New strings "PARENT/NAME". */
GPtrArray *negative_names_take(NegativeNames *self, guint32 owner);
/* The parts of such a string. */
guint64 negative_names_parent(const char *entry, const char **ret_name);
