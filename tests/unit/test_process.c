#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "auth/process.h"
#include "error.h"

static char *run(const char *script, GError **error)
{
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
	static const gint stop;
	gsize len = 0;

	return process_run(argv, 4096,
		g_get_monotonic_time() + 20 * G_USEC_PER_SEC, &stop, &len,
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint closed = 0; closed < 8; closed++) {
		g_autofree char *name = g_strdup_printf(
			"/process/with-closed-files/%u", closed);

		g_test_add_data_func(
			name, GUINT_TO_POINTER(closed), test_closed);
	}
	return g_test_run();
}
