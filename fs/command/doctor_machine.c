#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backends/http/http_tls.h"
#include "fs/base/lowlevel.h"
#include "fs/command/doctor_check.h"
#include "fs/start/mount.h"
#include "fs/start/mount_table.h"
#include "fs/start/probe.h"

/* What this machine is: the kernel, its limits, the programs of FUSE. */

#define FUSE_CONF "/etc/fuse.conf"
#define UPDATEDB_CONF "/etc/updatedb.conf"
/* Fewer were ever too few: a workspace that is in use holds one, a call two. */
#define FILES_WANTED 1024
#define WATCHERS_WANTED 128
#define WATCHES_WANTED 8192

/* The number in a file of /proc; -1: there is none. */
static gint64 number_in(const char *path)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -1;
	return g_ascii_strtoll(text, NULL, 10);
}

/* ---- the kernel ---- */

/* What is asked for in INIT, by the first kernel that has it. */
static const struct {
	int major, minor;
	const char *what;
} features[] = {
	{3, 9, "READDIRPLUS (listings with attributes)"},
	{3, 15, "NOTIFY_DELETE (a session that ends is told of)"},
	{4, 7, "PARALLEL_DIROPS (a listing that waits holds up nobody)"},
	{4, 20, "CACHE_DIR (listings stay with the kernel)"},
	{5, 1, "NO_OPENDIR_SUPPORT (a listing is one call less)"},
};

static gint64 kernel_version(const char *release)
{
	char *rest;
	gint64 major = g_ascii_strtoll(release, &rest, 10);
	gint64 minor = *rest == '.' ? g_ascii_strtoll(rest + 1, NULL, 10) : 0;

	return major * 1000 + minor;
}

static void check_kernel(Doctor *doctor)
{
	g_autoptr(GString) missing = g_string_new(NULL);
	struct utsname name;

	if (uname(&name)) {
		doctor_fail(doctor, "run on Linux", "no kernel tells its name");
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(features); i++)
		if (kernel_version(name.release) <
			features[i].major * 1000 + features[i].minor)
			g_string_append_printf(missing, "%s%s",
				missing->len ? ", " : "", features[i].what);
	if (missing->len)
		doctor_warn(doctor, "run Linux 5.1 or later",
			"Linux %s lacks %s", name.release, missing->str);
	else
		doctor_ok(doctor,
			"Linux %s has every feature of FUSE that is "
			"used",
			name.release);
}

static void check_listings(Doctor *doctor)
{
	if (mount_listings_can_be_kept())
		doctor_ok(doctor, "this kernel may keep listings");
	else
		doctor_warn(doctor, "run another kernel than 6.9 to 6.12",
			"this kernel goes on showing listings that are out of "
			"date, and is given none to keep: listings of many "
			"sessions are slower");
}

static void check_filesystem(Doctor *doctor)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents("/proc/filesystems", &text, NULL, NULL))
		doctor_warn(doctor, "mount -t proc proc /proc",
			"/proc/filesystems cannot be read");
	else if (strstr(text, "\tfuse\n"))
		doctor_ok(doctor, "the kernel has FUSE");
	else
		doctor_fail(doctor, "modprobe fuse",
			"the kernel has no file system \"fuse\"");
}

static void check_device(Doctor *doctor)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		doctor_ok(doctor, "/dev/fuse can be opened");
	} else if (errno == ENOENT) {
		doctor_fail(doctor,
			"modprobe fuse; for a container, give it the device: "
			"--device /dev/fuse",
			"there is no /dev/fuse");
	} else if (errno == EACCES) {
		doctor_fail(doctor, "chmod 666 /dev/fuse",
			"/dev/fuse is not open to you");
	} else {
		doctor_fail(doctor,
			"modprobe fuse; for a container, give it the device: "
			"--device /dev/fuse",
			"/dev/fuse cannot be opened: %s", g_strerror(errno));
	}
}

/* ---- the programs and files of FUSE ---- */

static void check_fusermount(Doctor *doctor)
{
	g_autofree char *path = g_find_program_in_path("fusermount3");
	struct stat st;

	if (!path && geteuid() == 0)
		doctor_warn(doctor, "apt install fuse3 (dnf install fuse3)",
			"there is no fusermount3, which root needs for "
			"auto_unmount alone");
	else if (!path)
		doctor_fail(doctor, "apt install fuse3 (dnf install fuse3)",
			"there is no fusermount3, and only root mounts without "
			"it");
	else if (stat(path, &st) || st.st_uid || !(st.st_mode & S_ISUID))
		(geteuid() ? doctor_fail : doctor_warn)(doctor,
			"chown root and chmod u+s for it, as its package does",
			"%s is not setuid root: nobody but root can mount",
			path);
	else
		doctor_ok(doctor, "%s is setuid root", path);
}

/* A line of fuse.conf that begins so, behind its name; NULL: new string. */
static char *fuse_conf(const char *name)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(FUSE_CONF, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(g_strstrip(*line), name))
			return g_strdup(*line + strlen(name));
	return NULL;
}

static void check_allow_other(Doctor *doctor)
{
	g_autofree char *set = fuse_conf("user_allow_other");

	if (!doctor->config->allow_other)
		doctor_ok(doctor, "allow_other is not asked for");
	else if (set)
		doctor_ok(doctor, FUSE_CONF " has user_allow_other");
	else if (geteuid() == 0)
		doctor_ok(doctor, "allow_other is asked for, and root may");
	else
		doctor_fail(doctor,
			"echo user_allow_other >> " FUSE_CONF " (as root)",
			"[sessionfs] allow_other = true is asked for, "
			"and " FUSE_CONF " has no line user_allow_other");
}

/* How many FUSE mounts fusermount3 counts. */
static guint fuse_mounts(void)
{
	g_autofree char *table = NULL;
	guint count = 0;

	if (!g_file_get_contents("/proc/self/mounts", &table, NULL, NULL))
		return 0;
	for (const char *at = table; (at = strstr(at, " fuse.")); at++)
		count++;
	return count;
}

static void check_mount_max(Doctor *doctor)
{
	g_autofree char *set = fuse_conf("mount_max");
	const char *number = set ? strchr(set, '=') : NULL;
	gint64 max = number ? g_ascii_strtoll(number + 1, NULL, 10) : 1000;
	guint mounts = fuse_mounts();

	if (max < 0 || mounts < max)
		doctor_ok(doctor, "%u FUSE mounts of %" G_GINT64_FORMAT, mounts,
			max);
	else
		doctor_fail(doctor, "raise mount_max in " FUSE_CONF,
			"there are %u FUSE mounts, and " FUSE_CONF
			" lets users have %" G_GINT64_FORMAT,
			mounts, max);
}

/* Whether PRUNEFS = "..." has one of our types as a word. */
static gboolean prunes_us(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = NULL;

		if (!g_str_has_prefix(g_strstrip(*line), "PRUNEFS"))
			continue;
		words = g_strsplit_set(*line, "=\" \t", -1);
		if (g_strv_contains(
			    (const char *const *)words, "fuse.sessionfs") ||
			g_strv_contains((const char *const *)words, "fuse"))
			return TRUE;
	}
	return FALSE;
}

static void check_updatedb(Doctor *doctor)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(UPDATEDB_CONF, &text, NULL, NULL))
		doctor_ok(doctor, "there is no " UPDATEDB_CONF);
	else if (prunes_us(text))
		doctor_ok(doctor, UPDATEDB_CONF " leaves us out");
	else
		doctor_warn(doctor,
			"add fuse.sessionfs to PRUNEFS in " UPDATEDB_CONF,
			"updatedb walks through every mount each day, which "
			"costs calls");
}

/* Whether a mount of ours answers, or nobody is there any more. */
static gboolean is_alive(Doctor *doctor, const char *place, const Probe *probe)
{
	g_autofree char *mend = g_strdup_printf("sessionfs umount %s", place);

	switch (probe_error(probe)) {
	case ENOTCONN:
		doctor_fail(doctor, mend, "%s is dead: its daemon was killed",
			place);
		return FALSE;
	case ETIMEDOUT:
		doctor_fail(doctor, "end its daemon, then sessionfs umount -l",
			"%s does not answer", place);
		return FALSE;
	default:
		return TRUE;
	}
}

/* All at once, so that those that hang cost their time once. */
static void check_mounts(Doctor *doctor)
{
	g_autoptr(GPtrArray) all = mount_table();
	g_autoptr(GPtrArray) places = g_ptr_array_new();
	g_autoptr(GPtrArray) probes =
		g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);
	guint alive = 0;

	for (guint i = 0; i < all->len; i++) {
		const MountEntry *entry = all->pdata[i];

		if (!entry->ours || entry->hidden)
			continue;
		g_ptr_array_add(places, entry->place);
		g_ptr_array_add(
			probes, probe_start(entry->place, ".sessionfs/status"));
	}
	probe_wait(probes, PROBE_LIMIT_MS);
	for (guint i = 0; i < places->len; i++)
		alive += is_alive(doctor, places->pdata[i], probes->pdata[i])
				 ? 1
				 : 0;
	if (alive == places->len)
		doctor_ok(doctor, "none of %u mounts is dead", places->len);
}

static void check_libfuse(Doctor *doctor)
{
	doctor_ok(doctor, "libfuse %s", fuse_pkgversion());
}

/* ---- limits ---- */

/* The kernel ends a connection that leaves a request unanswered for so long, as a read
 * that waits does. */
static void check_timeouts(Doctor *doctor)
{
	gint64 max = number_in("/proc/sys/fs/fuse/max_request_timeout");
	gint64 set = number_in("/proc/sys/fs/fuse/default_request_timeout");
	gint64 limit = max > 0 && (set <= 0 || max < set) ? max : set;

	if (limit <= 0)
		doctor_ok(doctor, "the kernel sets no time for requests");
	else
		doctor_fail(doctor,
			"sysctl fs.fuse.default_request_timeout=0 "
			"fs.fuse.max_request_timeout=0",
			"the kernel ends a mount when a request waits for more "
			"than %" G_GINT64_FORMAT
			" s, as each read that waits for a session does",
			limit);
}

static void check_number(Doctor *doctor, const char *path, gint64 wanted,
	const char *setting, const char *what)
{
	gint64 number = number_in(path);
	g_autofree char *mend =
		g_strdup_printf("sysctl %s=%" G_GINT64_FORMAT, setting, wanted);

	if (number < 0)
		doctor_ok(doctor, "this kernel has no limit of %s", what);
	else if (number < wanted)
		doctor_warn(doctor, mend,
			"a user may have %" G_GINT64_FORMAT
			" %s: programs that wait for events may fail",
			number, what);
	else
		doctor_ok(doctor, "a user may have %" G_GINT64_FORMAT " %s",
			number, what);
}

static void check_watchers(Doctor *doctor)
{
	check_number(doctor, "/proc/sys/fs/inotify/max_user_instances",
		WATCHERS_WANTED, "fs.inotify.max_user_instances",
		"watchers (inotify)");
}

static void check_watches(Doctor *doctor)
{
	check_number(doctor, "/proc/sys/fs/inotify/max_user_watches",
		WATCHES_WANTED, "fs.inotify.max_user_watches",
		"watches (inotify)");
}

static void check_open_files(Doctor *doctor)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_max >= FILES_WANTED)
		doctor_ok(doctor,
			"a daemon may have %" G_GUINT64_FORMAT " files open",
			(guint64)files.rlim_max);
	else
		doctor_warn(doctor,
			"ulimit -Hn 4096, or LimitNOFILE= of the unit",
			"a daemon may have only %" G_GUINT64_FORMAT
			" files open",
			(guint64)files.rlim_max);
}

static void check_libraries(Doctor *doctor)
{
	const char *problem;
	g_autofree char *versions = http_libraries(&problem);

	if (problem)
		doctor_fail(doctor, "install libcurl4 of Debian 12 or newer",
			"%s: %s", versions, problem);
	else
		doctor_ok(doctor, "%s", versions);
}

const DoctorCheck doctor_machine[] = {
	{"libraries", FALSE, FALSE, check_libraries},
	{"kernel", FALSE, FALSE, check_kernel},
	{"kept_listings", FALSE, FALSE, check_listings},
	{"fuse", FALSE, FALSE, check_filesystem},
	{"fuse_device", FALSE, FALSE, check_device},
	{"fusermount", FALSE, FALSE, check_fusermount},
	{"libfuse", FALSE, FALSE, check_libfuse},
	{"user_allow_other", FALSE, FALSE, check_allow_other},
	{"mount_max", FALSE, FALSE, check_mount_max},
	{"stale_mounts", FALSE, FALSE, check_mounts},
	{"updatedb", FALSE, FALSE, check_updatedb},
	{"request_timeout", FALSE, FALSE, check_timeouts},
	{"inotify_instances", FALSE, FALSE, check_watchers},
	{"inotify_watches", FALSE, FALSE, check_watches},
	{"open_files", FALSE, FALSE, check_open_files},
	{NULL},
};
