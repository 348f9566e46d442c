#pragma once

#include "cache/model/account.h"

/*
 * Which directories the root shows: one for each section of the configuration, of
 * one of the accounts that it has spoken of.  All of these want the root's apply
 * lock; the caller delivers the news.
 */

/* dir takes the place of old; NULL: there was none, or there is to be none.  What
 * was known of old is kept, in memory and on disk.  Errors: LOCAL, NO_ROOM; then
 * nothing has changed. */
gboolean section_show(
	Dir *old, Dir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The configuration names that directory, and all in it, no more, or (retired
 * FALSE) again.  While it is retired it is asked for nothing but what its open
 * requests need: they are looked for until it is known what came of them.
 */
void section_retire(Dir *dir, gboolean retired);

/* Shows the workspaces that the section names now, where it names them; each one's
 * name may be another, too.  Errors as above. */
gboolean section_workspaces(Dir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
