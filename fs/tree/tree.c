#include "fs/tree/tree.h"

#include <string.h>

#include "fs/base/node.h"
#include "fs/base/trace.h"
#include "fs/tree/self.h"

/*
 * The tree, a line a name, in the order in which a directory lists them.  To add a
 * file, add its line: its kind says how it is shown (rows.c) and opened (file.c in
 * ops), the slot gives it a node (node.h).
 */
static const TreeRow root_rows[] = {
	{".sessionfs", NODE_SELF, ROW_DIR, 0755, .leads = DIR_SELF},
};

static const TreeRow self_rows[] = {
	{"version", 3, ROW_SELF, 0644, .self = self_version},
	{"config", 4, ROW_SELF, 0640, .self = self_config},
	{"metrics", 5, ROW_SELF, 0644, .self = self_metrics, .changing = TRUE},
	{"crash", 7, ROW_SELF, 0600, .self = self_crash},
	{"log", 6, ROW_SELF, 0640, .self = self_log, .changing = TRUE},
	{"status", NODE_STATUS, ROW_SELF, 0644, .self = self_status,
		.changing = TRUE},
	{"events", NODE_EVENTS, ROW_LOG, 0644, .age = 0},
	{"events.1", NODE_EVENTS + 1, ROW_LOG, 0644, .age = 1},
	{"trace", NODE_TRACE, ROW_TRACE, 0640, .trace = TRACE_FUSE},
	{"calls", NODE_CALLS, ROW_TRACE, 0640, .trace = TRACE_API},
};

#define VIEW_ROW(what, word)                                                   \
	{                                                                      \
		.name = (word), .slot = NODE_VIEW + (what), .kind = ROW_DIR,   \
		.mode = 0755, .leads = DIR_VIEW, .by = (what)                  \
	}

static const TreeRow provider_rows[] = {
	{".status", 1, ROW_TEXT, 0644, .text = cache_status, .changing = TRUE},
	{".partial", 2, ROW_OPTIONAL, 0644, .text = cache_partial},
	{".refresh", 3, ROW_REFRESH, 0660},
	VIEW_ROW(BY_NAME, ".by-name"),
};

static const TreeRow workspace_rows[] = {
	{"new", 1, ROW_CREATE, 0660},
	{".status", 2, ROW_TEXT, 0644, .text = cache_status, .changing = TRUE},
	{".last_error", 3, ROW_TEXT, 0640, .text = cache_last_error},
	{".last", 4, ROW_LINK, 0777, .text = cache_last},
	{".partial", 5, ROW_OPTIONAL, 0644, .text = cache_partial},
	{".ctl", 6, ROW_VERB, 0660, .give = cache_control, .steered = TRUE},
	{".refresh", 7, ROW_REFRESH, 0660},
	{".sessions.tsv", 8, ROW_TABLE, 0640, .table = TABLE_TSV},
	{".sessions.jsonl", 9, ROW_TABLE, 0640, .table = TABLE_JSONL},
	VIEW_ROW(BY_NAME, ".by-name"),
	VIEW_ROW(BY_STATE, ".by-state"),
	VIEW_ROW(BY_PHASE, ".by-phase"),
	VIEW_ROW(BY_USER, ".by-user"),
	{".requests", NODE_REQUESTS, ROW_DIR, 0750, .leads = DIR_REQUESTS},
};

#define SESSION_SLOT(file) ((file) + 1)

#define CONTENT_ROW(what, word, bits)                                          \
	{                                                                      \
		(word), SESSION_SLOT(what), ROW_CONTENT, (bits),               \
			.file = (what)                                         \
	}

static const TreeRow session_rows[] = {
	CONTENT_ROW(SESSION_STATE, "state", 0644),
	CONTENT_ROW(SESSION_PHASE, "phase", 0644),
	CONTENT_ROW(SESSION_CONFIG, "config.json", 0640),
	CONTENT_ROW(SESSION_WEBUI, "webui", 0640),
	CONTENT_ROW(SESSION_JSON, "session.json", 0644),
	CONTENT_ROW(SESSION_REASON, "reason", 0644),
	CONTENT_ROW(SESSION_ENDPOINT, "endpoint", 0640),
	{".access", NODE_ACCESS, ROW_CONTENT, 0600, .file = SESSION_ENDPOINT,
		.rest = TRUE, .hidden = TRUE},
	CONTENT_ROW(SESSION_LOG, "log", 0640),
	{"ctl", N_SESSION_FILES + 1, ROW_VERB, 0660, .give = cache_control},
	{".wait", NODE_WAIT, ROW_DIR, 0755, .leads = DIR_WAIT, .hidden = TRUE},
};

#define WAIT_ROW(what, word)                                                   \
	{                                                                      \
		.name = (word), .slot = NODE_PHASE + (what), .kind = ROW_WAIT, \
		.mode = 0644, .phase = (what), .hidden = TRUE                  \
	}

static const TreeRow wait_rows[] = {
	WAIT_ROW(PHASE_PENDING, "pending"),
	WAIT_ROW(PHASE_STARTING, "starting"),
	WAIT_ROW(PHASE_IDLE, "idle"),
	WAIT_ROW(PHASE_BUSY, "busy"),
	WAIT_ROW(PHASE_STOPPING, "stopping"),
	WAIT_ROW(PHASE_STOPPED, "stopped"),
	WAIT_ROW(PHASE_FAILED, "failed"),
};

#define REQUEST_SLOT(part) ((part) + 1)

#define REQUEST_ROW(what, word)                                                \
	{                                                                      \
		(word), REQUEST_SLOT(what), ROW_REQUEST, 0640, .part = (what)  \
	}

static const TreeRow request_rows[] = {
	REQUEST_ROW(REQUEST_TEXT_SPEC, "spec.json"),
	REQUEST_ROW(REQUEST_TEXT_VERB, "verb"),
	REQUEST_ROW(REQUEST_TEXT_STATE, "state"),
	REQUEST_ROW(REQUEST_TEXT_RESULT, "result"),
	REQUEST_ROW(REQUEST_TEXT_ERROR, "error"),
	{"resolve", REQUEST_SLOT(N_REQUEST_TEXTS), ROW_VERB, 0660,
		.give = cache_resolve, .words = TRUE},
};

#define ROWS(array)                                                            \
	{                                                                      \
		(array), (array) + G_N_ELEMENTS(array)                         \
	}

/* Views, groups and .requests have no rows: the cache names what is in them. */
static const struct {
	const TreeRow *first, *end;
} directories[] = {
	[DIR_ROOT] = ROWS(root_rows),
	[DIR_SELF] = ROWS(self_rows),
	[DIR_PROVIDER] = ROWS(provider_rows),
	[DIR_WORKSPACE] = ROWS(workspace_rows),
	[DIR_SESSION] = ROWS(session_rows),
	[DIR_WAIT] = ROWS(wait_rows),
	[DIR_REQUEST] = ROWS(request_rows),
};

G_STATIC_ASSERT(NODE_EVENTS + NODE_EVENTS_N <= NODE_TRACE);
G_STATIC_ASSERT(NODE_VIEW + N_VIEWS <= NODE_REQUESTS);
G_STATIC_ASSERT(NODE_REQUESTS < NODE_LINK);
G_STATIC_ASSERT(N_SESSION_FILES + 1 < NODE_WAIT);
G_STATIC_ASSERT(NODE_PHASE + N_PHASES <= NODE_LINK);
G_STATIC_ASSERT(NODE_LINK + N_VIEWS <= NODE_ACCESS);
G_STATIC_ASSERT(NODE_ACCESS < NODE_SLOTS);

/* ---- links in the views, which are named by what they lead to ---- */

/* In .by-name, and in a group, which lies one deeper. */
static char *link_from_view(Cache *cache, guint32 number)
{
	g_autofree char *name = cache_name(cache, number);

	return name ? g_strconcat("../", name, NULL) : NULL;
}

static char *link_from_group(Cache *cache, guint32 number)
{
	g_autofree char *name = cache_name(cache, number);

	return name ? g_strconcat("../../", name, NULL) : NULL;
}

#define LINK_ROW(what, target)                                                 \
	[what] = {.slot = NODE_LINK + (what),                                  \
		.kind = ROW_SESSION,                                           \
		.mode = 0777,                                                  \
		.by = (what),                                                  \
		.text = (target)}

static const TreeRow links[N_VIEWS] = {
	LINK_ROW(BY_NAME, link_from_view),
	LINK_ROW(BY_STATE, link_from_group),
	LINK_ROW(BY_PHASE, link_from_group),
	LINK_ROW(BY_USER, link_from_group),
};

/* ---- looking rows up ---- */

const char *const tree_reserved[] = {"new", NULL};

const TreeRow *tree_next(DirKind in, const TreeRow *row)
{
	if (in >= G_N_ELEMENTS(directories))
		return NULL;
	row = row ? row + 1 : directories[in].first;
	return row != directories[in].end ? row : NULL;
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

gboolean tree_is_optional(const TreeRow *row)
{
	return row->kind == ROW_OPTIONAL || row->kind == ROW_LINK;
}

gboolean tree_is_for_links(const TreeRow *row)
{
	return row->kind == ROW_LINK || row->leads == DIR_VIEW;
}
