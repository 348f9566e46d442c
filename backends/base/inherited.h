#pragma once

#include <glib.h>

/*
 * What a process has from whoever started it: descriptors, signals that are
 * ignored or blocked, a mask of modes, limits.  Settled first of all in main, by
 * its one thread.
 */

/*
 * Opens /dev/null for each standard descriptor that is closed, so that no file of
 * ours becomes one; lets no child have a descriptor above those; unblocks all
 * signals, which leaves those ignored that are; waits for children again; makes
 * files private.  argv: the command line, ending with NULL.  signals_stay: those that
 * are blocked stay so, since who executed us waits for them.
 */
void inherited_settle(char **argv, gboolean signals_stay);

/* Whether the starter had this standard descriptor closed. */
gboolean inherited_was_closed(int fd);
/* Whether the starter had this signal ignored, as nohup and a shell's & do: it
 * stays so. */
gboolean inherited_ignored(int signal);

/*
 * A descriptor that such a text names, as /dev/fd/3 does, is not dropped.  The
 * command line and the environment are such texts from the start, and so is what
 * systemd says in LISTEN_FDS.
 */
void inherited_name(const char *text);
/* Closes what was inherited and is named by nothing: the starter may wait for its
 * end.  Once, when all texts are known. */
void inherited_drop(void);
