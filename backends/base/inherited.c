#include "backends/base/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define STACK_BYTES (8 * 1024 * 1024)

extern char **environ;

/* One descriptor above the standard ones. */
typedef struct {
	int fd;
	gboolean named;
} Inherited;

static GArray *others; /* Inherited; NULL: none, or they were dropped */
static sigset_t ignored;
static gboolean closed[STDERR_FILENO + 1];

/* A place that takes no bytes, where there is not even /dev/null, is better than
 * the next file that is opened. */
static void open_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		closed[fd] = TRUE;
		if (open("/dev/null", O_RDWR) < 0 && open("/", O_PATH) < 0)
			_exit(EXIT_FAILURE);
	}
}

gboolean inherited_was_closed(int fd)
{
	return closed[fd];
}

static void list_others(void)
{
	DIR *listing = opendir("/proc/self/fd");
	const struct dirent *entry;

	others = g_array_new(FALSE, FALSE, sizeof(Inherited));
	while (listing && (entry = readdir(listing))) {
		Inherited one = {(int)strtol(entry->d_name, NULL, 10), FALSE};

		if (one.fd > STDERR_FILENO && one.fd != dirfd(listing) &&
			!fcntl(one.fd, F_SETFD, FD_CLOEXEC))
			g_array_append_val(others, one);
	}
	if (listing)
		closedir(listing);
}

static void keep(int fd)
{
	for (guint i = 0; others && i < others->len; i++) {
		Inherited *one = &g_array_index(others, Inherited, i);

		if (one->fd == fd)
			one->named = TRUE;
	}
}

/* sd_listen_fds(3): they begin with 3, and are meant for that process alone. */
static void keep_listened(void)
{
	const char *pid = g_getenv("LISTEN_PID");
	const char *count = g_getenv("LISTEN_FDS");

	if (!pid || !count || strtol(pid, NULL, 10) != getpid())
		return;
	for (guint i = 0; i < others->len; i++) {
		Inherited *one = &g_array_index(others, Inherited, i);

		if (one->fd - STDERR_FILENO <= strtol(count, NULL, 10))
			one->named = TRUE;
	}
}

static void settle_signals(gboolean stay)
{
	struct sigaction action, plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	sigemptyset(&ignored);
	for (int signal = 1; signal < NSIG; signal++) {
		if (!sigaction(signal, NULL, &action) &&
			action.sa_handler == SIG_IGN)
			sigaddset(&ignored, signal);
	}
	sigemptyset(&none);
	if (!stay)
		sigprocmask(SIG_SETMASK, &none, NULL);
	/* Ignored, as some parents leave it, children would reap themselves, and
	 * their pids be somebody else's. */
	sigaction(SIGCHLD, &plain, NULL);
}

/* Up to what was allowed to us. */
static void raise_limit(int which, rlim_t wanted)
{
	struct rlimit limit;

	if (getrlimit(which, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = MIN(wanted, limit.rlim_max);
	if (setrlimit(which, &limit))
		g_debug("limit %d stays as it is", which);
}

/* A shell's `ulimit` is for what its user runs by hand.  Threads would have
 * stacks as large as its limit says, be that 64 KiB or a gigabyte. */
static void settle_limits(void)
{
	pthread_attr_t attributes;

	raise_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	raise_limit(RLIMIT_CPU, RLIM_INFINITY);
	raise_limit(RLIMIT_STACK, STACK_BYTES);
	pthread_attr_init(&attributes);
	if (pthread_attr_setstacksize(&attributes, STACK_BYTES) ||
		pthread_setattr_default_np(&attributes))
		g_debug("the stacks of threads stay as they are");
	pthread_attr_destroy(&attributes);
}

void inherited_settle(char **argv, gboolean signals_stay)
{
	open_standard();
	list_others();
	keep_listened();
	for (char **text = argv; *text; text++)
		inherited_name(*text);
	for (char **text = environ; text && *text; text++)
		inherited_name(*text);
	settle_signals(signals_stay);
	settle_limits();
	umask(S_IRWXG | S_IRWXO);
}

gboolean inherited_ignored(int signal)
{
	return sigismember(&ignored, signal) == 1;
}

/* /dev/fd/3, /proc/self/fd/3, /proc/123/fd/3. */
void inherited_name(const char *text)
{
	while ((text = strstr(text, "/fd/"))) {
		text += strlen("/fd/");
		if (g_ascii_isdigit(*text))
			keep((int)strtol(text, NULL, 10));
	}
}

void inherited_drop(void)
{
	for (guint i = 0; i < others->len; i++) {
		const Inherited *one = &g_array_index(others, Inherited, i);

		if (!one->named)
			close(one->fd);
	}
	g_array_unref(g_steal_pointer(&others));
}
