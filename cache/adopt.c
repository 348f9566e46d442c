#include "adopt.h"

#include <string.h>

#include "apply.h"
#include "look.h"

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
	Outcome *outcome = outcome_saying(
		REQUEST_DONE, g_strdup(error != NULL ? error : ""));

	g_free(outcome->id);
	outcome->id = g_strdup(id);
	outcome->session = dir_number(dir, id);
	return outcome;
}
