#pragma once

#include <sys/types.h>

#include <glib.h>

/* What /proc tells of other processes. */

/* The process of a thread; 0 where it cannot be told. */
pid_t proc_process_of(pid_t tid);
/* Whether a fatal signal waits for this thread. */
gboolean proc_fatal_signal(pid_t tid);
/* Whether the working directory of a process that we may see is `path` or
 * below it.  Reads links only: it asks nothing of the file system there. */
gboolean proc_works_below(const char *path);
