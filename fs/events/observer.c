#include "fs/events/observer.h"

#include <string.h>

#include "cache/base/failpoint.h"
#include "cache/base/log_about.h"
#include "fs/base/log.h"
#include "fs/base/node.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/base/trace.h"
#include "fs/events/eventline.h"
#include "fs/events/events.h"
#include "fs/events/newsline.h"
#include "fs/events/polls.h"
#include "fs/keeper/kept.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/tree/eventlog.h"
#include "fs/tree/tree.h"

/* Of a .partial, in the log. */
#define LOGGED_MAX 1000

struct Observer {
	Daemon *daemon;
	GHashTable *failing; /* numbers of directories whose listing failed and
	                        was logged */
	/* The event log as it was last told. */
	gsize log_size;
	guint log_slot; /* 0: it was not told of yet */
	gint64 log_turned_ns;
	gboolean owes_all; /* of what was changed before nobody knows all */
};

Observer *observer_new(Daemon *daemon)
{
	Observer *self = g_new0(Observer, 1);

	self->daemon = daemon;
	self->failing = g_hash_table_new(NULL, NULL);
	return self;
}

void observer_free(Observer *self)
{
	g_hash_table_unref(self->failing);
	g_free(self);
}

/* ---- one piece of news ---- */

static fuse_ino_t directory_node(guint32 number)
{
	return number ? node_make(number, 0) : NODE_ROOT;
}

static gboolean is_membership(const News *news)
{
	return news->kind == NEWS_APPEARED || news->kind == NEWS_VANISHED;
}

/* A page brings a hundred of these for one directory: it is told once. */
static void membership_changed(
	Daemon *daemon, const News *news, const News *before)
{
	fuse_ino_t parent = directory_node(news->parent);

	if (!before || !is_membership(before) ||
		before->parent != news->parent) {
		notify_listing(daemon->notify, parent);
		pending_wake(daemon->pending, news->parent);
	}
	/* Who waits for bytes of what is gone need not wait for them. */
	if (news->kind == NEWS_VANISHED)
		pending_wake(daemon->pending, news->number);
	/* The kernel keeps no name of what it does not hold, but for one that it
	 * was told to be absent; of the root's nobody remembers which. */
	if (interest_appeared(daemon->interest, news->parent, news->name) ||
		!news->parent ||
		(news->kind == NEWS_VANISHED &&
			interest_holds(
				daemon->interest, node_make(news->number, 0))))
		notify_entry(daemon->notify, parent, news->name);
}

/* With a section or a workspace all that is in it goes, and none of that is news of
 * its own. */
static gboolean takes_all_within(Daemon *daemon, const News *news)
{
	return news->kind == NEWS_VANISHED &&
	       cache_home(daemon->cache, news->number) == news->number;
}

static void tell_all_within(Daemon *daemon, const News *news, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (takes_all_within(daemon, &news[i])) {
			pending_wake_all(daemon->pending);
			polls_gone(daemon->polls, daemon);
			return;
		}
}

/* A view's directory, or a group in it. */
static fuse_ino_t view_node(const News *news)
{
	gboolean links =
		news->kind == NEWS_LINKED || news->kind == NEWS_UNLINKED;

	if (links && news->by != BY_NAME)
		return node_make(news->parent, 0);
	return node_make(news->parent, NODE_VIEW + news->by);
}

/* What a directory lists that is not told of as the cache's own are. */
static void moving_changed(
	Daemon *daemon, fuse_ino_t dir, const News *news, gboolean gone)
{
	notify_listing(daemon->notify, dir);
	if (interest_present(daemon->interest, dir, news->name) || gone)
		notify_entry(daemon->notify, dir, news->name);
}

static void content_changed(Daemon *daemon, const News *news)
{
	g_atomic_int_inc(&daemon->changes);
	for (const TreeRow *row = NULL; (row = tree_next(DIR_SESSION, row));) {
		if (row->kind == ROW_CONTENT &&
			((news->files >> row->file) & 1))
			notify_inode(daemon->notify,
				node_make(news->number, row->slot));
	}
}

/* The rows that come and go, or change, with a directory's texts. */
static void text_changed(Daemon *daemon, const News *news)
{
	fuse_ino_t parent = directory_node(news->number);

	for (const TreeRow *row = NULL;
		(row = tree_next(DIR_WORKSPACE, row));) {
		if (tree_is_optional(row) || tree_is_for_links(row))
			notify_entry(daemon->notify, parent, row->name);
	}
	notify_listing(daemon->notify, parent);
}

/* A listing fails again every few seconds: logged when it begins and ends. */
static void log_listing(Observer *self, guint32 number)
{
	Daemon *daemon = self->daemon;
	gpointer key = GUINT_TO_POINTER(number);
	g_autofree char *partial = cache_partial(daemon->cache, number);
	g_autofree char *path = cache_path(daemon->cache, number);
	LogAbout about = {NULL};

	cache_place(daemon->cache, number, &about.provider, &about.workspace);
	if (!path) {
		g_hash_table_remove(self->failing, key);
	} else if (partial && g_hash_table_add(self->failing, key)) {
		int len = (int)MIN(strcspn(partial, "\n"), LOGGED_MAX);

		log_about(G_LOG_LEVEL_WARNING, &about, "%s: %.*s", path, len,
			partial);
	} else if (!partial && g_hash_table_remove(self->failing, key)) {
		log_about(G_LOG_LEVEL_MESSAGE, &about,
			"%s: the listing is complete again", path);
	}
}

/* For whoever looks for one session in the journal. */
static void log_state(Daemon *daemon, const News *news)
{
	LogAbout about = {.session = news->id};

	/* A trace has it already. */
	if (!log_debugs() || trace_has_lines(daemon->trace, TRACE_CACHE) ||
		!g_strcmp0(news->from, news->to))
		return;
	cache_place(
		daemon->cache, news->number, &about.provider, &about.workspace);
	log_about(G_LOG_LEVEL_DEBUG, &about, "session %s: %s, was %s", news->id,
		news->to, news->from);
}

static void paid(guint32 debt, void *data)
{
	kept_paid(data, debt);
}

/* It is told once its events are made; and if there are none, now. */
static void pay_with_events(Daemon *daemon, const News *news)
{
	if (news->debt)
		synth_events_group(
			(SynthEvent *const *)daemon->synth_events->pdata,
			daemon->synth_events->len, paid, news->debt,
			daemon->kept);
}

static void handle_news(Observer *self, const News *news, const News *before)
{
	Daemon *daemon = self->daemon;

	events_of(daemon, news);
	switch (news->kind) {
	case NEWS_VANISHED:
		g_hash_table_remove(
			self->failing, GUINT_TO_POINTER(news->number));
		G_GNUC_FALLTHROUGH;
	case NEWS_APPEARED:
		membership_changed(daemon, news, before);
		break;
	case NEWS_CHANGED:
		log_state(daemon, news);
		G_GNUC_FALLTHROUGH;
	case NEWS_ON_DEMAND:
		content_changed(daemon, news);
		G_GNUC_FALLTHROUGH;
	case NEWS_LISTING:
		pending_wake(daemon->pending, news->number);
		break;
	case NEWS_TEXT:
		text_changed(daemon, news);
		log_listing(self, news->number);
		break;
	case NEWS_GROUPED:
	case NEWS_UNGROUPED:
	case NEWS_LINKED:
	case NEWS_UNLINKED:
		moving_changed(daemon, view_node(news), news,
			news->kind == NEWS_UNLINKED ||
				news->kind == NEWS_UNGROUPED);
		break;
	case NEWS_REQUEST_MADE:
	case NEWS_REQUEST_GONE:
		moving_changed(daemon, node_make(news->parent, NODE_REQUESTS),
			news,
			news->kind == NEWS_REQUEST_GONE &&
				interest_holds(daemon->interest,
					node_make(news->number, 0)));
		break;
	/* The kernel keeps nothing of these. */
	case NEWS_TABLE:
	case NEWS_REQUEST:
		break;
	}
	pay_with_events(daemon, news);
	events_send(daemon);
	if (news->kind == NEWS_CHANGED || news->kind == NEWS_VANISHED ||
		(news->kind == NEWS_ON_DEMAND && news->grown))
		polls_news(daemon->polls, daemon, news);
}

/* ---- the event log ---- */

static void tell_log(Observer *self)
{
	Daemon *daemon = self->daemon;
	g_autoptr(EventFile) file = eventlog_file(daemon->eventlog, 0);
	gint64 turned_ns = eventlog_turned_ns(daemon->eventlog), mtime_ns;
	gsize size = 0;
	guint slot;

	if (!file)
		return;
	slot = eventfile_slot(file);
	eventfile_stat(file, &size, &mtime_ns);
	if (turned_ns != self->log_turned_ns) {
		notify_listing(daemon->notify, node_make(0, NODE_SELF));
		notify_entry(
			daemon->notify, node_make(0, NODE_SELF), "events.1");
		for (guint i = 0; i < NODE_EVENTS_N; i++)
			polls_stale(daemon->polls, daemon->notify,
				node_make(0, NODE_EVENTS + i));
		events_log_turned(daemon, slot, self->log_slot);
	} else if (size != self->log_size) {
		polls_stale(daemon->polls, daemon->notify, node_make(0, slot));
		events_log_grew(daemon, slot);
	}
	self->log_turned_ns = turned_ns;
	self->log_slot = slot;
	self->log_size = size;
}

/* ---- what the cache calls ---- */

static void trace_news(Daemon *daemon, const News *news, gsize n)
{
	if (!trace_has_lines(daemon->trace, TRACE_CACHE))
		return;
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GString) line = g_string_new(NULL);

		newsline_append(line, daemon, &news[i]);
		trace_cache(daemon->trace, line->str);
	}
}

static void note_logged(Daemon *daemon, const News *news, gsize n)
{
	for (gsize i = 0; daemon->kept && i < n; i++) {
		KeptNews *owed = kept_owed(daemon->kept, news[i].debt);

		if (owed)
			owed->logged = TRUE;
	}
}

void observer_news(const News *news, gsize n, void *data)
{
	Observer *self = data;
	Daemon *daemon = self->daemon;

	trace_news(daemon, news, n);
	eventline_log(daemon->eventlog, daemon->cache, news, n);
	note_logged(daemon, news, n);
	tell_log(self);
	for (gsize i = 0; i < n; i++)
		handle_news(self, &news[i], i ? &news[i - 1] : NULL);
	tell_all_within(daemon, news, n);
}

/* ---- what outlives us ---- */

guint32 observer_owes(const News *news, void *data)
{
	const Observer *self = data;
	KeptNews is = {
		.kind = news->kind,
		.number = news->number,
		.parent = news->parent,
		.files = news->files,
	};

	if (!self->daemon->kept)
		return 0;
	g_strlcpy(is.name, news->name ? news->name : "", sizeof(is.name));
	g_strlcpy(is.id, news->id ? news->id : "", sizeof(is.id));
	g_strlcpy(is.from, news->from ? news->from : "", sizeof(is.from));
	g_strlcpy(is.to, news->to ? news->to : "", sizeof(is.to));
	return kept_owe(self->daemon->kept, &is);
}

void observer_owes_not(guint32 debt, void *data)
{
	const Observer *self = data;

	kept_paid(self->daemon->kept, debt);
}

/* Whoever owed it may have died before it was true. */
static gboolean is_true(Daemon *daemon, const KeptNews *owed)
{
	Entry entry;
	gboolean there = cache_entry(daemon->cache, owed->number, &entry);

	return there == (owed->kind != NEWS_VANISHED);
}

static void tell_again(Observer *self, guint32 debt)
{
	Daemon *daemon = self->daemon;
	const KeptNews owed = *kept_owed(daemon->kept, debt);
	const News news = {
		.kind = (NewsKind)owed.kind,
		.number = owed.number,
		.parent = owed.parent,
		.files = owed.files,
		.name = *owed.name ? owed.name : NULL,
		.id = owed.id,
		.from = owed.from,
		.to = owed.to,
		.debt = debt,
	};

	if (!is_true(daemon, &owed)) {
		kept_paid(daemon->kept, debt);
		return;
	}
	if (!owed.logged) {
		eventline_log(daemon->eventlog, daemon->cache, &news, 1);
		note_logged(daemon, &news, 1);
	}
	handle_news(self, &news, NULL);
	tell_all_within(daemon, &news, 1);
}

/* There is no news of views and tables before their index is made, which a question
 * makes; and who watches them does not ask. */
static void want_index(Daemon *daemon, guint32 workspace)
{
	g_autoptr(GError) error = NULL;

	if (cache_view_ready(daemon->cache, workspace, &error) == KNOWN_FAILED)
		g_debug("no views: %s", error->message);
}

/* Of what is no debt of its own the kernel may have anything. */
static void touch_held(guint64 node, guint32 count, void *data)
{
	Observer *self = data;
	Daemon *daemon = self->daemon;
	News news = {.number = node_number(node), .from = "", .to = ""};
	Entry entry;

	if (!cache_entry(daemon->cache, news.number, &entry))
		return;
	if (entry.kind == ENTRY_GROUP)
		want_index(daemon, entry.workspace);
	else if (entry.kind == ENTRY_WORKSPACE && node_slot(node))
		want_index(daemon, news.number);
	if (node_slot(node))
		return;
	news.parent = entry.parent;
	if (entry.kind == ENTRY_REQUEST) {
		news.kind = NEWS_REQUEST;
	} else if (entry.kind == ENTRY_WORKSPACE) {
		news.kind = NEWS_TABLE;
		events_of(daemon, &news);
		news.kind = NEWS_TEXT;
		news.texts = TEXT_LAST_ERROR | TEXT_PARTIAL;
	} else if (entry.kind == ENTRY_SESSION && self->owes_all) {
		news.kind = NEWS_CHANGED;
		news.files = G_MAXUINT;
	} else {
		return;
	}
	events_of(daemon, &news);
	events_send(daemon);
}

void observer_take_over(Observer *self)
{
	Daemon *daemon = self->daemon;
	g_autoptr(GArray) debts = kept_debts(daemon->kept);

	if (failpoint_flaw("unpaid"))
		return;
	self->owes_all = kept_owes_all(daemon->kept);
	for (guint i = 0; i < debts->len; i++)
		tell_again(self, g_array_index(debts, guint32, i));
	kept_refs_each(daemon->kept, touch_held, self);
}

static void log_call(
	const Trace *trace, const char *section, const CallReport *report)
{
	const LogAbout about = {
		.provider = section, .request_id = report->request_id};
	const GError *problem = report->problem;

	if (log_debugs() && !trace_has_lines(trace, TRACE_API))
		log_about(G_LOG_LEVEL_DEBUG, &about,
			"%s: %s: attempt %u, status %u, %" G_GINT64_FORMAT
			" ms%s%s",
			section, report->action, report->attempt,
			report->status, report->took_us / 1000,
			problem ? ": " : "", problem ? problem->message : "");
}

void observer_call(const char *section, const CallReport *report, void *data)
{
	const Observer *self = data;
	int error = report->problem ? reply_errno(report->problem) : 0;

	trace_call(self->daemon->trace, section, report, error);
	log_call(self->daemon->trace, section, report);
}

void observer_trace(const char *text, void *data)
{
	const Observer *self = data;

	trace_cache(self->daemon->trace, text);
}
