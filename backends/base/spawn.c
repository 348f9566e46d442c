#include "backends/base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "backends/base/inherited.h"

extern char **environ;

/* Those that nohup or a shell had us ignore the program ignores as well. */
static sigset_t defaults(void)
{
	static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	sigset_t set;

	sigfillset(&set);
	for (gsize i = 0; i < G_N_ELEMENTS(passed_on); i++) {
		if (inherited_ignored(passed_on[i]))
			sigdelset(&set, passed_on[i]);
	}
	return set;
}

static void set_files(posix_spawn_file_actions_t *actions, const int files[3])
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (files[fd] >= 0)
			posix_spawn_file_actions_adddup2(
				actions, files[fd], fd);
		else if (files[fd] == SPAWN_NULL)
			posix_spawn_file_actions_addopen(actions, fd,
				"/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

int spawn_program(const Spawn *how, char **argv, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const sigset_t normal = defaults();
	const short apart =
		how->apart ? POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF : 0;
	sigset_t none;
	int failed;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	set_files(&actions, how->files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(
		&attributes, (short)(POSIX_SPAWN_SETSIGMASK | apart));
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &normal);
	failed = (how->program ? posix_spawn : posix_spawnp)(ret_pid,
		how->program ? how->program : argv[0], &actions, &attributes,
		argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}
