#pragma once

#include "fs/command/command_line.h"

/* Where the sessionfs are that the operands name, or without an operand all: char *.
 * NULL: at one of them none is mounted, which was said.  Asks nothing of the mounts
 * themselves. */
GPtrArray *places_named(const CommandLine *line);

/*
 * Whether a path leads into a sessionfs that answers: 0 or an errno, which is ENODEV
 * when it leads into none, ENOTCONN when that is dead, ETIMEDOUT when it, or what is
 * mounted on the way, does not answer in so many ms.  What comes below the mount
 * point is not looked at, since it may take the provider to know it.
 */
int places_reach(const char *path, gint64 limit_ms);
/* Says that of an error of places_reach; returns STATUS_NO_MOUNT. */
int places_unreached(const char *path, int error);

/* The first directory on the way that is not there: a new string; NULL: all are, or it
 * cannot be told. */
char *places_missing(const char *path);
/* Why the section that the path leads into is not shown any more, or a part of it, as
 * the mount's status has it: a new string; NULL: it says nothing of it. */
char *places_gone(const char *path);
