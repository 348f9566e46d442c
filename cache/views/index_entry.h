#pragma once

#include "cache/views/group.h"

/*
 * What the index of a workspace holds of one session, or that of a provider of one
 * workspace (no more than its name).  It never changes, but for `link`, once it is
 * in the index.
 */
typedef struct {
	const Id *id; /* the directory's, as long as the directory is */
	guint32 number;
	guint32 lens[2]; /* of its line, by CacheTable */
	guint64 body_hash;
	gint64 created_s, changed_s;
	char *name;         /* raw; NULL: none */
	const char *link;   /* BY_NAME: its name; borrowed; NULL: none */
	Group *in[N_VIEWS]; /* the others: its group; NULL: none */
	guint16 word;
	guint8 phase;
	gboolean unread; /* its body could not be read: what that tells is of
	                    before, or missing */
} IndexEntry;

/* What a row of a snapshot says.  old (may be NULL): what was known of the same
 * session.  Reads the body, unless that is known; with Dir.apply.  window: the same for
 * all rows of that snapshot. */
IndexEntry *index_entry_new(Dir *dir, const Snapshot *shown, const Row *row,
	const IndexEntry *old, Groups *groups, BodyWindow *window);
void index_entry_free(IndexEntry *self);

/* Whether both have the same lines. */
gboolean index_entry_is_same(const IndexEntry *self, const IndexEntry *other);
/* Appends its line. */
void index_entry_append(const IndexEntry *self, StateNames *state_names,
	CacheTable table, GString *out);
