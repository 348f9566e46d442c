#include "fs/base/daemon.h"

#include <string.h>

#include "fs/base/log.h"
#include "fs/base/metrics.h"
#include "fs/base/node.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/base/trace.h"
#include "fs/events/events.h"
#include "fs/events/polls.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/tree/eventlog.h"
#include "fs/events/newsline.h"
#include "fs/tree/tree.h"
#include "fs/version.h"

/* Of a .partial, in the log. */
#define LOGGED_MAX 1000

char *daemon_version(Daemon *daemon, guint32 number)
{
	return g_strdup_printf("sessionfs %s\nlibfuse %s\n", SESSIONFS_VERSION,
		fuse_pkgversion());
}

char *daemon_config(Daemon *daemon, guint32 number)
{
	return g_strdup(daemon->config);
}

char *daemon_metrics(Daemon *daemon, guint32 number)
{
	GString *out = g_string_new(NULL);

	metrics_print(daemon->metrics, out);
	eventlog_metrics(daemon->eventlog, out);
	cache_metrics(daemon->cache, out);
	return g_string_free(out, FALSE);
}

char *daemon_log(Daemon *daemon, guint32 number)
{
	return log_text();
}

char *daemon_trace(Daemon *daemon, guint32 number)
{
	return trace_text(daemon->trace, TRACE_FUSE);
}

gsize daemon_trace_size(const Daemon *daemon)
{
	return trace_size(daemon->trace, TRACE_FUSE);
}

char *daemon_calls(Daemon *daemon, guint32 number)
{
	return trace_text(daemon->trace, TRACE_API);
}

gsize daemon_calls_size(const Daemon *daemon)
{
	return trace_size(daemon->trace, TRACE_API);
}

void daemon_called(const char *section, const CallReport *report, void *data)
{
	const Daemon *daemon = data;
	int error = report->problem ? reply_errno(report->problem) : 0;

	trace_call(daemon->trace, section, report, error);
}

void daemon_traced(const char *text, void *data)
{
	trace_cache(((Daemon *)data)->trace, text);
}

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
	if (news->kind == NEWS_VANISHED) {
		pending_wake(daemon->pending, news->number);
		g_hash_table_remove(
			daemon->failing, GUINT_TO_POINTER(news->number));
	}
	/* The kernel keeps no name of what it does not hold, but for one that it
	 * was told to be absent. */
	if (interest_appeared(daemon->interest, news->parent, news->name) ||
		(news->kind == NEWS_VANISHED &&
			interest_holds(
				daemon->interest, node_make(news->number, 0))))
		notify_entry(daemon->notify, parent, news->name);
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

static void view_changed(Daemon *daemon, const News *news)
{
	fuse_ino_t node = view_node(news);

	notify_listing(daemon->notify, node);
	if (interest_present(daemon->interest, node, news->name) ||
		news->kind == NEWS_UNLINKED || news->kind == NEWS_UNGROUPED)
		notify_entry(daemon->notify, node, news->name);
}

static void requests_changed(Daemon *daemon, const News *news)
{
	fuse_ino_t node = node_make(news->parent, NODE_REQUESTS);
	gboolean gone = news->kind == NEWS_REQUEST_GONE;

	notify_listing(daemon->notify, node);
	if (interest_present(daemon->interest, node, news->name) ||
		(gone && interest_holds(
				 daemon->interest, node_make(news->number, 0))))
		notify_entry(daemon->notify, node, news->name);
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
		if (row->optional)
			notify_entry(daemon->notify, parent, row->name);
	}
	notify_listing(daemon->notify, parent);
}

/* A listing fails again every few seconds: logged when it begins and ends. */
static void log_listing(Daemon *daemon, guint32 number)
{
	gpointer key = GUINT_TO_POINTER(number);
	g_autofree char *partial = cache_partial(daemon->cache, number);
	g_autofree char *path = cache_path(daemon->cache, number);

	if (!path) {
		g_hash_table_remove(daemon->failing, key);
	} else if (partial && g_hash_table_add(daemon->failing, key)) {
		int len = (int)MIN(strcspn(partial, "\n"), LOGGED_MAX);

		g_warning("%s: %.*s", path, len, partial);
	} else if (!partial && g_hash_table_remove(daemon->failing, key)) {
		g_message("%s: the listing is complete again", path);
	}
}

static void handle_news(Daemon *daemon, const News *news, const News *before)
{
	events_of(daemon, news);
	switch (news->kind) {
	case NEWS_APPEARED:
	case NEWS_VANISHED:
		membership_changed(daemon, news, before);
		break;
	case NEWS_CHANGED:
		content_changed(daemon, news);
		pending_wake(daemon->pending, news->number);
		break;
	case NEWS_LISTING:
		pending_wake(daemon->pending, news->number);
		break;
	case NEWS_ON_DEMAND:
		content_changed(daemon, news);
		pending_wake(daemon->pending, news->number);
		break;
	case NEWS_TEXT:
		text_changed(daemon, news);
		log_listing(daemon, news->number);
		break;
	case NEWS_GROUPED:
	case NEWS_UNGROUPED:
	case NEWS_LINKED:
	case NEWS_UNLINKED:
		view_changed(daemon, news);
		break;
	case NEWS_REQUEST_MADE:
	case NEWS_REQUEST_GONE:
		requests_changed(daemon, news);
		break;
	/* The kernel keeps nothing of these. */
	case NEWS_TABLE:
	case NEWS_REQUEST:
		break;
	}
	events_send(daemon);
	if (news->kind == NEWS_CHANGED || news->kind == NEWS_VANISHED ||
		(news->kind == NEWS_ON_DEMAND && news->grown))
		polls_news(daemon->polls, daemon, news);
}

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

void daemon_news(const News *news, gsize n, void *data)
{
	Daemon *daemon = data;

	trace_news(daemon, news, n);
	eventlog_news(daemon->eventlog, daemon->cache, news, n);
	polls_log(daemon->polls, daemon);
	for (gsize i = 0; i < n; i++)
		handle_news(daemon, &news[i], i ? &news[i - 1] : NULL);
}
