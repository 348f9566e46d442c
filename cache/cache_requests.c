#include <string.h>

#include "cache/entry.h"
#include "cache/operations/operation_answer.h"
#include "cache/requests/requests.h"
#include "cache/requests/requests_aside.h"
#include "cache/views/group.h"

/* The directory of a request, and the request; NULL: there is none. */
static Request *request_at(Cache *cache, guint32 number, Dir **ret_dir)
{
	Dir *dir = dir_around(cache, number);

	if (dir == NULL || dir->kind != DIR_WORKSPACE ||
		dir->number == number || !dir_is_there(dir))
		return NULL;
	*ret_dir = dir;
	return requests_get(cache->requests, dir, number, NULL);
}

static void entry_fill(Dir *dir, const Request *request, Entry *ret)
{
	gboolean create = request->intent->verb == NULL;

	*ret = entry_in(dir, ENTRY_REQUEST, request->intent->number);
	ret->rmdir_ends = FALSE;
	ret->texts = (1u << N_REQUEST_TEXTS) - 1;
	ret->texts &= ~(1u << (create ? REQUEST_TEXT_VERB : REQUEST_TEXT_SPEC));
	ret->mtime_ns = requests_mtime_ns(dir->cache->requests, dir, request);
}

gboolean entry_of_request(Cache *cache, guint32 number, Entry *ret)
{
	Dir *dir;
	g_autoptr(Request) request = request_at(cache, number, &dir);

	if (request != NULL)
		entry_fill(dir, request, ret);
	return request != NULL;
}

char *name_of_request(Cache *cache, guint32 number)
{
	Dir *dir;
	g_autoptr(Request) request = request_at(cache, number, &dir);

	return request != NULL ? g_strdup(request->intent->rid) : NULL;
}

/* Its own, and its guests. */
static GPtrArray *all_of(Dir *dir)
{
	GPtrArray *list = requests_of(dir->cache->requests, dir);
	GPtrArray *guests = requests_guests(dir->cache->requests, dir);

	g_ptr_array_extend_and_steal(list, guests);
	g_ptr_array_sort(list, request_by_number);
	return list;
}

void cache_requests(Cache *cache, guint32 workspace, guint32 after,
	CacheVisit visit, void *data)
{
	Dir *dir = dir_workspace(cache, workspace);
	g_autoptr(GPtrArray) list = dir != NULL ? all_of(dir) : NULL;

	for (guint i = 0; list != NULL && i < list->len; i++) {
		const Request *request = g_ptr_array_index(list, i);
		Entry entry;

		if (request->intent->number <= after)
			continue;
		entry_fill(dir, request, &entry);
		if (!visit(&entry, request->intent->rid, data))
			return;
	}
}

gboolean cache_request_find(
	Cache *cache, guint32 workspace, const char *name, Entry *ret)
{
	Dir *dir = dir_workspace(cache, workspace);
	g_autoptr(Request) request =
		dir != NULL ? requests_get(cache->requests, dir, 0, name)
			    : NULL;

	if (request != NULL)
		entry_fill(dir, request, ret);
	return request != NULL;
}

gint64 cache_requests_mtime_ns(Cache *cache, guint32 workspace)
{
	Dir *dir = dir_workspace(cache, workspace);

	return dir != NULL ? requests_mtime_ns(cache->requests, dir, NULL)
			   : cache->created_ns;
}

/* ---- texts ---- */

/* As written, and for which session. */
static char *verb_text(const Intent *intent)
{
	if (*intent->session == '\0')
		return g_strdup_printf("%s\n", intent->verb);
	return g_strdup_printf("%s %s\n", intent->verb, intent->session);
}

static const char *state_word(const Outcome *outcome, gboolean sought)
{
	if (outcome->state == REQUEST_SENT && sought)
		return "looking";
	return request_state_name(outcome->state);
}

static char *result_text(Dir *dir, const Intent *intent, const Outcome *outcome)
{
	if (!request_state_exists(outcome->state))
		return g_strdup("");
	if (*outcome->id == '\0')
		return operation_answer_verb(dir, intent);
	return operation_answer_kept(dir, outcome, intent);
}

static const char *sentence_of_guest(Dir *dir, const Request *request)
{
	gboolean create = request->intent->verb == NULL;

	if (requests_is_left_behind(dir->cache->requests, dir, request))
		return create ? "the configuration was read again, and this "
				"section speaks to another place now: the "
				"create is still looked for where it was sent, "
				"and what became of it is told here when the "
				"section speaks to that place again"
			      : "the configuration was read again, and this "
				"section speaks to another place now: what "
				"became of the verb is still looked for where "
				"it was sent, and is told here when the "
				"section speaks to that place again";
	return create ? "it was sent to another account than the one that "
			"this section speaks to now, where its session may "
			"run: it is looked for when that account comes back"
		      : "it was sent to another account than the one that "
			"this section speaks to now: it is looked for when "
			"that account comes back";
}

/* What this account's directory says of another one's. */
static void tell_of_guest(Dir *dir, const Request *request, Outcome *outcome)
{
	outcome->state = REQUEST_UNKNOWN;
	g_free(outcome->error);
	outcome->error = g_strdup(sentence_of_guest(dir, request));
}

char *cache_request_text(Cache *cache, guint32 number, RequestText text)
{
	Dir *dir;
	g_autoptr(Request) request = request_at(cache, number, &dir);
	g_autoptr(Outcome) outcome = NULL;
	gboolean sought;

	if (request == NULL)
		return NULL;
	outcome = requests_outcome(cache->requests, request, &sought);
	if (requests_is_guest(dir, request))
		tell_of_guest(dir, request, outcome);
	switch (text) {
	case REQUEST_TEXT_SPEC:
		return request->intent->verb == NULL
			       ? g_strdup(request->intent->text)
			       : NULL;
	case REQUEST_TEXT_VERB:
		return request->intent->verb != NULL
			       ? verb_text(request->intent)
			       : NULL;
	case REQUEST_TEXT_STATE:
		return g_strconcat(state_word(outcome, sought), "\n", NULL);
	case REQUEST_TEXT_RESULT:
		return result_text(dir, request->intent, outcome);
	case REQUEST_TEXT_ERROR:
		return g_strconcat(outcome->error,
			*outcome->error != '\0' ? "\n" : NULL, NULL);
	case N_REQUEST_TEXTS:
		break;
	}
	return NULL;
}
