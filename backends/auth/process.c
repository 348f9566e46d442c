#include "auth/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/secret.h"
#include "error.h"
#include "inherited.h"

#define REAP_POLL_MS 5
#define STOP_POLL_MS 50

/* Who waits for the program, and for how long. */
typedef struct {
	const char *program;
	gint64 deadline_us;
	const gint *stop;
} Patience;

/* Milliseconds to wait before asking again; 0 with an error when it is over. */
static int patience_left(const Patience *p, GError **error)
{
	gint64 left = p->deadline_us - g_get_monotonic_time();

	if (g_atomic_int_get(p->stop)) {
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"waiting for %s was cancelled", p->program);
		return 0;
	}
	if (left <= 0)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"%s did not answer in time", p->program);
	return (int)CLAMP((left + 999) / 1000, 0, STOP_POLL_MS);
}

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

/* Threads of a daemon block signals, and libraries open files without O_CLOEXEC
 * (libcurl its sockets): the program must not inherit either.  A group of its own
 * lets its children be killed with it. */
static int spawn(char **argv, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	const sigset_t normal = defaults();
	sigset_t none;
	int failed;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
						      POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &normal);
	failed = posix_spawnp(
		ret_pid, argv[0], &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

/* Reads to the end into a buffer of max + 1 bytes. */
static gboolean drain(int in, const Patience *p, char *buffer, gsize max,
	gsize *ret_len, GError **error)
{
	gsize len = 0;

	for (;;) {
		struct pollfd readable = {.fd = in, .events = POLLIN};
		int left = patience_left(p, error);

		if (left == 0)
			return FALSE;
		if (poll(&readable, 1, left) <= 0)
			continue;
		ssize_t n = read(in, buffer + len, max + 1 - len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		len += n;
		if (len > max) {
			backend_error_set(error, BACKEND_ERROR_AUTH,
				"%s printed more than %" G_GSIZE_FORMAT
				" bytes",
				p->program, max);
			return FALSE;
		}
	}
	buffer[len] = '\0';
	*ret_len = len;
	return TRUE;
}

/* Waits for its end; whoever ignores SIGCHLD has none to collect (ECHILD).
 * *ret_gone: the pid stands for nothing any more. */
static gboolean reap(
	pid_t pid, const Patience *p, gboolean *ret_gone, GError **error)
{
	int status = 0;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid || (got < 0 && errno == ECHILD))
			break;
		if (patience_left(p, error) == 0)
			return FALSE;
		g_usleep(REAP_POLL_MS * 1000);
	}
	*ret_gone = TRUE;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s ended with %s %d",
		p->program, WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return FALSE;
}

/* Itself too: it may have left its group. */
static void finish_off(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

char *process_run(char **argv, gsize max, gint64 deadline_us, const gint *stop,
	gsize *ret_len, GError **error)
{
	const Patience patience = {argv[0], deadline_us, stop};
	int ends[2];
	pid_t pid;
	gboolean gone = FALSE;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		backend_error_set(error, BACKEND_ERROR_LOCAL, "no pipe: %s",
			g_strerror(errno));
		return NULL;
	}
	int failed = spawn(argv, ends[1], &pid);
	close(ends[1]);
	if (failed) {
		close(ends[0]);
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s cannot be run: %s", argv[0], g_strerror(failed));
		return NULL;
	}
	char *buffer = g_malloc(max + 1);
	gboolean read_all =
		drain(ends[0], &patience, buffer, max, ret_len, error);
	close(ends[0]);
	if (read_all && reap(pid, &patience, &gone, error))
		return buffer;
	if (!gone)
		finish_off(pid);
	secret_wipe(buffer, max + 1);
	g_free(buffer);
	return NULL;
}
