#include "fs/start/options.h"

#include <getopt.h>
#include <string.h>

#include "fs/base/trace.h"

#define OPERAND 1 /* what getopt tells of one */

const char options_help[] =
	"usage: sessionfs [-f] [-d] [-o OPTIONS] [-c CONFIG] MOUNTPOINT\n"
	"       sessionfs [-f] [-d] [-o OPTIONS] --demo MOUNTPOINT\n"
	"       sessionfs help | version\n"
	"\n"
	"Mounts the interactive Spark sessions of your cloud accounts as "
	"files.\n"
	"\n"
	"  -f, --foreground   stay in the foreground and log to stderr; ^C "
	"ends "
	"it\n"
	"  -d, --debug        as -f, and log more: a line for each operation, "
	"call\n"
	"                     of a provider, and change\n"
	"      --trace=LIST   as -d, with lines of these alone: "
	"fuse,api,cache\n"
	"  -c, --config FILE  read this instead of "
	"~/.config/sessionfs/sessionfs.conf\n"
	"                     or /etc/sessionfs/sessionfs.conf; without a "
	"file\n"
	"                     you see the providers whose credentials are "
	"found\n"
	"      --demo         mount an emulator of the providers: no account\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n"
	"  -o OPTIONS         separated by commas:\n"
	"       allow_other          let other users in\n"
	"       read_only            refuse every write\n"
	"       refresh=5s           ask again for a listing of this age\n"
	"       window=60s           how long a directory counts as in use\n"
	"       deadline=10s         how long a question to a provider may "
	"take\n"
	"       create_deadline=30s  how long a write to new or ctl may take\n"
	"       uid=N, gid=N         owner and group of all files\n"
	"       state_dir=DIR        where everything that is known is kept\n"
	"       auto_unmount         unmount even when the daemon is killed\n"
	"       man sessionfs.conf lists the others\n"
	"\n"
	"sessionfs runs in the background, and returns when the mount "
	"answers.\n"
	"To end it: fusermount3 -u MOUNTPOINT\n"
	"See also: man 8 sessionfs, man 7 sessionfs, man sessionfs.conf\n";

void options_clear(Options *options)
{
	g_free(options->config_path);
	g_free(options->mountpoint);
	g_free(options->namespace);
	g_free(options->source);
	g_clear_pointer(&options->settings, g_ptr_array_unref);
	g_clear_pointer(&options->operands, g_ptr_array_unref);
}

/* What mount(8) and fstab pass and what means nothing here. */
static gboolean is_ignored(const char *name)
{
	static const char *const names[] = {"rw", "nosuid", "nodev", "noexec",
		"suid", "dev", "exec", "auto", "noauto", "user", "users",
		"nofail", "_netdev", "user_id", "group_id", "defaults", "async",
		"relatime", "noatime", "default_permissions", NULL};

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
	if (!strcmp(option, "remount")) {
		options->remount = TRUE;
	} else if (!strcmp(option, "auto_unmount")) {
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
	case OPERAND:
		g_ptr_array_add(options->operands, g_strdup(optarg));
		return TRUE;
	case 'f':
		options->foreground = TRUE;
		return TRUE;
	case 'd':
		options->foreground = options->debug = TRUE;
		return TRUE;
	case 'T':
		options->foreground = options->debug = TRUE;
		return trace_parse(optarg, &options->trace, error);
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

/* ---- as a helper of mount(8) ---- */

/*
 * mount(8) calls /sbin/mount.fuse.sessionfs, which may be a link to us, as
 * NAME SOURCE MOUNTPOINT [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE].
 */
static gboolean is_mount_program(const char *name)
{
	g_autofree char *base = g_path_get_basename(name);

	return g_str_has_prefix(base, "mount.");
}

static gboolean is_kernel_flag(const char *option)
{
	static const char *const flags[] = {
		"dev", "nodev", "suid", "nosuid", NULL};

	return g_strv_contains(flags, option);
}

/*
 * mount.fuse3 calls `sessionfs SOURCE MOUNTPOINT -o OPTIONS`, by a shell and in
 * just that order; whether devices and set-user-ID count is always among them,
 * and nobody has a reason to write it by hand.
 */
static gboolean is_from_mount_fuse(int argc, char **argv)
{
	g_auto(GStrv) parts = NULL;

	if (argc != 5 || *argv[1] == '-' || *argv[2] == '-' ||
		strcmp(argv[3], "-o"))
		return FALSE;
	parts = g_strsplit(argv[4], ",", -1);
	for (char **part = parts; *part; part++) {
		if (is_kernel_flag(*part))
			return TRUE;
	}
	return FALSE;
}

static gboolean take_helper_flag(Options *options, int flag, GError **error)
{
	switch (flag) {
	case 's':
	case 'n':
	case 'v':
	case 't':
		return TRUE;
	case 'f':
		options->fake = TRUE;
		return TRUE;
	case 'N':
		g_free(options->namespace);
		options->namespace = g_strdup(optarg);
		return TRUE;
	default:
		return take_flag(options, flag, error);
	}
}

/* ---- operands ---- */

/* Words that other programs have as commands; none is a mount point unless it is
 * written as a path. */
static const char *const words[] = {"bundle", "check", "config", "doctor",
	"fsck", "init", "list", "ls", "mount", "new", "remount", "restart",
	"start", "status", "stop", "umount", "unmount", "upgrade", "wait",
	NULL};

static gboolean misused(GError **error, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static gboolean misused(GError **error, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"%s; see sessionfs --help", message);
	return FALSE;
}

static gboolean no_command(const char *word, GError **error)
{
	if (!strcmp(word, "umount") || !strcmp(word, "unmount"))
		return misused(error,
			"there is no command \"%s\": fusermount3 -u MOUNTPOINT "
			"ends a mount",
			word);
	return misused(error,
		"there is no command \"%s\" (a directory of that name is "
		"./%s)",
		word, word);
}

/* What is a mount point is there, or looks like a path. */
static gboolean check_word(const char *word, GError **error)
{
	if (!*word)
		return misused(error, "the mount point is an empty word");
	if (strchr(word, '/'))
		return TRUE;
	if (g_strv_contains(words, word))
		return no_command(word, error);
	if (g_file_test(word, G_FILE_TEST_EXISTS) ||
		g_file_test(word, G_FILE_TEST_IS_SYMLINK))
		return TRUE;
	return misused(error,
		"there is neither a command nor a directory called \"%s\"",
		word);
}

static gboolean take_operands(Options *options, GError **error)
{
	const GPtrArray *operands = options->operands;
	const char *first = operands->len ? operands->pdata[0] : NULL;

	if (options->help || options->version)
		return TRUE;
	if (!first)
		return misused(error, "a mount point is missing");
	if (options->helper && operands->len == 2) {
		options->source = g_strdup(first);
		first = operands->pdata[1];
	} else if (!strcmp(first, "help") || !strcmp(first, "version")) {
		options->help = *first == 'h';
		options->version = !options->help;
		return TRUE;
	} else if (!check_word(first, error)) {
		return FALSE;
	} else if (operands->len > 1) {
		return misused(error,
			"there are too many arguments: \"%s\" and \"%s\"",
			first, (char *)operands->pdata[1]);
	}
	if (!*first)
		return misused(error, "the mount point is an empty word");
	options->mountpoint = g_strdup(first);
	return TRUE;
}

static gboolean take_flags(
	Options *options, int argc, char **argv, GError **error)
{
	static const struct option names[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"debug", no_argument, NULL, 'd'},
		{"trace", required_argument, NULL, 'T'},
		{"config", required_argument, NULL, 'c'},
		{"demo", no_argument, NULL, 'D'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL},
	};
	gboolean program = argc > 0 && is_mount_program(argv[0]);
	/* Operands come in their order, whatever POSIXLY_CORRECT says. */
	const char *letters = program ? "-o:sfnvN:t:" : "-fdc:o:hV";
	int flag;

	options->helper = program || is_from_mount_fuse(argc, argv);
	opterr = 0;
	while ((flag = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (!(program ? take_helper_flag(options, flag, error)
			      : take_flag(options, flag, error)))
			return FALSE;
	}
	while (optind < argc)
		g_ptr_array_add(options->operands, g_strdup(argv[optind++]));
	return TRUE;
}

gboolean options_apply(const Options *options, Config *config, GError **error)
{
	const GPtrArray *settings = options->settings;

	for (guint i = 0; i + 1 < settings->len; i += 2)
		if (!config_set(config, g_ptr_array_index(settings, i),
			    g_ptr_array_index(settings, i + 1), error))
			return FALSE;
	return TRUE;
}

gboolean options_parse(int argc, char **argv, Options *ret, GError **error)
{
	g_auto(Options) options = {
		.settings = g_ptr_array_new_with_free_func(g_free),
		.operands = g_ptr_array_new_with_free_func(g_free),
	};

	if (!take_flags(&options, argc, argv, error) ||
		!take_operands(&options, error))
		return FALSE;
	if (options.debug && !options.trace)
		options.trace = TRACE_ALL;
	if (options.demo && options.config_path) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"--demo brings its own configuration: no -c with it");
		return FALSE;
	}
	*ret = options;
	memset(&options, 0, sizeof(options));
	return TRUE;
}
