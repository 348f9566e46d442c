#include "backends/provider/answer.h"

#include <string.h>

#define TOKEN_MAX 8192

void *answer_bad(const char *what, GError **error)
{
	return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
		"the provider's answer has no %s as it should", what);
}

/*
 * Whether nothing stands there but what a page may hold whose list was left out, or
 * is null, since it is empty.  Anything else is an answer of somebody else, or tells
 * of a failure with status 200: to take it for an empty page would make all sessions
 * vanish.
 */
static gboolean is_bare_page(const Json *answer)
{
	static const char *const paging[] = {"nextPageToken", "nextToken",
		"NextToken", "Marker", "unreachable", "maxResults", "requestId",
		"RequestId", "total", "totalCount", "count", "session_count",
		"queue_count", "cluster_count", "from", NULL};
	static const char *const success[] = {
		"success", "Success", "is_success", NULL};

	json_foreach (member, answer) {
		const char *text = json_text(member);

		if (g_strv_contains(paging, json_name(member)) ||
			json_type(member) == JSON_NULL || (text && !*text))
			continue;
		if (!g_strv_contains(success, json_name(member)) ||
			!json_get_bool(answer, json_name(member), FALSE))
			return FALSE;
	}
	return TRUE;
}

const Json *answer_list(const Json *answer, const char *member, GError **error)
{
	const Json *list = json_get(answer, member);
	g_autofree char *what = NULL;

	if (list && json_type(list) == JSON_ARRAY)
		return list;
	if (json_type(answer) == JSON_OBJECT &&
		(!list || json_type(list) == JSON_NULL) && is_bare_page(answer))
		return json_nothing();
	what = g_strconcat("array of ", member, NULL);
	return answer_bad(what, error);
}

gboolean answer_find(const Json *answer, const char *member, JsonType type,
	JsonSpan *ret, GError **error)
{
	const Json *value = type == JSON_ARRAY
				    ? answer_list(answer, member, error)
				    : json_get(answer, member);

	if (value && json_type(value) == type && json_outline_span(value, ret))
		return TRUE;
	if (value == json_nothing()) {
		*ret = (JsonSpan){0, 0};
		return TRUE;
	}
	if (type != JSON_ARRAY)
		answer_bad(member, error);
	return FALSE;
}

/* The next page's token; NULL at the end. */
static gboolean read_next(const Json *answer, const NextPage *next,
	char **ret_next, GError **error)
{
	const Json *token = json_get(answer, next->member);
	const char *text = json_text(token);
	gint64 number;

	*ret_next = NULL;
	if (!token || json_type(token) == JSON_NULL || (text && !*text))
		return TRUE;
	if (text && strlen(text) <= TOKEN_MAX)
		*ret_next = g_strdup(text);
	else if (next->number && json_whole(token, &number))
		*ret_next = g_strdup_printf("%" G_GINT64_FORMAT, number);
	else
		answer_bad("usable token of the next page", error);
	return *ret_next != NULL;
}

SessionPage *answer_sessions(const SessionAnswers *kind, const Json *answer,
	const GByteArray *text, void *data, const Call *call, GError **error)
{
	g_autoptr(SessionPage) page = session_page_new();
	JsonSpan span;

	if (!answer ||
		!answer_find(answer, kind->list, JSON_ARRAY, &span, error) ||
		!read_next(answer, &kind->next, &page->next, error))
		return NULL;
	if (call->next && page->next)
		call->next(page->next, call->next_data);
	if (kind->total)
		page->total =
			json_get_int(answer, kind->total, 0, G_MAXINT64, -1);
	record_read_all(
		kind->listed, (const char *)text->data, &span, data, page);
	return g_steal_pointer(&page);
}

/* Where the one value lies in the text of an answer, which it is. */
static JsonSpan whole(const GByteArray *text)
{
	gsize start = strspn((const char *)text->data, " \t\r\n");

	return (JsonSpan){start, text->len - start};
}

Session *answer_session(const SessionAnswers *kind, const Json *answer,
	const GByteArray *text, void *data, gboolean *ret_elsewhere,
	GError **error)
{
	gboolean elsewhere = FALSE;
	JsonSpan span;

	if (ret_elsewhere)
		*ret_elsewhere = FALSE;
	if (!answer)
		return NULL;
	if (!kind->one)
		span = whole(text);
	else if (!answer_find(answer, kind->one, JSON_OBJECT, &span, error))
		return NULL;
	Session *session = record_read(
		kind->got, (const char *)text->data, &span, data, &elsewhere);
	if (ret_elsewhere)
		*ret_elsewhere = elsewhere;
	if (!session && !(ret_elsewhere && elsewhere))
		answer_bad("usable session", error);
	return session;
}

char *answer_created(
	const Json *answer, const char *member, GError *cause, GError **error)
{
	char *id = record_id(answer, member);

	if (id)
		return id;
	if (!cause)
		backend_error_set(&cause, BACKEND_ERROR_MAY_EXIST,
			"the answer to the create names no session");
	if (cause->code == BACKEND_ERROR_MAY_EXIST)
		g_prefix_error(&cause, "the session may exist: ");
	g_propagate_error(error, cause);
	return NULL;
}

/* ---- workspaces ---- */

/* Takes the texts. */
static void add_workspace(
	WorkspacePage *page, char *id, char *name, gint64 created_ms)
{
	Workspace *workspace = g_new0(Workspace, 1);

	workspace->id = id;
	workspace->name = name;
	workspace->created_ms = created_ms;
	g_ptr_array_add(page->workspaces, workspace);
}

static void read_workspace(
	const WorkspaceAnswers *kind, const Json *record, WorkspacePage *page)
{
	const char *const *way = kind->created;
	const Json *holder = record;
	char *id;

	if (kind->is_wanted && !kind->is_wanted(record))
		return;
	id = record_id(record, kind->id);
	page->skipped += !id;
	if (!id)
		return;
	for (; way[0] && way[1]; way++)
		holder = json_get(holder, way[0]);
	add_workspace(page, id, record_text(record, kind->name),
		record_time(holder, way[0]));
}

WorkspacePage *answer_workspaces(
	const WorkspaceAnswers *kind, const Json *answer, GError **error)
{
	g_autoptr(WorkspacePage) page = workspace_page_new();
	const Json *list =
		answer ? answer_list(answer, kind->list, error) : NULL;

	if (!list || !read_next(answer, &kind->next, &page->next, error))
		return NULL;
	json_foreach (record, list)
		read_workspace(kind, record, page);
	return g_steal_pointer(&page);
}

WorkspacePage *answer_workspace(const char *id)
{
	WorkspacePage *page = workspace_page_new();

	add_workspace(page, g_strdup(id), g_strdup(""), 0);
	return page;
}
