#pragma once

#include "cache/base/number_set.h"
#include "cache/model/dir.h"

/*
 * The groups of the views of one workspace, each a directory of links with a
 * number of its own, which it keeps in the record log of the tree: also while it is
 * empty and not shown.  None is ever freed before all are.
 *
 * One thread at a time (Dir.apply) makes groups and changes them; whoever else
 * reads takes the lock that was given to groups_new, under which all that he can
 * see is changed.
 */
typedef struct {
	guint32 number;
	ByWhat by;
	gint64 mtime_ns; /* its links last changed; strictly increasing */
	gboolean shown;
	gboolean touched; /* for who changes it */
	NumberSet links;  /* the sessions */
	const char *name; /* escaped; as long as the groups are */
	char word[];      /* raw */
} Group;

typedef struct Groups Groups;

Groups *groups_new(Dir *dir, Mutex *lock);
void groups_free(Groups *self);

/* The group of a word, as it was or new; NULL for the empty word, and where no
 * number can be had, which a warning tells.  Takes the lock. */
Group *groups_get(Groups *self, ByWhat by, const char *word);

/* With the lock; shown or not; NULL: there is none. */
Group *groups_find(const Groups *self, ByWhat by, const char *name);
Group *groups_of_number(const Groups *self, guint32 number);
/* An entry of that kind which lies in a workspace. */
Entry entry_in(const Dir *workspace, EntryKind kind, guint32 number);
/* With the lock: the entry of a group of that directory. */
void group_entry(const Group *self, const Dir *dir, Entry *ret);
