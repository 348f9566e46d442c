#include "fs/base/reply.h"

#include <errno.h>

#include "fs/base/trace.h"

/* The greatest errno that Linux defines (EHWPOISON). */
#define ERRNO_MAX 133

/* Indexed by code; EAGAIN never stands here: Go's writers would spin on it. */
static const int errno_of[] = {
	[BACKEND_ERROR_INVALID] = EINVAL,
	[BACKEND_ERROR_AUTH] = EKEYREJECTED,
	[BACKEND_ERROR_AUTH_EXPIRED] = EKEYEXPIRED,
	[BACKEND_ERROR_DENIED] = EACCES,
	[BACKEND_ERROR_GONE] = ENOENT,
	[BACKEND_ERROR_CONFLICT] = EBUSY,
	[BACKEND_ERROR_EXISTS] = EEXIST,
	[BACKEND_ERROR_THROTTLED] = EUSERS,
	[BACKEND_ERROR_BUDGET] = EUSERS,
	[BACKEND_ERROR_QUOTA] = EDQUOT,
	[BACKEND_ERROR_REMOTE] = EREMOTEIO,
	[BACKEND_ERROR_TIMEOUT] = ETIMEDOUT,
	[BACKEND_ERROR_MAY_EXIST] = ETIMEDOUT,
	[BACKEND_ERROR_UNREACHABLE] = EHOSTUNREACH,
	[BACKEND_ERROR_BAD_ANSWER] = EBADMSG,
	[BACKEND_ERROR_TOO_BIG] = EFBIG,
	[BACKEND_ERROR_READ_ONLY] = EROFS,
	[BACKEND_ERROR_NO_ROOM] = ENOSPC,
	[BACKEND_ERROR_NO_FILES] = EMFILE,
	[BACKEND_ERROR_CROWDED] = ENOBUFS,
	[BACKEND_ERROR_UNSUPPORTED] = EOPNOTSUPP,
	[BACKEND_ERROR_CANCELLED] = ECANCELED,
	[BACKEND_ERROR_CONFIG] = EINVAL,
	[BACKEND_ERROR_LOCAL] = EIO,
	[BACKEND_ERROR_NO_KEY] = ENOKEY,
	[BACKEND_ERROR_REFUSED] = ECONNREFUSED,
	[BACKEND_ERROR_TLS] = EPROTO,
};

int reply_errno(const GError *error)
{
	if (!error || error->domain != BACKEND_ERROR || error->code < 0 ||
		error->code >= (int)G_N_ELEMENTS(errno_of))
		return EIO;
	return errno_of[error->code];
}

void reply_error(fuse_req_t req, int error)
{
	if (error < 0 || error > ERRNO_MAX)
		error = EIO;
	trace_end(error, 0);
	fuse_reply_err(req, error);
}

void reply_failure(fuse_req_t req, const GError *error)
{
	reply_error(req, reply_errno(error));
}

void reply_stale(fuse_req_t req)
{
	reply_error(req, ESTALE);
}

gboolean reply_unknown(fuse_req_t req, Known known, const GError *error)
{
	if (known == KNOWN_NO)
		reply_error(req, ENOENT);
	else if (known == KNOWN_FAILED)
		reply_failure(req, error);
	return known != KNOWN_NOT_YET;
}

gboolean reply_entry(fuse_req_t req, const struct fuse_entry_param *entry)
{
	trace_end(entry->ino ? 0 : ENOENT, 0);
	return fuse_reply_entry(req, entry) == 0;
}

gboolean reply_open(fuse_req_t req, const struct fuse_file_info *info)
{
	trace_end(0, 0);
	return fuse_reply_open(req, info) == 0;
}

void reply_attr(fuse_req_t req, const struct stat *attr, double timeout)
{
	trace_end(0, 0);
	fuse_reply_attr(req, attr, timeout);
}

gboolean reply_data(fuse_req_t req, const void *data, gsize len)
{
	trace_end(0, len);
	return fuse_reply_buf(req, data, len) == 0;
}

void reply_slice(fuse_req_t req, GBytes *bytes, gsize size, off_t off)
{
	gsize len;
	const char *data = g_bytes_get_data(bytes, &len);

	if (off < 0 || (guint64)off >= len) {
		reply_data(req, NULL, 0);
		return;
	}
	reply_data(req, data + off, MIN(size, len - (gsize)off));
}

void reply_written(fuse_req_t req, gsize count)
{
	trace_end(0, count);
	fuse_reply_write(req, count);
}

void reply_poll(fuse_req_t req, unsigned events)
{
	trace_end(0, 0);
	fuse_reply_poll(req, events);
}

void reply_link(fuse_req_t req, const char *target)
{
	trace_end(0, 0);
	fuse_reply_readlink(req, target);
}

void reply_statfs(fuse_req_t req, const struct statvfs *all)
{
	trace_end(0, 0);
	fuse_reply_statfs(req, all);
}

void reply_none(fuse_req_t req)
{
	trace_end(0, 0);
	fuse_reply_none(req);
}
