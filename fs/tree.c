#include "tree.h"

#include <string.h>

#include "daemon.h"

static char *workspace_status(Daemon *daemon, guint32 number)
{
	return cache_status(daemon->cache, number);
}

static char *workspace_error(Daemon *daemon, guint32 number)
{
	return cache_last_error(daemon->cache, number);
}

static char *workspace_last(Daemon *daemon, guint32 number)
{
	return cache_last(daemon->cache, number);
}

static char *workspace_partial(Daemon *daemon, guint32 number)
{
	return cache_partial(daemon->cache, number);
}

#define SESSION_SLOT(file) ((file) + 1)

/* In the order in which they are listed. */
static const TreeRow rows[] = {
	{.name = ".sessionfs",
		.in = DIR_ROOT,
		.slot = 2,
		.kind = ROW_DIR,
		.mode = 0755},
	{.name = "version",
		.in = DIR_SELF,
		.slot = 3,
		.kind = ROW_TEXT,
		.mode = 0644,
		.text = daemon_version},
	{.name = "config",
		.in = DIR_SELF,
		.slot = 4,
		.kind = ROW_TEXT,
		.mode = 0640,
		.text = daemon_config},
	{.name = "metrics",
		.in = DIR_SELF,
		.slot = 5,
		.kind = ROW_TEXT,
		.mode = 0644,
		.changing = TRUE,
		.text = daemon_metrics},
	{.name = "log",
		.in = DIR_SELF,
		.slot = 6,
		.kind = ROW_TEXT,
		.mode = 0640,
		.changing = TRUE,
		.text = daemon_log},
	{.name = ".status",
		.in = DIR_PROVIDER,
		.slot = 1,
		.kind = ROW_TEXT,
		.mode = 0644,
		.changing = TRUE,
		.text = workspace_status},
	{.name = ".partial",
		.in = DIR_PROVIDER,
		.slot = 2,
		.kind = ROW_TEXT,
		.mode = 0644,
		.optional = TRUE,
		.text = workspace_partial},
	{.name = "new",
		.in = DIR_WORKSPACE,
		.slot = 1,
		.kind = ROW_CREATE,
		.mode = 0660},
	{.name = ".status",
		.in = DIR_WORKSPACE,
		.slot = 2,
		.kind = ROW_TEXT,
		.mode = 0644,
		.changing = TRUE,
		.text = workspace_status},
	{.name = ".last_error",
		.in = DIR_WORKSPACE,
		.slot = 3,
		.kind = ROW_TEXT,
		.mode = 0640,
		.text = workspace_error},
	{.name = ".last",
		.in = DIR_WORKSPACE,
		.slot = 4,
		.kind = ROW_LINK,
		.mode = 0777,
		.optional = TRUE,
		.text = workspace_last},
	{.name = ".partial",
		.in = DIR_WORKSPACE,
		.slot = 5,
		.kind = ROW_TEXT,
		.mode = 0644,
		.optional = TRUE,
		.text = workspace_partial},
	{.name = ".ctl",
		.in = DIR_WORKSPACE,
		.slot = 6,
		.kind = ROW_VERB,
		.mode = 0660},
	{.name = "state",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_STATE),
		.kind = ROW_CONTENT,
		.mode = 0644,
		.file = SESSION_STATE},
	{.name = "phase",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_PHASE),
		.kind = ROW_CONTENT,
		.mode = 0644,
		.file = SESSION_PHASE},
	{.name = "config.json",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_CONFIG),
		.kind = ROW_CONTENT,
		.mode = 0640,
		.file = SESSION_CONFIG},
	{.name = "webui",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_WEBUI),
		.kind = ROW_CONTENT,
		.mode = 0640,
		.file = SESSION_WEBUI},
	{.name = "session.json",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_JSON),
		.kind = ROW_CONTENT,
		.mode = 0644,
		.file = SESSION_JSON},
	{.name = "reason",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_REASON),
		.kind = ROW_CONTENT,
		.mode = 0644,
		.file = SESSION_REASON},
	{.name = "endpoint",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_ENDPOINT),
		.kind = ROW_CONTENT,
		.mode = 0640,
		.file = SESSION_ENDPOINT},
	{.name = "log",
		.in = DIR_SESSION,
		.slot = SESSION_SLOT(SESSION_LOG),
		.kind = ROW_CONTENT,
		.mode = 0640,
		.file = SESSION_LOG},
	{.name = "ctl",
		.in = DIR_SESSION,
		.slot = N_SESSION_FILES + 1,
		.kind = ROW_VERB,
		.mode = 0660},
};

const char *const tree_reserved[] = {"new", NULL};

static const TreeRow *const rows_end = rows + G_N_ELEMENTS(rows);

const TreeRow *tree_next(DirKind in, const TreeRow *row)
{
	for (row = row ? row + 1 : rows; row < rows_end; row++) {
		if (row->in == in)
			return row;
	}
	return NULL;
}

const TreeRow *tree_by_name(DirKind in, const char *name)
{
	for (const TreeRow *row = NULL; (row = tree_next(in, row));) {
		if (!strcmp(row->name, name))
			return row;
	}
	return NULL;
}

const TreeRow *tree_by_slot(DirKind in, guint slot)
{
	for (const TreeRow *row = NULL; (row = tree_next(in, row));) {
		if (row->slot == slot)
			return row;
	}
	return NULL;
}

gboolean tree_present(Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	if (row->kind == ROW_CONTENT)
		return (entry->files >> row->file) & 1;
	if (row->kind == ROW_VERB && row->in == DIR_WORKSPACE)
		return entry->steered;
	if (!row->optional)
		return TRUE;
	g_autofree char *text = row->text(daemon, entry->number);

	return text != NULL;
}
