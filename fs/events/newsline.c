#include "fs/events/newsline.h"

#include "cache/base/escape.h"
#include "fs/tree/path.h"

static const char *const names[] = {
	[NEWS_APPEARED] = "appeared",
	[NEWS_VANISHED] = "vanished",
	[NEWS_CHANGED] = "changed",
	[NEWS_LISTING] = "listing",
	[NEWS_ON_DEMAND] = "on-demand",
	[NEWS_TEXT] = "text",
	[NEWS_GROUPED] = "grouped",
	[NEWS_UNGROUPED] = "ungrouped",
	[NEWS_LINKED] = "linked",
	[NEWS_UNLINKED] = "unlinked",
	[NEWS_TABLE] = "table",
	[NEWS_REQUEST_MADE] = "request-made",
	[NEWS_REQUEST_GONE] = "request-gone",
	[NEWS_REQUEST] = "request",
};

static void append(GString *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	g_string_append_printf(out, " %s=\"", name);
	tsv_append(out, value);
	g_string_append_c(out, '"');
}

/* A request's, by now: several changes may be told at once.  NULL: of another. */
static char *state_of(Daemon *daemon, const News *news)
{
	char *state = NULL;

	if (news->kind == NEWS_REQUEST || news->kind == NEWS_REQUEST_MADE)
		state = cache_request_text(
			daemon->cache, news->number, REQUEST_TEXT_STATE);
	return state ? g_strchomp(state) : NULL;
}

void newsline_append(GString *out, Daemon *daemon, const News *news)
{
	g_autoptr(GString) path = g_string_new(NULL);
	g_autofree char *state = state_of(daemon, news);

	g_string_append_printf(
		out, "news=%s number=%u", names[news->kind], news->number);
	path_of_number(daemon, news->number, path);
	append(out, "path", path->str);
	append(out, "name", news->name);
	append(out, "from", news->from);
	append(out, "to", news->to);
	append(out, "state", state);
	if (news->first)
		g_string_append(out, " first=yes");
}
