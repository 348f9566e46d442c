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
	Groups *groups;            /* NULL: of a provider */
	NumberSet shown[N_VIEWS];  /* groups; BY_NAME: sessions with a link */
	gint64 view_ns[N_VIEWS];   /* of their last change */
	LinkNames *links;          /* BY_NAME */
	GHashTable *index_entries; /* number -> Brief */
	guint unread;              /* how many of them are */
	NumberSet node_ids;        /* of all sessions */
	gsize sizes[2];            /* of the tables, by CacheTable */
	gint64 table_ns;           /* when they last changed */
	TableText *texts[2];       /* the tables, if anybody asked since */
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

/* Reads what could not be read before, and tells what that changes; with Dir.apply,
 * of one that is ready. */
void index_mend(Index *self);

/* The group of that number, if it is shown: its entry (ret may be NULL) and its
 * name, a new string.  NULL: there is none. */
char *index_group(Dir *dir, guint32 number, Entry *ret);
