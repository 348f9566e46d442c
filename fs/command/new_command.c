#include "fs/command/new_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/inherited.h"
#include "fs/base/exit_status.h"
#include "fs/command/places.h"
#include "fs/command/wait_command.h"
#include "fs/ops/control.h"
#include "fs/start/mount_table.h"
#include "fs/start/probe.h"

enum { FLAG_ID = 256 };

const Flag new_flags[] = {
	{"id", FLAG_ID, NULL, "print the id, and not the directory"},
	{"wait", 'w', "PHASE", "wait until the session is in that phase"},
	{"timeout", 't', "DURATION", "with --wait: no longer than that"},
	FLAG_HELP,
	{NULL},
};

/* ---- the workspace ---- */

/* The only mount there is: a new string; NULL: there is none or several, which was
 * said. */
static char *only_mount(const char *named, int *ret_status)
{
	g_autoptr(GPtrArray) ours = mount_table_ours();
	const MountEntry *first = ours->len ? ours->pdata[0] : NULL;

	if (ours->len == 1)
		return g_strdup(first->place);
	*ret_status = STATUS_NO_MOUNT;
	if (!first)
		command_line_fail(STATUS_NO_MOUNT,
			"there is no directory %s, and no sessionfs is mounted",
			named);
	else
		command_line_fail(STATUS_NO_MOUNT,
			"there is no directory %s, and several mounts that may "
			"be meant: %s and %s; write the whole path",
			named, first->place,
			((const MountEntry *)ours->pdata[1])->place);
	return NULL;
}

/* A path, or PROVIDER/WORKSPACE in the only mount; in a mount that answers.  NULL: it
 * is not, which was said. */
static char *workspace_of(const char *named, int *ret_status)
{
	gboolean short_form = !g_path_is_absolute(named) && *named != '.' &&
			      strchr(named, '/');
	int error = places_reach(named, PROBE_LIMIT_MS);
	g_autofree char *mount = NULL;
	g_autofree char *path = g_strdup(named);

	if (error == ENODEV && short_form &&
		!g_file_test(named, G_FILE_TEST_EXISTS)) {
		mount = only_mount(named, ret_status);
		if (!mount)
			return NULL;
		g_free(path);
		path = g_build_filename(mount, named, NULL);
		error = places_reach(path, PROBE_LIMIT_MS);
	}
	if (!error)
		return g_steal_pointer(&path);
	*ret_status = places_unreached(path, error);
	return NULL;
}

/* Elsewhere a file called new is somebody's own: nothing is opened for writing
 * before the directory is known to be ours. */
static int open_new_in(int folder, const char *workspace, int *ret_status)
{
	g_autoptr(GPtrArray) ours = mount_table_ours();
	struct stat attr;
	int fd;

	if (!fstat(folder, &attr) && !mount_table_of(ours, attr.st_dev)) {
		*ret_status = places_unreached(workspace, ENODEV);
		return -1;
	}
	fd = openat(folder, "new", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		*ret_status = command_line_fail(EXIT_FAILURE,
			"%s is no workspace: give the directory of one, "
			"MOUNTPOINT/SECTION/WORKSPACE",
			workspace);
	else
		*ret_status = command_line_fail(
			errno == ENOTCONN || errno == ENXIO ? STATUS_NO_MOUNT
							    : EXIT_FAILURE,
			"%s cannot be written into: %s", workspace,
			g_strerror(errno));
	return -1;
}

static int tell_unopened(const char *workspace, int error)
{
	g_autofree char *gone = error == ENOENT ? places_gone(workspace) : NULL;

	return command_line_fail(
		error == ENOTCONN ? STATUS_NO_MOUNT : EXIT_FAILURE,
		error == ENOENT || error == ENOTDIR
			? "%s is no workspace: %s"
			: "%s cannot be written into: %s",
		workspace, gone ? gone : g_strerror(error));
}

static int open_new(const char *workspace, int *ret_status)
{
	int folder = open(workspace, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (folder < 0) {
		*ret_status = tell_unopened(workspace, errno);
		return -1;
	}
	fd = open_new_in(folder, workspace, ret_status);
	close(folder);
	return fd;
}

/* ---- the spec ---- */

static GString *read_spec(int *ret_status)
{
	GString *spec = g_string_new(NULL);
	char part[65536];
	ssize_t got;

	while ((got = read(STDIN_FILENO, part, sizeof(part)))) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got > 0 && spec->len <= CONTROL_DOCUMENT_MAX) {
			g_string_append_len(spec, part, got);
			continue;
		}
		*ret_status = command_line_fail(
			got < 0 ? EXIT_FAILURE : STATUS_REFUSED,
			"the spec cannot be read: %s",
			got < 0 ? g_strerror(errno) : "it is over 1 MiB");
		g_string_free(spec, TRUE);
		return NULL;
	}
	if (spec->len)
		return spec;
	*ret_status = command_line_fail(
		STATUS_USAGE, "there is no spec on standard input");
	g_string_free(spec, TRUE);
	return NULL;
}

/* ---- the create ---- */

/* What an errno of the write says of the session; see sessionfs(7). */
static int status_of(int error)
{
	static const int may_exist[] = {
		ETIMEDOUT, EINTR, ECONNABORTED, ENOTCONN};
	static const int unsent[] = {EUSERS, EHOSTUNREACH, ECONNREFUSED, EPROTO,
		ECANCELED, ENOSPC, EMFILE, ENOBUFS, EREMOTEIO};
	static const int refused[] = {EINVAL, EACCES, EPERM, EKEYREJECTED,
		EKEYEXPIRED, ENOKEY, EDQUOT, EEXIST, EBUSY, EFBIG, EROFS,
		EOPNOTSUPP};

	for (gsize i = 0; i < G_N_ELEMENTS(may_exist); i++)
		if (error == may_exist[i])
			return STATUS_MAY_EXIST;
	for (gsize i = 0; i < G_N_ELEMENTS(unsent); i++)
		if (error == unsent[i])
			return STATUS_UNSENT;
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (error == refused[i])
			return STATUS_REFUSED;
	return EXIT_FAILURE;
}

/* A workspace that is not there went while the spec was written.  If it has come
 * again, as one does in a reload, the next try finds it. */
static int status_of_missing(const char *workspace)
{
	g_autofree char *missing = places_missing(workspace);

	return missing ? STATUS_REFUSED : STATUS_UNSENT;
}

static int tell_failure(const char *workspace, int error)
{
	static const char *const outcomes[] = {
		[EXIT_FAILURE] = "no session was made",
		[STATUS_REFUSED] = "no session was made",
		[STATUS_UNSENT] = "no session was made; try again later",
		[STATUS_MAY_EXIST] = "the session may exist; see .requests",
	};
	int status = error == ENOENT ? status_of_missing(workspace)
				     : status_of(error);
	int unread;
	g_autofree char *why = probe_read(workspace, ".last_error", &unread);

	if (!why)
		why = places_gone(workspace);

	return command_line_fail(status, "%s: %s (%s)%s%s", workspace,
		outcomes[status], g_strerror(error), why && *why ? ": " : "",
		why ? g_strchomp(why) : "");
}

/* 0 or an errno.  A document that is not complete is found out by the close. */
static int send_spec(int fd, const GString *spec, GString *ret_answer)
{
	char part[4096];
	ssize_t got;
	int error = 0;

	for (gsize done = 0; done < spec->len && !error;) {
		got = write(fd, spec->str + done, spec->len - done);
		if (got < 0)
			error = errno;
		else
			done += (gsize)got;
	}
	while (!error && (got = read(fd, part, sizeof(part))) > 0)
		g_string_append_len(ret_answer, part, got);
	if (close(fd) && !error)
		error = errno;
	return error;
}

/* The directory's name is a JSON string of the answer: a new string, or NULL. */
static char *session_of(const char *answer)
{
	const char *start = strstr(answer, "\"session\":\"");
	g_autoptr(GString) name = g_string_new(NULL);

	if (!start)
		return NULL;
	for (const char *c = start + strlen("\"session\":\""); *c && *c != '"';
		c++) {
		if (*c == '\\' && c[1])
			c++; /* no control character is in a name */
		g_string_append_c(name, *c);
	}
	return g_string_free(g_steal_pointer(&name), FALSE);
}

/* At once: whoever reads it need not wait with us.  Not by stdio, whose failure
 * would be told a second time, and after which the session is known all the same. */
static int tell_session(const char *shown, const char *session)
{
	g_autofree char *line = g_strdup_printf("%s\n", shown);
	gsize len = strlen(line);
	ssize_t put;

	signal(SIGPIPE, SIG_IGN);
	for (gsize done = 0; done < len; done += (gsize)put) {
		put = write(STDOUT_FILENO, line + done, len - done);
		if (inherited_was_closed(STDOUT_FILENO)) {
			put = -1;
			errno = EBADF;
		}
		if (put < 0)
			return command_line_fail(STATUS_MAY_EXIST,
				"the session %s was made, and standard output "
				"cannot be written: %s",
				session, g_strerror(errno));
	}
	return EXIT_SUCCESS;
}

static int create(const CommandLine *line, const char *workspace, int fd,
	const GString *spec, char **ret_session)
{
	g_autoptr(GString) answer = g_string_new(NULL);
	g_autofree char *name = NULL;
	int error = send_spec(fd, spec, answer);

	if (error)
		return tell_failure(workspace, error);
	name = session_of(answer->str);
	if (!name)
		return command_line_fail(STATUS_MAY_EXIST,
			"%s: the session was made, and its name is not told",
			workspace);
	*ret_session = g_build_filename(workspace, name, NULL);
	return tell_session(command_line_has(line, "id") ? name : *ret_session,
		*ret_session);
}

static int make(
	const CommandLine *line, const char *workspace, char **ret_session)
{
	g_autoptr(GString) spec = NULL;
	int status = EXIT_FAILURE, fd;

	fd = open_new(workspace, &status);
	if (fd < 0)
		return status;
	spec = read_spec(&status);
	if (!spec) {
		close(fd);
		return status;
	}
	return create(line, workspace, fd, spec, ret_session);
}

int new_run(const CommandLine *line)
{
	const char *word = command_line_value(line, "wait");
	g_autofree char *workspace = NULL, *session = NULL;
	Phase phase;
	gint64 limit_ms;
	int status = EXIT_FAILURE;

	if (command_line_operands(line) != 1)
		return command_line_misused(
			line, "one workspace is needed, and a spec on stdin");
	if (!word && command_line_has(line, "timeout"))
		return command_line_misused(line, "--timeout needs --wait");
	if ((word && !wait_phase(line, word, &phase)) ||
		!wait_limit(line, &limit_ms))
		return STATUS_USAGE;
	workspace = workspace_of(command_line_operand(line, 0), &status);
	if (!workspace)
		return status;
	status = make(line, workspace, &session);
	return status || !word ? status
			       : wait_session(session, phase, limit_ms, NULL);
}
