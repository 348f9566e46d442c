#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "backends/base/process.h"
#include "backends/error.h"

static char *run(const char *script, GError **error)
{
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
	static const gint stop;

	return process_run(argv, 4096,
		g_get_monotonic_time() + 20 * G_USEC_PER_SEC, &stop, NULL,
		error);
}

/* Nothing to read, an end that is seen, and nowhere for what it complains of. */
static gboolean is_fine(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = run(
		"read x || echo empty; echo out; echo err >&2 && echo quiet",
		&error);

	return text && strcmp(text, "empty\nout\nquiet\n") == 0;
}

/* A daemon that closed the files lowest numbered gets their numbers for its
 * pipes. */
static void test_closed(gconstpointer data)
{
	guint closed = GPOINTER_TO_UINT(data);
	pid_t pid = fork();
	int status = 0;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		for (int fd = 0; fd < 3; fd++)
			if (closed & 1 << fd)
				close(fd);
		_exit(is_fine() ? 0 : 1);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

/* Others in the daemon may not say O_CLOEXEC: libcurl does not of its sockets. */
static void test_inherits_nothing(void)
{
	g_autoptr(GError) error = NULL;
	int fd = open("/dev/null", O_RDONLY);

	g_assert_cmpint(fd, >, 2);
	g_autofree char *script = g_strdup_printf(
		"test -e /proc/self/fd/%d && echo open || echo closed", fd);
	g_autofree char *text = run(script, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, "closed\n");
	close(fd);
}

/* It leaves the group that is killed; then only its own end ends it. */
static int stray(void)
{
	if (setpgid(0, getpgid(getppid())) != 0)
		return 1;
	sleep(60); /* sleeps: it has to be killed */
	return 0;
}

static void test_stray_is_killed_as_well(gconstpointer program)
{
	char *argv[] = {(char *)program, (char *)"stray", NULL};
	gint64 start_us = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	static const gint stop;

	g_assert_null(process_run(
		argv, 4096, start_us + G_USEC_PER_SEC, &stop, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpint(
		g_get_monotonic_time() - start_us, <, 30 * G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "stray") == 0)
		return stray();
	g_test_init(&argc, &argv, NULL);
	for (guint closed = 0; closed < 8; closed++) {
		g_autofree char *name = g_strdup_printf(
			"/process/with-closed-files/%u", closed);

		g_test_add_data_func(
			name, GUINT_TO_POINTER(closed), test_closed);
	}
	g_test_add_func("/process/inherits-nothing", test_inherits_nothing);
	g_test_add_data_func("/process/stray-is-killed-as-well", argv[0],
		test_stray_is_killed_as_well);
	return g_test_run();
}
