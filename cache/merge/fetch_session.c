#include "cache/merge/fetch_session.h"

#include "cache/merge/apply.h"

/* Answers that were left open, one after the other. */
#define TRIES_MAX 3

static gboolean fetch_once(Dir *dir, const char *id, guint32 tick,
	const Call *call, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autoptr(Session) session =
		backend_get(backend, dir->id, id, call, &local);

	if (session != NULL ||
		g_error_matches(local, BACKEND_ERROR, BACKEND_ERROR_GONE))
		dir_heard(dir);
	if (session != NULL)
		return apply_sessions(dir, &session, 1, tick, 0, error);
	if (g_error_matches(local, BACKEND_ERROR, BACKEND_ERROR_GONE))
		return apply_gone(dir, id, tick, error);
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

gboolean fetch_session(
	Dir *dir, const char *id, const Call *call, GError **error)
{
	gboolean ok = TRUE, open = TRUE;

	for (guint i = 0; ok && open && i < TRIES_MAX; i++) {
		guint32 tick = dir_tick(dir);

		ok = fetch_once(dir, id, tick, call, error);
		open = ok && apply_left_open(dir, id, tick);
	}
	return ok;
}
