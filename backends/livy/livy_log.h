#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/*
 * The array `log` of Livy's answers: lines of the driver's launcher below
 * headings ("stdout: ", "\nstderr: ", "\nYARN Diagnostics: "), which stand
 * there even when nothing follows them.  Pure.
 */

#define LIVY_LOG_MAX (1024 * 1024)

/* Appends a line and a newline, where it does not end in one.  What a terminal
 * would obey reads "?". */
void livy_log_append_line(GString *out, const char *line);
/* Appends the lines as a window (backend.h), whose sections are what stands below
 * each heading; of more than LIVY_LOG_MAX bytes the last.  titled: the two usual
 * headings are shown too, others are where something follows them.  A server that
 * tells the last lines alone tells no heading: they are the driver's errors. */
void livy_log_window(const Json *log, gboolean titled, GString *out);

/* The bytes of the file `log`, as the slot `describe`: the window of an answer, which
 * it takes, and which is worth showing for some seconds unless the session has ended
 * by its record, body (may be NULL).  answer NULL: NULL. */
GBytes *livy_log_file(const Backend *self, Json *answer, gboolean titled,
	const char *body, gint64 *ret_until_ms);

/* What providers whose sessions are Livy's have in common.  A server that has
 * restarted knows a session's application again, but not where its pages are: they
 * are kept. */
extern const char *const livy_private[], *const livy_bad_ends[],
						 *const livy_chatter[];
#define LIVY_LOG_SLOTS                                                         \
	.quoting_files = 1 << SESSION_REASON, .described = 1 << SESSION_LOG,   \
	.grows = 1 << SESSION_LOG, .private = livy_private,                    \
	.chatter = livy_chatter, .bad_ends = livy_bad_ends, .kept = "appInfo", \
	.kept_by = "appId", .end_verb = "terminate",                           \
	.token_member = "clientToken", .list_lag_ms = 10000

/* Gives each line, without its newline, and the heading above it; usual: one of the
 * two.  more: it is not the first of its text.  The lines are added to `kept`. */
typedef void (*LivyLogTake)(const char *line, const char *heading,
	gboolean usual, gboolean more, void *data);
void livy_log_each(
	const Json *log, GPtrArray *kept, LivyLogTake take, void *data);
