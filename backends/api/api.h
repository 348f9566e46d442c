#pragma once

#include "backends/api/api_protocol.h"
#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * One account's way to its provider: takes what a provider file built, waits
 * for the budget, signs each attempt anew, sends, repairs the clock, retries
 * what may be retried, and turns refusals into errors.  Thread-safe.
 *
 * Retried: any call once on a refused clock that was wrong, and once on refused
 * credentials (AUTH, AUTH_EXPIRED) for which there are others now, since neither
 * was done; any call on UNREACHABLE (surely unsent) and on THROTTLED (not done);
 * calls marked `safe` or `repeatable` also on REMOTE, TIMEOUT, BAD_ANSWER, MAY_EXIST
 * and on a replay (the provider has had this attempt before).  The pause is what the
 * provider asks for, or else random(0, 1) * min(5 s, 100 ms * 2^n), counted from
 * the end of the throttling; never past the deadline; at most 4 attempts.  Each
 * of a repeatable call, but for the last that there is time for, gets no more
 * than half of the time that is left.
 *
 * A read that the server redirects within its own origin (307, 308) goes on
 * there; any other redirect, and a page for people, is an error: see
 * http/redirect.h.
 *
 * THROTTLED shuts the whole account's budget, for as long as the provider says
 * or for 1 s, 2 s, ... 60 s while it goes on.
 *
 * After a call that is not safe has left, what leaves its outcome open (a
 * broken or cut answer, one that is no JSON, the provider's own failure, a
 * replay) is MAY_EXIST, and stays so whatever later attempts are told, unless one
 * of them succeeds; before, nothing is.
 */
typedef struct Api Api;

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
 * the json_span functions, and the answer is then their outline (see
 * json_parse_outline); free them with http_body_free.  Blocks until
 * call->deadline_us at most.  But a safe call that is not interactive may wait
 * for the budget up to 10 minutes besides, behind those that came before it: the
 * time until the deadline runs only while it does not.
 */
Json *api_call(Api *api, const ApiRequest *request, const Call *call,
	GByteArray **ret_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * For the slot `identify`: adds the endpoint to place, unless its host lies in one
 * of the vendor's own domains, where what the caller adds tells it; and to source
 * which credentials will be taken.
 */
void api_identify(Api *api, GString *place, GString *source);
/* The id of the key that signs now; NULL: there is none in time.  New string. */
char *api_key_id(Api *api, gint64 deadline_us);
/* By how much the provider's clock is ahead of ours, as the Date of its answers
 * tells, to a second or so; FALSE: none had one yet. */
gboolean api_clock(Api *api, gint64 *ret_ahead_ms);
/* Before the first call: who is told of each attempt, and of each call that was
 * given up before anything was sent. */
void api_observe(Api *api, CallObserver observer, void *data);
void api_report(Api *api, GString *out);
void api_count(Api *api,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
void api_abort(Api *api);
/* The client of its calls, borrowed. */
HttpClient *api_http(Api *api);
