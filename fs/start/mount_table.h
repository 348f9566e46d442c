#pragma once

#include <sys/types.h>

#include <glib.h>

/* The mounts that this process sees, by /proc/self/mountinfo: asks nothing of the
 * file systems themselves, which may be dead. */
typedef struct {
	char *place; /* where it is mounted */
	dev_t device;
	char *type;      /* "fuse.sessionfs" */
	gboolean ours;   /* a sessionfs */
	gboolean hidden; /* another one is mounted over it */
} MountEntry;

/* MountEntry *, in the order in which they were made; empty if the table cannot be
 * read. */
GPtrArray *mount_table(void);
