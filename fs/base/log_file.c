#include "fs/base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/mutex.h"
#include "backends/error.h"
#include "cache/base/locked.h"

static struct {
	Mutex lock;
	int fd GUARDED_BY(lock);
} file = {.lock = MUTEX_INIT, .fd = -1};

/* Opening a pipe would wait for its reader, and a link may be somebody else's. */
static int open_regular(const char *path)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			O_NOFOLLOW | O_NONBLOCK,
		0600);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static const char *why_not(int error)
{
	switch (error) {
	case ELOOP:
		return "it is a symbolic link";
	case EINVAL:
	case ENXIO:
	case EISDIR:
		return "it is no regular file";
	case ENOENT:
		return "there is no such directory";
	default:
		return g_strerror(error);
	}
}

gboolean log_file_open(const char *path, GError **error)
{
	int fd = path ? open_regular(path) : -1;
	int before;

	if (path && fd < 0)
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"[sessionfs] log_file: %s: %s", path, why_not(errno));
	mutex_lock(&file.lock);
	before = file.fd;
	file.fd = fd;
	mutex_unlock(&file.lock);
	if (before >= 0)
		close(before);
	return TRUE;
}

static gboolean write_whole(int fd, const char *text)
{
	gsize left = strlen(text);

	while (left) {
		ssize_t done = write(fd, text, left);

		if (done < 0 && errno != EINTR)
			return FALSE;
		if (done > 0) {
			text += done;
			left -= (gsize)done;
		}
	}
	return TRUE;
}

gboolean log_file_write(const char *line)
{
	return LOCKED(&file.lock, file.fd >= 0 && write_whole(file.fd, line));
}
