#include "backends/api/api.h"

#include <string.h>

#include "backends/api/api_settings.h"
#include "backends/api/token_bucket.h"
#include "backends/api/counters.h"
#include "backends/api/rate_limiter.h"
#include "backends/api/owner.h"
#include "backends/base/mutex.h"
#include "backends/base/utc.h"
#include "backends/error.h"
#include "backends/http/date_clock.h"
#include "backends/http/outcome.h"
#include "backends/http/redirect.h"
#include "backends/http/retry.h"

/*
 * A call is a row of attempts.  Each goes through the same gates, the cheap ones
 * first: credentials -> budget -> owned() -> sign -> sending() -> http -> outcome
 * -> accepted()
 *
 * and each failed one is asked three questions: was the clock wrong (then it is
 * put right and the same call signed again, once), were the credentials stale
 * (then new ones are tried, once), may it be repeated at all (then after a
 * pause).  A call that changes something gets to the last question only with an
 * answer that proves that nothing has changed yet, or when the same bytes again
 * change nothing more.  That the provider has seen this very attempt before (a
 * replay) is no such proof: the one that it saw first may have been obeyed.
 * Once one of a call's attempts has left the outcome open, no later refusal
 * closes it: only a success does.
 *
 * Locks: api->lock is the innermost; nothing is called while it is held.
 */

/* Time for the budget to let a call go for which nobody waits. */
#define BUDGET_WAIT_MAX_US (10 * 60 * G_USEC_PER_SEC)

struct Api {
	char *endpoint;
	gboolean plain; /* insecure_http, and the endpoint makes use of it */
	HttpClient *http;
	CredentialSource *source;
	ApiProtocol protocol;
	const Clock *clock;
	TokenBucket *budget;
	RateLimiter *limiter;
	Counters *counters;
	DateClock date_clock;
	CallObserver observer; /* NULL: none; with its data before any call */
	void *observer_data;

	Mutex lock;
	/* the provider's clock less ours, to sign by */
	gint64 skew_s GUARDED_BY(lock);
	char *last_error GUARDED_BY(lock);
};

/* One api_call on its way. */
typedef struct {
	Api *api;
	const ApiRequest *request;
	const Call *call;
	gint64 deadline_us; /* the call's, and later where it may wait */
	gint64 token_bucket_until_us; /* so long it waits for the budget */
	gboolean patient;             /* that wait is no part of its time */
	guint attempts;
	Credentials *credentials; /* of the last attempt */
	char *account;            /* whose they are; NULL: nobody asks */
	gint64 skew_s;            /* with which it was signed */
	gboolean wrong;           /* by the Date of its refusal it should */
	gint64 right_s;           /* have been signed with this */
	gboolean asked;           /* call->sending said yes */
	gboolean repaired;        /* the clock */
	gboolean renewed;         /* the credentials */
	gboolean open;            /* an attempt may have changed something */
	GError *problem;          /* of the last attempt */
} Try;

static void try_clear(Try *try)
{
	credentials_unref(try->credentials);
	g_free(try->account);
	g_clear_error(&try->problem);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Try, try_clear)

Api *api_new(GHashTable *keys, const char *endpoint, CredentialSource *source,
	const ApiProtocol *protocol, GError **error)
{
	g_auto(ApiSettings) settings = {NULL};
	Api *api;

	if (!api_settings_read(
		    keys, endpoint, protocol->endpoint_key, &settings, error)) {
		credential_source_free(source);
		return NULL;
	}
	settings.http.ca_file = api_ca_file(keys, protocol->ca_file);
	api = g_new0(Api, 1);
	mutex_init(&api->lock);
	api->endpoint = g_steal_pointer(&settings.endpoint);
	api->plain = settings.http.insecure_http &&
		     g_ascii_strncasecmp(api->endpoint, "http:", 5) == 0;
	api->http = http_client_new(&settings.http);
	api->source = source;
	api->protocol = *protocol;
	api->clock = protocol->clock ? protocol->clock : &clock_real;
	api->budget = token_bucket_new(settings.rate, settings.burst);
	api->limiter = rate_limiter_new(api->clock);
	api->counters = counters_new();
	date_clock_init(&api->date_clock);
	return api;
}

void api_free(Api *api)
{
	if (!api)
		return;
	mutex_destroy(&api->lock);
	http_client_free(api->http);
	credential_source_free(api->source);
	token_bucket_free(api->budget);
	rate_limiter_free(api->limiter);
	counters_free(api->counters);
	date_clock_clear(&api->date_clock);
	g_free(api->last_error);
	g_free(api->endpoint);
	g_free(api);
}

void api_abort(Api *api)
{
	rate_limiter_abort(api->limiter);
	http_client_abort(api->http);
	credential_source_abort(api->source);
}

HttpClient *api_http(Api *api)
{
	return api->http;
}

static gint64 wall_s(const Api *api)
{
	return clock_wall_us(api->clock) / G_USEC_PER_SEC;
}

static gint64 api_skew(Api *api)
{
	mutex_lock(&api->lock);
	gint64 skew_s = api->skew_s;
	mutex_unlock(&api->lock);
	return skew_s;
}

gboolean api_clock(Api *api, gint64 *ret_ahead_ms)
{
	return date_clock_read(&api->date_clock, ret_ahead_ms);
}

static void api_note(Api *api, GError *problem)
{
	g_autofree char *sentence = backend_error_sentence(problem);
	g_autofree char *when = utc_text(wall_s(api));

	mutex_lock(&api->lock);
	g_free(api->last_error);
	api->last_error = g_strconcat(when, " ", sentence, NULL);
	mutex_unlock(&api->lock);
}

static gboolean cancelled(GError **error)
{
	return backend_error_false(
		error, BACKEND_ERROR_CANCELLED, "the call was cancelled");
}

static gboolean try_credentials(Try *try, GError **error)
{
	Credentials *fresh = credential_source_get(
		try->api->source, try->deadline_us, error);

	if (!fresh)
		return FALSE;
	credentials_unref(try->credentials);
	try->credentials = fresh;
	return TRUE;
}

char *api_key_id(Api *api, gint64 deadline_us)
{
	g_autoptr(Credentials) now =
		credential_source_get(api->source, deadline_us, NULL);

	return now ? g_strdup(now->access_key_id) : NULL;
}

static gboolean wait_for_budget(Try *try, GError **error)
{
	Api *api = try->api;
	gint64 begun_us = clock_now_us(api->clock), wait_us = 0, waited_us;

	switch (rate_limiter_take(api->limiter, api->budget,
		try->token_bucket_until_us, &wait_us)) {
	case RATE_LIMITER_ABORTED:
		return cancelled(error);
	case RATE_LIMITER_SHUT:
		return budget_refuse(
			api->budget, clock_now_us(api->clock), wait_us, error);
	case RATE_LIMITER_OPEN:
	default:
		break;
	}
	waited_us = clock_now_us(api->clock) - begun_us;
	if (try->patient)
		try->deadline_us += waited_us;
	/* They may have expired meanwhile. */
	return waited_us < G_USEC_PER_SEC || try_credentials(try, error);
}

static gboolean try_budget(Try *try, GError **error)
{
	gint64 wait_us, now_us = clock_now_us(try->api->clock);

	if (!try->call->interactive)
		return wait_for_budget(try, error);
	wait_us = token_bucket_take(try->api->budget, TRUE, now_us);
	return wait_us == 0 ||
	       budget_refuse(try->api->budget, now_us, wait_us, error);
}

static char *call_url(const Try *try)
{
	const ApiRequest *request = try->request;
	gboolean query = request->query && *request->query;

	return g_strconcat(try->api->endpoint, request->path, query ? "?" : "",
		query ? request->query : "", NULL);
}

/* The request, signed for that URL. */
static HttpRequest *make_request(Try *try, const char *url, GError **error)
{
	const ApiProtocol *protocol = &try->api->protocol;
	const ApiRequest *request = try->request;
	g_autoptr(HttpRequest) http = http_request_new(request->method, url);

	if (request->body)
		http->body = g_bytes_new(request->body, strlen(request->body));
	http->once = !request->safe;
	http_request_set(http, "accept", "application/json");
	if (request->body)
		http_request_set(http, "content-type",
			protocol->content_type ? protocol->content_type
					       : "application/json");
	if (!protocol->sign(request, http, try->credentials,
		    wall_s(try->api) + try->skew_s, protocol->data, error))
		return NULL;
	return g_steal_pointer(&http);
}

static Owner owner_of(const Try *try)
{
	return (Owner){&try->api->protocol, try->api->source, try->call};
}

static gboolean try_account(Try *try, GError **error)
{
	const Owner owner = owner_of(try);

	return owner_asks(&owner, try->credentials, try->deadline_us,
		&try->account, error);
}

/* Whether the answer may be handed on.  What was changed is changed. */
static gboolean try_accepted(Try *try)
{
	const Owner owner = owner_of(try);

	g_clear_error(&try->problem);
	return owner_accepts(
		&owner, try->account, try->request->safe, &try->problem);
}

/* Everything before the first byte: nothing has left when it fails. */
static HttpRequest *try_prepare(Try *try, GError **error)
{
	const Call *call = try->call;
	g_autoptr(HttpRequest) http = NULL;
	g_autofree char *url = call_url(try);

	if (rate_limiter_is_aborted(try->api->limiter)) {
		cancelled(error);
		return NULL;
	}
	if (!try_credentials(try, error) || !try_budget(try, error) ||
		!try_account(try, error))
		return NULL;
	try->skew_s = api_skew(try->api);
	http = make_request(try, url, error);
	if (!http)
		return NULL;
	if (!try->request->safe && !try->asked && call->sending &&
		!call->sending(call->data)) {
		cancelled(error);
		return NULL;
	}
	try->asked = TRUE;
	return g_steal_pointer(&http);
}

/* Whether the problem's provider code is of those. */
static gboolean is_of(
	const Try *try, gboolean (*those)(const char *provider_code))
{
	const BackendErrorDetail *detail = backend_error_detail(try->problem);

	return those && detail && detail->provider_code &&
	       those(detail->provider_code);
}

static gboolean is_replay(const Try *try)
{
	return is_of(try, try->api->protocol.is_replay);
}

static void try_failed(Try *try, GError *problem)
{
	const BackendErrorDetail *detail = backend_error_detail(problem);

	outcome_clear_up(problem, try->request->safe);
	if (problem->code == BACKEND_ERROR_THROTTLED)
		token_bucket_heed(try->api->budget,
			detail ? detail->retry_after_ms : 0,
			clock_now_us(try->api->clock));
	g_clear_error(&try->problem);
	try->problem = problem;
	if (problem->code == BACKEND_ERROR_MAY_EXIST ||
		(!try->request->safe && is_replay(try)))
		try->open = TRUE;
}

/* An answer that hangs must leave time for the same bytes once more. */
static gint64 attempt_until_us(const Try *try)
{
	return try->request->repeatable
		       ? retry_until_us(clock_now_us(try->api->clock),
				 try->deadline_us, try->attempts)
		       : try->deadline_us;
}

static HttpRequest *make_again(const char *url, void *data, GError **error)
{
	return make_request(data, url, error);
}

/* A read goes where the same server redirects it, signed anew; anything else is
 * sent once, to the address that its signature names. */
static HttpAnswer *send_on(Try *try, const HttpRequest *http, GError **error)
{
	return redirect_send(try->api->http, http,
		try->request->safe ? make_again : NULL, try,
		attempt_until_us(try), error);
}

/* An attempt is over, or, without one, nothing was sent because of the problem. */
static void observe(const Try *try, guint attempt, gint64 begun_us,
	const HttpAnswer *answer, GError *problem)
{
	g_autofree char *id = outcome_request_id(answer, problem);

	if (!try->api->observer)
		return;
	try->api->observer(
		&(CallReport){
			.action = try->request->action,
			.attempt = attempt,
			.status = answer ? answer->status : 0,
			.request_id = id,
			.took_us = clock_now_us(try->api->clock) - begun_us,
			.problem = problem,
		},
		try->api->observer_data);
}

static Json *try_send(Try *try, const HttpRequest *http, GByteArray **ret_text)
{
	Api *api = try->api;
	gint64 begun_us = clock_now_us(api->clock);
	const ApiProtocol *protocol = &api->protocol;
	g_autoptr(HttpAnswer) answer = NULL;
	GError *problem = NULL;
	Json *json = NULL;

	try->attempts++;
	try->wrong = FALSE;
	answer = send_on(try, http, &problem);
	date_clock_learn(&api->date_clock, answer);
	if (answer && answer->status >= 400) {
		problem = outcome_refusal(protocol->refuse, answer,
			wall_s(try->api) + try->skew_s);
		try->wrong =
			date_clock_is_wrong(answer, try->skew_s, &try->right_s);
	} else if (answer) {
		json = outcome_json(answer, try->request->safe,
			ret_text != NULL, protocol->accept, ret_text, &problem);
	}
	if (problem && problem->code == BACKEND_ERROR_DENIED &&
		protocol->permission)
		protocol->permission(try->request->action,
			backend_error_detail(problem), protocol->data);
	counters_add(api->counters, try->request->action, json == NULL);
	if (json)
		token_bucket_answered(api->budget, clock_now_us(api->clock));
	else
		try_failed(try, problem);
	observe(try, try->attempts, begun_us, answer, problem);
	return json;
}

/*
 * Whether the refusal came of a wrong clock that is now put right.  Others may
 * have done so since this attempt was signed: what counts is the clock that it
 * was signed with.
 */
static gboolean repair_clock(Try *try)
{
	Api *api = try->api;

	if (try->repaired || !try->wrong || !is_of(try, api->protocol.is_skew))
		return FALSE;
	mutex_lock(&api->lock);
	api->skew_s = try->right_s;
	mutex_unlock(&api->lock);
	try->repaired = TRUE;
	return TRUE;
}

/* Whether the refused credentials have been replaced by others. */
static gboolean renew_credentials(Try *try)
{
	g_autoptr(Credentials) fresh = NULL;

	if (try->problem->code != BACKEND_ERROR_AUTH &&
		try->problem->code != BACKEND_ERROR_AUTH_EXPIRED)
		return FALSE;
	credential_source_reject(try->api->source, try->credentials);
	if (try->renewed)
		return FALSE;
	try->renewed = TRUE;
	fresh = credential_source_get(try->api->source, try->deadline_us, NULL);
	return fresh && !credentials_equal(fresh, try->credentials);
}

/* A replay proves nothing of the first of the same bytes. */
static gboolean is_retryable(const Try *try)
{
	gboolean harmless = try->request->safe || try->request->repeatable;

	return is_replay(try) ? harmless
			      : retry_is_allowed(try->problem, harmless);
}

/* Waits until another attempt is in order; FALSE: it is not. */
static gboolean try_again(Try *try)
{
	gint64 now_us, until, closed_us = 0;

	if (try->attempts >= RETRY_ATTEMPTS)
		return FALSE;
	if (repair_clock(try) || renew_credentials(try))
		return TRUE;
	if (!is_retryable(try))
		return FALSE;
	now_us = clock_now_us(try->api->clock);
	token_bucket_left(try->api->budget, now_us, &closed_us);
	until = retry_next_us(now_us, try->problem, try->attempts, closed_us);
	return until < try->deadline_us &&
	       rate_limiter_sleep(try->api->limiter, until);
}

static Json *try_all(Try *try, GByteArray **ret_text)
{
	do {
		gint64 begun_us = clock_now_us(try->api->clock);
		g_autoptr(GError) before = NULL;
		g_autoptr(HttpRequest) http = try_prepare(try, &before);
		Json *json;

		if (!http) {
			/* It waited for the way there: nothing was sent. */
			if (before->code == BACKEND_ERROR_TIMEOUT)
				before->code = BACKEND_ERROR_UNREACHABLE;
			observe(try, 0, begun_us, NULL, before);
			/* The provider's words tell more than our refusal. */
			if (!try->problem)
				try->problem = g_steal_pointer(&before);
			return NULL;
		}
		json = try_send(try, http, ret_text);
		if (json)
			return json;
	} while (try_again(try));
	return NULL;
}

/* A call that changes something has somebody behind it who waits, whatever it
 * says: all of its wait is bounded by the deadline. */
static void try_start(Try *try)
{
	gint64 now_us = clock_now_us(try->api->clock);

	try->patient = !try->call->interactive && try->request->safe;
	try->deadline_us = try->call->deadline_us;
	try->token_bucket_until_us =
		try->patient ? now_us + BUDGET_WAIT_MAX_US : try->deadline_us;
}

static GError *try_end(Try *try)
{
	if (try->open)
		try->problem->code = BACKEND_ERROR_MAY_EXIST;
	else if (rate_limiter_is_aborted(try->api->limiter) &&
		 is_retryable(try)) {
		/* Nothing came of it, so that the abort is the reason. */
		g_clear_error(&try->problem);
		cancelled(&try->problem);
	}
	return g_steal_pointer(&try->problem);
}

Json *api_call(Api *api, const ApiRequest *request, const Call *call,
	GByteArray **ret_text, GError **error)
{
	g_auto(Try) try = {.api = api, .request = request, .call = call};
	GError *problem;
	Json *json;

	try_start(&try);
	json = try_all(&try, ret_text);
	if (json && try_accepted(&try))
		return json;
	json_free(json);
	if (json && ret_text)
		g_clear_pointer(ret_text, http_body_free);
	problem = try_end(&try);
	if (problem->code != BACKEND_ERROR_CANCELLED)
		api_note(api, problem);
	g_propagate_error(error, problem);
	return NULL;
}

void api_observe(Api *api, CallObserver observer, void *data)
{
	api->observer = observer;
	api->observer_data = data;
}

void api_identify(Api *api, GString *place, GString *source)
{
	api_settings_place(api->endpoint, api->protocol.domains, place);
	credential_source_place(api->source, source);
}

void api_report(Api *api, GString *out)
{
	gint64 now_us = clock_now_us(api->clock);
	gint64 closed = 0;
	double left = token_bucket_left(api->budget, now_us, &closed);

	g_string_append_printf(out, "endpoint: %s%s\n", api->endpoint,
		api->plain ? " (plain http)" : "");
	credential_source_report(api->source, out);
	/* As wide whatever it is: it changes by time alone. */
	g_string_append_printf(out, "calls_left: %8.0f\n", left);
	if (closed) {
		gint64 left_s = (closed - now_us) / G_USEC_PER_SEC + 1;
		g_autofree char *until = utc_text(wall_s(api) + left_s);

		g_string_append_printf(out, "throttled_until: %s\n", until);
	}
	mutex_lock(&api->lock);
	if (api->skew_s != 0)
		g_string_append_printf(out,
			"clock_offset: %+" G_GINT64_FORMAT " s\n", api->skew_s);
	if (api->last_error)
		g_string_append_printf(
			out, "last_failed_call: %s\n", api->last_error);
	mutex_unlock(&api->lock);
}

void api_count(Api *api,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	counters_visit(api->counters, visit, data);
}
