#include "fs/keeper/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cache/base/failpoint.h"
#include "fs/keeper/fuse_wire.h"

/* Wire facts (linux/fuse.h), which older headers and libfuse lack. */
#define STATFS 17
#define INIT 26
#define POLL 40
#define INIT_OUT_FLAGS 12 /* offset in struct fuse_init_out */
#define INIT_READAHEAD 9  /* in fuse_init_in: a byte of max_readahead */
#define PARALLEL_DIROPS (1u << 18)
#define UNIQUE_RESEND (G_GUINT64_CONSTANT(1) << 63)
#define NOTIFY_POLL 1
#define NOTIFY_RESEND 7
#define POLL_SCHEDULE_NOTIFY (1u << 0)

/* libfuse from here on passes PARALLEL_DIROPS on. */
#define FIXED_IN 317

typedef struct {
	guint64 handle, poll;
	guint32 flags, events;
} InPoll;

typedef struct {
	guint32 len;
	gint32 error; /* of a notification: its code */
	guint64 unique;
} OutHeader;

/* One session a process. */
static struct {
	struct fuse_session *session;
	Kept *kept;
	gboolean replied;  /* atomic: INIT is */
	gboolean again;    /* its reply is not for the kernel */
	gboolean same;     /* and is what it has */
	gboolean failed;   /* the kernel did not take it; atomic */
	gboolean unmasked; /* a flaw of a test */
	guint replies;     /* atomic: what a thread did before its reply is done
	                      when another one reads what the kernel makes of it */
	void (*unsent)(guint64 node, void *data);
	void *data;
} wire;

static __thread guint64 unique;
static __thread gboolean is_again;
static __thread guint32 opcode;

gboolean wire_kernel_resends(void)
{
	struct utsname name;
	gint64 major, minor;
	char *rest;

	if (uname(&name))
		return FALSE;
	major = g_ascii_strtoll(name.release, &rest, 10);
	minor = *rest == '.' ? g_ascii_strtoll(rest + 1, NULL, 10) : 0;
	return major > 6 || (major == 6 && minor >= 9);
}

gboolean wire_is_again(void)
{
	return is_again;
}

guint64 wire_unique(void)
{
	return unique;
}

/* ---- replies ---- */

/*
 * A parked READDIR would hold up every lookup in its directory unless the
 * kernel may run them in parallel.
 */
static void promise(struct iovec *iov, int count)
{
	guint32 flags;
	char *out;

	if (fuse_version() >= FIXED_IN || count != 2 ||
		iov[1].iov_len < INIT_OUT_FLAGS + sizeof(flags))
		return;
	out = (char *)iov[1].iov_base + INIT_OUT_FLAGS;
	memcpy(&flags, out, sizeof(flags));
	flags |= PARALLEL_DIROPS;
	memcpy(out, &flags, sizeof(flags));
}

/* The INIT reply is the first thing written: header, then fuse_init_out. */
static gsize gather(const struct iovec *iov, int count, char *ret)
{
	gsize n = 0;

	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len > KEPT_INIT_MAX - n)
			return 0;
		memcpy(ret + n, iov[i].iov_base, iov[i].iov_len);
		n += iov[i].iov_len;
	}
	return n;
}

/* Without it the kernel sends nothing more, and whoever asks the mount waits. */
static ssize_t agree(int fd, const struct iovec *iov, int count)
{
	ssize_t done = writev(fd, iov, count);
	int failed = errno;

	if (done >= 0)
		return done;
	g_warning("the kernel was not told how the mount is served: %s",
		g_strerror(failed));
	__atomic_store_n(&wire.failed, TRUE, __ATOMIC_RELAXED);
	fuse_session_exit(wire.session);
	errno = failed;
	return done;
}

static ssize_t write_init(int fd, struct iovec *iov, int count)
{
	char reply[KEPT_INIT_MAX];
	const void *before;
	gsize n;

	promise(iov, count);
	n = gather(iov, count, reply);
	if (!wire.again) {
		kept_init_set(wire.kept, TRUE, reply, n);
		return agree(fd, iov, count);
	}
	wire.same = n && kept_init_get(wire.kept, TRUE, &before) == n &&
		    !memcmp(before, reply, n);
	return (ssize_t)n;
}

/* ENOENT: who asked is gone; ENODEV: the mount is.  Else it is told that its answer was
 * lost, or it would wait for ever. */
static ssize_t answer(
	int fd, const struct iovec *iov, int count, const OutHeader *header)
{
	const OutHeader lost = {
		.len = sizeof(lost), .error = -EIO, .unique = header->unique};
	ssize_t done = writev(fd, iov, count);
	int failed = errno;

	if (done < 0 && failed != ENOENT && failed != ENODEV &&
		write(fd, &lost, sizeof(lost)) < 0)
		g_debug("nobody waits for that answer");
	errno = failed;
	return done;
}

static ssize_t write_reply(int fd, struct iovec *iov, int count, void *data)
{
	OutHeader header;
	ssize_t done;

	memcpy(&header, iov[0].iov_base, sizeof(header));
	if (header.unique &&
		!__atomic_exchange_n(&wire.replied, TRUE, __ATOMIC_RELAXED))
		return write_init(fd, iov, count);
	__atomic_add_fetch(&wire.replies, 1, __ATOMIC_RELEASE);
	if (!header.unique)
		return writev(fd, iov, count);
	if (!wire.kept)
		return answer(fd, iov, count, &header);
	failpoint_step("reply", "before");
	kept_reply_begin(wire.kept, header.unique & ~UNIQUE_RESEND);
	done = answer(fd, iov, count, &header);
	failpoint_step("reply", "after");
	/* What it is asked in order to see how it is does not make it useful. */
	kept_reply_end(wire.kept, opcode != STATFS);
	return done;
}

/* ---- requests ---- */

/* What was counted for an answer that was never sent is counted again by the next. */
static void take_back(void)
{
	g_autoptr(GArray) nodes = kept_resent(wire.kept, unique);

	for (guint i = 0; nodes && i < nodes->len; i++)
		wire.unsent(g_array_index(nodes, guint64, i), wire.data);
}

static void note_poll(const char *request)
{
	KeptHandle *handle;
	InPoll poll;

	memcpy(&poll, request + sizeof(InHeader), sizeof(poll));
	handle = kept_handle(wire.kept, poll.handle);
	if (handle && (poll.flags & POLL_SCHEDULE_NOTIFY))
		handle->poll = poll.poll;
}

/* Before it is acted on. */
static void note(const char *request, gsize n)
{
	InHeader header;

	memcpy(&header, request, MIN(n, sizeof(header)));
	unique = wire.unmasked ? header.unique : header.unique & ~UNIQUE_RESEND;
	is_again = (header.unique & UNIQUE_RESEND) != 0;
	opcode = header.opcode;
	if (is_again && wire.unsent)
		take_back();
	if (header.opcode == INIT)
		kept_init_set(wire.kept, FALSE, request, n);
	else if (header.opcode == POLL &&
		 n >= sizeof(InHeader) + sizeof(InPoll))
		note_poll(request);
}

static ssize_t read_one(int fd, void *buffer, size_t size)
{
	char *kept = kept_read_begin(wire.kept);
	char *rest = (char *)buffer + KEPT_READ;
	struct iovec iov[2];
	ssize_t got;

	if (!kept || size <= KEPT_READ)
		return read(fd, buffer, size);
	iov[0] = (struct iovec){kept, KEPT_READ};
	iov[1] = (struct iovec){rest, size - KEPT_READ};
	got = readv(fd, iov, 2);
	if (got < (ssize_t)sizeof(InHeader))
		return got;
	if (got > (ssize_t)KEPT_READ)
		kept_read_rest(wire.kept, rest, (gsize)got - KEPT_READ);
	failpoint_step("request", "read");
	memcpy(buffer, kept, MIN((gsize)got, KEPT_READ));
	note(buffer, (gsize)got);
	return got;
}

static ssize_t read_request(int fd, void *buffer, size_t size, void *data)
{
	ssize_t got = read_one(fd, buffer, size);

	(void)__atomic_load_n(&wire.replies, __ATOMIC_ACQUIRE);
	return got;
}

gboolean wire_attach(struct fuse_session *session, int fd, Kept *kept)
{
	static const struct fuse_custom_io io = {
		.writev = write_reply, .read = read_request};

	wire.session = session;
	wire.kept = kept;
	wire.unmasked = failpoint_flaw("unmasked");
	return fuse_session_custom_io(session, &io, fd) == 0;
}

gboolean wire_failed(void)
{
	return __atomic_load_n(&wire.failed, __ATOMIC_RELAXED);
}

/* ---- taking over ---- */

gboolean wire_init_again(struct fuse_session *session)
{
	char request[KEPT_INIT_MAX];
	struct fuse_buf buf = {.mem = request};
	const void *before;

	buf.size = kept_init_get(wire.kept, FALSE, &before);
	if (!buf.size)
		return FALSE;
	memcpy(request, before, buf.size);
	if (failpoint_flaw("other_init"))
		request[sizeof(InHeader) + INIT_READAHEAD] ^= 0x10;
	wire.again = TRUE;
	fuse_session_process_buf(session, &buf);
	return wire.same;
}

static void wake_polls(int fd)
{
	g_autoptr(GArray) polls = kept_polls(wire.kept);

	for (guint i = 0; i < polls->len; i++) {
		guint64 poll = g_array_index(polls, guint64, i);
		OutHeader out = {.len = sizeof(out) + sizeof(poll),
			.error = NOTIFY_POLL};
		struct iovec iov[] = {
			{&out, sizeof(out)}, {&poll, sizeof(poll)}};

		/* Most of them wait no longer. */
		if (writev(fd, iov, G_N_ELEMENTS(iov)) < 0)
			g_debug("nobody polls there");
	}
}

void wire_resume(struct fuse_session *session,
	void (*unsent)(guint64 node, void *data), void *data)
{
	const OutHeader out = {.len = sizeof(out), .error = NOTIFY_RESEND};
	int fd = fuse_session_fd(session);

	wire.unsent = unsent;
	wire.data = data;
	if (!failpoint_flaw("unresent") && write(fd, &out, sizeof(out)) < 0)
		g_warning("the kernel does not bring again what was under way: "
			  "%s",
			g_strerror(errno));
	if (!failpoint_flaw("unpolled"))
		wake_polls(fd);
}
