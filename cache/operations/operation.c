#include "cache/operations/operation.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/base/refs.h"
#include "cache/merge/call.h"
#include "cache/model/account.h"
#include "cache/operations/adopt.h"
#include "cache/operations/operation_answer.h"

#define PAUSE_MAX_MS 2000

/* ---- life ---- */

Operation *operation_new(OperationKind kind, Dir *dir, Cache *cache,
	gint64 deadline_us, OperationDone done, void *data)
{
	Operation *self = g_new0(Operation, 1);

	self->refs = 1;
	self->kind = kind;
	self->cache = cache;
	self->dir = dir;
	self->deadline_us = deadline_us;
	self->done = done;
	self->data = data;
	return self;
}

void operation_set_text(Operation *self, const char *text, gsize len)
{
	self->text = g_malloc(len + 1);
	memcpy(self->text, text, len);
	self->text[len] = '\0';
	self->len = len;
}

static void operation_free(Operation *order)
{
	g_free(order->text);
	g_free(order->answer);
	g_clear_error(&order->error);
	g_clear_error(&order->refused);
	g_clear_pointer(&order->request, request_unref);
	g_free(order->what);
	g_free(order);
}

REFS_DEFINE(Operation, operation, operation_free)

const char *operation_answer(const Operation *order)
{
	return order->answer;
}

GError *operation_error(const Operation *order)
{
	return order->error;
}

/* ---- whether it can still be dropped ---- */

/* A second step, or the same bytes again, is part of what was sent. */
static gboolean operation_is_wanted(Operation *self)
{
	int state = OPERATION_QUEUED;

	return __atomic_compare_exchange_n(&self->state, &state, OPERATION_SENT,
		       FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
	       state == OPERATION_SENT;
}

gboolean operation_is_dropped(const Operation *self)
{
	return __atomic_load_n(&self->state, __ATOMIC_SEQ_CST) ==
	       OPERATION_DROPPED;
}

gboolean operation_was_sent(const Operation *self)
{
	return __atomic_load_n(&self->state, __ATOMIC_SEQ_CST) ==
	       OPERATION_SENT;
}

/* Before the first byte: nothing leaves that is not on disk. */
static gboolean operation_sending(void *data)
{
	Operation *self = data;
	gboolean create = self->request->intent->verb == NULL;

	if (self->recorded || !operation_is_wanted(self))
		return self->recorded;
	if (self->cache->sends != NULL)
		self->cache->sends(
			self->request->intent->rid, self->done, self->data);
	failpoint_step("request", "named");
	self->recorded = requests_send(
		self->cache->requests, self->request, &self->refused);
	if (self->recorded)
		failpoint_step(create ? "create" : "verb", "send");
	return self->recorded;
}

gboolean operation_drop(Operation *order)
{
	int state = OPERATION_QUEUED;

	return __atomic_compare_exchange_n(&order->state, &state,
		       OPERATION_DROPPED, FALSE, __ATOMIC_SEQ_CST,
		       __ATOMIC_SEQ_CST) ||
	       state == OPERATION_DROPPED;
}

Call operation_call(Operation *self)
{
	Call call = operation_look_call(self);

	self->recorded = FALSE;
	call.sending = operation_sending;
	call.data = self;
	return call;
}

Call operation_look_call(const Operation *self)
{
	return call_until(self->dir, self->deadline_us, TRUE);
}

void operation_refused(Operation *self, GError *cause, GError **error)
{
	if (self->refused == NULL) {
		g_propagate_error(error, cause);
		return;
	}
	g_error_free(cause);
	g_prefix_error(&self->refused, "nothing was sent, since it could not "
				       "be recorded first: ");
	g_propagate_error(error, g_steal_pointer(&self->refused));
}

/* ---- time ---- */

gint64 operation_left_ms(const Operation *self)
{
	return MAX(0, self->deadline_us - clock_now_us(self->cache->clock)) /
	       1000;
}

gboolean operation_pause(
	const Operation *self, gint64 *pause_ms, gint64 until_us)
{
	gint64 ms = *pause_ms;

	*pause_ms = MIN(2 * ms, PAUSE_MAX_MS);
	return until_us - clock_now_us(self->cache->clock) > ms * 1000 &&
	       cache_sleep(self->cache, ms);
}

/* ---- its request ---- */

Intent *operation_intent(const Operation *self)
{
	Intent *intent = intent_new(clock_wall_ms(self->cache->clock));

	intent->until_ms = intent->made_ms + operation_left_ms(self);
	intent->provider = g_strdup(self->dir->account->store);
	intent->workspace = g_strdup(self->dir->id);
	intent->text = self->text != NULL ? g_strndup(self->text, self->len)
					  : g_strdup("rmdir");
	intent->token = g_strdup("");
	intent->session = g_strdup("");
	return intent;
}

/* Where to look for what the error cannot tell. */
static void name_request(const Operation *self, GError *error)
{
	g_autofree char *said = error->message;

	error->message =
		g_strdup_printf("%s; .requests/%s tells what became of it",
			said, self->request->intent->rid);
}

void operation_prolong(Operation *self)
{
	self->request->intent->until_ms =
		clock_wall_ms(self->cache->clock) + operation_left_ms(self);
}

gint64 operation_sure_ms(const Operation *self)
{
	return clock_wall_ms(self->cache->clock) + operation_left_ms(self) +
	       self->dir->provider->list_lag_ms;
}

static void reconcile_open(Operation *self, GError *error)
{
	error->code = BACKEND_ERROR_MAY_EXIST;
	name_request(self, error);
	requests_look(self->cache->requests, self->request,
		clock_wall_ms(self->cache->clock), operation_sure_ms(self),
		FALSE);
}

/* It was looked for meanwhile, and nothing is there. */
static void tell_absent(const Operation *self, GError *error)
{
	g_autoptr(Outcome) outcome =
		requests_outcome(self->cache->requests, self->request, NULL);

	error->code = BACKEND_ERROR_REMOTE;
	g_free(error->message);
	error->message = g_strdup(outcome->error);
	name_request(self, error);
}

/* The session is there, and not as it was wanted. */
static void finish_made(Operation *self, GError *error)
{
	Requests *requests = self->cache->requests;
	Outcome *outcome = requests_outcome(requests, self->request, NULL);

	outcome->changed_ms = clock_wall_ms(self->cache->clock);
	if (*outcome->id == '\0') {
		g_free(outcome->id);
		outcome->id = g_strdup(self->request->intent->session);
	}
	outcome->session = dir_number(self->dir, outcome->id);
	g_free(outcome->name);
	outcome->name = operation_answer_name(
		self->dir, outcome->id, self->request->intent);
	if (error != NULL) {
		g_free(outcome->error);
		outcome->error = backend_error_sentence(error);
		name_request(self, error);
	} else if (*outcome->error == '\0') {
		g_free(outcome->error);
		outcome->error = adopt_objection(
			self->dir, self->request->intent, outcome->id);
	}
	requests_note(requests, self->request, REQUEST_EVENT_FINISH, outcome);
}

static void refused(Operation *self, GError *error)
{
	g_autofree char *text = backend_error_sentence(error);

	requests_say(self->cache->requests, self->request, REQUEST_EVENT_REFUSE,
		text);
}

gboolean operation_finish(Operation *self, gboolean ok, GError **ret)
{
	Requests *requests = self->cache->requests;
	RequestState state = requests_state(requests, self->request);
	GError *error = ok ? NULL : *ret;
	gboolean open = error != NULL && error->code == BACKEND_ERROR_MAY_EXIST;

	if (!ok && state == REQUEST_WAITING && operation_is_dropped(self)) {
		requests_forget(requests, self->request);
		return ok;
	}
	if (state == REQUEST_ABSENT && open)
		tell_absent(self, error);
	else if (request_state_is_final(state))
		; /* as it was told before */
	else if (ok || request_state_exists(state))
		finish_made(self, error);
	else if (state == REQUEST_SENT && (open || self->doubt))
		reconcile_open(self, error);
	else if (state == REQUEST_UNKNOWN && open)
		name_request(self, error);
	else if (state == REQUEST_SENT || state == REQUEST_WAITING)
		refused(self, error);
	requests_release(requests, self->request);
	return ok;
}
