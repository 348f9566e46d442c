#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/*
 * Why a driver ended, out of the array `log` of Livy's answers (livy_log.h).  Pure.
 *
 * Appends lines, three at most: what follows "YARN Diagnostics:", unless that says
 * nothing; else the exception of the last `Exception in thread`, or of the first
 * ERROR since the driver came up, each with the last "Caused by" below it; else an
 * exception that nothing stands above; else the last lines if they are none of a
 * logger.  Never a stack frame or a warning; nothing where the cause stands nowhere.
 */
void livy_cause(const Json *log, GString *out);

/* The same as a new string; takes answer, whose `log` it is; NULL where that is. */
char *livy_cause_of(Json *answer);

/* The cause that a record tells, where its state is one of `bad_ends`: the one that
 * is kept, or else that of its log. */
void livy_cause_told(const Backend *self, const Json *record, GString *out);
