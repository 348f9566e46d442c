#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

/*
 * Paths for people, from the root of the mount on, as a trace shows them.  From
 * memory alone, any thread.  What is gone keeps its path as far as the cache
 * remembers it, else its number stands there: "/#123".
 */

/* Of what the cache gave that number: a directory. */
void path_of_number(Daemon *daemon, guint32 number, GString *out);
/* Of a link, which has another name in each view, that of its session. */
void path_of_node(Daemon *daemon, fuse_ino_t node, GString *out);
