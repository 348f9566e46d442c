#include "cache/store/body_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/error.h"
#include "cache/base/descriptors.h"
#include "cache/base/hash.h"
#include "cache/base/refs.h"

struct BodyStore {
	int refs;
	gboolean doomed; /* its file goes with the last reference */
	KeptFile *file;
	guint64 len;
	char *path;
};

gboolean file_error(GError **error, const char *what, const char *path)
{
	int number = errno;
	BackendErrorCode code = BACKEND_ERROR_LOCAL;

	if (number == ENOSPC || number == EDQUOT || number == EFBIG)
		code = BACKEND_ERROR_NO_ROOM;
	else if (number == EMFILE || number == ENFILE)
		code = BACKEND_ERROR_NO_FILES;
	return backend_error_false(error, code, "cannot %s %s: %s", what, path,
		g_strerror(number));
}

gboolean body_file_write(int fd, const char *path, const void *data, gsize len,
	guint64 at, GError **error)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			return file_error(error, "write", path);
		}
		p += n;
		at += (guint64)n;
		len -= (gsize)n;
	}
	return TRUE;
}

gssize body_file_read(int fd, void *data, gsize len, guint64 at)
{
	gsize done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)data + done, len - done,
			(off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (gsize)n;
	}
	return (gssize)done;
}

gboolean body_file_append(KeptFile *file, const char *path, const void *data,
	gsize len, guint64 *end, GError **error)
{
	int fd = kept_file_hold(file);
	gboolean ok;

	if (fd < 0)
		return file_error(error, "open", path);
	ok = body_file_write(fd, path, data, len, *end, error);
	if (ok)
		*end += len;
	/* What was written lies beyond the end and is overwritten next. */
	else if (ftruncate(fd, (off_t)*end) != 0)
		g_debug("cannot cut %s back", path);
	kept_file_release(file);
	return ok;
}

gboolean body_file_sync(KeptFile *file, const char *path, GError **error)
{
	int fd = kept_file_hold(file);
	gboolean ok = fd >= 0 && fdatasync(fd) == 0;

	if (!ok)
		file_error(error, fd >= 0 ? "write" : "open", path);
	if (fd >= 0)
		kept_file_release(file);
	return ok;
}

/* named: path is where the file lies. */
static BodyStore *body_store_new(
	int fd, const char *path, gboolean named, guint64 len)
{
	BodyStore *self = g_new0(BodyStore, 1);

	self->refs = 1;
	self->file = kept_file_new(fd, named ? path : NULL);
	self->len = len;
	self->path = g_strdup(path);
	return self;
}

BodyStore *body_store_open(const char *path, GError **error)
{
	int fd = descriptors_openat(AT_FDCWD, path, O_RDWR | O_CREAT);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		file_error(error, "open", path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	return body_store_new(fd, path, TRUE, (guint64)st.st_size);
}

BodyStore *body_store_memory(GError **error)
{
	const char *name = "bodies in memory";
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0) {
		file_error(error, "make", name);
		return NULL;
	}
	return body_store_new(fd, name, FALSE, 0);
}

static void body_store_free(BodyStore *self)
{
	if (self->doomed)
		unlink(self->path);
	kept_file_free(self->file);
	g_free(self->path);
	g_free(self);
}

REFS_DEFINE(BodyStore, body_store, body_store_free)

void body_store_doom(BodyStore *self)
{
	self->doomed = TRUE;
}

guint64 body_store_len(const BodyStore *self)
{
	return self->len;
}

gboolean body_store_append(
	BodyStore *self, const void *data, gsize len, GError **error)
{
	return body_file_append(
		self->file, self->path, data, len, &self->len, error);
}

void body_store_rest(const BodyStore *self)
{
	kept_file_rest(self->file);
}

int body_store_dup(const BodyStore *self)
{
	return kept_file_dup(self->file);
}

gboolean body_store_sync(BodyStore *self, GError **error)
{
	return body_file_sync(self->file, self->path, error);
}

char *body_store_read(
	BodyStore *self, guint64 at, gsize len, guint64 hash, GError **error)
{
	g_autofree char *body = g_malloc(len + 1);
	int fd = kept_file_hold(self->file);
	gssize n = fd >= 0 ? body_file_read(fd, body, len, at) : -1;

	if (n < 0)
		file_error(error, fd >= 0 ? "read" : "open", self->path);
	if (fd >= 0)
		kept_file_release(self->file);
	if (n < 0)
		return NULL;
	if ((gsize)n < len || hash_bytes(body, len) != hash) {
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"the state file %s is damaged; what it held comes back "
			"with the next refresh",
			self->path);
		return NULL;
	}
	body[len] = '\0';
	return g_steal_pointer(&body);
}

/* ---- many ---- */

#define WINDOW_MAX (256u * 1024)

/* The more, the more of what was read last was asked for. */
static gboolean body_window_move(
	BodyWindow *self, BodyStore *store, guint64 at, gsize len)
{
	gboolean goes_on = at >= self->at && at <= self->at + self->len;
	gsize want = MAX(len, goes_on ? MIN(2 * self->len, WINDOW_MAX) : 0);
	int fd = kept_file_hold(store->file);
	gssize n = -1;

	self->bytes = g_realloc(self->bytes, want);
	self->at = at;
	if (fd >= 0) {
		n = body_file_read(fd, self->bytes, want, at);
		kept_file_release(store->file);
	}
	self->len = n > 0 ? (gsize)n : 0;
	return self->len >= len;
}

const char *body_window_read(
	BodyWindow *self, BodyStore *store, guint64 at, gsize len, guint64 hash)
{
	const char *body;

	if ((at < self->at || at + len > self->at + self->len) &&
		!body_window_move(self, store, at, len))
		return NULL;
	body = self->bytes + (at - self->at);
	return hash_bytes(body, len) == hash ? body : NULL;
}

void body_window_clear(BodyWindow *self)
{
	g_free(self->bytes);
	*self = (BodyWindow){NULL};
}
