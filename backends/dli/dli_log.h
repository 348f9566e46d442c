#pragma once

#include "backends/base/json.h"

/*
 * The lines of a driver's log, an array of texts that may hold tabs and more
 * lines themselves.  Pure.
 */

/* The URL behind the last "tracking URL:"; NULL when there is none.  New
 * string. */
char *dli_log_tracking(const Json *lines);
