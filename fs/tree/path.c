#include "fs/tree/path.h"

#include "fs/base/node.h"
#include "fs/tree/view.h"

/* The directory of the tree that a group or a request lies in. */
static void append_between(Daemon *daemon, guint32 number, GString *out)
{
	Entry entry;

	if (!cache_entry(daemon->cache, number, &entry))
		return;
	if (entry.kind == ENTRY_GROUP)
		g_string_append_printf(out, "/%s", tree_view(entry.by)->name);
	else if (entry.kind == ENTRY_REQUEST)
		g_string_append_printf(out, "/%s",
			tree_by_slot(DIR_WORKSPACE, NODE_REQUESTS)->name);
}

void path_of_number(Daemon *daemon, guint32 number, GString *out)
{
	g_autofree char *home = NULL;
	g_autofree char *name = NULL;

	if (!number)
		return;
	home = cache_path(daemon->cache, number);
	if (home)
		g_string_append_printf(out, "/%s", home);
	if (home && cache_home(daemon->cache, number) == number)
		return;
	name = cache_name(daemon->cache, number);
	append_between(daemon, number, out);
	if (name)
		g_string_append_printf(out, "/%s", name);
	else
		g_string_append_printf(out, "/#%u", number);
}

/* What is gone was a session, most likely. */
static const TreeRow *row_of(Daemon *daemon, fuse_ino_t node)
{
	View view;

	if (view_resolve(daemon, node, &view))
		return view.row;
	return tree_by_slot(
		node_number(node) ? DIR_SESSION : DIR_SELF, node_slot(node));
}

static void append_row(fuse_ino_t node, const TreeRow *row, GString *out)
{
	if (row->kind == ROW_SESSION)
		g_string_append_printf(
			out, " (a link in %s)", tree_view(row->by)->name);
	else if (!node_number(node) && row->kind != ROW_DIR)
		g_string_append_printf(out, "/%s/%s",
			tree_next(DIR_ROOT, NULL)->name, row->name);
	else if (row->kind == ROW_WAIT)
		g_string_append_printf(out, "/%s/%s",
			tree_by_slot(DIR_SESSION, NODE_WAIT)->name, row->name);
	else
		g_string_append_printf(out, "/%s", row->name);
}

void path_of_node(Daemon *daemon, fuse_ino_t node, GString *out)
{
	guint32 number = node_number(node);
	const TreeRow *row;

	if (node <= NODE_ROOT) {
		g_string_append_c(out, '/');
		return;
	}
	path_of_number(daemon, number, out);
	if (number && !node_slot(node))
		return;
	row = row_of(daemon, node);
	if (row)
		append_row(node, row, out);
	else
		g_string_append_printf(out, "/#%u", node_slot(node));
}
