#include "cache/operations/adopt.h"

#include <string.h>

#include "cache/merge/apply.h"
#include "cache/merge/fetch_session.h"
#include "cache/operations/operation_answer.h"

/* By our clock; 0: nobody says. */
static gint64 created_ms(Dir *dir, const Snapshot *shown, guint32 number)
{
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	const Row *row = number != 0 ? snapshot_find(shown, number) : NULL;
	g_autofree char *body =
		row != NULL ? dir_body(dir, shown, row, NULL) : NULL;
	g_auto(SessionSummary) brief = {NULL};
	gint64 ahead_ms = 0;

	if (body == NULL)
		return 0;
	backend_summarize(backend, body, strlen(body), &brief);
	(void)backend_clock(backend, &ahead_ms);
	return brief.created_ms != 0 ? brief.created_ms - ahead_ms : 0;
}

gboolean adopt_reserve(
	Dir *dir, Request *request, const char *id, Request **ret_holder)
{
	const CreatePlan *plan = request->intent->plan;
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	MadeSession made = {.number = dir_number(dir, id), .id = id};

	if (plan != NULL && *plan->id != '\0')
		made.created_ms = created_ms(dir, shown, made.number);
	return requests_reserve(
		dir->cache->requests, dir, request, &made, ret_holder);
}

static gboolean reserve(
	Dir *dir, Request *request, const char *id, GError **error)
{
	g_autoptr(Request) holder = NULL;

	return adopt_reserve(dir, request, id, &holder) ||
	       backend_error_false(error, BACKEND_ERROR_EXISTS,
		       "the session %s is that of request %s", id,
		       holder->intent->rid);
}

gboolean adopt_session(Dir *dir, Request *request, const char *id,
	const Call *call, GError **error)
{
	const Intent *intent = request->intent;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autofree char *kept =
		backend_kept_spec(backend, intent->text, strlen(intent->text));
	guint32 number;
	gboolean ok;

	apply_operation_begins(dir, id, kept);
	ok = fetch_session(dir, id, call, error);
	apply_operation_ends(dir, id);
	if (!ok)
		return FALSE;
	number = dir_number(dir, id);
	if (number != 0)
		return reserve(dir, request, id, error) &&
		       apply_last(dir, number, error);
	return backend_error_false(error, BACKEND_ERROR_GONE,
		"there is no session %s any more", id);
}

char *adopt_objection(Dir *dir, const Intent *intent, const char *id)
{
	g_autoptr(Snapshot) shown = NULL;
	g_autofree char *body = NULL;
	const char *name;
	const Row *row;

	if (intent->verb != NULL)
		return g_strdup("");
	row = dir_row_of_id(dir, id, &shown, &name);
	if (row != NULL)
		body = dir_body(dir, shown, row, NULL);
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	return body != NULL ? backend_objection(backend, dir->id, intent->text,
				      body, strlen(body))
			    : g_strdup("");
}

Outcome *adopt_outcome(
	Dir *dir, const Intent *intent, const char *id, const char *error)
{
	Outcome *outcome = outcome_saying(
		REQUEST_DONE, error != NULL ? g_strdup(error)
					    : adopt_objection(dir, intent, id));

	g_free(outcome->id);
	outcome->id = g_strdup(id);
	outcome->session = dir_number(dir, id);
	g_free(outcome->name);
	outcome->name = operation_answer_name(dir, id, intent);
	return outcome;
}
