#include "cache/operations/operation_control.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/merge/apply.h"
#include "cache/merge/fetch_session.h"
#include "cache/operations/operation_answer.h"
#include "cache/operations/reconcile_verb.h"

typedef struct {
	char *id;
	char *body; /* NULL: unreadable */
	Phase phase;
} Target;

static void target_clear(Target *self)
{
	g_clear_pointer(&self->id, g_free);
	g_clear_pointer(&self->body, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

static gboolean target_find(Operation *self, Target *ret, GError **error)
{
	g_autoptr(Snapshot) shown = dir_snapshot(self->dir);
	const Row *row = snapshot_find(shown, self->number);

	if (row == NULL)
		return backend_error_false(error, BACKEND_ERROR_GONE,
			"there is no such session any more");
	target_clear(ret);
	ret->id = g_strdup(row->id->text);
	ret->body = dir_body(self->dir, shown, row, NULL);
	ret->phase = (Phase)row->phase;
	return TRUE;
}

/* Shows what the provider says of the session now. */
static gboolean look(Operation *self, const char *id, GError **error)
{
	g_autoptr(GError) local = NULL;
	Call call = operation_look_call(self);

	if (fetch_session(self->dir, id, &call, &local))
		return TRUE;
	g_debug("%s: %s", id, local->message);
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

static const BackendVerb *verb_of(Operation *self, GError **error)
{
	Provider *provider = self->dir->provider;
	const char *name = self->text;

	if (name == NULL && !provider->rmdir_ends) {
		backend_error_set(error, BACKEND_ERROR_DENIED,
			"rmdir ends no session here (rmdir = terminate is not "
			"set)");
		return NULL;
	}
	if (name == NULL)
		name = provider->class->end_verb;
	if (name == NULL) {
		backend_error_set(error, BACKEND_ERROR_UNSUPPORTED,
			"the provider has no way to end a session");
		return NULL;
	}
	return backend_verb(provider->class, name, error);
}

static gboolean set_conflict(
	const BackendVerb *verb, Phase phase, GError **error)
{
	g_autoptr(GString) from = g_string_new(NULL);

	for (Phase p = 0; p < N_PHASES; p++)
		if (verb->from & (1u << p))
			g_string_append_printf(from, "%s%s",
				from->len > 0 ? ", " : "", phase_name(p));
	return backend_error_false(error, BACKEND_ERROR_CONFLICT,
		"%s makes no sense for a session that is %s; it does when it "
		"is: %s",
		verb->name, phase_name(phase), from->str);
}

/* What is shown may be old: the provider is asked before the verb is refused; and
 * before it is sent, where the id may be another session's by now. */
static gboolean check_phase(Operation *self, const BackendVerb *verb,
	Target *target, GError **error)
{
	const BackendClass *class = dir_class(self->dir);
	gboolean sure = class->is_other == NULL;

	if (sure && (verb->from & (1u << target->phase)))
		return TRUE;
	if (!look(self, target->id, sure ? NULL : error) && !sure)
		return FALSE;
	if (!target_find(self, target, error))
		return FALSE;
	return (verb->from & (1u << target->phase)) ||
	       set_conflict(verb, target->phase, error);
}

static void describe(Operation *self, const char *id)
{
	g_autofree char *place = dir_path(self->dir);

	g_free(self->what);
	self->what = g_strdup_printf("%s of %s/%s",
		self->text != NULL ? self->text : "rmdir", place, id);
}

/* ---- the verb's request ---- */

/* target: NULL: the workspace itself. */
static gboolean begin(
	Operation *self, const char *verb, const Target *target, GError **error)
{
	Intent *intent = operation_intent(self);
	gboolean fresh;

	intent->verb = g_strdup(verb);
	if (target != NULL) {
		g_free(intent->session);
		intent->session = g_strdup(target->id);
		intent->phase = 1 + target->phase;
	}
	self->request = requests_begin(
		self->cache->requests, self->dir, intent, &fresh, error);
	return self->request != NULL;
}

static gboolean send_once(Operation *self, const char *body, GError **error)
{
	Dir *dir = self->dir;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	const Intent *intent = self->request->intent;
	g_autoptr(GError) local = NULL;
	Call call = operation_call(self);
	gboolean ok;

	if (*intent->session != '\0')
		ok = backend_control(backend, dir->id, intent->session, body,
			intent->verb, &call, &local);
	else
		ok = backend_control_workspace(
			backend, dir->id, intent->verb, &call, &local);
	if (self->recorded)
		failpoint_step("verb", "answer");
	if (!ok)
		operation_refused(self, g_steal_pointer(&local), error);
	else
		dir_heard(dir);
	return ok;
}

/* Looks how the session stands as long as there is time; TRUE: it shows that the verb
 * was obeyed. */
static gboolean see_effect(Operation *self)
{
	const Intent *intent = self->request->intent;
	gint64 pause_ms = OPERATION_PAUSE_MS;

	requests_look(self->cache->requests, self->request,
		clock_wall_ms(self->cache->clock), operation_sure_ms(self),
		FALSE);
	for (;;) {
		(void)look(self, intent->session, NULL);
		if (reconcile_verb_look(self->dir, intent, NULL) == VERB_OBEYED)
			return TRUE;
		if (!operation_pause(self, &pause_ms, self->deadline_us))
			return FALSE;
	}
}

/* Sends the verb of the request, to the session of that record (may be NULL). */
static gboolean operation_verb(
	Operation *self, const char *body, GError **error)
{
	if (send_once(self, body, error))
		return TRUE;
	if ((*error)->code != BACKEND_ERROR_MAY_EXIST ||
		*self->request->intent->session == '\0' || !see_effect(self))
		return FALSE;
	g_clear_error(error);
	return TRUE;
}

static gboolean verb_again(Operation *self, GError **error)
{
	Intent *intent = self->request->intent;
	g_auto(Target) target = {0};

	(void)look(self, intent->session, NULL);
	self->number = dir_number(self->dir, intent->session);
	/* What came later under this id is another session. */
	if (self->number >= intent->watermark)
		self->number = 0;
	if (!target_find(self, &target, error))
		return FALSE;
	intent->phase = 1 + target.phase;
	if (!operation_verb(self, target.body, error))
		return FALSE;
	self->answer = operation_answer_session(self->dir, target.id, intent);
	return TRUE;
}

gboolean operation_verb_again(Operation *self, GError **error)
{
	const Intent *intent = self->request->intent;
	gboolean ok;

	if (*intent->session != '\0') {
		apply_operation_begins(self->dir, intent->session, NULL);
		ok = verb_again(self, error);
		apply_operation_ends(self->dir, intent->session);
		return ok;
	}
	if (!operation_verb(self, NULL, error))
		return FALSE;
	self->answer = operation_answer_verb(self->dir, intent);
	return TRUE;
}

/* The request with its end. */
static gboolean send_verb(Operation *self, const char *body, GError **error)
{
	return operation_finish(self, operation_verb(self, body, error), error);
}

static gboolean steer_session(Operation *self, Target *target, GError **error)
{
	const BackendVerb *verb = verb_of(self, error);

	if (verb == NULL || !check_phase(self, verb, target, error) ||
		!begin(self, verb->name, target, error) ||
		!send_verb(self, target->body, error))
		return FALSE;
	(void)look(self, target->id, NULL);
	self->answer = operation_answer_session(
		self->dir, target->id, self->request->intent);
	return TRUE;
}

gboolean operation_control(Operation *self, GError **error)
{
	g_auto(Target) target = {0};
	g_autofree char *id = NULL;
	gboolean ok;

	if (!target_find(self, &target, error))
		return FALSE;
	describe(self, target.id);
	id = g_strdup(target.id);
	apply_operation_begins(self->dir, id, NULL);
	ok = steer_session(self, &target, error);
	apply_operation_ends(self->dir, id);
	return ok;
}

gboolean operation_steer(Operation *self, GError **error)
{
	Dir *dir = self->dir;

	if (self->text == NULL || !dir_is_steered(dir))
		return backend_error_false(error, BACKEND_ERROR_UNSUPPORTED,
			"a workspace of %s %s", dir_class(dir)->name,
			dir_is_steered(dir) ? "is not ended by rmdir"
					    : "takes no verbs");
	if (backend_workspace_verb(dir_class(dir), self->text, error) == NULL ||
		!begin(self, self->text, NULL, error) ||
		!send_verb(self, NULL, error))
		return FALSE;
	self->answer = operation_answer_verb(dir, self->request->intent);
	return TRUE;
}
