#include "fs/command/places.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/base/exit_status.h"
#include "fs/start/mount.h"
#include "fs/start/mount_table.h"
#include "fs/start/probe.h"

GPtrArray *places_named(const CommandLine *line)
{
	g_autoptr(GPtrArray) ours = mount_table_ours();
	g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < command_line_operands(line); i++) {
		const char *named = command_line_operand(line, i);
		g_autofree char *place = mount_place(named);

		if (!mount_table_at(ours, place)) {
			command_line_fail(STATUS_NO_MOUNT,
				"no sessionfs is mounted at %s", named);
			return NULL;
		}
		g_ptr_array_add(places, g_steal_pointer(&place));
	}
	for (guint i = 0; !command_line_operands(line) && i < ours->len; i++) {
		const MountEntry *entry = g_ptr_array_index(ours, i);

		g_ptr_array_add(places, g_strdup(entry->place));
	}
	return g_steal_pointer(&places);
}

/* ---- in a process of its own: a way, from the root on ---- */

/* Not made shorter: "link/.." is somewhere else. */
static char *whole_way(const char *path)
{
	g_autofree char *here = g_get_current_dir();

	return g_path_is_absolute(path) ? g_strdup(path)
					: g_build_filename(here, path, NULL);
}

/* Step by step; FALSE at the end.  `at` begins at 0. */
static gboolean next_on_way(const char *way, gsize *at, char **ret_part)
{
	if (*at && !way[*at])
		return FALSE;
	*at += 1;
	*at += strcspn(way + *at, "/");
	g_free(*ret_part);
	*ret_part = g_strndup(way, *at);
	return TRUE;
}

static int reach(const void *path, int out)
{
	g_autofree char *way = whole_way(path);
	g_autoptr(GPtrArray) ours = mount_table_ours();
	g_autofree char *part = NULL;
	struct statfs whole;
	struct stat attr;
	gsize at = 0;

	while (next_on_way(way, &at, &part)) {
		if (stat(part, &attr))
			return errno == ENOENT || errno == ENOTDIR ? ENODEV
								   : errno;
		/* The kernel may know the attributes of a dead one. */
		if (mount_table_of(ours, attr.st_dev))
			return statfs(part, &whole) ? errno : 0;
	}
	return ENODEV;
}

static int tell_missing(const void *path, int out)
{
	g_autofree char *way = whole_way(path);
	g_autofree char *part = NULL;
	struct stat attr;
	gsize at = 0;

	while (next_on_way(way, &at, &part))
		if (stat(part, &attr))
			return write(out, part, strlen(part)) < 0 ? EIO : 0;
	return ENODATA;
}

/* The first name behind the mount point: new string. */
static char *section_of(const char *way, gsize at)
{
	const char *rest = way + at + strspn(way + at, "/");

	return g_strndup(rest, strcspn(rest, "/"));
}

/* The line of the status of the mount at `part`, without its mark. */
static int tell_line(const char *part, const char *section, int out)
{
	g_autofree char *file =
		g_build_filename(part, ".sessionfs/status", NULL);
	g_autofree char *mark = g_strdup_printf("\ngone [%s]: ", section);
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return EIO;
	at = strstr(text, mark);
	if (!at)
		return ENODATA;
	at += strlen(mark);
	return write(out, at, strcspn(at, "\n")) < 0 ? EIO : 0;
}

static int tell_gone(const void *path, int out)
{
	g_autofree char *way = whole_way(path);
	g_autoptr(GPtrArray) ours = mount_table_ours();
	g_autofree char *part = NULL, *section = NULL;
	struct stat attr;
	gsize at = 0;

	while (next_on_way(way, &at, &part)) {
		if (stat(part, &attr))
			return errno;
		if (!mount_table_of(ours, attr.st_dev))
			continue;
		section = section_of(way, at);
		return tell_line(part, section, out);
	}
	return ENODEV;
}

/* ---- asking it ---- */

int places_reach(const char *path, gint64 limit_ms)
{
	int error;

	g_free(probe_ask(reach, path, limit_ms, &error));
	return error;
}

int places_unreached(const char *path, int error)
{
	switch (error) {
	case ENODEV:
		return command_line_fail(
			STATUS_NO_MOUNT, "%s is in no sessionfs mount", path);
	case ENOTCONN:
		return command_line_fail(STATUS_NO_MOUNT,
			"the mount of %s is dead: its daemon is gone", path);
	case ETIMEDOUT:
		return command_line_fail(STATUS_NO_MOUNT,
			"the mount of %s does not answer", path);
	}
	return command_line_fail(
		STATUS_NO_MOUNT, "%s: %s", path, g_strerror(error));
}

char *places_missing(const char *path)
{
	int error;

	return probe_ask(tell_missing, path, PROBE_LIMIT_MS, &error);
}

char *places_gone(const char *path)
{
	int error;

	return probe_ask(tell_gone, path, PROBE_LIMIT_MS, &error);
}
