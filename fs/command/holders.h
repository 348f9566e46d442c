#pragma once

#include <sys/types.h>

#include <glib.h>

/*
 * Which processes keep a mount busy, as far as /proc shows them: char *, such as
 * "process 71 (tail) has /mnt/s/a/w-1/.status open".  Asks nothing of the mount.
 * `daemon` and its children are left out.
 */
GPtrArray *holders_of(const char *place, pid_t daemon);
