#pragma once

#include <glib.h>

/*
 * The file of its own that the log may have (log_file).  It is appended to, and
 * made with mode 0600 where there is none.  One per process; any thread.
 */

/* Opens the file, and closes the one before: call it again after somebody moved
 * the file away.  NULL: there is none from now on.  FALSE: all stays as it was.
 * Errors: CONFIG. */
gboolean log_file_open(
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends a line, which ends with a newline.  FALSE: there is no file, or it
 * takes no more, and the caller tells the line elsewhere. */
gboolean log_file_write(const char *line);
