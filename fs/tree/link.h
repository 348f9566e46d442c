#pragma once

#include "fs/tree/view.h"

/*
 * What is in the directories of links: in a view its groups (in .by-name its
 * links), in a group its links.  All is answered as cache_find and cache_list
 * answer for other directories; view_listing tells when to ask again.
 */
Known link_find(Daemon *daemon, const View *dir, const char *name, View *ret,
	GError **error);

/* Returns FALSE to stop. */
typedef gboolean (*LinkVisit)(const View *view, const char *name, void *data);

/* Those whose number is above `after`, in ascending order. */
Known link_list(Daemon *daemon, const View *dir, guint32 after, LinkVisit visit,
	void *data, GError **error);
