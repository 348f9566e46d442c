#pragma once

#include "fs/tree/view.h"

/*
 * What the rows of the tree show, each by its kind, and what the directories of the
 * cache do: whether they are there, their attributes, their bytes.  How they are
 * opened is in ops/file.c.  Any thread; nothing waits.
 */

/* Greatest content that the page cache holds: one READ, so never torn. */
#define ROWS_PAGED_MAX (128 * 1024)

/* S_IFDIR, S_IFREG or S_IFLNK; NULL is a directory of the cache. */
mode_t rows_type(const TreeRow *row);

/* Whether the row stands in this very directory now. */
gboolean rows_present(Daemon *daemon, const TreeRow *row, const Entry *entry);

/*
 * The attributes of a row, or of a directory of the cache, and for how many seconds
 * the kernel may keep them.  Errors: GONE, LOCAL.
 */
gboolean rows_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Of the bytes of a content file those that this view shows: all, the first line
 * alone, or what comes after it.  Takes the reference, returns one. */
GBytes *rows_part(const View *view, GBytes *bytes);

/* The bytes of any row but a DIR, TABLE, LOG or WAIT; of an on-demand file those
 * that are known. */
GBytes *rows_bytes(Daemon *daemon, const View *view,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
