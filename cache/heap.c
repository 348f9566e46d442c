#include "heap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "hash.h"

struct Heap {
	int refs;
	int fd;
	guint64 len;
	char *path;
};

void file_error(GError **error, const char *what, const char *path)
{
	int number = errno;
	gboolean full = number == ENOSPC || number == EDQUOT || number == EFBIG;

	backend_error_set(error,
		full ? BACKEND_ERROR_NO_ROOM : BACKEND_ERROR_LOCAL,
		"cannot %s %s: %s", what, path, g_strerror(number));
}

gboolean heap_file_write(int fd, const char *path, const void *data, gsize len,
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
			file_error(error, "write", path);
			return FALSE;
		}
		p += n;
		at += (guint64)n;
		len -= (gsize)n;
	}
	return TRUE;
}

gssize heap_file_read(int fd, void *data, gsize len, guint64 at)
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

static Heap *heap_new(int fd, const char *path, guint64 len)
{
	Heap *self = g_new0(Heap, 1);

	self->refs = 1;
	self->fd = fd;
	self->len = len;
	self->path = g_strdup(path);
	return self;
}

Heap *heap_open(const char *path, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		file_error(error, "open", path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	return heap_new(fd, path, (guint64)st.st_size);
}

Heap *heap_memory(GError **error)
{
	const char *name = "bodies in memory";
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0) {
		file_error(error, "make", name);
		return NULL;
	}
	return heap_new(fd, name, 0);
}

Heap *heap_ref(Heap *self)
{
	if (self != NULL)
		__atomic_add_fetch(&self->refs, 1, __ATOMIC_RELAXED);
	return self;
}

void heap_unref(Heap *self)
{
	if (self == NULL ||
		__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	close(self->fd);
	g_free(self->path);
	g_free(self);
}

guint64 heap_len(const Heap *self)
{
	return self->len;
}

gboolean heap_append(Heap *self, const void *data, gsize len, GError **error)
{
	if (!heap_file_write(
		    self->fd, self->path, data, len, self->len, error)) {
		/* What was written lies beyond len and is overwritten next. */
		if (ftruncate(self->fd, (off_t)self->len) != 0)
			g_debug("cannot cut %s back", self->path);
		return FALSE;
	}
	self->len += len;
	return TRUE;
}

int heap_dup(const Heap *self)
{
	return fcntl(self->fd, F_DUPFD_CLOEXEC, 0);
}

gboolean heap_sync(Heap *self, GError **error)
{
	if (fdatasync(self->fd) == 0)
		return TRUE;
	file_error(error, "write", self->path);
	return FALSE;
}

char *heap_read(Heap *self, guint64 at, gsize len, guint64 hash, GError **error)
{
	g_autofree char *body = g_malloc(len + 1);
	gssize n = heap_file_read(self->fd, body, len, at);

	if (n < 0) {
		file_error(error, "read", self->path);
		return NULL;
	}
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
