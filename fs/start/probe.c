#include "fs/start/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "fs/start/mount_table.h"

#define TEXT_MAX (64 * 1024 * 1024)

struct Probe {
	pid_t child; /* 0: it has ended */
	int fd;      /* -1: it has said all */
	int error;
	GString *text;
};

/* ---- the child ---- */

typedef struct {
	const char *mountpoint, *path;
} Place;

/* The kernel may know the attributes of a dead mount; what the whole holds it asks
 * for each time. */
static int copy(const void *data, int out)
{
	const Place *place = data;
	static char part[65536];
	struct statfs whole;
	ssize_t got;
	int fd;

	if (statfs(place->mountpoint, &whole))
		return errno;
	fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	while ((got = read(fd, part, sizeof(part))) > 0)
		for (ssize_t done = 0, put; done < got; done += put) {
			put = write(out, part + done, (gsize)(got - done));
			if (put < 0)
				return errno;
		}
	return got < 0 ? errno : 0;
}

/* One that hangs in the kernel would keep whoever reads our output waiting. */
static void leave_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

Probe *probe_run(ProbeRun run, const void *data)
{
	Probe *self = g_new0(Probe, 1);
	int ends[2];

	self->fd = -1;
	self->text = g_string_new(NULL);
	if (pipe2(ends, O_CLOEXEC)) {
		self->error = errno;
		return self;
	}
	self->child = fork();
	if (self->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		leave_output();
		_exit(run(data, ends[1]));
	}
	close(ends[1]);
	self->fd = ends[0];
	if (self->child < 0) {
		self->error = errno;
		self->child = 0;
		close(self->fd);
		self->fd = -1;
	}
	return self;
}

Probe *probe_start(const char *mountpoint, const char *file)
{
	g_autofree char *path = g_build_filename(mountpoint, file, NULL);
	const Place place = {mountpoint, path};

	return probe_run(copy, &place);
}

/* ---- the parent ---- */

/* Its status is an errno.  One that is killed may still wait in the kernel: it is
 * not waited for. */
static void finish(Probe *self, int error)
{
	int status;

	close(self->fd);
	self->fd = -1;
	self->error = error;
	if (error) {
		kill(self->child, SIGKILL);
		waitpid(self->child, NULL, WNOHANG);
	} else if (waitpid(self->child, &status, 0) == self->child) {
		self->error = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	}
	self->child = 0;
}

static void take(Probe *self)
{
	char part[65536];
	ssize_t got = read(self->fd, part, sizeof(part));

	if (got < 0 && errno == EINTR)
		return;
	if (got > 0 && self->text->len + (gsize)got > TEXT_MAX)
		finish(self, EFBIG);
	else if (got > 0)
		g_string_append_len(self->text, part, got);
	else
		finish(self, got < 0 ? errno : 0);
}

/* FALSE: all have ended, or the time is over. */
static gboolean wait_once(GPtrArray *probes, gint64 until_us)
{
	g_autofree struct pollfd *fds = g_new0(struct pollfd, probes->len);
	gint64 left = (until_us - clock_now_us(&clock_real) + 999) / 1000;
	guint open = 0;

	for (guint i = 0; i < probes->len; i++) {
		const Probe *probe = g_ptr_array_index(probes, i);

		fds[i] = (struct pollfd){.fd = probe->fd, .events = POLLIN};
		open += probe->fd >= 0;
	}
	if (!open || left <= 0)
		return FALSE;
	if (poll(fds, probes->len, (int)MIN(left, G_MAXINT)) < 0)
		return errno == EINTR;
	for (guint i = 0; i < probes->len; i++)
		if (fds[i].revents)
			take(g_ptr_array_index(probes, i));
	return TRUE;
}

void probe_wait(GPtrArray *probes, gint64 limit_ms)
{
	gint64 until = clock_now_us(&clock_real) + limit_ms * 1000;

	while (wait_once(probes, until))
		;
	for (guint i = 0; i < probes->len; i++) {
		Probe *probe = g_ptr_array_index(probes, i);

		if (probe->fd >= 0)
			finish(probe, ETIMEDOUT);
	}
}

int probe_error(const Probe *self)
{
	return self->error;
}

const char *probe_text(const Probe *self)
{
	return self->text->str;
}

gsize probe_size(const Probe *self)
{
	return self->text->len;
}

void probe_free(Probe *self)
{
	g_string_free(self->text, TRUE);
	g_free(self);
}

/* ---- one question ---- */

/* Its answer; NULL and *ret_error. */
static GString *answer_to(
	ProbeRun run, const void *data, gint64 limit_ms, int *ret_error)
{
	g_autoptr(GPtrArray) one =
		g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);
	Probe *probe = probe_run(run, data);

	g_ptr_array_add(one, probe);
	probe_wait(one, limit_ms);
	*ret_error = probe->error;
	return probe->error ? NULL
			    : g_string_new_len(probe->text->str,
				      (gssize)probe->text->len);
}

char *probe_ask(ProbeRun run, const void *data, gint64 limit_ms, int *ret_error)
{
	GString *answer = answer_to(run, data, limit_ms, ret_error);

	return answer ? g_string_free(answer, FALSE) : NULL;
}

char *probe_read(const char *mountpoint, const char *file, int *ret_error)
{
	g_autofree char *path = g_build_filename(mountpoint, file, NULL);
	const Place place = {mountpoint, path};

	return probe_ask(copy, &place, PROBE_LIMIT_MS, ret_error);
}

static int tell_stat(const void *path, int out)
{
	struct statfs whole;
	struct stat attr;

	/* The kernel may know the attributes of what is dead. */
	if (!mount_table_is_trigger(path) && statfs(path, &whole))
		return errno;
	if (stat(path, &attr))
		return errno;
	return write(out, &attr, sizeof(attr)) == sizeof(attr) ? 0 : EIO;
}

int probe_stat(const char *path, struct stat *ret)
{
	int error;
	GString *answer = answer_to(tell_stat, path, PROBE_LIMIT_MS, &error);

	if (!answer)
		return error;
	memcpy(ret, answer->str, sizeof(*ret));
	g_string_free(answer, TRUE);
	return 0;
}
