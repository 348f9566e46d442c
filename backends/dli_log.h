#pragma once

#include "net/json.h"

/*
 * The lines of a driver's log, an array of texts that may hold tabs and more
 * lines themselves.  What a terminal would obey reads "?".  Pure.
 */

#define DLI_LOG_MAX (1024 * 1024)

/* Appends the lines, each with a newline; of more than DLI_LOG_MAX bytes the
 * last ones. */
void dli_log_append(const Json *lines, GString *out);

/* The URL behind the last "tracking URL:"; NULL when there is none.  New
 * string. */
char *dli_log_tracking(const Json *lines);
