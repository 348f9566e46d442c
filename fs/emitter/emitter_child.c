#include "fs/emitter/emitter_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fs/base/node.h"

/* What a link points to is the daemon's to say. */
#define ANY_TARGET "."

/*
 * The root of the mount, and of nothing else that may have come to lie there:
 * in a directory below it things would really be made.  Asks the kernel alone.
 * It is not kept open, since then the mount could not be ended.
 */
static int open_root(const char *mountpoint, guint64 device)
{
	int fd = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx attr;

	if (fd < 0)
		return -1;
	if (!statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO,
		    &attr) &&
		makedev(attr.stx_dev_major, attr.stx_dev_minor) == device &&
		attr.stx_ino == NODE_ROOT)
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

/* Watchers see what `echo x > file` makes them see; the bytes are the daemon's,
 * and its answer to the new time brings the true one. */
static int touch(int root, const char *path)
{
	const struct timespec times[] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	int fd = openat(root, path,
		O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int error;

	if (fd < 0)
		return errno;
	error = futimens(fd, times) ? errno : 0;
	close(fd);
	return error;
}

static int make(int root, const char *path, mode_t type)
{
	int failed;

	if (S_ISDIR(type))
		failed = mkdirat(root, path, 0755);
	else if (S_ISLNK(type))
		failed = symlinkat(ANY_TARGET, root, path);
	else
		failed = mknodat(root, path, S_IFREG | 0644, 0);
	return failed ? errno : 0;
}

static int move(int root, const char *path, const char *to)
{
	if (!*to)
		return EINVAL;
	return renameat(root, path, root, to) ? errno : 0;
}

/* to: "" where it leads nowhere else. */
static int obey(const EmitterCommand *order, const char *mountpoint,
	const char *path, const char *to)
{
	int root = open_root(mountpoint, order->device);
	int error = EINVAL;
	struct statvfs whole;

	if (root < 0)
		return errno;
	switch (order->kind) {
	case SYNTH_EVENT_TOUCH:
		error = touch(root, path);
		break;
	case SYNTH_EVENT_MAKE:
		error = make(root, path, order->type);
		break;
	case SYNTH_EVENT_REMOVE:
		error = unlinkat(root, path,
				S_ISDIR(order->type) ? AT_REMOVEDIR : 0)
				? errno
				: 0;
		break;
	case SYNTH_EVENT_MOVE:
		error = move(root, path, to);
		break;
	case EMITTER_PROBE:
		error = fstatvfs(root, &whole) ? errno : 0;
		break;
	default:
		break;
	}
	close(root);
	return error;
}

static int obey_packet(const char *packet, gsize len)
{
	EmitterCommand order;
	const char *mountpoint = packet + sizeof(order);
	const char *end = packet + len, *path, *to;

	if (len <= sizeof(order) || end[-1])
		return EINVAL;
	memcpy(&order, packet, sizeof(order));
	path = mountpoint + strlen(mountpoint) + 1;
	if (path >= end)
		return EINVAL;
	to = path + strlen(path) + 1;
	return obey(&order, mountpoint, path, to < end ? to : "");
}

/* The daemon alone says when it ends, even when a terminal or a service manager
 * signals the whole group; and nobody of the same user may borrow its pid. */
static void prepare(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE,
		SIGUSR1, SIGUSR2, SIGALRM, SIGTTOU};

	for (gsize i = 0; i < G_N_ELEMENTS(ignored); i++)
		sigaction(ignored[i], &ignore, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "sessionfs-emit");
	if (chdir("/"))
		_exit(EXIT_FAILURE);
}

int emitter_child_run(int socket)
{
	static char packet[EMITTER_CHILD_MAX];

	prepare();
	for (;;) {
		ssize_t got = recv(socket, packet, sizeof(packet), 0);
		gint32 answer;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? EXIT_FAILURE : EXIT_SUCCESS;
		answer = obey_packet(packet, (gsize)got);
		if (send(socket, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			return EXIT_FAILURE;
	}
}
