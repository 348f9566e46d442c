#include "fs/start/options.h"

#include <string.h>

#include "fs/base/trace.h"

static const char *const commands[] = {"status", "umount", NULL};

static gboolean parse(Options *ret, GError **error, const char *line)
{
	g_auto(GStrv) argv = NULL;
	int argc;

	g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
	return options_parse(argc, argv, commands, ret, error);
}

static const char *setting(const Options *options, guint i)
{
	return g_ptr_array_index(options->settings, i);
}

static void the_usual_lines_are_read(void)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(parse(&options, &error,
		"sessionfs -f -o allow_other,refresh=2s -c /x.conf /mnt"));
	g_assert_no_error(error);
	g_assert_true(options.foreground);
	g_assert_false(options.demo);
	g_assert_cmpstr(options.mountpoint, ==, "/mnt");
	g_assert_cmpstr(options.config_path, ==, "/x.conf");
	g_assert_cmpuint(options.settings->len, ==, 4);
	g_assert_cmpstr(setting(&options, 0), ==, "allow_other");
	g_assert_cmpstr(setting(&options, 1), ==, "true");
	g_assert_cmpstr(setting(&options, 2), ==, "refresh");
	g_assert_cmpstr(setting(&options, 3), ==, "2s");
}

static void a_trace_is_chosen(void)
{
	static const struct {
		const char *line;
		guint trace;
	} cases[] = {
		{"sessionfs -f /mnt", 0},
		{"sessionfs -d /mnt", TRACE_ALL},
		{"sessionfs --trace=api /mnt", TRACE_API},
		{"sessionfs --trace api,cache -d /mnt",
			TRACE_API | TRACE_CACHE},
		{"sessionfs -d --trace=fuse /mnt", TRACE_FUSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Options) options = {0};
		g_autoptr(GError) error = NULL;

		g_assert_true(parse(&options, &error, cases[i].line));
		g_assert_no_error(error);
		g_assert_cmpuint(options.trace, ==, cases[i].trace);
		g_assert_true(options.foreground);
		g_assert_cmpint(options.debug, ==,
			strstr(cases[i].line, " -d ") != NULL);
	}
}

/* What mount -t fuse.sessionfs and fstab hand over. */
static void mount_helper_lines_are_read(void)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(parse(&options, &error,
		"sessionfs none /mnt -o rw,nosuid,nodev,_netdev,nofail,"
		"x-systemd.automount,config=/y.conf,ro,auto_unmount,"
		"keeper"));
	g_assert_no_error(error);
	g_assert_cmpstr(options.mountpoint, ==, "/mnt");
	g_assert_cmpstr(options.config_path, ==, "/y.conf");
	g_assert_true(options.auto_unmount);
	g_assert_true(options.keeper);
	g_assert_cmpuint(options.settings->len, ==, 2);
	g_assert_cmpstr(setting(&options, 0), ==, "read_only");
}

/* A link to us, as /sbin/mount.fuse.sessionfs: -f has another meaning. */
static void mount_programs_are_called_differently(void)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(parse(&options, &error,
		"/sbin/mount.fuse.sessionfs help /mnt -s -f -n -v "
		"-o ro,config=/y.conf,remount -t fuse.sessionfs "
		"-N /proc/7/fd/3"));
	g_assert_no_error(error);
	g_assert_cmpstr(options.mountpoint, ==, "/mnt");
	g_assert_cmpstr(options.source, ==, "help");
	g_assert_cmpstr(options.namespace, ==, "/proc/7/fd/3");
	g_assert_false(options.help);
	g_assert_true(options.remount);
	g_assert_true(options.fake);
	g_assert_false(options.foreground);
}

static void operands_stand_anywhere(void)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;

	g_setenv("POSIXLY_CORRECT", "1", TRUE);
	g_assert_true(
		parse(&options, &error, "sessionfs /mnt -f -c /x.conf -o ro"));
	g_unsetenv("POSIXLY_CORRECT");
	g_assert_no_error(error);
	g_assert_true(options.foreground);
	g_assert_cmpstr(options.config_path, ==, "/x.conf");
}

static void help_needs_no_mount_point(void)
{
	static const char *const asked[] = {
		"sessionfs --help", "sessionfs -h x y", "sessionfs --hel"};

	for (gsize i = 0; i < G_N_ELEMENTS(asked); i++) {
		g_auto(Options) options = {0};

		g_assert_true(parse(&options, NULL, asked[i]));
		g_assert_true(options.help);
	}
}

static void mistakes_are_refused(void)
{
	static const char *const bad[] = {"sessionfs", "sessionfs -x /mnt",
		"sessionfs -o", "sessionfs /a /b /c", "sessionfs /a /b",
		"sessionfs ''", "sessionfs none ''", "sessionfs umount /mnt",
		"sessionfs umount", "sessionfs doctor", "sessionfs -f status",
		"sessionfs wait", "sessionfs new", "sessionfs init",
		"sessionfs bundle /x", "sessionfs nowhere",
		"sessionfs none /mnt -o ro",
		"sessionfs -f none /mnt -o rw,nodev",
		"sessionfs none '' -o rw,nodev", "sessionfs none /mnt -o",
		"sessionfs -- umount /mnt", "sessionfs --demo -c x /mnt"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		Options options = {0};

		g_assert_false(parse(&options, &error, bad[i]));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/options/trace", a_trace_is_chosen);
	g_test_add_func(
		"/options/the-usual-lines-are-read", the_usual_lines_are_read);
	g_test_add_func("/options/mount-helper-lines-are-read",
		mount_helper_lines_are_read);
	g_test_add_func("/options/mount-programs-are-called-differently",
		mount_programs_are_called_differently);
	g_test_add_func(
		"/options/operands-stand-anywhere", operands_stand_anywhere);
	g_test_add_func("/options/help-needs-no-mount-point",
		help_needs_no_mount_point);
	g_test_add_func("/options/mistakes-are-refused", mistakes_are_refused);
	return g_test_run();
}
