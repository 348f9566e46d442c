#include "cache/operations/operation_made.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/base/locked.h"
#include "cache/merge/apply.h"
#include "cache/operations/adopt.h"
#include "cache/operations/operation_alias.h"
#include "cache/operations/operation_answer.h"

/* How long a session that need not be started is looked for. */
#define LOOK_ONLY_US (2 * G_USEC_PER_SEC)

/* ---- a session that is known to exist ---- */

static void note_exists(Operation *self, RequestEvent event, const char *id)
{
	requests_note(self->cache->requests, self->request, event,
		adopt_outcome(self->dir, self->request->intent, id, NULL));
}

/* What the provider says of the new session. */
typedef struct {
	gboolean seen;
	Phase phase;
	char *body;
} Look;

static void look_clear(Look *self)
{
	g_clear_pointer(&self->body, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

/* Asks for the session and shows what is answered. */
static gboolean look_once(Operation *self, const char *id, const Call *call,
	Look *ret, GError **error)
{
	guint32 tick = dir_tick(self->dir);
	g_autoptr(HeldBackend) backend = provider_hold(self->dir->provider);
	g_autoptr(Session) session =
		backend_get(backend, self->dir->id, id, call, error);

	if (session == NULL)
		return FALSE;
	dir_heard(self->dir);
	look_clear(ret);
	*ret = (Look){TRUE, session->phase, g_strdup(session->body)};
	return apply_sessions(self->dir, &session, 1, tick, 0, error);
}

static const char *start_verb(const Operation *self)
{
	const Provider *provider = self->dir->provider;

	return provider->start ? provider->class->start_verb : NULL;
}

/* Half of the time that is left; the other is for the second step. */
static gint64 look_until_us(const Operation *self)
{
	gint64 now = clock_now_us(self->cache->clock);
	gint64 half_us = MAX(0, self->deadline_us - now) / 2;

	if (start_verb(self) == NULL)
		half_us = MIN(half_us, LOOK_ONLY_US);
	return now + half_us;
}

/* Asking again will not help. */
static gboolean is_final(const GError *error)
{
	switch (error->code) {
	case BACKEND_ERROR_AUTH:
	case BACKEND_ERROR_NO_KEY:
	case BACKEND_ERROR_DENIED:
	case BACKEND_ERROR_UNSUPPORTED:
	case BACKEND_ERROR_BAD_ANSWER: /* a record that is too big to be shown */
	case BACKEND_ERROR_CANCELLED:
		return TRUE;
	default:
		return FALSE;
	}
}

/* A provider may need a moment to know its own new session, and the budget may
 * be spent: that is waited for, since half a create helps nobody.  TRUE: to the end
 * it says that there is none. */
static gboolean look_until_seen(Operation *self, const char *id, Look *ret)
{
	gint64 pause_ms = OPERATION_PAUSE_MS;
	Call call = operation_look_call(self);

	call.deadline_us = look_until_us(self);
	call.interactive = FALSE;
	for (;;) {
		g_autoptr(GError) error = NULL;

		if (look_once(self, id, &call, ret, &error))
			return FALSE;
		g_debug("%s: %s", id, error->message);
		if (ret->seen || is_final(error) ||
			!operation_pause(self, &pause_ms, call.deadline_us))
			return g_error_matches(
				error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	}
}

/* It exists, but nothing is known of it, save what is remembered: it stands there
 * with files that are empty otherwise until a listing names it. */
static gboolean show_unseen(Operation *self, const char *id, GError **error)
{
	g_autoptr(Session) session = session_new();

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup("");
	session->phase = PHASE_PENDING;
	session->body = g_strdup("");
	session->partial = TRUE;
	return apply_sessions(
		self->dir, &session, 1, dir_tick(self->dir), 0, error);
}

/* That the row could not be kept on disk does not undo the session. */
static void show_new(Operation *self, const char *id)
{
	g_autoptr(GError) error = NULL;
	guint32 number = dir_number(self->dir, id);

	if (number == 0 && !show_unseen(self, id, &error)) {
		dir_set_error(self->dir, self->what, error);
		return;
	}
	number = dir_number(self->dir, id);
	if (number != 0 && !apply_last(self->dir, number, &error))
		dir_set_error(self->dir, self->what, error);
}

/* MAY_EXIST, whatever the cause: any other error would say that there is no
 * session, and a script would make a second one. */
static gboolean start_failed(const char *id, GError *cause, GError **error)
{
	g_autofree char *sentence = backend_error_sentence(cause);

	return backend_error_false(error, BACKEND_ERROR_MAY_EXIST,
		"the session %s was created and exists, but starting it "
		"failed: %s; write start into its ctl",
		id, sentence);
}

/* Whether it runs, although it could not be started: somebody else may have, or
 * it did so by itself before anybody saw it. */
static gboolean runs_already(
	Operation *self, const char *id, Look *look, const GError *cause)
{
	gboolean unseen = !look->seen;
	Call call = operation_look_call(self);

	if (look_once(self, id, &call, look, NULL))
		return look->phase != PHASE_STOPPED &&
		       look->phase != PHASE_FAILED;
	return unseen &&
	       g_error_matches(cause, BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
}

/* Create's second step, where the provider has one and it is wanted; also when
 * nobody knows how the session stands.  Somebody waits, but it waits for the
 * budget. */
static gboolean start(
	Operation *self, const char *id, Look *look, GError **error)
{
	const char *verb = start_verb(self);
	g_autoptr(GError) local = NULL;
	Call call = operation_look_call(self), after = call;

	if (verb == NULL || (look->seen && look->phase != PHASE_STOPPED))
		return TRUE;
	note_exists(self, REQUEST_EVENT_START, id);
	call.interactive = FALSE;
	failpoint_step("start", "send");
	g_autoptr(HeldBackend) backend = provider_hold(self->dir->provider);
	gboolean started = backend_control(
		backend, self->dir->id, id, look->body, verb, &call, &local);
	failpoint_step("start", "answer");
	if (started) {
		if (!look_once(self, id, &after, look, &local))
			g_debug("%s: %s", id, local->message);
		return TRUE;
	}
	return runs_already(self, id, look, local) ||
	       start_failed(id, local, error);
}

/* What it was made from is told by nobody else: it must not be lost. */
static void keep_spec(Operation *self)
{
	g_autoptr(GError) error = NULL;
	gboolean ok =
		LOCKED(&self->dir->apply, disk_sync(self->dir->disk, &error));

	if (!ok)
		g_warning("%s", error->message);
}

/* An answer may name a session by an id that no other call knows, as the vendor's
 * example of CreateSessionCluster does.  The one that it has, for what has to be
 * started; NULL: there is no other. */
static char *known_id(Operation *self, const char *answered)
{
	Call call = operation_look_call(self);

	if (start_verb(self) == NULL || self->request->intent->plan == NULL)
		return NULL;
	return operation_alias(self, answered, &call);
}

/* ---- whose it is ---- */

/* The same was asked for by another request, of the same token of the caller. */
static gboolean answer_as(
	Operation *self, const Request *holder, const char *id)
{
	g_autofree char *text = g_strdup_printf(
		"request %s, of the same token, has the session",
		holder->intent->rid);

	requests_say(
		self->cache->requests, self->request, REQUEST_EVENT_TWIN, text);
	self->answer = operation_answer_session(self->dir, id, holder->intent);
	return TRUE;
}

/* MAY_EXIST: a session was made. */
static gboolean is_anothers(
	Operation *self, const Request *holder, const char *id, GError **error)
{
	g_autofree char *text = NULL;

	backend_error_set(error, BACKEND_ERROR_MAY_EXIST,
		"the provider says that this made the session %s, which is "
		"that of request %s, so that it is not known what that one "
		"made: write adopt ID or abandon into resolve",
		id, holder->intent->rid);
	text = backend_error_sentence(*error);
	requests_say(self->cache->requests, self->request, REQUEST_EVENT_TAKEN,
		text);
	return FALSE;
}

static gboolean asks_the_same(const Intent *one, const Intent *other)
{
	return *one->token != '\0' && g_str_equal(one->token, other->token) &&
	       g_str_equal(one->text, other->text);
}

/* FALSE: another request has it, and what comes of this one is in *ret_ok and
 * error. */
static gboolean operation_reserve(
	Operation *self, const char *id, gboolean *ret_ok, GError **error)
{
	g_autoptr(Request) holder = NULL;
	g_auto(Look) look = {0};

	if (adopt_reserve(self->dir, self->request, id, NULL))
		return TRUE;
	/* Where ids come again, it is another session once it has been seen. */
	(void)look_until_seen(self, id, &look);
	if (adopt_reserve(self->dir, self->request, id, &holder))
		return TRUE;
	*ret_ok = asks_the_same(self->request->intent, holder->intent)
			  ? answer_as(self, holder, id)
			  : is_anothers(self, holder, id, error);
	return FALSE;
}

static void operation_is_about(
	Operation *self, const char *id, const char *kept)
{
	note_exists(self, REQUEST_EVENT_MADE, id);
	apply_operation_begins(self->dir, id, kept);
}

gboolean operation_made(Operation *self, const char *id, GError **error)
{
	Dir *dir = self->dir;
	const Intent *intent = self->request->intent;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autofree char *kept =
		backend_kept_spec(backend, intent->text, strlen(intent->text));
	g_autofree char *other = NULL;
	g_auto(Look) look = {0};
	gboolean ok;

	if (!operation_reserve(self, id, &ok, error))
		return ok;
	operation_is_about(self, id, kept);
	if (look_until_seen(self, id, &look))
		other = known_id(self, id);
	if (other != NULL && adopt_reserve(dir, self->request, other, NULL)) {
		apply_operation_ends(dir, id);
		id = other;
		operation_is_about(self, id, kept);
		(void)look_until_seen(self, id, &look);
	}
	show_new(self, id);
	if (kept != NULL)
		keep_spec(self);
	ok = start(self, id, &look, error);
	if (ok)
		self->answer = operation_answer_session(dir, id, intent);
	apply_operation_ends(dir, id);
	return ok;
}
