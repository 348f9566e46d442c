#pragma once

#include "net/json.h"

/*
 * The array `log` of Livy's answers: lines of the driver's launcher below
 * headings ("stdout: ", "\nstderr: ", "\nYARN Diagnostics: "), which stand
 * there even when nothing follows them.  Pure.
 */

/* Appends the lines, each ended by a newline.  The two usual headings are left
 * out, others stand where something follows them. */
void livy_log_text(const Json *log, GString *out);

/* Appends the last lines that may say why a session ended; stack frames and
 * chatter are none, unless there is nothing else. */
void livy_log_reason(const Json *log, GString *out);
