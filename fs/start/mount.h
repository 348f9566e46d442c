#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

typedef struct {
	const char *mountpoint; /* absolute */
	const char *source; /* as /proc/mounts shows it; NULL: "sessionfs" */
	gboolean allow_other, auto_unmount;
} MountSettings;

/*
 * The absolute path of a directory that can be mounted on.  A mount that a
 * killed daemon left behind there is detached first; one that does not answer is an
 * error.  New string.  Errors: LOCAL; EXISTS: a sessionfs hangs there.
 */
char *mount_point(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The real path of what is or was mounted there: links are followed, and the last
 * component is asked nothing, since what is mounted there may not answer.  Where
 * something above does not, it is the path as it is written.  New string. */
char *mount_place(const char *path);

/* Whether a path is the mount point or below it, once links are followed. */
gboolean mount_covers(const char *mountpoint, const char *path);
/* Whether a mount there hides neither a directory that the machine needs nor a
 * mount of ours.  Errors: LOCAL. */
gboolean mount_is_fit(
	const char *mountpoint, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Warns of a directory that is not empty. */
void mount_warn_hidden(const char *mountpoint);

/* Makes the session and mounts it.  Errors: LOCAL, with what libfuse and
 * fusermount3 said; while it runs, standard error is kept from others. */
struct fuse_session *mount_start(const MountSettings *settings, Daemon *daemon,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the session of a mount that another process had, which is dead: fd is
 * its device.  Touches nothing of the mount.  Errors: LOCAL. */
struct fuse_session *mount_take_over(
	int fd, Daemon *daemon, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The device of the mount that is uppermost at that path, if it is one of ours;
 * else 0.  Asks nothing of the mount itself. */
dev_t mount_device(const char *mountpoint);
/* Whether nothing is mounted at that path, as a demo wants it.  Errors: LOCAL. */
gboolean mount_is_free(
	const char *mountpoint, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Takes what is mounted there away, whoever still uses it. */
void mount_detach(const char *path);

/* Serves until unmounted or signalled: TRUE when it ended as it should. */
gboolean mount_serve(struct fuse_session *session);

/* Unmounts and frees. */
void mount_end(struct fuse_session *session, const char *mountpoint);

/* Whether this kernel's directory cache honours invalidations. */
gboolean mount_listings_can_be_kept(void);
