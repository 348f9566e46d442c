#pragma once

#include <glib.h>

/*
 * The environment, and paths that it and the vendors' files name.  Relative ones count
 * from where the program was started, as they do for the vendors' tools, although
 * a daemon works in "/".  Any thread.  New strings.
 */

/* An environment variable's value, NULL when unset or empty. */
const char *auth_env(const char *name);
gboolean auth_env_true(const char *name);

/* The working directory is the one to count from.  Called once, before there are
 * threads; without it, it is the working directory at the time. */
void auth_start_here(void);

/* The path made absolute. */
char *auth_whole_path(const char *path);
/* A path below the user's home. */
char *auth_home_path(const char *rest);
/* As botocore does: $NAME and ${NAME} stand for variables that are set, then "~"
 * and "~user" at the beginning for a home. */
char *auth_expand_path(const char *path);

gboolean auth_is_file(const char *path); /* a regular one */
/* Appends a line that changes when the file does; nothing when there is none.
 * Takes path. */
void auth_append_stat(GString *out, char *path);
