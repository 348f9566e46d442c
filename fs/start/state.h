#pragma once

#include "backends/error.h"

/*
 * The state directory of one mount: private, and locked, since two daemons for
 * one mount would write each other's tables.
 */
typedef struct {
	char *path;
	int lock_fd; /* before state_open: that of the process before, or -1 */
	pid_t owner; /* before state_open: whom the lock is to name */
	gboolean temporary; /* removed at the end */
} State;

/* As XDG has it: a place that is relative is not meant.  GLib would take it to lie in the
 * working directory.  Before there are threads. */
void state_drop_relative_places(void);

/* Where the state directories of all mounts are: see state_open.  New string. */
char *state_base(const char *base);

/*
 * base: the configured place, or NULL for $XDG_STATE_HOME/sessionfs
 * (/var/lib/sessionfs as root).  Makes a directory for this mount point below
 * it, or takes one that is ours alone to write, but not where the mount would hide
 * it.  Waits for a daemon whose mount is gone already, for as long as its end may
 * take (overdue.h), and says so.  Errors: LOCAL, naming the daemon that holds the
 * lock, or what is wrong with the directory.
 */
gboolean state_open(const char *base, const char *mountpoint, State *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A private one that goes away with state_close. */
gboolean state_open_temporary(const char *mountpoint, State *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void state_close(State *state);
