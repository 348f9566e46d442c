#pragma once

#include <glib.h>

/*
 * The files of workspaces, of which there may be more than a process may have open.
 * A quarter of RLIMIT_NOFILE is theirs; the rest is for calls.  Beyond it, and
 * whenever the kernel has no descriptor left, the one that was longest unused is
 * closed; it is opened again when its file is used.  A few are kept aside for the
 * journal, so that a create finds one when all others are taken.
 *
 * Any thread.  One mutex, a leaf, which is held across no system call.
 */
typedef struct KeptFile KeptFile;

/* Takes an open descriptor.  NULL path: the file has no name, and is never closed
 * before kept_file_free.  A named one must keep its name until then, or get its next
 * by kept_file_rename. */
KeptFile *kept_file_new(int fd, const char *path);
void kept_file_free(KeptFile *self);
/* Closes its descriptor unless somebody holds it; it is opened again when its file is
 * used. */
void kept_file_rest(KeptFile *self);
/* Its descriptor, which stays open until kept_file_release; -1 with errno when the
 * file cannot be opened again (ESTALE: another one has its name).  Several threads
 * may hold it, each as often as it likes. */
int kept_file_hold(KeptFile *self) G_GNUC_WARN_UNUSED_RESULT;
void kept_file_release(KeptFile *self);
/* It has another name now.  While nobody else holds or uses it. */
void kept_file_rename(KeptFile *self, const char *path);
/* A descriptor of its own, for the caller to close; -1 with errno. */
int kept_file_dup(KeptFile *self);

/* As openat(2), with O_CLOEXEC | O_NOFOLLOW: what is unused makes way. */
int descriptors_openat(int dir, const char *name, int flags);
/* The same for the journal, which may use what is kept aside; to be closed by
 * descriptors_close, which returns what close(2) returns. */
int descriptors_openat_first(int dir, const char *name, int flags);
int descriptors_close(int fd);

/* For tests: so many files of workspaces are open at most; 0: as RLIMIT_NOFILE has
 * it.  How many are open. */
void descriptors_limit(guint most);
guint descriptors_open(void);
