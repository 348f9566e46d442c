#include "cache/operations/operation_create.h"

#include <string.h>
#include <sys/random.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/model/pace.h"
#include "cache/operations/operation_answer.h"
#include "cache/operations/operation_made.h"

/* A provider is trusted to know a token for so long. */
#define TOKEN_AGE_MS (G_GINT64_CONSTANT(3600) * 1000)
/* With less time than that nothing is sent any more. */
#define SEND_LEAST_US (10 * G_TIME_SPAN_MILLISECOND)

static gboolean token_make(Operation *self, GError **error)
{
	guint8 bytes[OPERATION_TOKEN_LEN / 2];

	if (*self->token != '\0')
		return TRUE;
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"the system gives no random bytes");
	for (guint i = 0; i < sizeof(bytes); i++)
		g_snprintf(self->token + 2 * i, 3, "%02x", bytes[i]);
	return TRUE;
}

gboolean operation_token_holds(const Cache *cache, const Intent *intent)
{
	return intent->plan != NULL && intent->plan->repeatable &&
	       clock_wall_ms(cache->clock) - intent->made_ms < TOKEN_AGE_MS;
}

/* ---- sending ---- */

CreatePlan *operation_plan(Operation *self, GError **error)
{
	Dir *dir = self->dir;
	const Intent *intent = self->request->intent;
	Call call = operation_look_call(self);

	if (!token_make(self, error))
		return NULL;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	return backend_plan(backend, dir->id, intent->text,
		strlen(intent->text), self->token, &call, error);
}

static char *send_once(Operation *self, GError **error)
{
	Dir *dir = self->dir;
	g_autoptr(GError) local = NULL;
	Call call = operation_call(self);
	char *id;

	call.deadline_us = self->send_until_us;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	id = backend_create(
		backend, dir->id, self->request->intent->plan, &call, &local);
	if (self->recorded)
		failpoint_step("create", "answer");
	if (id == NULL)
		operation_refused(self, g_steal_pointer(&local), error);
	else
		dir_heard(dir);
	return id;
}

/* A refusal may have taught that another plan is right. */
static gboolean plan_anew(Operation *self, const GError *refusal)
{
	const CreatePlan *old = self->request->intent->plan;
	g_autoptr(CreatePlan) plan = NULL;

	if (refusal->code != BACKEND_ERROR_INVALID || self->doubt)
		return FALSE;
	plan = operation_plan(self, NULL);
	if (plan == NULL || g_str_equal(plan->name, old->name))
		return FALSE;
	requests_replan(
		self->cache->requests, self->request, g_steal_pointer(&plan));
	return TRUE;
}

/* Gives the request up to be looked for by listings, as long as there is time.  The
 * id of its session, or NULL. */
static char *seek(Operation *self)
{
	Requests *requests = self->cache->requests;
	Request *request = self->request;
	g_autoptr(Outcome) outcome = NULL;

	if (requests_state(requests, request) != REQUEST_SENT)
		return NULL;
	requests_look(requests, request, clock_wall_ms(self->cache->clock),
		operation_sure_ms(self), TRUE);
	requests_release(requests, request);
	scheduler_wake(self->cache->scheduler);
	requests_wait(requests, request, REQUEST_SENT, self->deadline_us);
	requests_resume(requests, request);
	outcome = requests_outcome(requests, request, NULL);
	return request_state_exists(outcome->state) ? g_strdup(outcome->id)
						    : NULL;
}

/* Whether to send the same bytes again, after a pause, which the provider may have
 * asked for.  Only what it knows again: however surely a session is not listed, its
 * create may still be on its way. */
static gboolean sends_again(Operation *self, GError *problem, gint64 *pause_ms)
{
	if (!self->request->intent->plan->repeatable &&
		!failpoint_flaw("resend"))
		return FALSE;
	*pause_ms = MAX(*pause_ms, pace_retry_us(problem) / 1000);
	return operation_pause(
		self, pause_ms, self->send_until_us - SEND_LEAST_US);
}

/* The id of the session that the plan made. */
static char *send_until_clear(Operation *self, GError **error)
{
	gint64 pause_ms = OPERATION_PAUSE_MS;

	for (;;) {
		g_autoptr(GError) local = NULL;
		char *id = send_once(self, &local);
		gboolean open =
			id == NULL && local->code == BACKEND_ERROR_MAY_EXIST;

		if (id != NULL)
			return id;
		if (!open && plan_anew(self, local))
			continue;
		if (open && sends_again(self, local, &pause_ms)) {
			self->doubt = TRUE;
			continue;
		}
		if (open || self->doubt)
			id = seek(self);
		if (id == NULL)
			g_propagate_error(error, g_steal_pointer(&local));
		return id;
	}
}

static gboolean answer_known(Operation *self, const char *id)
{
	self->answer =
		operation_answer_session(self->dir, id, self->request->intent);
	return TRUE;
}

/* A session that was found is started as one that was just made, unless it was
 * given its end already. */
static gboolean go_on(Operation *self, const char *id, GError **error)
{
	if (requests_state(self->cache->requests, self->request) ==
		REQUEST_DONE)
		return answer_known(self, id);
	return operation_made(self, id, error);
}

gboolean operation_send(Operation *self, GError **error)
{
	g_autofree char *id = NULL;

	/* A token tells more than a look, but may be answered by nobody. */
	self->send_until_us =
		self->deadline_us - operation_left_ms(self) * 1000 / 2;
	if (failpoint_flaw("resend"))
		self->send_until_us = self->deadline_us;
	id = send_until_clear(self, error);
	if (id != NULL)
		return go_on(self, id, error);
	/* This time nothing came of it, but of the time before something may
	 * have. */
	if (self->doubt)
		(*error)->code = BACKEND_ERROR_MAY_EXIST;
	return FALSE;
}

/* ---- a token that was used before ---- */

/* A spec without the blanks that mean nothing in it. */
static char *squeeze(const char *spec)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean inside = FALSE;

	for (const char *p = spec; *p != '\0'; p++) {
		if (inside || !g_ascii_isspace(*p))
			g_string_append_c(out, *p);
		if (inside && *p == '\\' && p[1] != '\0')
			g_string_append_c(out, *++p);
		else if (*p == '"')
			inside = !inside;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Whether two specs say the same, however they are laid out. */
static gboolean says_the_same(const char *one, const char *other)
{
	g_autofree char *a = squeeze(one);
	g_autofree char *b = squeeze(other);

	return g_str_equal(a, b);
}

static gboolean still_open(
	const Request *request, const char *why, GError **error)
{
	return backend_error_false(error, BACKEND_ERROR_MAY_EXIST,
		"the request of this token, %s, %s: its session may exist",
		request->intent->rid, why);
}

/* With the request ours. */
static gboolean repeat_open(Operation *self, GError **error)
{
	const Intent *intent = self->request->intent;
	g_autofree char *id = NULL;

	self->doubt = TRUE;
	if (operation_token_holds(self->cache, intent)) {
		operation_prolong(self);
		return operation_send(self, error);
	}
	id = seek(self);
	if (id != NULL)
		return go_on(self, id, error);
	return still_open(self->request, "is not settled", error);
}

/* What the token made before, if it is known.  *ret_again: nothing came of it
 * after all, so that it may be used. */
static gboolean repeat(Operation *self, gboolean *ret_again, GError **error)
{
	Requests *requests = self->cache->requests;
	g_autoptr(Request) request = g_steal_pointer(&self->request);
	g_autoptr(Outcome) outcome = NULL;

	if (!says_the_same(self->text, request->intent->text))
		return backend_error_false(error, BACKEND_ERROR_EXISTS,
			"this token has made another session: request %s has "
			"another spec",
			request->intent->rid);
	if (!requests_take_free(requests, request, self->deadline_us))
		return still_open(request, "is at work", error);
	outcome = requests_outcome(requests, request, NULL);
	self->request = g_steal_pointer(&request);
	if (request_state_has_failed(outcome->state) ||
		outcome->state == REQUEST_ABANDONED) {
		requests_release(requests, self->request);
		g_clear_pointer(&self->request, request_unref);
		*ret_again = TRUE;
		return FALSE;
	}
	if (request_state_exists(outcome->state)) {
		(void)answer_known(self, outcome->id);
		requests_release(requests, self->request);
		return TRUE;
	}
	return operation_finish(self, repeat_open(self, error), error);
}

/* ---- a new one ---- */

static gboolean create_anew(Operation *self, GError **error)
{
	CreatePlan *plan = operation_plan(self, error);

	if (plan != NULL)
		requests_replan(self->cache->requests, self->request, plan);
	return operation_finish(
		self, plan != NULL && operation_send(self, error), error);
}

gboolean operation_create(Operation *self, GError **error)
{
	Dir *dir = self->dir;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	gboolean fresh, again = TRUE, ok = FALSE;

	if (!backend_check_spec(backend, dir->id, self->text, self->len, error))
		return FALSE;
	while (again) {
		Intent *intent = operation_intent(self);
		char *token =
			backend_spec_token(backend, self->text, self->len);

		if (token != NULL) {
			g_free(intent->token);
			intent->token = token;
		}
		again = FALSE;
		self->request = requests_begin(
			self->cache->requests, dir, intent, &fresh, error);
		if (self->request == NULL)
			return FALSE;
		ok = fresh ? create_anew(self, error)
			   : repeat(self, &again, error);
	}
	return ok;
}
