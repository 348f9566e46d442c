/*
 * Preloaded into the daemon: one call fails, at one place.  A place is a function and
 * the stack that led to it, as offsets in the files that the code lies in, so that it
 * is the same in another process.
 *
 *   TORTURE_RECORD=FILE  every place that is reached becomes a line of it: a hash,
 *                        the function, and the stack for addr2line
 *   TORTURE_SITE=HASH    the first call there fails, in whichever process
 *   TORTURE_FIRED=FILE   is made then, and nothing fails where it is there
 *   TORTURE_ABORT        it ends the process in place of failing
 *
 * Calls that libfuse makes itself never fail: it would not repeat them.  The answers to
 * the kernel are ours to write (wire.c), and do.
 */
/* Each name below is one of libc's own. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FRAMES 24
#define DEEP 12 /* frames that tell one place from another */
#define SEEN 65536

static __thread int inside;
static const char *record, *fired;
static uint64_t wanted;
static uint64_t seen[SEEN]; /* atomic: places that are recorded already */

/* What a frame lies in, by the end of its path; NULL: nobody knows. */
static const char *module_of(void *frame, uintptr_t *ret_offset)
{
	const char *slash;
	Dl_info info;

	if (!dladdr(frame, &info) || !info.dli_fname)
		return NULL;
	*ret_offset = (uintptr_t)frame - (uintptr_t)info.dli_fbase;
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

static int starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Not a sanitizer's own frames, nor ours. */
static int is_between(const char *module)
{
	return starts(module, "libasan") || starts(module, "libubsan") ||
	       starts(module, "libtorture");
}

static int is_ours(const char *module)
{
	return starts(module, "sessionfs") || starts(module, "libcurl") ||
	       starts(module, "libglib");
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return hash;
}

/* 0: a place that is left alone.  text: the stack, for people. */
static uint64_t place_of(const char *function, char *text, size_t room)
{
	uint64_t hash =
		mix(UINT64_C(14695981039346656037), function, strlen(function));
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES), deep = 0;
	size_t len = 0;

	for (int i = 0; i < n && deep < DEEP; i++) {
		uintptr_t offset = 0;
		const char *module = module_of(frames[i], &offset);

		if (!module || is_between(module))
			continue;
		if (deep == 0 && !is_ours(module))
			return 0;
		hash = mix(hash, module, strlen(module));
		hash = mix(hash, &offset, sizeof(offset));
		if (room > len)
			len += (size_t)snprintf(text + len, room - len,
				" %s+%#lx", module, (unsigned long)offset);
		deep++;
	}
	return deep > 0 ? hash | 1 : 0;
}

/* FALSE: it was there already. */
static int note_seen(uint64_t hash)
{
	for (size_t i = hash % SEEN, tries = 0; tries < SEEN;
		i = (i + 1) % SEEN, tries++) {
		uint64_t free = 0;

		if (__atomic_compare_exchange_n(&seen[i], &free, hash, 0,
			    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return 1;
		if (free == hash)
			return 0;
	}
	return 0;
}

static void append(uint64_t hash, const char *function, const char *stack)
{
	char line[4096];
	int len = snprintf(line, sizeof(line), "%016llx %s%s\n",
		(unsigned long long)hash, function, stack);
	int fd = open(record, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (len < (int)sizeof(line) && write(fd, line, (size_t)len) < 0)
		abort();
	close(fd);
}

static int fire(void)
{
	int fd = open(fired, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

/* Whether this call is to fail. */
static int fails(const char *function)
{
	int kept = errno, failed = 0;
	char stack[3000] = "";
	uint64_t hash;

	if (inside || (!record && !wanted))
		return 0;
	inside = 1;
	hash = place_of(function, stack, record ? sizeof(stack) : 0);
	if (hash && record && note_seen(hash))
		append(hash, function, stack);
	if (hash && wanted == hash)
		failed = fire();
	inside = 0;
	if (failed && getenv("TORTURE_ABORT"))
		abort();
	errno = kept;
	return failed;
}

__attribute__((constructor)) static void start(void)
{
	const char *site = getenv("TORTURE_SITE");
	void *frames[2];

	inside = 1;
	backtrace(frames, 2); /* loads what it needs */
	record = getenv("TORTURE_RECORD");
	fired = getenv("TORTURE_FIRED");
	if (site && fired)
		wanted = strtoull(site, NULL, 16);
	inside = 0;
}

/* A function that takes the place of libc's: its type, name, parameters, the names of
 * these, and how it fails. */
#define TORTURE(type, name, parameters, arguments, error, result)              \
	type name parameters;                                                  \
	type name parameters                                                   \
	{                                                                      \
		static type(*real) parameters;                                 \
                                                                               \
		if (!real)                                                     \
			real = (type(*) parameters)dlsym(RTLD_NEXT, #name);    \
		if (fails(#name)) {                                            \
			errno = error;                                         \
			return result;                                         \
		}                                                              \
		return real arguments;                                         \
	}

TORTURE(ssize_t, write, (int fd, const void *bytes, size_t len),
	(fd, bytes, len), ENOSPC, -1)
TORTURE(ssize_t, writev, (int fd, const struct iovec *parts, int n),
	(fd, parts, n), ENOSPC, -1)
TORTURE(ssize_t, pwrite64,
	(int fd, const void *bytes, size_t len, __off64_t off),
	(fd, bytes, len, off), ENOSPC, -1)
TORTURE(ssize_t, read, (int fd, void *bytes, size_t len), (fd, bytes, len), EIO,
	-1)
TORTURE(ssize_t, pread64, (int fd, void *bytes, size_t len, __off64_t off),
	(fd, bytes, len, off), EIO, -1)
TORTURE(int, fsync, (int fd), (fd), EIO, -1)
TORTURE(int, fdatasync, (int fd), (fd), EIO, -1)
TORTURE(int, ftruncate64, (int fd, __off64_t len), (fd, len), EIO, -1)
TORTURE(int, rename, (const char *from, const char *to), (from, to), EIO, -1)
TORTURE(int, renameat,
	(int from_dir, const char *from, int to_dir, const char *to),
	(from_dir, from, to_dir, to), EIO, -1)
TORTURE(int, unlink, (const char *path), (path), EIO, -1)
TORTURE(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, -1)
TORTURE(int, socket, (int domain, int type, int protocol),
	(domain, type, protocol), EMFILE, -1)
TORTURE(int, socketpair, (int domain, int type, int protocol, int ends[2]),
	(domain, type, protocol, ends), EMFILE, -1)
TORTURE(int, connect, (int fd, const struct sockaddr *to, socklen_t len),
	(fd, to, len), ECONNREFUSED, -1)
TORTURE(ssize_t, send, (int fd, const void *bytes, size_t len, int flags),
	(fd, bytes, len, flags), ECONNRESET, -1)
TORTURE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
	(fd, message, flags), ECONNRESET, -1)
TORTURE(ssize_t, recv, (int fd, void *bytes, size_t len, int flags),
	(fd, bytes, len, flags), ECONNRESET, -1)
TORTURE(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags),
	(fd, message, flags), ECONNRESET, -1)
TORTURE(int, pipe2, (int ends[2], int flags), (ends, flags), EMFILE, -1)
TORTURE(int, eventfd, (unsigned int start, int flags), (start, flags), EMFILE,
	-1)
TORTURE(int, pthread_create,
	(pthread_t * thread, const pthread_attr_t *attr,
		void *(*run)(void *data), void *data),
	(thread, attr, run, data), EAGAIN, EAGAIN)
TORTURE(int, posix_spawn,
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *attr, char *const argv[],
		char *const envp[]),
	(pid, path, files, attr, argv, envp), ENOMEM, ENOMEM)
TORTURE(int, posix_spawnp,
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *attr, char *const argv[],
		char *const envp[]),
	(pid, path, files, attr, argv, envp), ENOMEM, ENOMEM)

/* These take a mode only where they make a file. */
#define MODE_OF(flags, ret)                                                    \
	do {                                                                   \
		va_list list;                                                  \
		va_start(list, flags);                                         \
		ret = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t)   \
						      : 0;                     \
		va_end(list);                                                  \
	} while (0)

typedef int Open(const char *path, int flags, ...);
typedef int OpenAt(int dir, const char *path, int flags, ...);

#define TORTURE_OPEN(name)                                                     \
	Open name;                                                             \
	int name(const char *path, int flags, ...)                             \
	{                                                                      \
		static Open *real;                                             \
		mode_t mode;                                                   \
                                                                               \
		MODE_OF(flags, mode);                                          \
		if (!real)                                                     \
			real = (Open *)dlsym(RTLD_NEXT, #name);                \
		if (fails(#name)) {                                            \
			errno = EMFILE;                                        \
			return -1;                                             \
		}                                                              \
		return real(path, flags, mode);                                \
	}

#define TORTURE_OPENAT(name)                                                   \
	OpenAt name;                                                           \
	int name(int dir, const char *path, int flags, ...)                    \
	{                                                                      \
		static OpenAt *real;                                           \
		mode_t mode;                                                   \
                                                                               \
		MODE_OF(flags, mode);                                          \
		if (!real)                                                     \
			real = (OpenAt *)dlsym(RTLD_NEXT, #name);              \
		if (fails(#name)) {                                            \
			errno = EMFILE;                                        \
			return -1;                                             \
		}                                                              \
		return real(dir, path, flags, mode);                           \
	}

TORTURE_OPEN(open64)
TORTURE_OPENAT(openat64)
