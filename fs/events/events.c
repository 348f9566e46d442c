#include "fs/events/events.h"

#include "fs/base/node.h"
#include "fs/emitter/emitter.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/tree/rows.h"
#include "fs/tree/tree.h"
#include "fs/tree/view.h"

static gboolean watched(Daemon *daemon, fuse_ino_t node)
{
	return interest_holds(daemon->interest, node);
}

/* ---- the way to things; a template for synthetic events ---- */

static void step_view(SynthEvent *way, guint32 workspace, ByWhat by)
{
	synth_event_step(way, tree_view(by)->name,
		node_make(workspace, NODE_VIEW + by), S_IFDIR);
}

static void step_requests(SynthEvent *way, guint32 workspace)
{
	synth_event_step(way, tree_by_slot(DIR_WORKSPACE, NODE_REQUESTS)->name,
		node_make(workspace, NODE_REQUESTS), S_IFDIR);
}

/* FALSE when it is not there (any more): then no event of it is worth making. */
static gboolean step_to(Daemon *daemon, SynthEvent *way, guint32 number)
{
	g_autofree char *name = NULL;
	Entry entry;

	if (!number)
		return TRUE;
	name = cache_name(daemon->cache, number);
	if (!name || !cache_entry(daemon->cache, number, &entry) ||
		!step_to(daemon, way, entry.parent))
		return FALSE;
	if (entry.kind == ENTRY_REQUEST)
		step_requests(way, entry.parent);
	synth_event_step(way, name, node_make(number, 0), S_IFDIR);
	return TRUE;
}

/* The way to a directory of the cache, in which `dir` may be locked. */
static SynthEvent *way_to(Daemon *daemon, guint32 number, guint32 dir)
{
	g_autoptr(SynthEvent) way = synth_event_new(SYNTH_EVENT_TOUCH, dir);

	return step_to(daemon, way, number) ? g_steal_pointer(&way) : NULL;
}

static void emit(Daemon *daemon, SynthEventKind kind, const SynthEvent *way,
	const char *name, fuse_ino_t ino, mode_t type)
{
	SynthEvent *event = synth_event_copy(way, kind);

	synth_event_owe(event, &daemon->owed);
	synth_event_step(event, name, ino, type);
	g_ptr_array_add(daemon->synth_events, event);
}

/* ---- sessions and workspaces ---- */

static void appeared(Daemon *daemon, const News *news)
{
	g_autoptr(SynthEvent) way = NULL;

	fuse_ino_t parent =
		news->parent ? node_make(news->parent, 0) : NODE_ROOT;

	if (news->first || !watched(daemon, parent))
		return;
	way = way_to(daemon, news->parent, news->parent);
	if (way)
		emit(daemon, SYNTH_EVENT_MAKE, way, news->name,
			node_make(news->number, 0), S_IFDIR);
}

/* What of a directory's rows somebody may have seen: what the kernel holds, and
 * where it holds the directory, all that is always listed there. */
static gboolean was_seen(const TreeRow *row, guint32 slots, guint files)
{
	if ((slots >> row->slot) & 1)
		return TRUE;
	if (!(slots & 1) || row->hidden || tree_is_optional(row) ||
		row->kind == ROW_DIR)
		return FALSE;
	/* Not every provider's workspaces have one. */
	if (row->steered)
		return FALSE;
	/* It has one of these two. */
	if (row->kind == ROW_REQUEST && (row->part == REQUEST_TEXT_SPEC ||
						row->part == REQUEST_TEXT_VERB))
		return FALSE;
	return row->kind != ROW_CONTENT || ((files >> row->file) & 1);
}

static void rows_vanished(Daemon *daemon, const SynthEvent *way, guint32 number,
	DirKind kind, guint32 slots, guint files)
{
	for (const TreeRow *row = NULL; (row = tree_next(kind, row));) {
		fuse_ino_t node = node_make(number, row->slot);

		if (!was_seen(row, slots, files))
			continue;
		if (row->kind == ROW_DIR && row->leads == DIR_WAIT) {
			g_autoptr(SynthEvent) below =
				synth_event_copy(way, SYNTH_EVENT_REMOVE);

			synth_event_step(below, row->name, node, S_IFDIR);
			rows_vanished(
				daemon, below, number, DIR_WAIT, slots, 0);
		}
		emit(daemon, SYNTH_EVENT_REMOVE, way, row->name, node,
			rows_type(row));
	}
}

/* way: to what it was in. */
static void directory_vanished(Daemon *daemon, const SynthEvent *way,
	guint32 number, const char *name, DirKind kind, guint files)
{
	guint32 slots = interest_slots(daemon->interest, number);
	fuse_ino_t node = node_make(number, 0);
	g_autoptr(SynthEvent) below = synth_event_copy(way, SYNTH_EVENT_REMOVE);

	synth_event_step(below, name, node, S_IFDIR);
	rows_vanished(daemon, below, number, kind, slots, files);
	if ((slots & 1) || watched(daemon, synth_event_end(way)))
		emit(daemon, SYNTH_EVENT_REMOVE, way, name, node, S_IFDIR);
}

/* way: to its workspace. */
static void group_vanished(Daemon *daemon, const SynthEvent *way,
	guint32 number, const char *name, ByWhat by)
{
	g_autoptr(SynthEvent) view = synth_event_copy(way, SYNTH_EVENT_REMOVE);

	step_view(view, node_number(synth_event_end(way)), by);
	emit(daemon, SYNTH_EVENT_REMOVE, view, name, node_make(number, 0),
		S_IFDIR);
}

/* Its sessions and groups go with it, and are in no news of their own. */
static void workspace_vanished(
	Daemon *daemon, const SynthEvent *way, const News *news)
{
	g_autoptr(GArray) numbers =
		interest_numbers(daemon->interest, news->number);
	g_autoptr(SynthEvent) below = synth_event_copy(way, SYNTH_EVENT_REMOVE);

	synth_event_step(
		below, news->name, node_make(news->number, 0), S_IFDIR);
	for (guint i = 0; i < numbers->len; i++) {
		guint32 number = g_array_index(numbers, guint32, i);
		g_autofree char *name = cache_name(daemon->cache, number);

		ByWhat by = interest_group(daemon->interest, number);

		if (name && by)
			group_vanished(daemon, below, number, name, by);
		else if (name)
			directory_vanished(daemon, below, number, name,
				DIR_SESSION, news->files);
	}
	directory_vanished(
		daemon, way, news->number, news->name, DIR_WORKSPACE, 0);
}

static void vanished(Daemon *daemon, const News *news)
{
	g_autoptr(SynthEvent) way = way_to(daemon, news->parent, news->parent);
	Entry parent;

	if (!way || !cache_entry(daemon->cache, news->parent, &parent))
		return;
	if (!news->parent)
		directory_vanished(
			daemon, way, news->number, news->name, DIR_PROVIDER, 0);
	else if (parent.kind == ENTRY_PROVIDER)
		workspace_vanished(daemon, way, news);
	else
		directory_vanished(daemon, way, news->number, news->name,
			DIR_SESSION, news->files);
}

/* Whether somebody may watch that row: the kernel holds it, or its directory. */
static gboolean may_watch(guint32 slots, guint slot)
{
	return (slots & 1) || ((slots >> slot) & 1);
}

/* The rows of a directory whose bytes are others: of a session those of the files, of
 * a request what may change. */
static void touch_rows(
	Daemon *daemon, const News *news, DirKind kind, guint files)
{
	guint32 slots = interest_slots(daemon->interest, news->number);
	g_autoptr(SynthEvent) way = NULL;

	if (slots)
		way = way_to(daemon, news->number, news->parent);
	for (const TreeRow *row = NULL; way && (row = tree_next(kind, row));) {
		gboolean other =
			row->kind == ROW_CONTENT
				? (files >> row->file) & 1
				: row->kind == ROW_REQUEST &&
					  row->part >= REQUEST_TEXT_STATE;

		if (other && may_watch(slots, row->slot))
			emit(daemon, SYNTH_EVENT_TOUCH, way, row->name,
				node_make(news->number, row->slot), S_IFREG);
	}
}

/* ---- texts ---- */

static const struct {
	guint text;
	const char *name;
	SynthEventKind kind;
} texts[] = {
	{TEXT_LAST_ERROR, ".last_error", SYNTH_EVENT_TOUCH},
	{TEXT_LAST_GONE, ".last", SYNTH_EVENT_REMOVE},
	{TEXT_LAST_MADE, ".last", SYNTH_EVENT_MAKE},
	{TEXT_PARTIAL_GONE, ".partial", SYNTH_EVENT_REMOVE},
	{TEXT_PARTIAL_MADE, ".partial", SYNTH_EVENT_MAKE},
	{TEXT_PARTIAL, ".partial", SYNTH_EVENT_TOUCH},
};

static void text_changed(Daemon *daemon, const News *news)
{
	guint32 slots = interest_slots(daemon->interest, news->number);
	DirKind kind = news->parent ? DIR_WORKSPACE : DIR_PROVIDER;
	g_autoptr(SynthEvent) way = NULL;
	Entry entry;

	if (slots && cache_entry(daemon->cache, news->number, &entry))
		way = way_to(daemon, news->number, news->number);
	for (gsize i = 0; way && i < G_N_ELEMENTS(texts); i++) {
		const TreeRow *row = tree_by_name(kind, texts[i].name);

		if ((news->texts & texts[i].text) && row &&
			(entry.views || !tree_is_for_links(row)) &&
			may_watch(slots, row->slot))
			emit(daemon, texts[i].kind, way, row->name,
				node_make(news->number, row->slot),
				rows_type(row));
	}
}

/* ---- views ---- */

static void grouped(Daemon *daemon, SynthEventKind kind, const News *news)
{
	fuse_ino_t view = node_make(news->parent, NODE_VIEW + news->by);
	fuse_ino_t group = node_make(news->number, 0);
	g_autoptr(SynthEvent) way = NULL;

	if (!watched(daemon, view) &&
		(kind == SYNTH_EVENT_MAKE || !watched(daemon, group)))
		return;
	way = way_to(daemon, news->parent, news->parent);
	if (!way)
		return;
	step_view(way, news->parent, news->by);
	emit(daemon, kind, way, news->name, group, S_IFDIR);
}

static void linked(Daemon *daemon, SynthEventKind kind, const News *news)
{
	fuse_ino_t link = node_make(news->number, NODE_LINK + news->by);
	guint32 home = cache_home(daemon->cache, news->parent);
	gboolean named = news->by == BY_NAME;
	fuse_ino_t dir = node_make(news->parent, named ? NODE_VIEW : 0);
	g_autofree char *group = NULL;
	g_autoptr(SynthEvent) way = NULL;

	if (!watched(daemon, dir) &&
		(kind == SYNTH_EVENT_MAKE || !watched(daemon, link)))
		return;
	way = way_to(daemon, home, home);
	/* It may have vanished by now with its last link. */
	group = named ? NULL : cache_name(daemon->cache, news->parent);
	if (!way || (!named && !group))
		return;
	step_view(way, home, news->by);
	if (group)
		synth_event_step(way, group, dir, S_IFDIR);
	emit(daemon, kind, way, news->name, link, S_IFLNK);
}

/* ---- requests ---- */

static void request_moved(Daemon *daemon, const News *news)
{
	gboolean all = watched(daemon, node_make(news->parent, NODE_REQUESTS));
	guint32 slots = interest_slots(daemon->interest, news->number);
	g_autoptr(SynthEvent) way = NULL;

	if (!all && (news->kind == NEWS_REQUEST_MADE || !slots))
		return;
	way = way_to(daemon, news->parent, news->parent);
	if (!way)
		return;
	step_requests(way, news->parent);
	if (news->kind == NEWS_REQUEST_MADE)
		emit(daemon, SYNTH_EVENT_MAKE, way, news->name,
			node_make(news->number, 0), S_IFDIR);
	else
		directory_vanished(
			daemon, way, news->number, news->name, DIR_REQUEST, 0);
}

static void tables_changed(Daemon *daemon, guint32 workspace)
{
	guint32 slots = interest_slots(daemon->interest, workspace);
	g_autoptr(SynthEvent) way = NULL;

	if (slots)
		way = way_to(daemon, workspace, workspace);
	for (const TreeRow *row = NULL;
		way && (row = tree_next(DIR_WORKSPACE, row));)
		if (row->kind == ROW_TABLE && may_watch(slots, row->slot))
			emit(daemon, SYNTH_EVENT_TOUCH, way, row->name,
				node_make(workspace, row->slot), S_IFREG);
}

gboolean events_are_owed(Daemon *daemon)
{
	return g_atomic_int_get(&daemon->owed) > 0;
}

/* Whether what the kernel has of a name may stand in the way to it. */
static gboolean is_in_doubt(
	Daemon *daemon, fuse_ino_t parent, const SynthEventStep *step)
{
	View view;

	return interest_present(daemon->interest, parent, step->name) ||
	       !view_resolve(daemon, step->ino, &view);
}

gboolean events_failed(const SynthEvent *event, void *data)
{
	Daemon *daemon = data;
	const SynthEventStep *last = synth_event_last(event);
	fuse_ino_t parent = FUSE_ROOT_ID;
	View view;

	if (!watched(daemon, synth_event_parent(event)) &&
		!watched(daemon, last->ino))
		return FALSE;
	if (event->kind != SYNTH_EVENT_REMOVE &&
		!view_resolve(daemon, last->ino, &view))
		return FALSE;
	for (guint i = 0; i < event->steps->len; i++) {
		const SynthEventStep *step =
			&g_array_index(event->steps, SynthEventStep, i);

		if (is_in_doubt(daemon, parent, step))
			notify_entry(daemon->notify, parent, step->name);
		parent = step->ino;
	}
	return TRUE;
}

void events_send(Daemon *daemon)
{
	for (guint i = 0; i < daemon->synth_events->len; i++)
		notify_then(daemon->notify, daemon->synth_events->pdata[i]);
	g_ptr_array_set_size(daemon->synth_events, 0);
}

/* ---- the event log ---- */

#define LOG_NAME "events"
#define LOG_NAME_BEFORE "events.1"

static SynthEvent *way_to_log(void)
{
	SynthEvent *way = synth_event_new(SYNTH_EVENT_TOUCH, 0);

	synth_event_step(way, tree_by_name(DIR_ROOT, ".sessionfs")->name,
		node_make(0, NODE_SELF), S_IFDIR);
	return way;
}

void events_log_grew(Daemon *daemon, guint slot)
{
	fuse_ino_t file = node_make(0, slot);
	g_autoptr(SynthEvent) way = NULL;

	if (!daemon->emitter || !(watched(daemon, node_make(0, NODE_SELF)) ||
					watched(daemon, file)))
		return;
	way = way_to_log();
	emit(daemon, SYNTH_EVENT_TOUCH, way, LOG_NAME, file, S_IFREG);
	events_send(daemon);
}

/* The slot of the generation before. */
static guint slot_before(guint slot)
{
	return NODE_EVENTS +
	       (slot - NODE_EVENTS + NODE_EVENTS_N - 1) % NODE_EVENTS_N;
}

static void log_moves(
	Daemon *daemon, const SynthEvent *way, guint slot, guint before)
{
	fuse_ino_t file = node_make(0, before);
	fuse_ino_t oldest = node_make(0, slot_before(before));

	/* It turned more than once since it was told of. */
	if (slot_before(slot) != before) {
		emit(daemon, SYNTH_EVENT_REMOVE, way, LOG_NAME, file, S_IFREG);
		return;
	}
	emit(daemon, SYNTH_EVENT_MOVE, way, LOG_NAME, file, S_IFREG);
	synth_event_move(
		daemon->synth_events->pdata[daemon->synth_events->len - 1],
		LOG_NAME_BEFORE, watched(daemon, oldest) ? oldest : 0);
}

void events_log_turned(Daemon *daemon, guint slot, guint before)
{
	g_autoptr(SynthEvent) way = NULL;

	if (!daemon->emitter)
		return;
	way = way_to_log();
	if (before && (watched(daemon, node_make(0, NODE_SELF)) ||
			      watched(daemon, node_make(0, before))))
		log_moves(daemon, way, slot, before);
	if (watched(daemon, node_make(0, NODE_SELF)))
		emit(daemon, SYNTH_EVENT_MAKE, way, LOG_NAME,
			node_make(0, slot), S_IFREG);
	events_send(daemon);
}

void events_of(Daemon *daemon, const News *news)
{
	if (!daemon->emitter)
		return;
	switch (news->kind) {
	case NEWS_APPEARED:
		appeared(daemon, news);
		break;
	case NEWS_VANISHED:
		vanished(daemon, news);
		break;
	case NEWS_CHANGED:
		touch_rows(daemon, news, DIR_SESSION, news->files);
		break;
	case NEWS_GROUPED:
	case NEWS_UNGROUPED:
		grouped(daemon,
			news->kind == NEWS_GROUPED ? SYNTH_EVENT_MAKE
						   : SYNTH_EVENT_REMOVE,
			news);
		break;
	case NEWS_LINKED:
	case NEWS_UNLINKED:
		linked(daemon,
			news->kind == NEWS_LINKED ? SYNTH_EVENT_MAKE
						  : SYNTH_EVENT_REMOVE,
			news);
		break;
	case NEWS_TABLE:
		tables_changed(daemon, news->number);
		break;
	case NEWS_TEXT:
		text_changed(daemon, news);
		break;
	case NEWS_REQUEST_MADE:
	case NEWS_REQUEST_GONE:
		request_moved(daemon, news);
		break;
	case NEWS_REQUEST:
		touch_rows(daemon, news, DIR_REQUEST, 0);
		break;
	case NEWS_ON_DEMAND:
		if (news->grown)
			touch_rows(daemon, news, DIR_SESSION, news->grown);
		break;
	case NEWS_LISTING:
		break;
	}
}
