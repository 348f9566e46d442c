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
	char *line;      /* of the file, without a newline */
} MountEntry;

/* MountEntry *, in the order in which they were made; empty if the table cannot be
 * read. */
GPtrArray *mount_table(void);
/* Of these only sessionfs that are not hidden. */
GPtrArray *mount_table_ours(void);

/* Of a table: what is in use at a real path; the one in which a real path lies; one
 * with that device.  NULL: there is none.  Borrowed. */
const MountEntry *mount_table_at(const GPtrArray *table, const char *place);
const MountEntry *mount_table_around(const GPtrArray *table, const char *path);
const MountEntry *mount_table_of(const GPtrArray *table, dev_t device);

/* Whether what is at a real path mounts as soon as somebody looks into it (autofs(5)):
 * whoever is to be mounted there waits for himself if he does.  stat(2) does not. */
gboolean mount_table_is_trigger(const char *place);
