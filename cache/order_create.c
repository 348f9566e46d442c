#include "order.h"

#include <string.h>
#include <sys/random.h>

#include "apply.h"

#define TOKEN_BYTES 16
#define LOOKS_MAX 5
#define LOOK_AGAIN_MS 100

static gboolean token_new(char ret_token[2 * TOKEN_BYTES + 1], GError **error)
{
	guint8 bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"the system gives no random bytes");
		return FALSE;
	}
	for (guint i = 0; i < TOKEN_BYTES; i++)
		g_snprintf(ret_token + 2 * i, 3, "%02x", bytes[i]);
	return TRUE;
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
static gboolean look_once(
	Order *self, const char *id, Look *ret, GError **error)
{
	guint32 tick = dir_tick(self->dir);
	Call call = order_call(self);
	g_autoptr(Session) session = backend_get(
		self->dir->provider->backend, self->dir->id, id, &call, error);

	if (session == NULL)
		return FALSE;
	look_clear(ret);
	*ret = (Look){TRUE, session->phase, g_strdup(session->body)};
	return apply_sessions(self->dir, &session, 1, tick, 0, error);
}

/* A provider may need a moment to know its own new session. */
static void look_until_seen(Order *self, const char *id, Look *ret)
{
	for (guint i = 0; i < LOOKS_MAX; i++) {
		g_autoptr(GError) error = NULL;
		gint64 pause_ms = LOOK_AGAIN_MS << i;
		gint64 left_us;

		if (look_once(self, id, ret, &error))
			return;
		g_debug("%s: not seen yet: %s", id, error->message);
		left_us = self->deadline_us - g_get_monotonic_time();
		if (left_us <= pause_ms * 1000 ||
			!cache_sleep(self->cache, pause_ms))
			return;
	}
}

/* It exists, but nothing is known of it: it stands there with empty files until
 * a listing names it. */
static gboolean show_unseen(Order *self, const char *id, GError **error)
{
	g_autoptr(Session) session = session_new();

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup("");
	session->phase = PHASE_PENDING;
	session->body = g_strdup("");
	return apply_sessions(
		self->dir, &session, 1, dir_tick(self->dir), 0, error);
}

static guint32 number_of(Dir *dir, const char *raw)
{
	guint32 number = 0;
	const Id *id;

	pthread_mutex_lock(&dir->lock);
	id = ids_get(dir->ids, raw);
	if (id != NULL && snapshot_find(dir->shown, id->number) != NULL)
		number = id->number;
	pthread_mutex_unlock(&dir->lock);
	return number;
}

/* That the row could not be kept on disk does not undo the session. */
static void show_new(Order *self, const char *id, gboolean seen)
{
	g_autoptr(GError) error = NULL;
	guint32 number = number_of(self->dir, id);

	if (!seen && number == 0 && !show_unseen(self, id, &error)) {
		dir_set_error(self->dir, self->what, error);
		return;
	}
	number = number_of(self->dir, id);
	if (number != 0 && !apply_last(self->dir, number, &error))
		dir_set_error(self->dir, self->what, error);
}

/* TIMEOUT, whatever the cause: any other error would say that there is no
 * session, and a script would make a second one. */
static void start_failed(const char *id, GError *cause, GError **error)
{
	g_autofree char *sentence = backend_error_sentence(cause);

	backend_error_set(error, BACKEND_ERROR_TIMEOUT,
		"the session %s was created and exists, but starting it "
		"failed: %s; write start into its ctl",
		id, sentence);
}

static gboolean is_up(const Look *look)
{
	return look->phase != PHASE_STOPPED && look->phase != PHASE_FAILED;
}

/* Create's second step, where the provider has one and it is wanted.  Somebody
 * waits, but half a create helps nobody: it waits for the budget. */
static gboolean start(Order *self, const char *id, Look *look, GError **error)
{
	Provider *provider = self->dir->provider;
	const char *verb = provider->backend->class->start_verb;
	g_autoptr(GError) local = NULL;
	Call call = order_call(self);

	if (!look->seen || look->phase != PHASE_STOPPED || verb == NULL ||
		!provider->start)
		return TRUE;
	call.interactive = FALSE;
	if (backend_control(provider->backend, self->dir->id, id, look->body,
		    verb, &call, &local)) {
		if (!look_once(self, id, look, &local))
			g_debug("%s: %s", id, local->message);
		return TRUE;
	}
	/* Somebody else may have started it. */
	if (look_once(self, id, look, NULL) && is_up(look))
		return TRUE;
	start_failed(id, local, error);
	return FALSE;
}

gboolean order_create(Order *self, GError **error)
{
	Dir *dir = self->dir;
	Backend *backend = dir->provider->backend;
	char token[2 * TOKEN_BYTES + 1];
	Call call = order_call(self);
	g_autofree char *id = NULL;
	g_auto(Look) look = {0};

	if (!backend_check_spec(
		    backend, dir->id, self->spec, self->spec_len, error) ||
		!token_new(token, error))
		return FALSE;
	id = backend_create(backend, dir->id, self->spec, self->spec_len, token,
		&call, error);
	if (id == NULL)
		return FALSE;
	look_until_seen(self, id, &look);
	show_new(self, id, look.seen);
	if (!start(self, id, &look, error))
		return FALSE;
	order_answer_set(self, id);
	return TRUE;
}
