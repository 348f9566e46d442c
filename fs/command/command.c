#include "fs/command/command.h"

#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/inherited.h"
#include "backends/base/nearest.h"
#include "backends/error.h"
#include "backends/http/http.h"
#include "fs/base/exit_status.h"
#include "fs/base/say.h"
#include "fs/base/version.h"
#include "fs/command/bundle.h"
#include "fs/command/doctor.h"
#include "fs/command/init.h"
#include "fs/command/new_command.h"
#include "fs/command/status.h"
#include "fs/command/umount.h"
#include "fs/command/upgrade.h"
#include "fs/command/wait_command.h"
#include "fs/start/options.h"

typedef struct {
	const char *name;
	const char *operands; /* as a synopsis has them */
	const char *summary;
	const Flag *flags; /* with FLAG_HELP */
	int (*run)(const CommandLine *line);
} Command;

static int help_run(const CommandLine *line);
static int version_run(const CommandLine *line);

static const Flag no_flags[] = {FLAG_HELP, {NULL}};

/* One row a command. */
static const Command commands[] = {
	{"init", "[TYPE[.KEY=VALUE]...]", "Write a first configuration",
		init_flags, init_run},
	{"doctor", "[SECTION...]",
		"Say whether all is as a mount needs it, and what mends it",
		doctor_flags, doctor_run},
	{"status", "[MOUNTPOINT...]", "Say what each mount does", status_flags,
		status_run},
	{"umount", "MOUNTPOINT...",
		"Unmount, and wait until the daemon has ended", umount_flags,
		umount_run},
	{"upgrade", "[MOUNTPOINT...]",
		"Let this program take over mounts that have a keeper",
		upgrade_flags, upgrade_run},
	{"new", "WORKSPACE < SPEC", "Make a session, and print where it is",
		new_flags, new_run},
	{"wait", "SESSION [PHASE]",
		"Wait until a session is idle, or in that phase", wait_flags,
		wait_run},
	{"bundle", "[MOUNTPOINT...]",
		"Collect what a bug report needs, without secrets, in a tar",
		bundle_flags, bundle_run},
	{"help", "[COMMAND]",
		"Say what a command does, or what commands there are", no_flags,
		help_run},
	{"version", "", "Print the version", no_flags, version_run},
};

static const Command *find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

const char *const *command_names(void)
{
	static const char *names[G_N_ELEMENTS(commands) + 1];

	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		names[i] = commands[i].name;
	return names;
}

const char *command_summary(const char *name)
{
	return find(name)->summary;
}

const Flag *command_flags(const char *name)
{
	return find(name)->flags;
}

/* What was printed may still wait to be written: `--help > /dev/full`.  Who had it
 * closed would not know that it is lost. */
static int flushed(int status)
{
	gboolean lost =
		inherited_was_closed(STDOUT_FILENO) && __fpending(stdout) > 0;

	if (lost)
		return command_line_fail(
			EXIT_FAILURE, "standard output is closed");
	if (fflush(stdout))
		return command_line_fail(EXIT_FAILURE,
			"standard output cannot be written: %s",
			g_strerror(errno));
	/* The reason of an earlier write is not kept. */
	if (ferror(stdout))
		return command_line_fail(EXIT_FAILURE,
			"not all of it could be written to standard output");
	return status;
}

/* ---- help ---- */

static void print_command(const Command *command)
{
	printf("usage: sessionfs %s [OPTIONS]%s%s\n\n%s.\n\nOptions:\n",
		command->name, *command->operands ? " " : "", command->operands,
		command->summary);
	flag_print_help(command->flags, stdout);
	puts("\nSee also: man 8 sessionfs");
}

static void print_mount_options(void)
{
	puts("\nMount options:\n"
	     "  allow_other          let other users in\n"
	     "  read_only            refuse every write\n"
	     "  refresh=5s           ask again for a listing of this age\n"
	     "  window=60s           how long a directory counts as in use\n"
	     "  deadline=10s         how long a question to a provider may "
	     "take\n"
	     "  create_deadline=30s  how long a write to new or ctl may take\n"
	     "  uid=USER, gid=GROUP  owner and group of all files\n"
	     "  state_dir=DIR        where everything that is known is kept\n"
	     "  auto_unmount         unmount even when the daemon is killed\n"
	     "  keeper               replace the daemon when it is killed\n"
	     "  man sessionfs.conf lists the others");
}

static void print_help(void)
{
	puts("usage: sessionfs [OPTIONS] MOUNTPOINT\n"
	     "       sessionfs [OPTIONS] --demo MOUNTPOINT\n"
	     "       sessionfs COMMAND [OPTIONS] ...\n"
	     "\n"
	     "Mounts the interactive Spark sessions of your cloud accounts as "
	     "files.\n"
	     "It runs in the background, and returns when the mount answers.\n"
	     "\nCommands:");
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		printf("  %-20s %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions:");
	flag_print_help(mount_flags, stdout);
	print_mount_options();
	puts("\nSee also: man 8 sessionfs, man 7 sessionfs, man "
	     "sessionfs.conf");
}

int command_help(void)
{
	print_help();
	return flushed(EXIT_SUCCESS);
}

static int no_such_command(const CommandLine *line, const char *word)
{
	Nearest nearest = {.name = word};
	g_autofree char *hint = NULL;

	for (const char *const *name = command_names(); *name; name++)
		nearest_try(&nearest, *name);
	hint = nearest_hint(&nearest);
	return command_line_misused(
		line, "there is no command \"%s\"%s", word, hint);
}

static int help_run(const CommandLine *line)
{
	const Command *command;

	if (!command_line_operands(line)) {
		print_help();
		return EXIT_SUCCESS;
	}
	command = find(command_line_operand(line, 0));
	if (!command)
		return no_such_command(line, command_line_operand(line, 0));
	print_command(command);
	return EXIT_SUCCESS;
}

static int version_run(const CommandLine *line)
{
	g_autofree char *text = version_text();

	printf("%s%s\n", text, http_library());
	return EXIT_SUCCESS;
}

int command_version(void)
{
	return flushed(version_run(NULL));
}

/* ---- running one ---- */

/* `sessionfs status` in a directory that has a directory status: which is meant? */
static void tell_of_directory(const char *name)
{
	if (g_file_test(name, G_FILE_TEST_IS_DIR))
		say("this is the command %s; to mount at the directory of that "
		    "name, write ./%s",
			name, name);
}

/* As a path it would be the working directory. */
static gboolean has_empty_operand(const CommandLine *line)
{
	for (guint i = 0; i < command_line_operands(line); i++)
		if (!*command_line_operand(line, i))
			return TRUE;
	return FALSE;
}

gboolean command_run(int argc, char **argv, int *ret_status)
{
	const Command *command = argc > 1 ? find(argv[1]) : NULL;
	g_autoptr(CommandLine) line = NULL;
	g_autoptr(GError) error = NULL;

	if (!command)
		return FALSE;
	if (argc == 2)
		tell_of_directory(argv[1]);
	line = command_line_parse(command->flags, argc - 1, argv + 1, &error);
	if (!line) {
		*ret_status =
			command_line_fail(STATUS_USAGE, "%s", error->message);
		return TRUE;
	}
	if (command_line_has(line, "help")) {
		print_command(command);
		*ret_status = flushed(EXIT_SUCCESS);
		return TRUE;
	}
	if (has_empty_operand(line)) {
		*ret_status = command_line_misused(
			line, "an operand is empty, which names nothing");
		return TRUE;
	}
	*ret_status = flushed(command->run(line));
	return TRUE;
}
