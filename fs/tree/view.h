#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"
#include "fs/tree/tree.h"

/* What a node id stands for now. */
typedef struct {
	fuse_ino_t ino;
	DirKind dir; /* the directory of the cache, or the root, that it is or is
	                below */
	const TreeRow *row; /* NULL: it is that directory itself */
	Entry entry; /* of the number; zero for the root and .sessionfs */
} View;

/* Seconds for which the kernel may keep what is invalidated when it changes. */
#define VIEW_KEEP 86400.0

/* FALSE when the node stands for nothing (any more). */
gboolean view_resolve(Daemon *daemon, fuse_ino_t ino, View *ret);
/* The view of an entry's directory, and of a row in a directory. */
void view_of_entry(const Entry *entry, View *ret);
void view_of_row(const View *dir, const TreeRow *row, View *ret);
/* Once a row of the event log was taken for its name: the node of what is there
 * now. */
void view_of_now(Daemon *daemon, View *view);
/* The view of a link to a session or workspace. */
void view_of_link(const Entry *target, ByWhat by, View *ret);

gboolean view_is_dir(const View *view);
/* Whether it is written to: `new`, `ctl` and their like; and .refresh. */
gboolean view_is_control(const View *view);
gboolean view_is_refresh(const View *view);
/* The kind of directory that this view is; only for directories. */
DirKind view_dir_kind(const View *view);
/* Whether a directory is there for links: a view, or a group in one. */
gboolean view_has_links(const View *view);
/* Whether what a directory lists comes and goes without being told to those who
 * missed it: one of links, or .requests. */
gboolean view_is_moving(const View *view);
/* Of a directory: the number whose NEWS_LISTING tells of what is in it. */
guint32 view_listing(const View *view);
/* When that which such a directory lists last changed. */
gint64 view_moved_ns(Daemon *daemon, const View *view);

/* For how long its name may be kept in the directory it is in. */
double view_entry_timeout(const Daemon *daemon, const View *view);

/* Whether its bytes cost a call now: an open gets them by cache_open. */
gboolean view_is_on_demand(const View *view);
/* Whether they are those of a stream. */
gboolean view_is_growing(const View *view);
