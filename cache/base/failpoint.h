#pragma once

#include <glib.h>

/*
 * Where tests interrupt the program, and flaws that they plant in order to see
 * themselves fail.  Only in builds with -Dtrials=true; in others all of it is
 * nothing.
 *
 *   SESSIONFS_FAILPOINT_KILL=sent.synced     dies there by SIGKILL, at the first
 *   SESSIONFS_FAILPOINT_KILL=sent.synced:3   or the third time
 *   SESSIONFS_FAILPOINT_FLAWS=no-fsync;resend;final;untold;unkept
 *                        and, of a process that takes a mount over, what it does
 *                        not do: unresent;unmasked;unheld;regenerated;unpolled;
 *                        unpaid;unremembered
 *                        and, of a keeper, that it waits for less: impatient
 *                        and, of a program that is to take over, in what it is
 *                        another one: other_layout;other_init
 *   SESSIONFS_FAILPOINT_HANG=listing;order;content;reload   a thread that comes there
 *                        never goes on
 *   SESSIONFS_FAILPOINT_CRASH=listing:malloc   has a fault there: null (a pointer),
 *                        malloc (within it, its lock held), stack (it is full),
 *                        abort
 *   SESSIONFS_FAILPOINT_MEDIUM=DIR           what was synced, and nothing else, is in
 *                                        DIR too: what a power cut would leave
 */
#ifdef SESSIONFS_FAILPOINTS
/* A step called "<what>.<when>" is reached. */
void failpoint_step(const char *what, const char *when);
gboolean failpoint_flaw(const char *name);
void failpoint_hang(const char *where);
void failpoint_crash(const char *where);
/* The file of that name in a directory is on the medium, or is gone from it. */
void failpoint_synced(int dir, const char *name);
#else
static inline void failpoint_step(const char *what, const char *when)
{
}

static inline gboolean failpoint_flaw(const char *name)
{
	return FALSE;
}

static inline void failpoint_hang(const char *where)
{
}

static inline void failpoint_crash(const char *where)
{
}

static inline void failpoint_synced(int dir, const char *name)
{
}
#endif
