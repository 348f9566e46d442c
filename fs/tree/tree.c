#include "fs/tree/tree.h"

#include <string.h>

#include "fs/base/node.h"
#include "fs/tree/eventlog.h"
#include "fs/tree/self.h"

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

/* Links in .by-name, and those in a group, which lies one deeper. */
static char *link_from_view(Daemon *daemon, guint32 number)
{
	g_autofree char *name = cache_name(daemon->cache, number);

	return name ? g_strconcat("../", name, NULL) : NULL;
}

static char *link_from_group(Daemon *daemon, guint32 number)
{
	g_autofree char *name = cache_name(daemon->cache, number);

	return name ? g_strconcat("../../", name, NULL) : NULL;
}

#define SESSION_SLOT(file) ((file) + 1)

#define VIEW_ROW(dir, what, word)                                              \
	{                                                                      \
		.name = (word), .in = (dir), .slot = NODE_VIEW + (what),       \
		.kind = ROW_DIR, .mode = 0755, .leads = DIR_VIEW, .by = (what) \
	}

#define REQUEST_SLOT(part) ((part) + 1)

#define REQUEST_ROW(what, word)                                                \
	{                                                                      \
		.name = (word), .in = DIR_REQUEST, .slot = REQUEST_SLOT(what), \
		.kind = ROW_REQUEST, .mode = 0640, .part = (what)              \
	}

#define WAIT_ROW(what, word)                                                   \
	{                                                                      \
		.name = (word), .in = DIR_WAIT, .slot = NODE_PHASE + (what),   \
		.kind = ROW_WAIT, .mode = 0644, .hidden = TRUE,                \
		.phase = (what)                                                \
	}

/* In the order in which they are listed. */
static const TreeRow rows[] = {
	{.name = ".sessionfs",
		.in = DIR_ROOT,
		.slot = 2,
		.kind = ROW_DIR,
		.mode = 0755,
		.leads = DIR_SELF},
	{.name = "version",
		.in = DIR_SELF,
		.slot = 3,
		.kind = ROW_TEXT,
		.mode = 0644,
		.text = self_version},
	{.name = "config",
		.in = DIR_SELF,
		.slot = 4,
		.kind = ROW_TEXT,
		.mode = 0640,
		.text = self_config},
	{.name = "metrics",
		.in = DIR_SELF,
		.slot = 5,
		.kind = ROW_TEXT,
		.mode = 0644,
		.changing = TRUE,
		.text = self_metrics},
	{.name = "log",
		.in = DIR_SELF,
		.slot = 6,
		.kind = ROW_TEXT,
		.mode = 0640,
		.changing = TRUE,
		.text = self_log},
	{.name = "events",
		.in = DIR_SELF,
		.slot = NODE_EVENTS,
		.kind = ROW_LOG,
		.mode = 0644,
		.age = 0},
	{.name = "events.1",
		.in = DIR_SELF,
		.slot = NODE_EVENTS + 1,
		.kind = ROW_LOG,
		.mode = 0644,
		.age = 1},
	{.name = "trace",
		.in = DIR_SELF,
		.slot = NODE_TRACE,
		.kind = ROW_TEXT,
		.mode = 0640,
		.changing = TRUE,
		.size = self_trace_size,
		.text = self_trace},
	{.name = "calls",
		.in = DIR_SELF,
		.slot = NODE_CALLS,
		.kind = ROW_TEXT,
		.mode = 0640,
		.changing = TRUE,
		.size = self_calls_size,
		.text = self_calls},
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
	{.name = ".refresh",
		.in = DIR_PROVIDER,
		.slot = 3,
		.kind = ROW_REFRESH,
		.mode = 0660},
	VIEW_ROW(DIR_PROVIDER, BY_NAME, ".by-name"),
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
		.mode = 0660,
		.order = cache_control},
	{.name = ".refresh",
		.in = DIR_WORKSPACE,
		.slot = 7,
		.kind = ROW_REFRESH,
		.mode = 0660},
	{.name = ".sessions.tsv",
		.in = DIR_WORKSPACE,
		.slot = 8,
		.kind = ROW_TABLE,
		.mode = 0640,
		.table = TABLE_TSV},
	{.name = ".sessions.jsonl",
		.in = DIR_WORKSPACE,
		.slot = 9,
		.kind = ROW_TABLE,
		.mode = 0640,
		.table = TABLE_JSONL},
	VIEW_ROW(DIR_WORKSPACE, BY_NAME, ".by-name"),
	VIEW_ROW(DIR_WORKSPACE, BY_STATE, ".by-state"),
	VIEW_ROW(DIR_WORKSPACE, BY_PHASE, ".by-phase"),
	VIEW_ROW(DIR_WORKSPACE, BY_USER, ".by-user"),
	{.name = ".requests",
		.in = DIR_WORKSPACE,
		.slot = NODE_REQUESTS,
		.kind = ROW_DIR,
		.mode = 0750,
		.leads = DIR_REQUESTS},
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
	{.name = ".access",
		.in = DIR_SESSION,
		.slot = NODE_ACCESS,
		.kind = ROW_CONTENT,
		.mode = 0600,
		.hidden = TRUE,
		.rest = TRUE,
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
		.mode = 0660,
		.order = cache_control},
	{.name = ".wait",
		.in = DIR_SESSION,
		.slot = NODE_WAIT,
		.kind = ROW_DIR,
		.mode = 0755,
		.hidden = TRUE,
		.leads = DIR_WAIT},
	WAIT_ROW(PHASE_PENDING, "pending"),
	WAIT_ROW(PHASE_STARTING, "starting"),
	WAIT_ROW(PHASE_IDLE, "idle"),
	WAIT_ROW(PHASE_BUSY, "busy"),
	WAIT_ROW(PHASE_STOPPING, "stopping"),
	WAIT_ROW(PHASE_STOPPED, "stopped"),
	WAIT_ROW(PHASE_FAILED, "failed"),
	REQUEST_ROW(REQUEST_TEXT_SPEC, "spec.json"),
	REQUEST_ROW(REQUEST_TEXT_VERB, "verb"),
	REQUEST_ROW(REQUEST_TEXT_STATE, "state"),
	REQUEST_ROW(REQUEST_TEXT_RESULT, "result"),
	REQUEST_ROW(REQUEST_TEXT_ERROR, "error"),
	{.name = "resolve",
		.in = DIR_REQUEST,
		.slot = REQUEST_SLOT(N_REQUEST_TEXTS),
		.kind = ROW_VERB,
		.mode = 0660,
		.order = cache_resolve,
		.words = TRUE},
};

G_STATIC_ASSERT(NODE_VIEW + N_VIEWS <= NODE_REQUESTS);
G_STATIC_ASSERT(NODE_REQUESTS < NODE_LINK);

G_STATIC_ASSERT(N_SESSION_FILES + 1 < NODE_WAIT);
G_STATIC_ASSERT(NODE_PHASE + N_PHASES <= NODE_LINK);
G_STATIC_ASSERT(NODE_LINK + N_VIEWS <= NODE_ACCESS);
G_STATIC_ASSERT(NODE_ACCESS < NODE_SLOTS);

#define LINK_ROW(what, dir, target)                                            \
	[what] = {.in = (dir),                                                 \
		.slot = NODE_LINK + (what),                                    \
		.kind = ROW_SESSION,                                           \
		.mode = 0777,                                                  \
		.by = (what),                                                  \
		.text = (target)}

static const TreeRow links[N_VIEWS] = {
	LINK_ROW(BY_NAME, DIR_VIEW, link_from_view),
	LINK_ROW(BY_STATE, DIR_GROUP, link_from_group),
	LINK_ROW(BY_PHASE, DIR_GROUP, link_from_group),
	LINK_ROW(BY_USER, DIR_GROUP, link_from_group),
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
	if (in == DIR_WORKSPACE && slot == NODE_LINK + BY_NAME)
		return tree_link(BY_NAME);
	if (in != DIR_SESSION)
		return NULL;
	if (slot >= NODE_LINK && slot < NODE_LINK + N_VIEWS)
		return tree_link(slot - NODE_LINK);
	return tree_by_slot(DIR_WAIT, slot);
}

const TreeRow *tree_view(ByWhat by)
{
	return tree_by_slot(DIR_WORKSPACE, NODE_VIEW + by);
}

const TreeRow *tree_link(ByWhat by)
{
	return &links[by];
}

/* An endpoint that is a secret comes with what one needs to get in. */
static gboolean has_rest(const Entry *entry)
{
	return (entry->secret >> SESSION_ENDPOINT) & 1;
}

gboolean tree_is_first_line(const TreeRow *row, const Entry *entry)
{
	return row->kind == ROW_CONTENT && row->file == SESSION_ENDPOINT &&
	       !row->rest && has_rest(entry);
}

gboolean tree_is_for_links(const TreeRow *row)
{
	return row->kind == ROW_LINK || row->leads == DIR_VIEW;
}

gboolean tree_present(Daemon *daemon, const TreeRow *row, const Entry *entry)
{
	if (row->kind == ROW_CONTENT)
		return ((entry->files >> row->file) & 1) &&
		       (!row->rest || has_rest(entry));
	if (row->kind == ROW_REQUEST)
		return (entry->texts >> row->part) & 1;
	if (row->kind == ROW_VERB && row->in == DIR_WORKSPACE)
		return entry->steered;
	if (tree_is_for_links(row) && !entry->views)
		return FALSE;
	if (row->kind == ROW_LOG) {
		g_autoptr(EventFile) file =
			eventlog_file(daemon->eventlog, row->age);

		return file != NULL;
	}
	if (!row->optional)
		return TRUE;
	g_autofree char *text = row->text(daemon, entry->number);

	return text != NULL;
}
