#include "fs/start/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

gboolean namespace_enter(const char *file, GError **error)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	gboolean entered = fd >= 0 && !setns(fd, CLONE_NEWNS);

	if (!entered)
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"the mount namespace %s cannot be entered: %s", file,
			g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return entered;
}
