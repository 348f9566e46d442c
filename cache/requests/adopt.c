#include "cache/requests/adopt.h"

#include <string.h>

#include "cache/merge/apply.h"
#include "cache/refresh/look.h"

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

char *adopt_objection(Dir *dir, const Intent *intent, const char *id)
{
	g_autoptr(Snapshot) shown = NULL;
	g_autofree char *body = NULL;
	const Row *row = NULL;
	const Id *known;

	if (intent->verb != NULL)
		return g_strdup("");
	pthread_mutex_lock(&dir->lock);
	known = ids_get(dir->ids, id);
	if (known != NULL) {
		shown = snapshot_ref(dir->shown);
		row = snapshot_find(shown, known->number);
	}
	pthread_mutex_unlock(&dir->lock);
	if (row != NULL)
		body = dir_body(dir, shown, row, NULL);
	return body != NULL ? backend_objection(dir->provider->backend, dir->id,
				      intent->text, body, strlen(body))
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
	return outcome;
}
