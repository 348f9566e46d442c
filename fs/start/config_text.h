#pragma once

#include "backends/error.h"

/* The file of a configuration, and the paths that stand in it. */

/*
 * A path as it is meant: ~ and ~/x are the user's home, what is relative begins
 * where we were started, and ${CREDENTIALS_DIRECTORY}/ is where systemd puts what a
 * unit loads.  New string; NULL with what it must be, static, for what
 * a shell would have made something else of (~somebody, $HOME, quotes).
 */
char *config_text_path(const char *value, const char **ret_wanted);

/*
 * A whole file that is ours or root's, and not everybody's to write, since it may
 * name programs to run: new string.  again: it waits for nobody, and a FIFO is an
 * error.  Errors: CONFIG.
 */
char *config_text_read(const char *path, gboolean again,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
