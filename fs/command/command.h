#pragma once

#include "fs/command/command_line.h"

/*
 * The commands beside the mount: `sessionfs status`.  To add one, write a file with
 * its Flag table and its function, add its row to the table in command.c, and an item to
 * the table of commands in sessionfs(8); lint compares the two.
 */

/* The names of all commands, ended by NULL. */
const char *const *command_names(void);
/* Of a name that is among them: what it does, in a line, and its options. */
const char *command_summary(const char *name);
const Flag *command_flags(const char *name);

/*
 * Runs the command that argv[1] names; FALSE: it names none.  *ret_status is what
 * main() returns.  Standard output is flushed, and a failure to write it is an
 * error.
 */
gboolean command_run(int argc, char **argv, int *ret_status);

/* Prints the help of sessionfs itself, or its version.  Returns the exit status. */
int command_help(void);
int command_version(void);
