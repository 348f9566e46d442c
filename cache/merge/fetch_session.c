#include "cache/merge/fetch_session.h"

#include "cache/merge/apply.h"

gboolean fetch_session(
	Dir *dir, const char *id, const Call *call, GError **error)
{
	guint32 tick = dir_tick(dir);
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
