#include "cache/base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/mutex.h"
#include "cache/base/locked.h"

#define MOST_MIN 8u
#define ASIDE 8u
#define FLAGS (O_CLOEXEC | O_NOFOLLOW)
#define MODE 0600

struct KeptFile {
	GList link; /* in state.unused, while it is open and nobody holds it */
	int fd;     /* -1: closed for now */
	guint holds;
	dev_t device;
	ino_t inode;
	char *path; /* NULL: it has no name */
};

static struct {
	Mutex lock;
	GQueue unused GUARDED_BY(lock); /* KeptFile, the longest unused first */
	guint open GUARDED_BY(lock), most GUARDED_BY(lock);
	int aside[ASIDE] GUARDED_BY(lock); /* those that there are come first */
	guint n_aside GUARDED_BY(lock);
} state = {.lock = MUTEX_INIT, .unused = G_QUEUE_INIT};

/* ---- what makes way ---- */

static guint most_open(void) REQUIRES(state.lock)
{
	struct rlimit files;

	if (state.most > 0)
		return state.most;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return MOST_MIN;
	state.most = (guint)CLAMP(files.rlim_cur / 4, MOST_MIN, G_MAXINT32);
	return state.most;
}

/* The descriptor to close, once it is open; -1: none. */
static int take_unused(void) REQUIRES(state.lock)
{
	GList *link = g_queue_pop_head_link(&state.unused);
	KeptFile *file;
	int fd;

	if (link == NULL)
		return -1;
	file = link->data;
	fd = file->fd;
	file->fd = -1;
	state.open--;
	return fd;
}

/* What is above the limit is closed. */
static void reconcile_open(void)
{
	int fd;

	do {
		fd = LOCKED(&state.lock,
			state.open > most_open() ? take_unused() : -1);
		if (fd >= 0)
			close(fd);
	} while (fd >= 0);
}

/* FALSE: there is nothing that could. */
static gboolean make_way(gboolean first)
{
	int fd;

	mutex_lock(&state.lock);
	fd = take_unused();
	if (fd < 0 && first && state.n_aside > 0)
		fd = state.aside[--state.n_aside];
	mutex_unlock(&state.lock);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static gboolean is_full(int fd)
{
	return fd < 0 && (errno == EMFILE || errno == ENFILE);
}

static int open_file(int dir, const char *name, int flags, gboolean first)
{
	int fd;

	do {
		fd = openat(dir, name, flags | FLAGS, MODE);
	} while (is_full(fd) && make_way(first));
	return fd;
}

int descriptors_openat(int dir, const char *name, int flags)
{
	return open_file(dir, name, flags, FALSE);
}

/* ---- the journal's ---- */

/* Another thread may have had the same thought. */
static gboolean put_aside(int fd)
{
	gboolean taken = FALSE;

	mutex_lock(&state.lock);
	if (state.n_aside < ASIDE) {
		state.aside[state.n_aside++] = fd;
		taken = TRUE;
	}
	mutex_unlock(&state.lock);
	return taken;
}

static void backfill_aside(void)
{
	while (LOCKED(&state.lock, state.n_aside < ASIDE)) {
		int fd = descriptors_openat(AT_FDCWD, "/dev/null", O_RDONLY);

		if (fd < 0)
			return;
		if (!put_aside(fd))
			close(fd);
	}
}

int descriptors_openat_first(int dir, const char *name, int flags)
{
	int fd = open_file(dir, name, flags, TRUE);
	int number = errno;

	if (fd >= 0)
		backfill_aside();
	errno = number;
	return fd;
}

int descriptors_close(int fd)
{
	int rc = close(fd), number = errno;

	backfill_aside();
	errno = number;
	return rc;
}

/* ---- files ---- */

KeptFile *kept_file_new(int fd, const char *path)
{
	KeptFile *self = g_new0(KeptFile, 1);
	struct stat st;

	self->link.data = self;
	self->fd = fd;
	self->path = g_strdup(path);
	if (path == NULL)
		return self;
	if (fstat(fd, &st) == 0) {
		self->device = st.st_dev;
		self->inode = st.st_ino;
	}
	mutex_lock(&state.lock);
	state.open++;
	g_queue_push_tail_link(&state.unused, &self->link);
	mutex_unlock(&state.lock);
	reconcile_open();
	return self;
}

void kept_file_free(KeptFile *self)
{
	if (self->path != NULL) {
		mutex_lock(&state.lock);
		if (self->fd >= 0) {
			g_queue_unlink(&state.unused, &self->link);
			state.open--;
		}
		mutex_unlock(&state.lock);
	}
	if (self->fd >= 0)
		close(self->fd);
	g_free(self->path);
	g_free(self);
}

void kept_file_rest(KeptFile *self)
{
	int fd = -1;

	if (self->path == NULL)
		return;
	mutex_lock(&state.lock);
	if (self->holds == 0 && self->fd >= 0) {
		g_queue_unlink(&state.unused, &self->link);
		fd = self->fd;
		self->fd = -1;
		state.open--;
	}
	mutex_unlock(&state.lock);
	if (fd >= 0)
		close(fd);
}

static int reopen(const KeptFile *self)
{
	int fd = descriptors_openat(AT_FDCWD, self->path, O_RDWR | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_dev == self->device &&
		st.st_ino == self->inode)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

/* With the lock. */
static void let_go(KeptFile *self)
{
	if (--self->holds == 0 && self->fd >= 0)
		g_queue_push_tail_link(&state.unused, &self->link);
}

/* What was opened for it, unless another thread was faster; -1: nothing. */
static int keep_opened(KeptFile *self, int opened)
{
	int fd, number = errno, surplus = -1;

	mutex_lock(&state.lock);
	if (self->fd < 0 && opened >= 0) {
		self->fd = opened;
		state.open++;
	} else {
		surplus = opened;
	}
	fd = self->fd;
	if (fd < 0)
		let_go(self);
	mutex_unlock(&state.lock);
	if (surplus >= 0)
		close(surplus);
	reconcile_open();
	errno = number;
	return fd;
}

int kept_file_hold(KeptFile *self)
{
	int fd;

	if (self->path == NULL)
		return self->fd;
	mutex_lock(&state.lock);
	fd = self->fd;
	if (self->holds++ == 0 && fd >= 0)
		g_queue_unlink(&state.unused, &self->link);
	mutex_unlock(&state.lock);
	return fd >= 0 ? fd : keep_opened(self, reopen(self));
}

void kept_file_release(KeptFile *self)
{
	if (self->path == NULL)
		return;
	mutex_lock(&state.lock);
	let_go(self);
	mutex_unlock(&state.lock);
	reconcile_open();
}

void kept_file_rename(KeptFile *self, const char *path)
{
	g_free(self->path);
	self->path = g_strdup(path);
}

int kept_file_dup(KeptFile *self)
{
	int fd = kept_file_hold(self), copy, number;

	if (fd < 0)
		return -1;
	do {
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} while (is_full(copy) && make_way(FALSE));
	number = errno;
	kept_file_release(self);
	errno = number;
	return copy;
}

/* ---- for tests ---- */

void descriptors_limit(guint most)
{
	mutex_lock(&state.lock);
	state.most = most;
	mutex_unlock(&state.lock);
	reconcile_open();
}

guint descriptors_open(void)
{
	return LOCKED(&state.lock, state.open);
}
