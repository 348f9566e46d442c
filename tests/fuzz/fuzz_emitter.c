/*
 * The wire of the emitter: its child gets a packet that says anything.  Its system
 * calls go nowhere, and each path that it uses must be a text of the packet.
 */
#include "fuzz.h"

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
#include "fs/emitter/emitter_child.h"

static const char *packet_of_now;
static gsize packet_len;
static gboolean given;
static gint32 answer_of_now;

static gssize fuzz_recv(int fd, void *buffer, gsize size, int flags)
{
	if (given)
		return 0;
	given = TRUE;
	g_assert_cmpuint(size, >=, packet_len);
	memcpy(buffer, packet_of_now, packet_len);
	/* What an earlier packet left there must not count. */
	memset((char *)buffer + packet_len, 'x', size - packet_len);
	return (gssize)packet_len;
}

static gssize fuzz_send(int fd, const void *bytes, gsize size, int flags)
{
	g_assert_cmpuint(size, ==, sizeof(answer_of_now));
	memcpy(&answer_of_now, bytes, size);
	g_assert_cmpint(answer_of_now, >=, 0);
	return (gssize)size;
}

static int is_text(const char *path)
{
	g_assert_cmpuint(strlen(path), <, packet_len);
	return 0;
}

static int fuzz_open(const char *path, int flags)
{
	return is_text(path) + 100;
}

static int fuzz_openat(int dir, const char *path, int flags)
{
	g_assert_cmpint(dir, ==, 100);
	g_assert_true(flags & O_NOFOLLOW);
	return is_text(path) + 101;
}

static int fuzz_statx(
	int fd, const char *path, int flags, unsigned mask, struct statx *ret)
{
	guint64 device = 0;

	if (packet_len >= sizeof(device))
		memcpy(&device, packet_of_now, sizeof(device));
	memset(ret, 0, sizeof(*ret));
	ret->stx_ino = NODE_ROOT;
	ret->stx_dev_major = major(device);
	ret->stx_dev_minor = minor(device);
	return 0;
}

static int fuzz_renameat(
	int from, const char *path, int to, const char *path_to)
{
	g_assert_cmpuint(strlen(path_to), >, 0);
	return is_text(path) + is_text(path_to);
}

#define recv fuzz_recv
#define send fuzz_send
#define open(path, flags) fuzz_open(path, flags)
#define openat(dir, path, flags) fuzz_openat(dir, path, flags)
#define statx(fd, path, flags, mask, ret) fuzz_statx(fd, path, flags, mask, ret)
#define mkdirat(dir, path, mode) is_text(path)
#define symlinkat(target, dir, path) is_text(path)
#define mknodat(dir, path, mode, device) is_text(path)
#define unlinkat(dir, path, flags) is_text(path)
#define renameat fuzz_renameat
#define futimens(fd, times) ((void)(times), 0)
#define fstatvfs(fd, ret) ((void)(ret), 0)
#define close(fd) ((void)(fd))
#define sigaction(signal, action, old) ((void)(action))
#define prctl(...) ((void)0)
#define chdir(path) 0
#define emitter_child_run fuzz_emitter_child_run
int fuzz_emitter_child_run(int socket);
#include "fs/emitter/emitter_child.c"
#undef open

void fuzz_emitter(const char *bytes, gsize len)
{
	packet_of_now = bytes;
	packet_len = MIN(len, EMITTER_CHILD_MAX);
	given = len == 0;
	g_assert_cmpint(fuzz_emitter_child_run(3), ==, EXIT_SUCCESS);
}
