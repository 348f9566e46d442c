#pragma once

#include "fs/base/flag.h"

/* The command line of a command, once it is read. */
typedef struct CommandLine CommandLine;

/* argv[0] is the command's name.  Errors: CONFIG. */
CommandLine *command_line_parse(const Flag *flags, int argc, char **argv,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void command_line_free(CommandLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CommandLine, command_line_free)

/* Whether the option of that long name was given. */
gboolean command_line_has(const CommandLine *line, const char *name);
/* Its value, the last one; NULL: it was not given. */
const char *command_line_value(const CommandLine *line, const char *name);

/* How many operands there are, and each: borrowed. */
guint command_line_operands(const CommandLine *line);
const char *command_line_operand(const CommandLine *line, guint i);

/* Says on standard error what went wrong, and returns that status. */
int command_line_fail(int status, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same of a wrong command line: STATUS_USAGE. */
int command_line_misused(const CommandLine *line, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
