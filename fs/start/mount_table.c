#include "fs/start/mount_table.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "fs/base/proc.h"

static void entry_free(void *data)
{
	MountEntry *entry = data;

	g_free(entry->place);
	g_free(entry->type);
	g_free(entry->line);
	g_free(entry);
}

/* "42 27 0:39 / /mnt/x rw - fuse.sessionfs ...": NULL for what is no such line. */
static MountEntry *read_line(const char *line)
{
	g_auto(GStrv) fields = g_strsplit(line, " ", 6);
	MountEntry *entry;
	const char *type;
	char *minor;
	guint64 major;

	if (g_strv_length(fields) < 6)
		return NULL;
	entry = g_new0(MountEntry, 1);
	entry->line = g_strdup(line);
	entry->place = g_strcompress(fields[4]);
	type = strstr(fields[5], " - ");
	type = type ? type + strlen(" - ") : "";
	entry->type = g_strndup(type, strcspn(type, " "));
	entry->ours = !strcmp(entry->type, "fuse.sessionfs");
	major = g_ascii_strtoull(fields[2], &minor, 10);
	if (*minor == ':')
		entry->device = makedev((guint)major,
			(guint)g_ascii_strtoull(minor + 1, NULL, 10));
	return entry;
}

GPtrArray *mount_table(void)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(entry_free);
	g_autofree char *table = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/self/mountinfo", &table, NULL, NULL))
		return found;
	lines = g_strsplit(table, "\n", -1);
	for (char **line = lines; *line; line++) {
		MountEntry *entry = read_line(*line);

		if (!entry)
			continue;
		for (guint i = 0; i < found->len; i++) {
			MountEntry *before = g_ptr_array_index(found, i);

			if (!strcmp(before->place, entry->place))
				before->hidden = TRUE;
		}
		g_ptr_array_add(found, entry);
	}
	return found;
}

GPtrArray *mount_table_ours(void)
{
	GPtrArray *table = mount_table();

	for (guint i = table->len; i-- > 0;) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (!entry->ours || entry->hidden)
			g_ptr_array_remove_index(table, i);
	}
	return table;
}

const MountEntry *mount_table_at(const GPtrArray *table, const char *place)
{
	for (guint i = 0; i < table->len; i++) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (!entry->hidden && !strcmp(entry->place, place))
			return entry;
	}
	return NULL;
}

const MountEntry *mount_table_around(const GPtrArray *table, const char *path)
{
	const MountEntry *nearest = NULL;

	for (guint i = 0; i < table->len; i++) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (!entry->hidden && proc_is_below(path, entry->place) &&
			(!nearest ||
				strlen(entry->place) > strlen(nearest->place)))
			nearest = entry;
	}
	return nearest;
}

const MountEntry *mount_table_of(const GPtrArray *table, dev_t device)
{
	for (guint i = 0; i < table->len; i++) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (entry->device == device)
			return entry;
	}
	return NULL;
}

gboolean mount_table_is_trigger(const char *place)
{
	g_autoptr(GPtrArray) table = mount_table();
	const MountEntry *entry = mount_table_at(table, place);

	return entry && !strcmp(entry->type, "autofs");
}
