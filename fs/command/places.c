#include "fs/command/places.h"

#include <string.h>

#include "fs/base/exit_status.h"
#include "fs/start/mount.h"
#include "fs/start/mount_table.h"

static gboolean is_ours(GPtrArray *table, const char *place)
{
	for (guint i = 0; i < table->len; i++) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (entry->ours && !entry->hidden &&
			!strcmp(entry->place, place))
			return TRUE;
	}
	return FALSE;
}

GPtrArray *places_named(const CommandLine *line)
{
	g_autoptr(GPtrArray) table = mount_table();
	g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < command_line_operands(line); i++) {
		const char *named = command_line_operand(line, i);
		g_autofree char *place = mount_place(named);

		if (!is_ours(table, place)) {
			command_line_fail(STATUS_NO_MOUNT,
				"no sessionfs is mounted at %s", named);
			return NULL;
		}
		g_ptr_array_add(places, g_steal_pointer(&place));
	}
	for (guint i = 0; !command_line_operands(line) && i < table->len; i++) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (entry->ours && !entry->hidden)
			g_ptr_array_add(places, g_strdup(entry->place));
	}
	return g_steal_pointer(&places);
}
