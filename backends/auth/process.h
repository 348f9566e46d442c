#pragma once

#include <glib.h>

/*
 * Runs a program for what it prints.  argv[0] is looked up in PATH; no shell;
 * standard input is empty, standard error is thrown away, since it may bear
 * secrets.  Blocks until deadline_us (monotonic) or until *stop (atomic) is not
 * 0; then the program and what it started are killed.  Returns NUL-terminated
 * output of at most `max` bytes, to be given to secret_wipe and g_free.  Any
 * thread.  Errors: AUTH when it cannot be run, fails or prints too much;
 * TIMEOUT; CANCELLED.
 */
char *process_run(char **argv, gsize max, gint64 deadline_us, const gint *stop,
	gsize *ret_len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
