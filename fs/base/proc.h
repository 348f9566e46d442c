#pragma once

#include <sys/types.h>

#include <glib.h>

/* What /proc tells of other processes. */

/* The process of a thread; 0 where it cannot be told. */
pid_t proc_process_of(pid_t tid);

/* Whether a signal waits for a thread that will end it; UNSEEN where that cannot
 * be told: in another namespace of processes, behind hidepid. */
typedef enum {
	PROC_SIGNAL_NONE,
	PROC_SIGNAL_FATAL,
	PROC_SIGNAL_UNSEEN,
} ProcSignal;
ProcSignal proc_signal(pid_t tid);

/* How many threads the processes of a user have, as far as we may see them. */
guint64 proc_threads_of(uid_t uid);

/* Whether the name `target` is `path` or begins below it; both are real, and path
 * is not the root.  Compares texts alone. */
gboolean proc_is_below(const char *target, const char *path);

/* Whether the working directory of a process that we may see is `path` or
 * below it.  Reads links only: it asks nothing of the file system there. */
gboolean proc_works_below(const char *path);
