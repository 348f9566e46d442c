#pragma once

#include "cache/model/dir.h"

/*
 * What a listing that went to its end could not show, or not as it is.  Nothing
 * is left out silently: it is counted in .status and told, with the reason, in
 * .partial; and what such a listing does not name may be there nevertheless.
 */
typedef struct {
	guint64 skipped; /* records without a usable id */
	guint64 clashed; /* entries whose name another one has */
	guint64 over;    /* entries that are too many */
	guint64 trimmed; /* sessions that are shown without large members */
	gint64 lacking;  /* by how much the provider's total is higher */
	gboolean looped; /* it went on without naming anything new */
} Gaps;

/* Whether something that it does not name may be there. */
gboolean gaps_any(const Gaps *self);
/* How many entries are known to be left out. */
guint64 gaps_left_out(const Gaps *self);
/* For .partial, the same for the same gaps; NULL: there are none.  New string. */
char *gaps_text(const Gaps *self, const Dir *dir);
