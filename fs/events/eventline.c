#include "fs/events/eventline.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/escape.h"
#include "fs/tree/tree.h"

/* Escaped: what all providers really send stays whole. */
#define NAME_ROOM 200
#define ID_ROOM 1100
#define WORD_ROOM 500

static void append_member(
	GString *out, const char *name, const char *text, gsize room)
{
	g_string_append_printf(out, ",\"%s\":", name);
	json_append(out, text, room);
}

static void append_files(GString *out, guint files)
{
	const char *comma = "";

	g_string_append(out, ",\"files\":[");
	for (const TreeRow *row = NULL; (row = tree_next(DIR_SESSION, row));) {
		if (row->kind != ROW_CONTENT || !((files >> row->file) & 1))
			continue;
		g_string_append_printf(out, "%s\"%s\"", comma, row->name);
		comma = ",";
	}
	g_string_append_c(out, ']');
}

static const char *word_of(const News *news)
{
	switch (news->kind) {
	case NEWS_APPEARED:
		return "appeared";
	case NEWS_VANISHED:
		return "vanished";
	default:
		return strcmp(news->from, news->to) ? "state" : "changed";
	}
}

static gboolean is_event(const News *news)
{
	return (news->kind == NEWS_APPEARED || news->kind == NEWS_VANISHED ||
		       news->kind == NEWS_CHANGED) &&
	       !news->first;
}

gboolean eventline_append(
	GString *out, Cache *cache, const News *news, gint64 real_us)
{
	const char *provider = NULL, *workspace = NULL;
	char time[TIME_SIZE];
	gboolean session;

	if (!is_event(news))
		return FALSE;
	cache_place(cache, news->parent, &provider, &workspace);
	if (!provider)
		return FALSE;
	session = workspace != NULL;
	time_write(time, real_us, 3);
	g_string_append_printf(out, "{\"time\":\"%s\"", time);
	append_member(out, "provider", provider, NAME_ROOM);
	append_member(
		out, "workspace", session ? workspace : news->id, ID_ROOM);
	if (session)
		append_member(out, "id", news->id, ID_ROOM);
	append_member(out, "what", word_of(news), NAME_ROOM);
	if (news->kind == NEWS_CHANGED)
		append_files(out, news->files);
	if (session && news->kind != NEWS_APPEARED)
		append_member(out, "from", news->from, WORD_ROOM);
	if (session && news->kind != NEWS_VANISHED)
		append_member(out, "to", news->to, WORD_ROOM);
	g_string_append(out, "}\n");
	return TRUE;
}

void eventline_log(EventLog *log, Cache *cache, const News *news, gsize n)
{
	g_autoptr(GString) line = g_string_new(NULL);

	for (gsize i = 0; i < n; i++) {
		g_string_truncate(line, 0);
		if (eventline_append(
			    line, cache, &news[i], clock_wall_us(&clock_real)))
			eventlog_add(log, line->str, line->len);
	}
	eventlog_flush(log);
}
