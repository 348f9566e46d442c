#pragma once

#include "auth/credentials.h"
#include "backend.h"
#include "net/http.h"
#include "net/json.h"

/*
 * One account's way to its provider: takes what a provider file built, waits
 * for the budget, signs each attempt anew, sends, repairs the clock, retries
 * what may be retried, and turns refusals into errors.  Thread-safe.
 *
 * Retried: calls marked `safe`, on REMOTE, TIMEOUT, UNREACHABLE, THROTTLED and
 * BAD_ANSWER; others only on UNREACHABLE (surely unsent), on THROTTLED and on a
 * refused clock, since a provider that throttles or refuses has not acted.
 * Backoff is random(0, 1) * min(5 s, 100 ms * 2^n), or what Retry-After says;
 * never past the deadline; at most 4 attempts.
 *
 * After a call that is not safe has left, what leaves its outcome open (a
 * broken or cut answer, one that is no JSON, a 5xx without a provider's code)
 * is TIMEOUT; before, nothing is.
 */
typedef struct Api Api;

typedef struct {
	const char
		*action; /* for counting and, with some providers, the wire */
	const char *method;
	const char *path;  /* encoded, begins with "/" */
	const char *query; /* encoded, without "?"; NULL or "": none */
	const char *body;  /* JSON; NULL: none */
	gboolean safe;     /* repeating it does no harm */
} ApiRequest;

typedef struct {
	/* Adds the headers of the wire protocol and signs.  `now` is the repaired
	 * clock, seconds since the epoch.  Called for each attempt. */
	gboolean (*sign)(const ApiRequest *call, HttpRequest *request,
		const Credentials *credentials, gint64 now, void *data,
		GError **error);
	/* What an answer of status >= 400 means: always sets *error, with detail.
	 * `body` is NULL when it was not JSON. */
	void (*refuse)(
		const HttpAnswer *answer, const Json *body, GError **error);
	/* Whether an error came of a wrong clock (by its provider code). */
	gboolean (*is_skew)(const char *provider_code);
	void *data;
} ApiProtocol;

/* Config keys that every provider over HTTP takes: endpoint, proxy, no_proxy,
 * ca_file, insecure_http, calls_per_second, burst. */
extern const BackendKey api_keys[];

/*
 * keys: the section's (borrowed); endpoint: the default base URL without a
 * trailing slash, overridden by the key.  Takes the credential source, even
 * when it fails.  Errors: CONFIG.
 */
Api *api_new(GHashTable *keys, const char *endpoint, CredentialSource *source,
	const ApiProtocol *protocol, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void api_free(Api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Api, api_free)

/*
 * Makes a call and returns the parsed answer (an empty object for an empty
 * body).  *ret_text (may be NULL) gets the bytes it was parsed from, valid for
 * the json_span functions.  Blocks until call->deadline_us at most.
 */
Json *api_call(Api *api, const ApiRequest *request, const Call *call,
	GByteArray **ret_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void api_report(Api *api, GString *out);
void api_count(Api *api,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
void api_abort(Api *api);
