#include "fs/start/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/log.h"
#include "fs/base/node.h"
#include "fs/base/say.h"
#include "fs/start/mount_table.h"
#include "fs/start/progress.h"

/* The root of the new mount answers with its own inode number. */
static gboolean mount_answers(const char *mountpoint, dev_t before)
{
	struct stat attr;

	return !stat(mountpoint, &attr) && attr.st_ino == NODE_ROOT &&
	       attr.st_dev != before;
}

/* What the child would say on stderr it has said by now. */
G_NORETURN static void wait_for_child(
	pid_t child, int fd, const char *mountpoint, dev_t before)
{
	int status = 0;
	ssize_t got;
	char byte;

	do {
		got = read(fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1 && mount_answers(mountpoint, before)) {
		progress_of_start(mountpoint);
		_exit(EXIT_SUCCESS);
	}
	if (got == 1)
		say("%s does not answer", mountpoint);
	else if (waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		 WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	_exit(EXIT_FAILURE);
}

Background background_start(const char *mountpoint)
{
	struct stat before = {0};
	int ends[2];
	pid_t child;

	if (stat(mountpoint, &before))
		before.st_dev = 0;
	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0) {
		perror("sessionfs: going into the background");
		exit(EXIT_FAILURE);
	}
	if (child) {
		close(ends[1]);
		wait_for_child(child, ends[0], mountpoint, before.st_dev);
	}
	close(ends[0]);
	/* Until there is a mount, a place of autofs(5) lets nobody but systemd's own
	 * group of processes look at it, and makes others wait for what they are
	 * about to mount: background_leave does it then. */
	if (!mount_table_is_trigger(mountpoint))
		setsid();
	return (Background){ends[1]};
}

void background_again(void)
{
	if (chdir("/"))
		g_debug("the working directory stays as it is");
	log_to_syslog();
}

void background_leave(Background *self)
{
	int null;

	if (self->ready_fd < 0)
		return;
	setsid();
	background_again();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	close(self->ready_fd);
	self->ready_fd = -1;
}

void background_ready(Background *self)
{
	int parent = self->ready_fd < 0
			     ? -1
			     : fcntl(self->ready_fd, F_DUPFD_CLOEXEC, 3);

	background_leave(self);
	if (parent < 0)
		return;
	if (write(parent, "", 1) != 1)
		g_warning("the starting process is gone");
	close(parent);
}
