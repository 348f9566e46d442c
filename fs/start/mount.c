#include "fs/start/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/spawn.h"
#include "fs/base/proc.h"
#include "fs/keeper/wire.h"
#include "fs/ops/ops.h"
#include "fs/start/mount_table.h"
#include "fs/start/probe.h"

#define LINKS_MAX 40

/* ---- the mount point ---- */

static void run_fusermount(const char *path)
{
	char *argv[] = {(char *)"fusermount3", (char *)"-uzq", (char *)"--",
		(char *)path, NULL};
	const Spawn how = {.files = {SPAWN_KEEP, SPAWN_KEEP, SPAWN_KEEP}};
	pid_t child;

	if (!spawn_program(&how, argv, &child))
		waitpid(child, NULL, 0);
}

dev_t mount_device(const char *path)
{
	g_autoptr(GPtrArray) table = mount_table();
	const MountEntry *entry = mount_table_at(table, path);

	return entry && entry->ours ? entry->device : 0;
}

gboolean mount_is_free(const char *path, GError **error)
{
	g_autoptr(GPtrArray) table = mount_table();
	const MountEntry *entry = mount_table_at(table, path);

	if (!entry)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_LOCAL,
		"--demo does not hide what is there: %s is mounted at %s; name "
		"another directory, or unmount that first",
		entry->type, path);
}

/* The real path, though what is mounted there may not answer; so many links
 * are followed at most. */
static char *resolve(const char *path, guint links)
{
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	g_autofree char *folder = g_path_get_dirname(absolute);
	g_autofree char *last = g_path_get_basename(absolute);
	g_autofree char *target = g_file_read_link(absolute, NULL);
	char *real;

	if (target && links) {
		g_autofree char *next = g_canonicalize_filename(target, folder);

		return resolve(next, links - 1);
	}
	real = realpath(folder, NULL);
	if (!real)
		return g_steal_pointer(&absolute);
	g_autofree char *joined = strcmp(absolute, "/")
					  ? g_build_filename(real, last, NULL)
					  : g_strdup("/");

	free(real);
	return g_steal_pointer(&joined);
}

void mount_detach(const char *path)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		run_fusermount(path);
}

/* What is there: 0 or an errno.  Mounts may be stacked: each that is dead goes, if it
 * is ours. */
static int look_at(const char *path, struct stat *ret)
{
	int error = probe_stat(path, ret);

	for (int i = 0; i < 16 && error == ENOTCONN && mount_device(path);
		i++) {
		g_message("detaching the dead mount at %s", path);
		mount_detach(path);
		error = probe_stat(path, ret);
	}
	return error;
}

/* The real path of what there is of it; the rest as it is written. */
static char *real_part(const char *path)
{
	g_autofree char *place = g_canonicalize_filename(path, NULL);
	g_autofree char *rest = g_strdup("");
	char *real;

	while (!(real = realpath(place, NULL)) && strcmp(place, "/")) {
		char *up = g_path_get_dirname(place);
		g_autofree char *name = g_path_get_basename(place);
		char *longer = g_build_filename(name, rest, NULL);

		g_free(place);
		place = up;
		g_free(rest);
		rest = longer;
	}
	g_autofree char *whole =
		g_build_filename(real ? real : place, rest, NULL);

	free(real);
	return g_steal_pointer(&whole);
}

gboolean mount_covers(const char *mountpoint, const char *path)
{
	g_autofree char *real = real_part(path);

	return !strcmp(mountpoint, "/") || proc_is_below(real, mountpoint);
}

gboolean mount_is_fit(const char *mountpoint, GError **error)
{
	/* Without these nothing else on the machine goes on. */
	static const char *const needed[] = {"/bin", "/boot", "/dev", "/etc",
		"/home", "/lib", "/proc", "/root", "/run", "/sbin", "/sys",
		"/tmp", "/usr/share", "/var/lib", "/var/log", NULL};
	g_autoptr(GPtrArray) table = NULL;
	const MountEntry *around;
	struct stat attr;

	for (gsize i = 0; needed[i]; i++)
		if (mount_covers(mountpoint, needed[i]))
			return backend_error_false(error, BACKEND_ERROR_LOCAL,
				"%s cannot be a mount point: the mount would "
				"hide %s from the whole machine",
				mountpoint, needed[i]);
	/* The configuration and credentials are there, and a shell begins there. */
	if (mount_covers(mountpoint, g_get_home_dir()))
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"%s cannot be a mount point: the mount would hide your "
			"home %s; mkdir a directory in it",
			mountpoint, g_get_home_dir());
	/* A daemon may have died since. */
	if (look_at(mountpoint, &attr) == ENOTCONN)
		g_debug("%s stays as it is", mountpoint);
	table = mount_table_ours();
	around = mount_table_around(table, mountpoint);
	if (around)
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"%s lies in the mount of another sessionfs, at %s: "
			"sessionfs umount %s",
			mountpoint, around->place, around->place);
	return TRUE;
}

void mount_warn_hidden(const char *mountpoint)
{
	g_autoptr(GDir) listing = mount_table_is_trigger(mountpoint)
					  ? NULL
					  : g_dir_open(mountpoint, 0, NULL);

	if (listing && g_dir_read_name(listing))
		g_warning("%s is not empty: what is in it is hidden while the "
			  "mount lasts",
			mountpoint);
}

static int tell_place(const void *path, int out)
{
	g_autofree char *place = resolve(path, LINKS_MAX);
	gsize len = strlen(place);

	return write(out, place, len) == (ssize_t)len ? 0 : EIO;
}

/* By glib, the question where we are would ask the file system that is there. */
static char *as_written(const char *path)
{
	g_autofree char *here = NULL;
	char *got = g_path_is_absolute(path) ? NULL : getcwd(NULL, 0);

	here = g_strdup(got);
	free(got);
	return g_canonicalize_filename(path, here ? here : "/");
}

char *mount_place(const char *path)
{
	int error;
	char *place = probe_ask(tell_place, path, PROBE_LIMIT_MS, &error);

	return place ? place : as_written(path);
}

/* Who asks must not hang with what is mounted there. */
static void explain_silence(const char *place, GError **error)
{
	g_autoptr(GPtrArray) table = mount_table();
	const MountEntry *entry = mount_table_around(table, place);

	if (entry && entry->ours)
		backend_error_set(error, BACKEND_ERROR_EXISTS,
			"the sessionfs that is mounted at %s does not answer: "
			"sessionfs umount --lazy %s",
			entry->place, entry->place);
	else
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"the mount point %s cannot be used: the %s that is "
			"mounted at %s does not answer",
			place, entry ? entry->type : "file system",
			entry ? entry->place : "/");
}

char *mount_point(const char *path, GError **error)
{
	/* Real, so that one directory has one state, whatever leads to it. */
	g_autofree char *real = mount_place(path);
	struct stat attr;
	int problem = look_at(real, &attr);

	if (problem == ETIMEDOUT) {
		explain_silence(real, error);
		return NULL;
	}
	if (problem)
		return backend_error_null(error, BACKEND_ERROR_LOCAL,
			"the mount point %s cannot be used: %s%s%s", real,
			g_strerror(problem),
			problem == ENOENT ? ": mkdir -p " : "",
			problem == ENOENT ? real : "");
	if (!S_ISDIR(attr.st_mode))
		return backend_error_null(error, BACKEND_ERROR_LOCAL,
			"the mount point %s is not a directory", real);
	return g_steal_pointer(&real);
}

/* ---- the session ---- */

/* A comma would end the option. */
static char *escaped(const char *value)
{
	GString *out = g_string_new(NULL);

	for (; *value; value++) {
		if (*value == ',' || *value == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *value);
	}
	return g_string_free(out, FALSE);
}

static struct fuse_session *new_session(
	const MountSettings *settings, Daemon *daemon)
{
	/* `mount -a` knows by this name what is mounted already. */
	g_autofree char *source =
		escaped(settings->source ? settings->source : "sessionfs");
	g_autofree char *options = g_strconcat("-ofsname=", source,
		",subtype=sessionfs,default_permissions,nosuid,nodev,noexec",
		settings->allow_other ? ",allow_other" : "",
		settings->auto_unmount ? ",auto_unmount" : "", NULL);
	char *argv[] = {(char *)"sessionfs", options, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);
	struct fuse_session *session =
		fuse_session_new(&args, &ops_table, sizeof(ops_table), daemon);

	fuse_opt_free_args(&args);
	return session;
}

struct fuse_session *mount_take_over(int fd, Daemon *daemon, GError **error)
{
	const MountSettings settings = {0};
	struct fuse_session *session = new_session(&settings, daemon);

	if (session && wire_attach(session, fd, daemon->kept) &&
		wire_init_again(session))
		return session;
	if (session)
		fuse_session_destroy(session);
	return backend_error_null(error, BACKEND_ERROR_LOCAL,
		"this program cannot take the mount over: what it would agree "
		"on with the kernel is not what the one before it has");
}

/* ---- what is said of a mount that fails ---- */

/*
 * libfuse and fusermount3, a process of its own, say on standard error why there
 * is no mount: that is kept, to be the reason.
 */
typedef struct {
	int kept;  /* a file; -1: nothing is kept */
	int saved; /* what standard error was */
} Hearing;

static Hearing hear(void)
{
	Hearing hearing = {memfd_create("said", MFD_CLOEXEC), -1};

	if (hearing.kept < 0)
		return hearing;
	fflush(stderr);
	hearing.saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (hearing.saved >= 0 &&
		dup2(hearing.kept, STDERR_FILENO) == STDERR_FILENO)
		return hearing;
	if (hearing.saved >= 0)
		close(hearing.saved);
	close(hearing.kept);
	return (Hearing){-1, -1};
}

/* What was said since then: a new string. */
static char *heard(const Hearing *hearing)
{
	char said[2048];
	ssize_t got = 0;

	if (hearing->kept >= 0) {
		fflush(stderr);
		dup2(hearing->saved, STDERR_FILENO);
		got = pread(hearing->kept, said, sizeof(said), 0);
		close(hearing->saved);
		close(hearing->kept);
	}
	return g_strchomp(g_strndup(said, (gsize)MAX(got, 0)));
}

static void explain(
	const MountSettings *settings, const char *said, GError **error)
{
	g_autofree char *reason = g_strdelimit(g_strdup(said), "\n", ';');

	if (*reason)
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"%s could not be mounted: %s", settings->mountpoint,
			reason);
	else
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"%s could not be mounted: is /dev/fuse there and open "
			"to you, and is fusermount3 installed?",
			settings->mountpoint);
}

struct fuse_session *mount_start(
	const MountSettings *settings, Daemon *daemon, GError **error)
{
	Hearing hearing = hear();
	struct fuse_session *session = new_session(settings, daemon);
	gboolean mounted =
		session && !fuse_session_mount(session, settings->mountpoint);
	g_autofree char *said = heard(&hearing);

	if (mounted &&
		wire_attach(session, fuse_session_fd(session), daemon->kept)) {
		if (*said)
			g_warning("%s", said);
		return session;
	}
	if (mounted)
		fuse_session_unmount(session);
	if (session)
		fuse_session_destroy(session);
	explain(settings, said, error);
	return NULL;
}

gboolean mount_serve(struct fuse_session *session)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result;

	fuse_loop_cfg_set_max_threads(config, 8);
	fuse_loop_cfg_set_clone_fd(config, 0);
	result = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	/* Above 0: the signal that asked for the end. */
	return result >= 0 && !wire_failed();
}

void mount_end(struct fuse_session *session, const char *mountpoint)
{
	dev_t device = mount_device(mountpoint);

	fuse_session_unmount(session);
	fuse_session_destroy(session);
	/* It does not know of a mount that was taken over. */
	if (device && mount_device(mountpoint) == device)
		mount_detach(mountpoint);
	/* libfuse does not tell whether fusermount3 could do it. */
	if (device && mount_device(mountpoint) == device)
		g_warning("the mount at %s is still there, and nobody serves "
			  "it: fusermount3 -u, which needs /etc/mtab, did not "
			  "take it away",
			mountpoint);
}

/* Kernels 6.9 to 6.12 go on listing what they were told to forget. */
gboolean mount_listings_can_be_kept(void)
{
	struct utsname name;
	char *rest;
	gint64 major, minor;

	if (uname(&name))
		return FALSE;
	major = g_ascii_strtoll(name.release, &rest, 10);
	minor = *rest == '.' ? g_ascii_strtoll(rest + 1, NULL, 10) : 0;
	return major != 6 || minor < 9 || minor > 12;
}
