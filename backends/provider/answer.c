#include "backends/provider/answer.h"

#include <string.h>

#include "backends/base/json_span.h"
#include "backends/provider/record.h"

#define TOKEN_MAX 8192

void *answer_bad(const char *what, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
		"the provider's answer has no %s as it should", what);
	return NULL;
}

/* Some tell of a failure with status 200. */
static gboolean says_error(const Json *answer)
{
	static const char *const names[] = {"error", "Error", "errors",
		"errorCode", "error_code", "errorMessage", "error_msg", "fault",
		"message", "Message", "msg", "detail", "__type"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const Json *value = json_get(answer, names[i]);
		const char *text = json_text(value);

		if (value && json_type(value) != JSON_NULL && !(text && !*text))
			return TRUE;
	}
	return FALSE;
}

/*
 * Whether nothing stands there but what a page may hold whose list was left out
 * since it is empty.  Anything else is an answer of somebody else: to take it
 * for an empty page would make all sessions vanish.
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
		(list ? json_type(list) == JSON_NULL : is_bare_page(answer)) &&
		!says_error(answer))
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

JsonSpan answer_whole(const GByteArray *text)
{
	gsize start = strspn((const char *)text->data, " \t\r\n");

	return (JsonSpan){start, text->len - start};
}

gboolean answer_next(
	const Json *answer, const char *member, char **ret_next, GError **error)
{
	const Json *token = json_get(answer, member);
	const char *text = json_text(token);

	if (!token || json_type(token) == JSON_NULL)
		*ret_next = NULL;
	else if (text && strlen(text) <= TOKEN_MAX)
		*ret_next = *text ? g_strdup(text) : NULL;
	else
		return answer_bad("usable token of the next page", error) !=
		       NULL;
	return TRUE;
}

void answer_announce(const SessionPage *page, const Call *call)
{
	if (call->next && page->next)
		call->next(page->next, call->next_data);
}

SessionPage *answer_page(const Json *answer, const char *member,
	const Call *call, GError **error)
{
	g_autoptr(SessionPage) page = session_page_new();

	if (!answer_next(answer, member, &page->next, error))
		return NULL;
	answer_announce(page, call);
	page->total = -1;
	return g_steal_pointer(&page);
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

char *answer_workspace_id(
	WorkspacePage *page, const Json *record, const char *member)
{
	char *id = record_id(record, member);

	page->skipped += !id;
	return id;
}

void answer_add_workspace(
	WorkspacePage *page, const char *id, char *name, gint64 created_ms)
{
	Workspace *workspace = g_new0(Workspace, 1);

	workspace->id = g_strdup(id);
	workspace->name = name ? name : g_strdup("");
	workspace->created_ms = created_ms;
	g_ptr_array_add(page->workspaces, workspace);
}

WorkspacePage *answer_workspace(const char *id)
{
	WorkspacePage *page = workspace_page_new();

	answer_add_workspace(page, id, NULL, 0);
	return page;
}
