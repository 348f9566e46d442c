#include "backends/auth/credentials.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "backends/base/text.h"
#include "backends/base/thread.h"
#include "backends/base/utc.h"

/*
 * One thread at a time is inside the chain ("busy"), without the lock, since a
 * chain may wait for the network.  Who comes meanwhile goes on with what is
 * there if that is still good, and otherwise waits and shares the outcome, be
 * it a failure: ten callers with no credentials make one round of the chain.
 *
 *   usable    there, not expired, not refused by the provider
 *   due       less than the class's refresh_ms remain
 *   hold_us   until then usable ones are not asked for anew, due or not
 *   shut_us   until then a failure is the answer, where none are usable
 *
 * A fingerprint other than at the last try ends both.
 *
 * Locks: source->lock is the innermost; nothing is called while it is held.
 */

/* How long the old ones are used before a failed refresh is tried again, and
 * new ones that are always near their end before they are asked for anew. */
#define HOLD_US (30 * G_USEC_PER_SEC)
/* What a refresh may cost its caller, who has usable ones already. */
#define REFRESH_MAX_US (2 * G_USEC_PER_SEC)
/* So that the chain does not run for each call of a busy caller. */
#define SHUT_US G_USEC_PER_SEC

typedef struct {
	Credentials public;
	gint refs; /* atomic */
} Counted;

struct CredentialSource {
	const CredentialClass *class;
	void *self;
	const Clock *clock;

	Mutex lock;
	pthread_cond_t changed;
	gboolean aborted GUARDED_BY(lock);
	/* one thread is in the class's functions */
	gboolean busy GUARDED_BY(lock);
	guint64 round GUARDED_BY(lock); /* counts their returns */
	Credentials *current GUARDED_BY(lock);
	gboolean rejected GUARDED_BY(lock);
	char *fingerprint GUARDED_BY(lock); /* of current */
	char *tried GUARDED_BY(lock);    /* the fingerprint at the last fetch */
	gint64 hold_us GUARDED_BY(lock); /* both monotonic */
	gint64 shut_us GUARDED_BY(lock);
	GError *failure GUARDED_BY(lock); /* of the last fetch */
	/* whose account is known; NULL: nobody's */
	Credentials *told_of GUARDED_BY(lock);
	char *told GUARDED_BY(lock);
};

Credentials *credentials_new(const char *id, Secret *secret, Secret *token,
	gint64 expires_ms, const char *origin)
{
	Counted *counted = g_new0(Counted, 1);

	counted->refs = 1;
	counted->public.access_key_id = g_strdup(id);
	counted->public.secret = secret;
	counted->public.token = token;
	counted->public.expires_ms = expires_ms;
	counted->public.origin = g_strdup(origin);
	return &counted->public;
}

Credentials *credentials_pair(const char *id, const char *secret,
	const char *token, gint64 expires_ms, const char *origin)
{
	return credentials_new(id, secret_new(secret, -1),
		token && *token ? secret_new(token, -1) : NULL, expires_ms,
		origin);
}

Credentials *credentials_ref(Credentials *credentials)
{
	g_atomic_int_inc(&((Counted *)credentials)->refs);
	return credentials;
}

void credentials_unref(Credentials *credentials)
{
	Counted *counted = (Counted *)credentials;

	if (!counted || !g_atomic_int_dec_and_test(&counted->refs))
		return;
	g_free(credentials->access_key_id);
	secret_unref(credentials->secret);
	secret_unref(credentials->token);
	g_free(credentials->origin);
	g_free(credentials->project);
	g_free(credentials->account);
	g_free(counted);
}

static gboolean is_same_secret(const Secret *a, const Secret *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(secret_peek(a), secret_peek(b)) == 0;
}

gboolean credentials_equal(const Credentials *a, const Credentials *b)
{
	return strcmp(a->access_key_id, b->access_key_id) == 0 &&
	       is_same_secret(a->secret, b->secret) &&
	       is_same_secret(a->token, b->token);
}

char *credentials_account(const Credentials *credentials)
{
	if (credentials->account)
		return g_strdup(credentials->account);
	if (*credentials->access_key_id && !credentials->token &&
		credentials->expires_ms == 0)
		return g_strconcat("key ", credentials->access_key_id, NULL);
	return g_strdup(credentials->origin);
}

CredentialSource *credential_source_new(
	const CredentialClass *class, void *self, const Clock *clock)
{
	CredentialSource *source = g_new0(CredentialSource, 1);

	source->class = class;
	source->self = self;
	source->clock = clock;
	mutex_init(&source->lock);
	thread_cond_init(&source->changed);
	return source;
}

void credential_source_free(CredentialSource *source)
{
	if (!source)
		return;
	mutex_destroy(&source->lock);
	if (source->class->free)
		source->class->free(source->self);
	credentials_unref(source->current);
	credentials_unref(source->told_of);
	g_free(source->told);
	g_clear_error(&source->failure);
	g_free(source->fingerprint);
	g_free(source->tried);
	pthread_cond_destroy(&source->changed);
	g_free(source);
}

static gint64 left_ms(
	const CredentialSource *source, const Credentials *credentials)
{
	if (credentials->expires_ms == 0)
		return G_MAXINT64;
	return credentials->expires_ms - clock_wall_ms(source->clock);
}

static gboolean is_usable(const CredentialSource *source) REQUIRES(source->lock)
{
	return source->current && !source->rejected &&
	       left_ms(source, source->current) > 0;
}

static gboolean is_due(const CredentialSource *source) REQUIRES(source->lock)
{
	gint64 own_ms = source->current->refresh_ms;

	return left_ms(source, source->current) <
	       (own_ms > 0 ? own_ms : source->class->refresh_ms);
}

static gboolean should_fetch(const CredentialSource *source, const char *print)
	REQUIRES(source->lock)
{
	gint64 now_us = clock_now_us(source->clock);

	if (g_strcmp0(print, source->tried) != 0)
		return TRUE;
	if (!is_usable(source))
		return now_us >= source->shut_us;
	return now_us >= source->hold_us &&
	       (is_due(source) || g_strcmp0(print, source->fingerprint) != 0);
}

static void keep_success(CredentialSource *source, Credentials *fresh,
	const char *print) REQUIRES(source->lock)
{
	credentials_unref(source->current);
	g_free(source->fingerprint);
	g_clear_error(&source->failure);
	source->current = fresh;
	source->rejected = FALSE;
	source->fingerprint = g_strdup(print);
	source->hold_us =
		is_due(source) ? clock_now_us(source->clock) + HOLD_US : 0;
	source->shut_us = 0;
}

static void keep_failure(CredentialSource *source, GError *failure)
	REQUIRES(source->lock)
{
	gint64 now_us = clock_now_us(source->clock);

	g_clear_error(&source->failure);
	source->failure = failure;
	source->hold_us = now_us + HOLD_US;
	source->shut_us = now_us + SHUT_US;
}

/* Without the lock, by the one thread that is busy. */
static Credentials *fetch(CredentialSource *source, gboolean again,
	gint64 deadline_us, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Credentials) fresh = source->class->fetch(
		source->self, again, deadline_us, &problem);

	if (!fresh && problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	if (!fresh)
		return backend_error_null(error, BACKEND_ERROR_NO_KEY,
			"%s found no credentials", source->class->name);
	if (left_ms(source, fresh) <= 0)
		return backend_error_null(error, BACKEND_ERROR_AUTH_EXPIRED,
			"the credentials from %s have expired", fresh->origin);
	return g_steal_pointer(&fresh);
}

/* Gives up the lock while it fetches. */
static void renew(CredentialSource *source, const char *print,
	gint64 deadline_us) REQUIRES(source->lock)
{
	gboolean again = is_usable(source);
	GError *failure = NULL;
	Credentials *fresh;

	g_free(source->tried);
	source->tried = g_strdup(print);
	if (again)
		deadline_us = MIN(deadline_us,
			clock_now_us(source->clock) + REFRESH_MAX_US);
	mutex_unlock(&source->lock);
	fresh = fetch(source, again, deadline_us, &failure);
	mutex_lock(&source->lock);
	if (fresh)
		keep_success(source, fresh, print);
	else
		keep_failure(source, failure);
}

/* Gives up the lock while it asks, and has it again when it returns. */
static void refresh(CredentialSource *source, gint64 deadline_us)
	REQUIRES(source->lock)
{
	const CredentialClass *class = source->class;
	g_autofree char *print = NULL;

	source->busy = TRUE;
	mutex_unlock(&source->lock);
	/* Taken before the fetch: what changes meanwhile is noticed later. */
	print = class->fingerprint ? class->fingerprint(source->self) : NULL;
	mutex_lock(&source->lock);
	if (should_fetch(source, print))
		renew(source, print, deadline_us);
	source->busy = FALSE;
	source->round++;
	pthread_cond_broadcast(&source->changed);
}

static Credentials *take_current(CredentialSource *source, GError **error)
	REQUIRES(source->lock)
{
	if (source->aborted)
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"asking for credentials was cancelled");
	else if (is_usable(source))
		return credentials_ref(source->current);
	else if (source->failure)
		g_propagate_error(error, g_error_copy(source->failure));
	else
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the credentials were refused");
	return NULL;
}

static Credentials *get_locked(CredentialSource *source, gint64 deadline_us,
	GError **error) REQUIRES(source->lock)
{
	guint64 round = source->round;

	/* Who need not wait for the others' refresh does not. */
	while (source->busy && !source->aborted && !is_usable(source))
		if (!clock_wait(source->clock, &source->changed, &source->lock,
			    deadline_us))
			return backend_error_null(error, BACKEND_ERROR_TIMEOUT,
				"%s gave no credentials in time",
				source->class->name);
	/* Who did wait shares what came of it. */
	if (!source->busy && !source->aborted &&
		(round == source->round ||
			(!is_usable(source) && !source->failure)))
		refresh(source, deadline_us);
	return take_current(source, error);
}

Credentials *credential_source_get(
	CredentialSource *source, gint64 deadline_us, GError **error)
{
	Credentials *credentials;

	mutex_lock(&source->lock);
	credentials = get_locked(source, deadline_us, error);
	mutex_unlock(&source->lock);
	return credentials;
}

static char *told_of(CredentialSource *source, const Credentials *credentials)
{
	char *told = NULL;

	mutex_lock(&source->lock);
	if (source->told_of == credentials)
		told = g_strdup(source->told);
	mutex_unlock(&source->lock);
	return told;
}

static void keep_told(
	CredentialSource *source, Credentials *credentials, const char *told)
{
	Credentials *before;

	mutex_lock(&source->lock);
	before = source->told_of;
	source->told_of = credentials_ref(credentials);
	g_free(source->told);
	source->told = g_strdup(told);
	mutex_unlock(&source->lock);
	credentials_unref(before);
}

char *credential_source_account(CredentialSource *source,
	Credentials *credentials, gint64 deadline_us, GError **error)
{
	const CredentialClass *class = source->class;
	char *told = told_of(source, credentials), *line;

	if (told)
		return told;
	told = class->account ? class->account(source->self, credentials,
					deadline_us, error)
			      : credentials_account(credentials);
	if (!told)
		return NULL;
	/* A file of somebody else's may hold anything. */
	line = text_line(told, strlen(told), '?');
	g_free(told);
	keep_told(source, credentials, line);
	return line;
}

void credential_source_place(CredentialSource *source, GString *out)
{
	if (source->class->place)
		source->class->place(source->self, out);
}

void credential_source_reject(CredentialSource *source, const Credentials *bad)
{
	mutex_lock(&source->lock);
	if (source->current == bad && !source->rejected) {
		source->rejected = TRUE;
		/* What failed so far was to better them, not to replace them. */
		source->shut_us = 0;
	}
	mutex_unlock(&source->lock);
}

void credential_source_abort(CredentialSource *source)
{
	mutex_lock(&source->lock);
	source->aborted = TRUE;
	pthread_cond_broadcast(&source->changed);
	mutex_unlock(&source->lock);
	if (source->class->abort)
		source->class->abort(source->self);
}

static void report_current(const Credentials *current, GString *out)
{
	g_autofree char *when = utc_text(current->expires_ms / 1000);
	g_autofree char *who = g_strconcat(current->origin,
		*current->access_key_id ? ", key " : "", current->access_key_id,
		NULL);
	/* The names in it are of files and variables, which may hold anything. */
	g_autofree char *line = text_line(who, strlen(who), '?');

	g_string_append_printf(out, "credentials: %s", line);
	if (current->expires_ms == 0)
		g_string_append(out, ", no expiry\n");
	else
		g_string_append_printf(out, ", expires %s\n", when);
}

void credential_source_report(CredentialSource *source, GString *out)
{
	g_autofree char *sentence = NULL;

	mutex_lock(&source->lock);
	if (source->current)
		report_current(source->current, out);
	else
		g_string_append_printf(out, "credentials: %s\n",
			source->failure ? "none" : "not asked for yet");
	if (source->rejected)
		g_string_append(out, "credentials_state: refused\n");
	if (source->failure)
		sentence = backend_error_sentence(source->failure);
	mutex_unlock(&source->lock);
	if (sentence)
		g_string_append_printf(
			out, "credentials_error: %s\n", sentence);
}
