#include "options.h"

#include <getopt.h>
#include <string.h>

const char options_help[] =
	"usage: sessionfs [-f] [-d] [-o OPTIONS] [-c CONFIG] MOUNTPOINT\n"
	"       sessionfs [-f] [-d] [-o OPTIONS] --demo MOUNTPOINT\n"
	"\n"
	"Mounts the interactive Spark sessions of your cloud accounts as "
	"files.\n"
	"\n"
	"  -f, --foreground   stay, and log to stderr; ends on SIGTERM or ^C\n"
	"  -d, --debug        as -f, and log more\n"
	"  -c, --config FILE  instead of ~/.config/sessionfs/sessionfs.conf "
	"or\n"
	"                     /etc/sessionfs/sessionfs.conf; without any, the\n"
	"                     providers whose credentials are found\n"
	"      --demo         no cloud account: starts the provider emulator\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n"
	"  -o OPTIONS         separated by commas:\n"
	"       allow_other          other users may look too\n"
	"       read_only            nothing can be created or steered\n"
	"       refresh=5s           age at which a looked-at listing is "
	"asked\n"
	"       window=60s           how long a look counts as interest\n"
	"       deadline=10s         for each question to a provider\n"
	"       create_deadline=30s  for each write to new and ctl\n"
	"       uid=N, gid=N         owner and group of all files\n"
	"       state_dir=DIR        where listings are kept for the next "
	"start\n"
	"       auto_unmount         unmount even when the daemon is killed\n"
	"\n"
	"In the background it returns when the mount answers, with status 0.\n"
	"To end it: fusermount3 -u MOUNTPOINT\n";

void options_clear(Options *options)
{
	g_free(options->config_path);
	g_free(options->mountpoint);
	g_clear_pointer(&options->settings, g_ptr_array_unref);
}

/* What mount(8) and fstab pass and what means nothing here. */
static gboolean is_ignored(const char *name)
{
	static const char *const names[] = {"rw", "nosuid", "nodev", "noexec",
		"suid", "dev", "exec", "auto", "noauto", "user", "users",
		"nofail", "_netdev", "defaults", "async", "relatime", "noatime",
		"default_permissions", NULL};

	return g_strv_contains(names, name) || g_str_has_prefix(name, "x-");
}

static void add_setting(Options *options, const char *key, const char *value)
{
	g_ptr_array_add(options->settings, g_strdup(key));
	g_ptr_array_add(options->settings, g_strdup(value));
}

static void take_option(Options *options, char *option)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = '\0';
	if (is_ignored(option))
		return;
	if (!strcmp(option, "auto_unmount")) {
		options->auto_unmount = TRUE;
	} else if (!strcmp(option, "config") && value) {
		g_free(options->config_path);
		options->config_path = g_strdup(value);
	} else {
		if (!strcmp(option, "ro"))
			option = (char *)"read_only";
		add_setting(options, option, value ? value : "true");
	}
}

static void take_list(Options *options, const char *list)
{
	g_auto(GStrv) parts = g_strsplit(list, ",", -1);

	for (char **part = parts; *part; part++) {
		if (**part)
			take_option(options, *part);
	}
}

static gboolean take_flag(Options *options, int flag, GError **error)
{
	switch (flag) {
	case 'f':
		options->foreground = TRUE;
		return TRUE;
	case 'd':
		options->foreground = options->debug = TRUE;
		return TRUE;
	case 'c':
		g_free(options->config_path);
		options->config_path = g_strdup(optarg);
		return TRUE;
	case 'o':
		take_list(options, optarg);
		return TRUE;
	case 'D':
		options->demo = TRUE;
		return TRUE;
	case 'h':
		options->help = TRUE;
		return TRUE;
	case 'V':
		options->version = TRUE;
		return TRUE;
	default:
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"unknown or incomplete option; see sessionfs --help");
		return FALSE;
	}
}

/* mount(8) calls helpers as: sessionfs SOURCE MOUNTPOINT -o options. */
static gboolean take_operands(
	Options *options, int argc, char **argv, GError **error)
{
	int left = argc - optind;

	if (options->help || options->version)
		return TRUE;
	if (left != 1 && left != 2) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			left ? "there are too many arguments; see sessionfs "
			       "--help"
			     : "a mount point is missing; see sessionfs "
			       "--help");
		return FALSE;
	}
	options->mountpoint = g_strdup(argv[argc - 1]);
	return TRUE;
}

gboolean options_parse(int argc, char **argv, Options *ret, GError **error)
{
	static const struct option names[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"debug", no_argument, NULL, 'd'},
		{"config", required_argument, NULL, 'c'},
		{"demo", no_argument, NULL, 'D'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL},
	};
	g_auto(Options)
		options = {.settings = g_ptr_array_new_with_free_func(g_free)};
	int flag;

	opterr = 0;
	while ((flag = getopt_long(argc, argv, "fdc:o:hV", names, NULL)) !=
		-1) {
		if (!take_flag(&options, flag, error))
			return FALSE;
	}
	if (!take_operands(&options, argc, argv, error))
		return FALSE;
	if (options.demo && options.config_path) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"--demo brings its own configuration: no -c with it");
		return FALSE;
	}
	*ret = options;
	memset(&options, 0, sizeof(options));
	return TRUE;
}
