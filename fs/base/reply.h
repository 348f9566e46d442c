#pragma once

#include "fs/base/lowlevel.h"

#include "cache/cache.h"

/*
 * The one exit for answers: every request is answered by exactly one call of
 * these, from any thread.  Errnos outside 1..133 would never reach the caller,
 * who would hang, so they are clamped here.  Each ends the operation of the calling
 * thread, see trace.h.
 */
void reply_error(fuse_req_t req, int error);
/* The errno of a GError; EIO for none. */
int reply_errno(const GError *error);
void reply_failure(fuse_req_t req, const GError *error);
/*
 * What the node stood for is gone (ESTALE).  Its name may lead elsewhere by now,
 * and the kernel, which was not told yet, may have come here by that name: then it
 * asks for every name of the path again.  Only who holds the node itself sees the
 * error.
 */
void reply_stale(fuse_req_t req);

/* Of what is not KNOWN_YES: FALSE where it is not known yet; else the request was
 * answered. */
gboolean reply_unknown(fuse_req_t req, Known known, const GError *error);

/* FALSE when the request was interrupted and the kernel took no reference. */
gboolean reply_entry(fuse_req_t req, const struct fuse_entry_param *entry);
/* FALSE when the request was interrupted: the file is not open. */
gboolean reply_open(fuse_req_t req, const struct fuse_file_info *info);
void reply_attr(fuse_req_t req, const struct stat *attr, double timeout);
/* FALSE as for reply_entry. */
gboolean reply_data(fuse_req_t req, const void *data, gsize len);
/* The part of `bytes` that a read of `size` at `off` gets. */
void reply_slice(fuse_req_t req, GBytes *bytes, gsize size, off_t off);
void reply_written(fuse_req_t req, gsize count);
/* events: of poll(2). */
void reply_poll(fuse_req_t req, unsigned events);
void reply_link(fuse_req_t req, const char *target);
void reply_statfs(fuse_req_t req, const struct statvfs *all);
/* The end of a FORGET, which the kernel wants no answer to. */
void reply_none(fuse_req_t req);
