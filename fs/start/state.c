#include "fs/start/state.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "fs/start/mount.h"
#include "fs/start/overdue.h"

/* How long the end of a daemon may take, with a second for it to begin; when one
 * says that one waits for it; and how often one looks. */
#define END_WAIT_US ((OVERDUE_S + OVERDUE_WORDS_S + 1) * G_TIME_SPAN_SECOND)
#define END_SAY_US G_TIME_SPAN_SECOND
#define END_POLL_US (20 * G_TIME_SPAN_MILLISECOND)

char *state_base(const char *base)
{
	const char *set = g_getenv("XDG_STATE_HOME");

	/* The working directory changes when we go into the background. */
	if (base)
		return g_canonicalize_filename(base, NULL);
	/* XDG's rule: what is relative there is not meant. */
	if (set && g_path_is_absolute(set))
		return g_build_filename(set, "sessionfs", NULL);
	if (geteuid() == 0)
		return g_strdup("/var/lib/sessionfs");
	return g_build_filename(
		g_get_home_dir(), ".local/state/sessionfs", NULL);
}

void state_drop_relative_places(void)
{
	static const char *const names[] = {"HOME", "XDG_CONFIG_HOME",
		"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_getenv(names[i]);

		if (value && !g_path_is_absolute(value))
			g_unsetenv(names[i]);
	}
}

/* We would ask ourselves for what we know. */
static gboolean is_apart(
	const char *place, const char *mountpoint, GError **error)
{
	if (!mount_covers(mountpoint, place))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"the mount would hide the state directory %s, which lies below "
		"%s: mount at a directory of its own, or name another "
		"state_dir",
		place, mountpoint);
}

/* A mount point's directory: readable, and different for different paths. */
static char *directory_of(const char *base, const char *mountpoint)
{
	g_autofree char *sum = g_compute_checksum_for_string(
		G_CHECKSUM_SHA256, mountpoint, -1);
	g_autofree char *last = g_path_get_basename(mountpoint);
	g_autofree char *name = g_strdup_printf("%.40s-%.16s", last, sum);

	return g_build_filename(base, name, NULL);
}

static void read_holder(int fd, char *ret, gsize size)
{
	ssize_t got = pread(fd, ret, size - 1, 0);

	ret[got > 0 ? got : 0] = '\0';
	g_strdelimit(ret, "\n", '\0');
}

/*
 * A daemon whose mount is gone is about to end: `umount M; sessionfs M` and a
 * restart by the service manager wait for it.  One whose mount is there is not
 * waited for.
 */
static gboolean take_lock(int fd, const char *mountpoint)
{
	gint64 began = clock_now_us(&clock_real);
	gboolean said = FALSE;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		gint64 waited = clock_now_us(&clock_real) - began;

		if (errno != EWOULDBLOCK || mount_device(mountpoint) ||
			waited > END_WAIT_US)
			return FALSE;
		if (!said && waited > END_SAY_US) {
			char holder[32];

			read_holder(fd, holder, sizeof(holder));
			g_message("waiting for process %s to end, which served "
				  "%s",
				holder, mountpoint);
			said = TRUE;
		}
		g_usleep(END_POLL_US);
	}
	return TRUE;
}

/* The lock goes with the process, however it ends.  Its name begins with a dot,
 * as no section's directory does. */
static int lock_directory(
	const char *path, const char *mountpoint, pid_t owner, GError **error)
{
	g_autofree char *file = g_build_filename(path, ".lock", NULL);
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char holder[32];

	if (fd < 0) {
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"the state directory %s cannot be used: %s", path,
			g_strerror(errno));
		return -1;
	}
	if (take_lock(fd, mountpoint)) {
		g_autofree char *pid = g_strdup_printf("%d\n", (int)owner);

		if (ftruncate(fd, 0) || pwrite(fd, pid, strlen(pid), 0) < 0)
			g_debug("the lock %s could not be written", file);
		return fd;
	}
	read_holder(fd, holder, sizeof(holder));
	close(fd);
	backend_error_set(error, BACKEND_ERROR_EXISTS,
		mount_device(mountpoint)
			? "another sessionfs, process %s, serves this mount "
			  "point: its state directory %s is locked (sessionfs "
			  "umount ends it)"
			: "another sessionfs, process %s, does not end, though "
			  "nothing is mounted there any more (somebody may "
			  "hold a file of it open): its state directory %s is "
			  "locked",
		holder, path);
	return -1;
}

static gboolean refuse(const char *path, const char *why, GError **error)
{
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"the state directory %s is not used: %s (state_dir names "
		"another)",
		path, why);
}

/* What others may write they could have prepared, or put a link in its place.  That
 * others could read it is put right: specs may hold secrets. */
static gboolean check_directory(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const char *why = NULL;
	struct stat st;

	if (fd < 0)
		return refuse(path,
			errno == ELOOP || errno == ENOTDIR
				? "it is no directory"
				: g_strerror(errno),
			error);
	if (fstat(fd, &st))
		why = g_strerror(errno);
	else if (st.st_uid != geteuid())
		why = "it belongs to another user";
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		why = "others may write into it: chmod 700";
	else if ((st.st_mode & 077) && fchmod(fd, 0700))
		why = g_strerror(errno);
	close(fd);
	return !why || refuse(path, why, error);
}

/* Where everybody may rename, nothing stays what it was found to be. */
static gboolean check_base(const char *path, GError **error)
{
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & S_IWOTH) ||
		(st.st_mode & S_ISVTX))
		return TRUE;
	return refuse(path, "everybody may write into it", error);
}

gboolean state_open(
	const char *base, const char *mountpoint, State *ret, GError **error)
{
	g_autofree char *named = state_base(base);
	g_autofree char *place = g_canonicalize_filename(named, NULL);
	g_autofree char *path = directory_of(place, mountpoint);

	if (!is_apart(place, mountpoint, error) || !check_base(place, error))
		return FALSE;
	if (g_mkdir_with_parents(path, 0700))
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"the state directory %s cannot be made: %s (state_dir "
			"names another)",
			path, g_strerror(errno));
	if (!check_directory(path, error))
		return FALSE;
	if (ret->lock_fd < 0)
		ret->lock_fd =
			lock_directory(path, mountpoint, ret->owner, error);
	if (ret->lock_fd < 0)
		return FALSE;
	ret->path = g_steal_pointer(&path);
	return TRUE;
}

gboolean state_open_temporary(
	const char *mountpoint, State *ret, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *made =
		g_dir_make_tmp("sessionfs-demo-XXXXXX", &problem);
	/* TMPDIR may be relative. */
	g_autofree char *path =
		made ? g_canonicalize_filename(made, NULL) : NULL;
	int fd;

	if (!path)
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"no temporary directory could be made: %s",
			problem->message);
	fd = is_apart(path, mountpoint, error)
		     ? lock_directory(path, path, ret->owner, error)
		     : -1;
	if (fd < 0) {
		rmdir(path);
		return FALSE;
	}
	*ret = (State){g_steal_pointer(&path), fd, ret->owner, TRUE};
	return TRUE;
}

static int remove_one(
	const char *path, const struct stat *attr, int type, struct FTW *walk)
{
	return remove(path);
}

void state_close(State *state)
{
	if (!state->path)
		return;
	if (state->temporary)
		nftw(state->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	close(state->lock_fd);
	g_clear_pointer(&state->path, g_free);
}
