#include "backends/livy/livy_server.h"

#include "backends/error.h"

void *livy_gone(const char *what, GError **error)
{
	return backend_error_null(error, BACKEND_ERROR_GONE, "%s", what);
}

gboolean livy_is_ours(Livy *self, const char *workspace, GError **error)
{
	return g_str_equal(self->workspace, workspace) ||
	       livy_gone("this section's url names another server", error);
}

void livy_learn(Livy *self, guint members)
{
	g_atomic_int_set(&self->members, (gint)members);
}

gboolean livy_members_known(Livy *self, const Json *spec, GError **error)
{
	gint known = g_atomic_int_get(&self->members);
	guint given = livy_record_members(spec);

	if (known == LIVY_MEMBERS_UNKNOWN)
		return TRUE;
	for (guint bit = 1; bit <= LIVY_MEMBERS; bit <<= 1)
		if (given & bit & ~(guint)known)
			return backend_error_false(error, BACKEND_ERROR_INVALID,
				"%s is not known to this server, whose Livy "
				"is too old for it",
				livy_member_name(bit));
	return TRUE;
}

void livy_learn_version(Livy *self, const Json *spec, const Call *call)
{
	guint members;

	if (!(livy_record_members(spec) & ~(guint)LIVY_NAME) ||
		g_atomic_int_get(&self->members) != LIVY_MEMBERS_UNKNOWN)
		return;
	g_autoptr(Json) answer = api_backend_get(
		&self->base, "GetVersion", "/version", NULL, call, NULL, NULL);
	const char *version = json_get_text(answer, "version", 64, "");
	if (livy_version_members(version, &members))
		livy_learn(self, members);
}
