#include "cache/operations/operation_resolve.h"

#include <string.h>

#include "cache/operations/adopt.h"
#include "cache/operations/operation_answer.h"
#include "cache/operations/operation_control.h"
#include "cache/operations/operation_create.h"
#include "cache/requests/requests_aside.h"

static gboolean refuse(GError **error, const char *why)
{
	return backend_error_false(error, BACKEND_ERROR_CONFLICT, "%s", why);
}

/* ---- retry ---- */

static gboolean may_retry(
	const Operation *self, RequestState state, GError **error)
{
	const Intent *intent = self->request->intent;

	if (state == REQUEST_FAILED)
		return TRUE;
	if (state == REQUEST_ABANDONED)
		return refuse(error, "it was abandoned: write it anew");
	if (request_state_exists(state))
		return refuse(
			error, "its session exists: that will show by itself");
	if (state == REQUEST_SENT)
		return refuse(error,
			"it is being looked for: wait until its state is "
			"unknown");
	if (intent->plan != NULL && intent->plan->repeatable &&
		!operation_token_holds(self->cache, intent))
		return refuse(error,
			"it is too old for the provider to know its token: "
			"adopt its session or abandon it, and write the spec "
			"again");
	return TRUE;
}

/* Nothing came of it, so that it is sent as a new one. */
static gboolean renew(Operation *self, GError **error)
{
	Requests *requests = self->cache->requests;
	CreatePlan *plan;

	if (requests_is_repeated(requests, self->dir, self->request))
		return backend_error_false(error, BACKEND_ERROR_EXISTS,
			"a later request has its token: see that one");
	plan = operation_plan(self, error);
	if (plan == NULL)
		return FALSE;
	requests_renew(requests, self->request, plan, operation_left_ms(self));
	return TRUE;
}

static gboolean retry(Operation *self, RequestState state, GError **error)
{
	const Intent *intent = self->request->intent;
	gboolean fresh = state == REQUEST_FAILED && intent->verb == NULL;

	if (!may_retry(self, state, error) || (fresh && !renew(self, error)))
		return FALSE;
	if (!fresh)
		operation_prolong(self);
	self->doubt = state != REQUEST_FAILED;
	self->again = TRUE;
	return intent->verb == NULL ? operation_send(self, error)
				    : operation_verb_again(self, error);
}

/* ---- adopt, abandon ---- */

/* The id that a directory's name stands for; what is none is an id itself. */
static char *id_of_name(Dir *dir, const char *name)
{
	const Id *id = dir_id_of_name(dir, name);

	return g_strdup(id != NULL ? id->text : name);
}

static gboolean adopt_id(Operation *self, const char *name, GError **error)
{
	Requests *requests = self->cache->requests;
	g_autofree char *id = id_of_name(self->dir, name);
	Call call = operation_look_call(self);

	if (self->request->intent->verb != NULL)
		return refuse(error, "a verb makes no session to adopt");
	if (!adopt_reserve(self->dir, self->request, id, NULL))
		return refuse(error, "another request has made that session");
	if (!adopt_session(self->dir, self->request, id, &call, error)) {
		if ((*error)->code == BACKEND_ERROR_EXISTS)
			(*error)->code = BACKEND_ERROR_CONFLICT;
		return FALSE;
	}
	requests_note(requests, self->request, REQUEST_EVENT_ADOPT,
		adopt_outcome(self->dir, self->request->intent, id, NULL));
	self->answer =
		operation_answer_session(self->dir, id, self->request->intent);
	return TRUE;
}

static gboolean abandon(Operation *self, RequestState state, GError **error)
{
	if (state == REQUEST_FAILED || state == REQUEST_ABANDONED)
		return refuse(error, "there is nothing to abandon: it is over");
	requests_say(self->cache->requests, self->request,
		REQUEST_EVENT_ABANDON, "");
	self->answer = g_strdup_printf(
		"{\"request\":\"%s\"}\n", self->request->intent->rid);
	return TRUE;
}

static gboolean carry_out(Operation *self, GError **error)
{
	RequestState state =
		requests_state(self->cache->requests, self->request);
	g_auto(GStrv) words = g_strsplit_set(self->text, " \t", 2);
	const char *verb = words[0] != NULL ? words[0] : "";
	const char *id = words[0] != NULL && words[1] != NULL
				 ? g_strstrip(words[1])
				 : "";

	if (state == REQUEST_DONE)
		return refuse(error, "there is nothing to resolve: it is done");
	if (g_str_equal(verb, "retry") && *id == '\0')
		return retry(self, state, error);
	if (g_str_equal(verb, "abandon") && *id == '\0')
		return abandon(self, state, error);
	if (g_str_equal(verb, "adopt") && *id != '\0')
		return adopt_id(self, id, error);
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"resolve takes: retry, adopt ID, or abandon");
}

gboolean operation_resolve(Operation *self, GError **error)
{
	Requests *requests = self->cache->requests;
	g_autoptr(Request) request =
		requests_get(requests, self->dir, self->number, NULL);
	gboolean ok;

	if (request == NULL)
		return backend_error_false(error, BACKEND_ERROR_GONE,
			"there is no such request any more");
	if (requests_is_guest(self->dir, request))
		return refuse(error,
			"it was sent to another account: it can be resolved "
			"when this section speaks to that one again");
	if (!requests_take_free(requests, request, self->deadline_us))
		return refuse(error, "it is at work");
	self->request = g_steal_pointer(&request);
	ok = carry_out(self, error);
	/* Words that are refused change nothing of what is known. */
	if (self->again)
		return operation_finish(self, ok, error);
	requests_release(requests, self->request);
	return ok;
}
