#pragma once

#include "cache/merge/incoming.h"

/*
 * The pages of one listing of a workspace, each asked for as soon as the answer
 * before it has named it: while that one is read and shown, on another worker.
 * At most one page is on its way beyond the one that was taken last, and it is
 * thrown away when that one does not name it after all.
 *
 * One thread makes, takes and frees.
 */
typedef struct Prefetch Prefetch;

Prefetch *prefetch_new(Dir *dir);
/* Waits for a page on its way, and throws it away. */
void prefetch_free(Prefetch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prefetch, prefetch_free)

/*
 * The page of that token (NULL: the first), asked for now unless it was before.
 * *ret_ticks: when it was asked for and came.  Errors: the provider's.
 */
SessionPage *prefetch_take(Prefetch *self, const char *token, Ticks *ret_ticks,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
