#include "adopt.h"

#include <string.h>

#include "apply.h"
#include "look.h"

static gboolean claims(const Outcome *outcome, guint32 number, const char *id)
{
	if (!request_state_exists(outcome->state))
		return FALSE;
	/* An id may be another session's by now. */
	if (outcome->session != 0 && number != 0)
		return outcome->session == number;
	return g_str_equal(outcome->id, id);
}

static gboolean is_claimed(
	const Dir *dir, const Request *but, guint32 number, const char *id)
{
	Requests *requests = dir->cache->requests;
	g_autoptr(GPtrArray) list = requests_of(requests, dir);

	for (guint i = 0; i < list->len; i++) {
		const Request *request = g_ptr_array_index(list, i);
		g_autoptr(Outcome) outcome =
			requests_outcome(requests, request, NULL);

		if (request != but && request->intent->verb == NULL &&
			claims(outcome, number, id))
			return TRUE;
	}
	return FALSE;
}

gboolean adopt_is_claimed(const Dir *dir, const Request *but, const char *id)
{
	return is_claimed(dir, but, dir_number((Dir *)dir, id), id);
}

gboolean adopt_row_is_claimed(const Dir *dir, const Row *row)
{
	return is_claimed(dir, NULL, row->number, row->id->text);
}

gboolean adopt_session(Dir *dir, const Request *request, const char *id,
	const Call *call, GError **error)
{
	const Intent *intent = request->intent;
	g_autofree char *kept = backend_kept_spec(
		dir->provider->backend, intent->text, strlen(intent->text));
	guint32 number;
	gboolean ok;

	apply_order_begins(dir, id, kept);
	ok = look_at(dir, id, call, error);
	apply_order_ends(dir, id);
	if (!ok)
		return FALSE;
	number = dir_number(dir, id);
	if (number != 0)
		return apply_last(dir, number, error);
	backend_error_set(error, BACKEND_ERROR_GONE,
		"there is no session %s any more", id);
	return FALSE;
}

Outcome *adopt_outcome(Dir *dir, const char *id, const char *error)
{
	Outcome *outcome = outcome_new(REQUEST_DONE);

	g_free(outcome->id);
	outcome->id = g_strdup(id);
	outcome->session = dir_number(dir, id);
	if (error != NULL) {
		g_free(outcome->error);
		outcome->error = g_strdup(error);
	}
	return outcome;
}
