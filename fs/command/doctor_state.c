#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fs/command/doctor_check.h"
#include "fs/start/state.h"

/* The state directories of all mounts.  They are read and nothing else: a lock that is
 * tried is held for a moment, and would be in the way of a daemon that starts. */

#define ROOM_FAIL (1 * 1024 * 1024)
#define ROOM_WARN (64 * 1024 * 1024)

/* Of files of requests: see cache/store/journal.h, and record_log.h of the others. */
static const struct {
	const char *magic; /* of the newest that this version knows */
	guint version;     /* where in it the version begins */
} formats[] = {{"sfsreq01", 6}, {"sfsledg1", 7}};

static char *base_of(const Doctor *doctor)
{
	return state_base(doctor->config->state_dir);
}

/* The names in a directory: char *, none where it cannot be read. */
static GPtrArray *names_in(const char *path)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	return names;
}

/* The directory of each mount. */
static GPtrArray *mounts_of(const Doctor *doctor)
{
	g_autofree char *base = base_of(doctor);
	g_autoptr(GPtrArray) names = names_in(base);
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path =
			g_build_filename(base, names->pdata[i], NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(paths, g_steal_pointer(&path));
	}
	return paths;
}

/* The nearest directory that is there: it or one above it. */
static char *nearest_place(const char *path)
{
	char *place = g_strdup(path);

	while (!g_file_test(place, G_FILE_TEST_EXISTS)) {
		char *above = g_path_get_dirname(place);

		g_free(place);
		place = above;
	}
	return place;
}

static void check_place(Doctor *doctor)
{
	g_autofree char *base = base_of(doctor);
	g_autofree char *place = nearest_place(base);
	struct stat st;

	if (stat(place, &st) || !S_ISDIR(st.st_mode))
		doctor_fail(doctor, "name another with state_dir",
			"%s: %s is no directory", base, place);
	else if (access(place, W_OK | X_OK))
		doctor_fail(doctor,
			"name another with state_dir, or give it to yourself",
			"%s cannot be used: %s: %s", base, place,
			g_strerror(errno));
	else if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		doctor_fail(doctor, "chmod o-w it, or name another",
			"%s: everybody may write into %s", base, place);
	else if (strcmp(base, place))
		doctor_ok(doctor, "%s, which the first mount makes", base);
	else
		doctor_ok(doctor, "%s", base);
}

static void check_room(Doctor *doctor)
{
	g_autofree char *base = base_of(doctor);
	g_autofree char *place = nearest_place(base);
	const char *mend = "make room, or name another with state_dir";
	struct statvfs fs;
	guint64 room;

	if (statvfs(place, &fs)) {
		doctor_fail(doctor, mend, "%s: %s", place, g_strerror(errno));
		return;
	}
	room = (guint64)fs.f_bavail * fs.f_frsize;
	if (room < ROOM_FAIL || (fs.f_files && !fs.f_favail))
		doctor_fail(doctor, mend, "the disk of %s is full", place);
	else if (room < ROOM_WARN)
		doctor_warn(doctor, mend,
			"%s has %" G_GUINT64_FORMAT " MiB left", place,
			room >> 20);
	else
		doctor_ok(doctor, "%s has %" G_GUINT64_FORMAT " MiB left",
			place, room >> 20);
}

/* ---- each mount's ---- */

/* Visits each; says how many there are if none was complained of. */
static void each_mount(Doctor *doctor,
	gboolean (*is_fine)(Doctor *doctor, const char *path), const char *fine)
{
	g_autoptr(GPtrArray) mounts = mounts_of(doctor);
	guint good = 0;

	for (guint i = 0; i < mounts->len; i++)
		good += is_fine(doctor, mounts->pdata[i]) ? 1 : 0;
	if (good == mounts->len)
		doctor_ok(doctor, "%u of %u state directories %s", good,
			mounts->len, fine);
}

static gboolean is_owned(Doctor *doctor, const char *path)
{
	g_autofree char *mend =
		g_strdup_printf("chown -R %u %s", (guint)geteuid(), path);
	struct stat st;

	if (lstat(path, &st) || st.st_uid == geteuid())
		return TRUE;
	doctor_fail(
		doctor, mend, "%s belongs to user %u", path, (guint)st.st_uid);
	return FALSE;
}

static void check_owner(Doctor *doctor)
{
	each_mount(doctor, is_owned, "are yours");
}

static gboolean is_private(Doctor *doctor, const char *path)
{
	g_autofree char *mend = g_strdup_printf("chmod 700 %s", path);
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & 077))
		return TRUE;
	if (st.st_mode & 022)
		doctor_fail(doctor, mend, "others may write into %s", path);
	else
		doctor_warn(doctor, mend, "others may read %s", path);
	return FALSE;
}

static void check_mode(Doctor *doctor)
{
	each_mount(doctor, is_private, "are private");
}

/* Whether a line of /proc/locks is about a lock of flock(2) of the file of that number:
 * "1: FLOCK ADVISORY WRITE PID 08:02:INODE 0 EOF".  The process is the one that took it,
 * which may have handed it on. */
static gboolean is_lock(const char *line, guint64 inode)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	const char *fields[8];
	guint count = 0;

	for (char **word = words; *word && count < 8; word++)
		if (**word)
			fields[count++] = *word;
	return count > 5 && !strcmp(fields[1], "FLOCK") &&
	       strrchr(fields[5], ':') &&
	       g_ascii_strtoull(strrchr(fields[5], ':') + 1, NULL, 10) == inode;
}

static gboolean is_held(const char *file)
{
	g_autofree char *table = NULL;
	g_auto(GStrv) lines = NULL;
	struct stat st;

	if (stat(file, &st) ||
		!g_file_get_contents("/proc/locks", &table, NULL, NULL))
		return FALSE;
	lines = g_strsplit(table, "\n", -1);
	for (char **line = lines; *line; line++)
		if (is_lock(*line, st.st_ino))
			return TRUE;
	return FALSE;
}

/* The process that the lock names and that holds it; 0: none. */
static gint64 holder_of(const char *path)
{
	g_autofree char *file = g_build_filename(path, ".lock", NULL);
	g_autofree char *text = NULL;
	gint64 pid;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return 0;
	pid = g_ascii_strtoll(text, NULL, 10);
	return pid > 0 && is_held(file) ? pid : 0;
}

static void check_lock(Doctor *doctor)
{
	g_autoptr(GPtrArray) mounts = mounts_of(doctor);
	g_autoptr(GString) held = g_string_new(NULL);

	for (guint i = 0; i < mounts->len; i++) {
		gint64 pid = holder_of(mounts->pdata[i]);

		if (pid)
			g_string_append_printf(held,
				"%sprocess %" G_GINT64_FORMAT " holds %s",
				held->len ? ", " : "", pid,
				(char *)mounts->pdata[i]);
	}
	doctor_ok(doctor, "%s", held->len ? held->str : "nobody holds one");
}

/* ---- what lies in them ---- */

static gboolean has_no_damage(Doctor *doctor, const char *path)
{
	g_autofree char *folder = g_build_filename(path, ".requests", NULL);
	g_autoptr(GPtrArray) names = names_in(folder);
	const char *first = NULL;
	guint count = 0;

	for (guint i = 0; i < names->len; i++) {
		if (!g_str_has_suffix(names->pdata[i], ".damaged"))
			continue;
		first = names->pdata[i];
		count++;
	}
	if (!count)
		return TRUE;
	doctor_warn(doctor,
		"compare the sessions that run with what you asked for, then "
		"remove them",
		"%s has %u requests that could not be read and were set aside: "
		"%s, for one",
		folder, count, first);
	return FALSE;
}

static void check_damage(Doctor *doctor)
{
	each_mount(doctor, has_no_damage, "have nothing that was set aside");
}

static gboolean is_newer(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char head[8];
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(head));

	if (fd >= 0)
		close(fd);
	if (got != (ssize_t)sizeof(head))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
		guint at = formats[i].version;

		if (!memcmp(head, formats[i].magic, at) &&
			g_ascii_isdigit(head[at]) &&
			memcmp(head, formats[i].magic, sizeof(head)) > 0)
			return TRUE;
	}
	return FALSE;
}

/* The first file of a newer format, two directories deep: new string; NULL. */
static char *newer_below(const char *path, guint depth)
{
	g_autoptr(GPtrArray) names = names_in(path);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *inside =
			g_build_filename(path, names->pdata[i], NULL);
		g_autofree char *found = NULL;

		if (is_newer(inside))
			return g_steal_pointer(&inside);
		if (depth && !g_file_test(inside, G_FILE_TEST_IS_SYMLINK) &&
			g_file_test(inside, G_FILE_TEST_IS_DIR))
			found = newer_below(inside, depth - 1);
		if (found)
			return g_steal_pointer(&found);
	}
	return NULL;
}

static gboolean is_of_this_version(Doctor *doctor, const char *path)
{
	g_autofree char *file = newer_below(path, 2);

	if (!file)
		return TRUE;
	doctor_fail(doctor,
		"run that version, or name another directory with state_dir",
		"a newer version of sessionfs wrote %s", file);
	return FALSE;
}

static void check_format(Doctor *doctor)
{
	each_mount(doctor, is_of_this_version, "can be read by this version");
}

static gboolean has_no_crash(Doctor *doctor, const char *path)
{
	g_autoptr(GPtrArray) names = names_in(path);

	for (guint i = 0; i < names->len; i++) {
		if (!g_str_has_prefix(names->pdata[i], ".crash-"))
			continue;
		doctor_warn(doctor, "report it as a bug, then remove it",
			"a daemon was ended by a fault, and left %s/%s", path,
			(char *)names->pdata[i]);
		return FALSE;
	}
	return TRUE;
}

static void check_crash(Doctor *doctor)
{
	each_mount(doctor, has_no_crash, "have no report of a crash");
}

/* ---- the metrics socket ---- */

static void check_socket(Doctor *doctor)
{
	const char *path = doctor->config->metrics_socket;
	g_autofree char *folder = path ? g_path_get_dirname(path) : NULL;
	struct stat st;

	if (!path)
		doctor_ok(doctor, "metrics_socket is not asked for");
	else if (!lstat(path, &st) && !S_ISSOCK(st.st_mode))
		doctor_fail(doctor, "remove it, or name another",
			"metrics_socket: %s is there, and no socket", path);
	else if (access(folder, W_OK | X_OK))
		doctor_fail(doctor, "make the directory, or name another",
			"metrics_socket: %s: %s", folder, g_strerror(errno));
	else
		doctor_ok(doctor, "%s", path);
}

/* ---- the file of the log ---- */

static void check_log(Doctor *doctor)
{
	const char *path = doctor->config->log_file;
	g_autofree char *folder = path ? g_path_get_dirname(path) : NULL;
	struct stat st;
	gboolean there = path && !lstat(path, &st);

	if (!path)
		doctor_ok(doctor, "log_file is not asked for");
	else if (there && !S_ISREG(st.st_mode))
		doctor_fail(doctor, "remove it, or name another",
			"log_file: %s is no regular file", path);
	else if (there ? access(path, W_OK) : access(folder, W_OK | X_OK))
		doctor_fail(doctor,
			there ? "give it to yourself, or name another"
			      : "make the directory, or name another",
			"log_file: %s: %s", there ? path : folder,
			g_strerror(errno));
	else
		doctor_ok(doctor, "%s", path);
}

const DoctorCheck doctor_state[] = {
	{"state_place", FALSE, FALSE, check_place},
	{"state_room", FALSE, FALSE, check_room},
	{"state_owner", FALSE, FALSE, check_owner},
	{"state_mode", FALSE, FALSE, check_mode},
	{"state_lock", FALSE, FALSE, check_lock},
	{"state_damage", FALSE, FALSE, check_damage},
	{"state_format", FALSE, FALSE, check_format},
	{"crash_report", FALSE, FALSE, check_crash},
	{"metrics_socket", FALSE, FALSE, check_socket},
	{"log_file", FALSE, FALSE, check_log},
	{NULL},
};
