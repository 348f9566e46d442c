#include "fs/start/options.h"

#include <string.h>

#include "backends/base/nearest.h"
#include "fs/base/trace.h"

#define PROGRAM "sessionfs"

/* Options without a letter. */
enum { FLAG_TRACE = 256, FLAG_DEMO };

const Flag mount_flags[] = {
	{"foreground", 'f', NULL,
		"stay in the foreground and log to stderr; ^C ends it"},
	{"debug", 'd', NULL,
		"as -f, and log more: a line for each operation, call\n"
		"of a provider, and change"},
	{"trace", FLAG_TRACE, "LIST",
		"as -d, with lines of these alone: fuse,api,cache"},
	{"config", 'c', "FILE",
		"read this instead of ~/.config/sessionfs/sessionfs.conf\n"
		"or /etc/sessionfs/sessionfs.conf; without a file you\n"
		"see the providers whose credentials are found"},
	{"demo", FLAG_DEMO, NULL,
		"mount an emulator of the providers: no account"},
	{"options", 'o', "LIST", "mount options, separated by commas"},
	FLAG_HELP,
	{"version", 'V', NULL, "the version"},
	{NULL},
};

/* mount(8) calls /sbin/mount.fuse.sessionfs, which may be a link to us, as
 * NAME SOURCE MOUNTPOINT [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE]. */
static const Flag mount_program_flags[] = {
	{"options", 'o', "LIST", ""},
	{"fake", 'f', NULL, ""},
	{"sloppy", 's', NULL, ""},
	{"no-mtab", 'n', NULL, ""},
	{"verbose", 'v', NULL, ""},
	{"types", 't', "TYPE", ""},
	{"namespace", 'N', "NAMESPACE", ""},
	FLAG_HELP,
	{"version", 'V', NULL, ""},
	{NULL},
};

void options_clear(Options *options)
{
	g_free(options->config_path);
	g_free(options->mountpoint);
	g_free(options->namespace);
	g_free(options->source);
	g_clear_pointer(&options->settings, g_ptr_array_unref);
	g_clear_pointer(&options->operands, g_ptr_array_unref);
}

/* What mount(8) and fstab pass and what means nothing here, with a value or
 * without one. */
static gboolean is_ignored(const char *name)
{
	static const char *const names[] = {"rw", "nosuid", "nodev", "noexec",
		"suid", "dev", "exec", "auto", "noauto", "user", "users",
		"nouser", "owner", "group", "nofail", "_netdev", "defaults",
		"async", "sync", "dirsync", "atime", "noatime", "relatime",
		"norelatime", "strictatime", "nostrictatime", "diratime",
		"nodiratime", "lazytime", "nolazytime", "mand", "nomand",
		"silent", "loud", "comment", "fsname", "subtype", "max_read",
		"user_id", "group_id", "default_permissions", NULL};

	return g_strv_contains(names, name) || g_str_has_prefix(name, "x-") ||
	       g_str_has_prefix(name, "X-");
}

static void add_setting(Options *options, const char *key, const char *value)
{
	g_ptr_array_add(options->settings, g_strdup(key));
	g_ptr_array_add(options->settings, g_strdup(value));
}

static gboolean take_config(Options *options, const char *file, GError **error)
{
	if (!file || !*file)
		return flag_misused(
			PROGRAM, error, "the option config needs a FILE");
	g_free(options->config_path);
	options->config_path = g_strdup(file);
	return TRUE;
}

static gboolean take_option(Options *options, char *option, GError **error)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = '\0';
	if (is_ignored(option))
		return TRUE;
	if (!strcmp(option, "config"))
		return take_config(options, value, error);
	if (!strcmp(option, "remount")) {
		options->remount = TRUE;
	} else if (!strcmp(option, "auto_unmount")) {
		options->auto_unmount = TRUE;
	} else if (!strcmp(option, "keeper")) {
		options->keeper = TRUE;
	} else {
		if (!strcmp(option, "ro"))
			option = (char *)"read_only";
		add_setting(options, option, value ? value : "true");
	}
	return TRUE;
}

static gboolean take_list(Options *options, const char *list, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(list, ",", -1);

	for (char **part = parts; *part; part++) {
		if (**part && !take_option(options, *part, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_flag(
	const Flag *flag, const char *value, void *data, GError **error)
{
	Options *options = data;

	switch (flag->letter) {
	case 'f':
		options->foreground = TRUE;
		return TRUE;
	case 'd':
		options->foreground = options->debug = TRUE;
		return TRUE;
	case FLAG_TRACE:
		options->foreground = TRUE;
		return trace_parse(value, &options->trace, error);
	case 'c':
		return take_config(options, value, error);
	case 'o':
		return take_list(options, value, error);
	case FLAG_DEMO:
		options->demo = TRUE;
		return TRUE;
	case 'h':
		options->help = TRUE;
		return TRUE;
	default:
		options->version = TRUE;
		return TRUE;
	}
}

/* ---- as a helper of mount(8) ---- */

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

gboolean options_from_mount(int argc, char **argv)
{
	return (argc > 0 && is_mount_program(argv[0])) ||
	       is_from_mount_fuse(argc, argv);
}

static gboolean take_program_flag(
	const Flag *flag, const char *value, void *data, GError **error)
{
	Options *options = data;

	switch (flag->letter) {
	case 'o':
		return take_list(options, value, error);
	case 'f':
		options->fake = TRUE;
		return TRUE;
	case 'N':
		g_free(options->namespace);
		options->namespace = g_strdup(value);
		return TRUE;
	case 'h':
	case 'V':
		return take_flag(flag, value, data, error);
	default:
		return TRUE;
	}
}

/* ---- operands ---- */

/* What is a mount point is there, or looks like a path. */
static gboolean check_word(
	const char *word, const char *const *commands, GError **error)
{
	Nearest nearest = {.name = word};
	g_autofree char *hint = NULL;

	if (!*word)
		return flag_misused(
			PROGRAM, error, "the mount point is an empty word");
	if (strchr(word, '/'))
		return TRUE;
	if (g_strv_contains(commands, word))
		return flag_misused(PROGRAM, error,
			"the command %s comes first, and its options behind "
			"it; a directory of that name is ./%s",
			word, word);
	if (g_file_test(word, G_FILE_TEST_EXISTS) ||
		g_file_test(word, G_FILE_TEST_IS_SYMLINK))
		return TRUE;
	for (; *commands; commands++)
		nearest_try(&nearest, *commands);
	hint = nearest.best ? nearest_hint(&nearest)
			    : g_strdup_printf("; mkdir %s makes one", word);
	return flag_misused(PROGRAM, error,
		"there is neither a command nor a directory called \"%s\"%s",
		word, hint);
}

static gboolean take_operands(
	Options *options, const char *const *commands, GError **error)
{
	const GPtrArray *operands = options->operands;
	const char *first = operands->len ? operands->pdata[0] : NULL;

	if (options->help || options->version)
		return TRUE;
	if (!first)
		return flag_misused(PROGRAM, error, "a mount point is missing");
	if (options->helper && operands->len == 2) {
		options->source = g_strdup(first);
		first = operands->pdata[1];
	} else if (!check_word(first, commands, error)) {
		return FALSE;
	} else if (operands->len > 1) {
		return flag_misused(PROGRAM, error,
			"there are too many arguments: \"%s\" and \"%s\"",
			first, (char *)operands->pdata[1]);
	}
	if (!*first)
		return flag_misused(
			PROGRAM, error, "the mount point is an empty word");
	options->mountpoint = g_strdup(first);
	return TRUE;
}

static gboolean take_flags(
	Options *options, int argc, char **argv, GError **error)
{
	gboolean program = argc > 0 && is_mount_program(argv[0]);

	options->helper = options_from_mount(argc, argv);
	return flag_parse(PROGRAM, program ? mount_program_flags : mount_flags,
		argc, argv, program ? take_program_flag : take_flag, options,
		options->operands, error);
}

GLogLevelFlags options_log_level(const Options *options, gint level)
{
	return options->debug ? G_LOG_LEVEL_DEBUG : (GLogLevelFlags)level;
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

gboolean options_parse(int argc, char **argv, const char *const *commands,
	Options *ret, GError **error)
{
	g_auto(Options) options = {
		.settings = g_ptr_array_new_with_free_func(g_free),
		.operands = g_ptr_array_new_with_free_func(g_free),
	};

	if (!take_flags(&options, argc, argv, error) ||
		!take_operands(&options, commands, error))
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
