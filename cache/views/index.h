#pragma once

#include "cache/views/index_entry.h"
#include "cache/views/link_names.h"
#include "cache/views/table.h"

/*
 * What the views and tables of one workspace are made of, or the links to the
 * workspaces of one provider, which has neither groups nor tables.  There is none
 * before somebody asks for a view; then a worker reads each body once, and from
 * there on each change of what the directory shows is followed.
 *
 * Changed by one thread at a time (with Dir.apply), under `lock`, which readers
 * take; but for `ready` all of it means something only once that is set.
 */
typedef struct Index {
	Dir *dir;
	int asked, ready; /* atomic: a worker is to make it; it did */
	Mutex lock;
	Groups *groups GUARDED_BY(dir->apply, lock); /* NULL: of a provider */
	/* groups; BY_NAME: sessions with a link */
	NumberSet shown[N_VIEWS] GUARDED_BY(dir->apply, lock);
	/* of their last change */
	gint64 view_ns[N_VIEWS] GUARDED_BY(dir->apply, lock);
	LinkNames *links GUARDED_BY(dir->apply, lock); /* BY_NAME */
	/* number -> Brief */
	GHashTable *index_entries GUARDED_BY(dir->apply, lock);
	guint unread GUARDED_BY(dir->apply, lock); /* how many of them are */
	NumberSet node_ids GUARDED_BY(dir->apply, lock); /* of all sessions */
	/* of the tables, by CacheTable */
	gsize sizes[2] GUARDED_BY(dir->apply, lock);
	/* when they last changed */
	gint64 table_ns GUARDED_BY(dir->apply, lock);
	/* the tables, while anybody reads one as it is now */
	TableText *texts[2] GUARDED_BY(lock);
} Index;

/* That of a directory, made (but not ready) if there is none. */
Index *index_ensure(Dir *dir);
/* The same if it is ready; NULL: it is not. */
Index *index_ready(const Dir *dir);
void index_free(Index *self);

/* Makes the index that was asked for, and tells; a job for the pool, data is the
 * Dir. */
void index_run(void *data);

/* What was published just now, as sorted by change_commit; with Dir.apply.  Tells
 * what it changes in the views. */
void index_follow(Index *self, const Row *rows, guint n_rows,
	const guint32 *cuts, guint n_cuts);

/* Reads what could not be read before, and tells what that changes, where
 * it is ready. */
void index_mend(Dir *dir) REQUIRES(dir->apply);

/* The group of that number, if it is shown: its entry (ret may be NULL) and its
 * name, a new string.  NULL: there is none. */
char *index_group(Dir *dir, guint32 number, Entry *ret);
