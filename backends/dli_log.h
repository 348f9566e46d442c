#pragma once

#include "net/json.h"

/*
 * The lines of a driver's log, an array of texts that may hold tabs and more
 * lines themselves.  Pure.
 */

/* Appends the lines as livy_log_append_line and livy_log_append_tail do. */
void dli_log_append(const Json *lines, GString *out);

/* The URL behind the last "tracking URL:"; NULL when there is none.  New
 * string. */
char *dli_log_tracking(const Json *lines);
