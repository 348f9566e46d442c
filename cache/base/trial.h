#pragma once

#include <glib.h>

/*
 * Where tests interrupt the program, and flaws that they plant in order to see
 * themselves fail.  Only in builds with -Dtrials=true; in others all of it is
 * nothing.
 *
 *   SESSIONFS_TRIAL_KILL=sent.synced     dies there by SIGKILL, at the first
 *   SESSIONFS_TRIAL_KILL=sent.synced:3   or the third time
 *   SESSIONFS_TRIAL_FLAWS=no-fsync;resend;final
 *   SESSIONFS_TRIAL_HANG=listing;order;content   a thread that comes there never goes
 *                        on
 *   SESSIONFS_TRIAL_MEDIUM=DIR           what was synced, and nothing else, is in
 *                                        DIR too: what a power cut would leave
 */
#ifdef SESSIONFS_TRIALS
/* A step called "<what>.<when>" is reached. */
void trial_step(const char *what, const char *when);
gboolean trial_flaw(const char *name);
void trial_hang(const char *where);
/* The file of that name in a directory is on the medium, or is gone from it. */
void trial_synced(int dir, const char *name);
#else
static inline void trial_step(const char *what, const char *when)
{
}

static inline gboolean trial_flaw(const char *name)
{
	return FALSE;
}

static inline void trial_hang(const char *where)
{
}

static inline void trial_synced(int dir, const char *name)
{
}
#endif
