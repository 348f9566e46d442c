#include "fs/command/umount.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "fs/base/exit_status.h"
#include "fs/command/holders.h"
#include "fs/command/status_text.h"
#include "fs/start/mount.h"
#include "fs/start/mount_table.h"
#include "fs/start/probe.h"

/* The end of a daemon takes 10 seconds at most; see overdue.h. */
#define END_LIMIT_MS 15000
/* A file event keeps a mount busy for a moment. */
#define BUSY_LIMIT_US (1000 * G_TIME_SPAN_MILLISECOND)
#define BUSY_POLL_US (20 * G_TIME_SPAN_MILLISECOND)

const Flag umount_flags[] = {
	{"lazy", 'l', NULL,
		"unmount at once, though it is busy; the daemon ends with\n"
		"the last open file"},
	FLAG_HELP,
	{NULL},
};

/* ---- the daemon ---- */

typedef struct {
	pid_t pid; /* 0: not known */
	int fd;    /* of the process; -1: not known */
	gboolean dead, hangs;
} Served;

static gboolean is_sessionfs(pid_t pid)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/comm", (int)pid);
	g_autofree char *name = NULL;

	return g_file_get_contents(file, &name, NULL, NULL) &&
	       g_str_has_prefix(name, "sessionfs");
}

/* It tells its own number, which is another one in another namespace. */
static Served served_by(const char *place)
{
	Served served = {0, -1, FALSE, FALSE};
	int error;
	g_autofree char *text = probe_read(place, ".sessionfs/status", &error);
	g_autoptr(GPtrArray) blocks = NULL;
	gint64 pid;

	served.dead = error == ENOTCONN;
	served.hangs = error == ETIMEDOUT;
	if (!text)
		return served;
	blocks = status_text_parse(text);
	pid = status_text_number(g_ptr_array_index(blocks, 0), "pid");
	if (pid <= 0 || pid > G_MAXINT || !is_sessionfs((pid_t)pid))
		return served;
	served.pid = (pid_t)pid;
	served.fd = (int)syscall(SYS_pidfd_open, served.pid, 0);
	return served;
}

static gboolean has_ended(const Served *served)
{
	struct pollfd end = {.fd = served->fd, .events = POLLIN};

	return served->fd < 0 || poll(&end, 1, END_LIMIT_MS) != 0;
}

/* ---- unmounting ---- */

/* What root may do by a system call, a user may by fusermount3. */
/* FALSE: *ret_words has what it said on standard error, a new string: it is asked
 * again and again, and must not say it each time. */
static gboolean run_fusermount(
	const char *place, gboolean lazy, char **ret_words)
{
	char *argv[] = {(char *)"fusermount3", (char *)(lazy ? "-uzq" : "-uq"),
		(char *)"--", (char *)place, NULL};
	g_autoptr(GError) error = NULL;
	int status;

	g_clear_pointer(ret_words, g_free);
	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
		    NULL, ret_words, &status, &error)) {
		*ret_words = g_strdup(error->message);
		return FALSE;
	}
	g_strstrip(*ret_words);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* 0 or an errno.  *ret_words: why, in words that are no errno's; NULL. */
static int unmount(const char *place, gboolean lazy, char **ret_words)
{
	int flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0);

	if (!umount2(place, flags))
		return 0;
	if (errno != EPERM)
		return errno;
	if (run_fusermount(place, lazy, ret_words) || !mount_device(place))
		return 0;
	/* With -q it does not say that it is busy, nor that it is not this
	 * user's; of anything else there are words. */
	return **ret_words && !strstr(*ret_words, "busy") ? EIO : EBUSY;
}

/* A daemon that has taken a question and does not answer it keeps the asker, and so
 * its mount is busy by us. */
static int tell_busy(const char *place, GPtrArray *holders, gboolean hangs)
{
	g_autoptr(GString) who = g_string_new(NULL);

	if (hangs && !holders->len)
		return command_line_fail(STATUS_BUSY,
			"%s is busy, since its daemon does not answer: "
			"sessionfs umount --lazy %s unmounts it at once, and "
			"the daemon has to be killed",
			place, place);
	for (guint i = 0; i < holders->len; i++)
		g_string_append_printf(
			who, "\n  %s", (char *)g_ptr_array_index(holders, i));
	if (!holders->len)
		g_string_append(who,
			"\n  no process that you may see holds it: is it "
			"yours?");
	return command_line_fail(STATUS_BUSY,
		"%s is busy (--lazy unmounts it at once):%s", place, who->str);
}

static int unmount_patiently(
	const char *place, const Served *served, gboolean lazy)
{
	gint64 until = clock_now_us(&clock_real) + BUSY_LIMIT_US;
	g_autofree char *words = NULL;
	int error;

	while ((error = unmount(place, lazy, &words)) == EBUSY) {
		g_autoptr(GPtrArray) holders = holders_of(place, served->pid);

		if (holders->len || clock_now_us(&clock_real) > until)
			return tell_busy(place, holders, served->hangs);
		g_usleep(BUSY_POLL_US);
	}
	if (error)
		return command_line_fail(EXIT_FAILURE,
			"%s cannot be unmounted: %s", place,
			words && *words ? words : g_strerror(error));
	return EXIT_SUCCESS;
}

static int wait_for_end(const char *place, const Served *served)
{
	if (!has_ended(served))
		return command_line_fail(EXIT_FAILURE,
			"%s is unmounted, and its daemon, process %d, has not "
			"ended after %d seconds",
			place, (int)served->pid, END_LIMIT_MS / 1000);
	if (served->hangs)
		return command_line_fail(EXIT_FAILURE,
			"%s is unmounted; its daemon did not answer, and was "
			"not waited for",
			place);
	return EXIT_SUCCESS;
}

/* At another place, as by mount --bind: its daemon serves on. */
static gboolean is_mounted(dev_t device)
{
	g_autoptr(GPtrArray) table = mount_table();

	return mount_table_of(table, device) != NULL;
}

static int umount_one(const char *place, gboolean lazy)
{
	dev_t device = mount_device(place);
	Served served = {0, -1, FALSE, FALSE};
	int status;

	if (!device)
		return command_line_fail(STATUS_NO_MOUNT,
			"no sessionfs is mounted at %s", place);
	if (!lazy)
		served = served_by(place);
	status = unmount_patiently(place, &served, lazy || served.dead);
	if (!status && !lazy && !is_mounted(device))
		status = wait_for_end(place, &served);
	if (served.fd >= 0)
		close(served.fd);
	return status;
}

int umount_run(const CommandLine *line)
{
	g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);
	int first = EXIT_SUCCESS;

	if (!command_line_operands(line))
		return command_line_misused(line, "a mount point is missing");
	for (guint i = 0; i < command_line_operands(line); i++)
		g_ptr_array_add(
			places, mount_place(command_line_operand(line, i)));
	/* We may stand in one of them. */
	if (chdir("/"))
		return command_line_fail(
			EXIT_FAILURE, "chdir: %s", g_strerror(errno));
	for (guint i = 0; i < places->len; i++) {
		int status = umount_one(g_ptr_array_index(places, i),
			command_line_has(line, "lazy"));

		if (!first)
			first = status;
	}
	return first;
}
