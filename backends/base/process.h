#pragma once

#include "backends/base/secret.h"

/*
 * Runs a program for what it prints.  argv[0] is looked up in PATH; no shell;
 * standard input is empty.  Blocks until deadline_us (monotonic) or until *stop
 * (atomic) is not 0; then the program and what it started are killed.  Returns
 * output of at most `max` bytes, in which a NUL byte reads as the byte 1, and in
 * *ret_said (may be NULL) what it says on standard error, as complaint_quote
 * gives it.  Any thread.  Errors, which end with what it says:
 * NO_KEY when it cannot be run; AUTH when it fails or prints too much; TIMEOUT;
 * CANCELLED.
 */
SecretText *process_run(char **argv, gsize max, gint64 deadline_us,
	const gint *stop, char **ret_said,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
