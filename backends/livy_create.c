#include "livy_server.h"

#include "error.h"
#include "livy_error.h"

/*
 * There is no idempotency token.  What makes a create safe is the name: unique
 * among the sessions that the server lists, and made from our token where the
 * spec has none, so that nobody else can have given it.
 */

static char *id_of(const Json *record)
{
	gint64 id = json_get_int(record, "id", 0, G_MAXINT32, -1);

	return id >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, id) : NULL;
}

/* The id of the session of a name that nobody else can have given. */
static char *find_by_name(Livy *self, const char *name, const Call *call)
{
	g_autofree char *path = g_strconcat("/sessions/", name, NULL);
	g_autoptr(Json) record = api_backend_get(
		&self->base.base, "GetSession", path, NULL, call, NULL, NULL);
	const char *found = json_get_text(record, "name", SESSION_ID_MAX, "");

	return g_str_equal(found, name) ? id_of(record) : NULL;
}

static char *create_call(
	Livy *self, const Json *spec, const Call *call, GError **error)
{
	g_autofree char *text = json_print(spec, FALSE);
	const ApiRequest request = {.action = "CreateSession",
		.method = "POST",
		.path = "/sessions",
		.body = text};
	g_autoptr(Json) answer =
		api_call(self->base.api, &request, call, NULL, error);
	char *id = id_of(answer);

	if (id)
		livy_learn(self, livy_record_members(answer));
	else if (answer)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"the answer to the create names no session");
	return id;
}

/* A lost answer, and a name that is ours and taken, mean that the session may be
 * there; whether it is its name tells. */
static char *settle(Livy *self, const char *own, const Call *call,
	GError *cause, GError **error)
{
	gboolean unclear = cause->code == BACKEND_ERROR_TIMEOUT ||
			   (own && cause->code == BACKEND_ERROR_EXISTS);
	char *id = own && unclear ? find_by_name(self, own, call) : NULL;

	if (id) {
		g_error_free(cause);
		return id;
	}
	if (unclear) {
		cause->code = BACKEND_ERROR_TIMEOUT;
		g_prefix_error(&cause,
			"the session%s%s may exist: ", own ? " " : "",
			own ? own : "");
	}
	g_propagate_error(error, cause);
	return NULL;
}

char *livy_create(Backend *base, const char *workspace, const char *spec,
	gsize spec_len, const char *token, const Call *call, GError **error)
{
	Livy *self = (Livy *)base;
	g_autoptr(Json) body = json_parse(spec, spec_len, error);
	g_autofree char *own = NULL;
	GError *cause = NULL;

	if (!body || !livy_is_ours(self, workspace, error))
		return NULL;
	livy_learn_version(self, body, call);
	if (!livy_members_known(self, body, error))
		return NULL;
	if (!json_get(body, "name") &&
		(g_atomic_int_get(&self->members) & LIVY_NAME)) {
		own = g_strconcat("sessionfs-", token, NULL);
		json_set_text(body, "name", own);
	}
	char *id = create_call(self, body, call, &cause);
	/* Before 0.6 there were no names, and nothing was done. */
	if (!id && own && livy_is_unknown_member(cause, "name")) {
		livy_learn(self, 0);
		json_remove(body, "name");
		g_clear_pointer(&own, g_free);
		g_clear_error(&cause);
		id = create_call(self, body, call, &cause);
	}
	return id ? id : settle(self, own, call, cause, error);
}
