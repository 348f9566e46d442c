#include "backends/base/clock.h"
#include "backends/livy/livy_server.h"

#include <string.h>

#include "backends/base/digest.h"
#include "backends/error.h"
#include "backends/livy/livy_error.h"
#include "backends/provider/plan.h"

/*
 * There is no idempotency token.  What makes a create safe is the name: unique
 * among the sessions that the server lists, and made from our token where the
 * spec has none, so that nobody else can have given it.  Whoever has that name is
 * what we made: it is looked up when an answer was lost or it is taken.
 *
 * A name that was given is anybody's.  It is asked for first, since a taken one
 * is refused only after a driver was started for it.  But two who see it free at
 * once may both send it, and there will be one session: the other is told that
 * the name is taken, and must not have that session for its own.  Nor does a
 * look-up after a lost answer tell whose it is; our caller's listings may.
 */

#define MADE_NAME_PREFIX "sessionfs-"
#define MADE_NAME_DIGITS 32 /* ours, or of the digest of one that is not */

static Json *get_by_name(
	Livy *self, const char *name, const Call *call, GError **error)
{
	g_autofree char *segment = http_encode(name);
	g_autofree char *path = g_strconcat("/sessions/", segment, NULL);

	return api_backend_get(
		&self->base, "GetSession", path, NULL, call, NULL, error);
}

/* The id of the session of a name that nobody else can have given. */
static char *find_by_name(Livy *self, const char *name, const Call *call)
{
	g_autoptr(Json) record = get_by_name(self, name, call, NULL);
	const char *found = json_get_text(record, "name", SESSION_ID_MAX, "");

	return g_str_equal(found, name) ? record_id(record, "id") : NULL;
}

/* ---- what to send ---- */

typedef enum { NAME_UNSURE, NAME_FREE, NAME_TAKEN } NameIs;

/* An answer that does not come must leave time for the create. */
static NameIs look_up(Livy *self, const char *name, const Call *call)
{
	gint64 now_us = clock_now_us(&clock_real);
	g_autoptr(GError) cause = NULL;
	Call soon = *call;

	if (!*name || g_str_equal(name, ".") || g_str_equal(name, ".."))
		return NAME_UNSURE;
	soon.deadline_us = now_us + MAX(0, call->deadline_us - now_us) / 2;
	g_autoptr(Json) record = get_by_name(self, name, &soon, &cause);
	if (!record)
		return cause->code == BACKEND_ERROR_GONE ? NAME_FREE
							 : NAME_UNSURE;
	return g_str_equal(
		       name, json_get_text(record, "name", SESSION_ID_MAX, ""))
		       ? NAME_TAKEN
		       : NAME_UNSURE;
}

/* The same token makes the same name. */
static char *name_of_token(const char *own, const char *token)
{
	g_autofree char *hex = own ? digest_sha256_hex(own, strlen(own)) : NULL;

	return g_strdup_printf(
		MADE_NAME_PREFIX "%.*s", MADE_NAME_DIGITS, hex ? hex : token);
}

/* Takes the token, which the server would refuse, and gives a name for it where
 * there is none and names are known. */
static gboolean name_it(Livy *self, Json *body, const char *token)
{
	const char *member = self->base.class->token_member;
	g_autofree char *own = g_strdup(json_text(json_get(body, member)));

	json_remove(body, member);
	if (json_get(body, "name") ||
		!(g_atomic_int_get(&self->members) & LIVY_NAME))
		return FALSE;
	g_autofree char *name = name_of_token(own, token);
	json_set_text(body, "name", name);
	return TRUE;
}

CreatePlan *livy_plan(Backend *base, const char *workspace, Json *spec,
	const char *token, const Call *call, GError **error)
{
	Livy *self = (Livy *)base;

	if (!livy_is_ours(self, workspace, error))
		return NULL;
	livy_learn_version(self, spec, call);
	if (!livy_members_known(self, spec, error))
		return NULL;
	gboolean ours = name_it(self, spec, token);
	g_autoptr(CreatePlan) plan = create_plan_of(base, spec);
	NameIs name = ours ? NAME_FREE : look_up(self, plan->name, call);
	if (name == NAME_TAKEN)
		return backend_error_null(error, BACKEND_ERROR_EXISTS,
			"there is a session of the name %s", plan->name);
	plan->unique = plan->repeatable = ours;
	plan->fresh = name == NAME_FREE;
	return g_steal_pointer(&plan);
}

/* ---- sending it ---- */

static char *create_call(
	Livy *self, const CreatePlan *plan, const Call *call, GError **error)
{
	const ApiRequest request = {.action = "CreateSession",
		.method = "POST",
		.path = "/sessions",
		.body = plan->body};
	g_autoptr(Json) answer =
		api_call(self->base.api, &request, call, NULL, error);
	char *id = record_id(answer, "id");

	if (id)
		livy_learn(self, livy_record_members(answer));
	else if (answer)
		backend_error_set(error, BACKEND_ERROR_MAY_EXIST,
			"the answer to the create names no session");
	return id;
}

/* A lost answer, and a name that is ours and taken, mean that the session may be
 * there; whether it is, a name that is ours tells.  A given one that is taken is
 * somebody else's: nothing was made. */
static char *reconcile(Livy *self, const CreatePlan *plan, const Call *call,
	GError *cause, GError **error)
{
	gboolean unclear =
		cause->code == BACKEND_ERROR_MAY_EXIST ||
		(plan->unique && cause->code == BACKEND_ERROR_EXISTS);
	char *id = plan->unique && unclear
			   ? find_by_name(self, plan->name, call)
			   : NULL;

	if (id) {
		g_error_free(cause);
		return id;
	}
	if (unclear) {
		cause->code = BACKEND_ERROR_MAY_EXIST;
		g_prefix_error(&cause,
			"the session%s%s may exist: ", *plan->name ? " " : "",
			plan->name);
	}
	g_propagate_error(error, cause);
	return NULL;
}

char *livy_create(Backend *base, const char *workspace, const CreatePlan *plan,
	const Call *call, GError **error)
{
	Livy *self = (Livy *)base;
	GError *cause = NULL;

	if (!livy_is_ours(self, workspace, error))
		return NULL;
	char *id = create_call(self, plan, call, &cause);
	if (id)
		return id;
	/* Before 0.6 there were no names: the next plan will have none. */
	if (livy_is_unknown_member(cause, "name"))
		livy_learn(self, 0);
	return reconcile(self, plan, call, cause, error);
}
