#pragma once

#include "fs/base/lowlevel.h"
#include "fs/tree/view.h"

/* Names, and what they lead to: LOOKUP, GETATTR. */
void lookup_name(fuse_req_t req, fuse_ino_t parent, const char *name);
void lookup_getattr(fuse_req_t req, fuse_ino_t ino);

/* What a node stands for.  FALSE: nothing any more, and the request was answered. */
gboolean lookup_node(fuse_req_t req, fuse_ino_t ino, View *ret);

/*
 * The attributes of a view, as the kernel is to know them now: where somebody reads
 * what the kernel has still to forget, with the size of that, since it keeps one
 * size for all.  Errors: as rows_attr.
 */
gboolean lookup_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Fills what the kernel is told of a view, as LOOKUP and READDIRPLUS do.
 * Errors: as view_attr.
 */
gboolean lookup_param(Daemon *daemon, const View *view,
	struct fuse_entry_param *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * To be called after attributes of a node were handed out that were made when
 * daemon->changes was `changes`: content that changed since was invalidated
 * before the kernel had it.
 */
void lookup_check_fresh(Daemon *daemon, fuse_ino_t ino, gint changes);

/*
 * To be called after a name of node `parent` was answered with `found`: FALSE when
 * it leads there no longer, and the invalidation may have come before the kernel
 * had that answer.
 */
gboolean lookup_is_still(
	Daemon *daemon, fuse_ino_t parent, const char *name, fuse_ino_t found);

/* What is in directory `dir` under `name`; see cache_find. */
Known lookup_find(Daemon *daemon, const View *dir, const char *name, View *ret,
	GError **error);
