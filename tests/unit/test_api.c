#include <pthread.h>
#include <string.h>

#include <glib.h>

#include "backends/api/api.h"
#include "backends/error.h"
#include "backends/http/retry.h"
#include "fake_clock.h"
#include "tiny_server.h"
#include "until.h"

#define MS 1000

/* A protocol that shows what it was given in the headers it sends. */
typedef struct {
	TinyServer *server;
	GHashTable *keys;
	Api *api;
	Credentials *credentials; /* what the source gives */
	guint fetches, signs, asked;
	gboolean refuse_sending;
	gint64 last_now;
} Fixture;

static Credentials *fetch(
	void *self, gboolean again, gint64 deadline_us, GError **error)
{
	Fixture *f = self;

	f->fetches++;
	if (!f->credentials)
		backend_error_set(
			error, BACKEND_ERROR_TIMEOUT, "metadata is silent");
	return f->credentials ? credentials_ref(f->credentials) : NULL;
}

static const CredentialClass class = {.name = "fixed", .fetch = fetch};

static gboolean sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	Fixture *f = data;

	guint nonce = __atomic_add_fetch(&f->signs, 1, __ATOMIC_RELAXED);
	g_autofree char *text = g_strdup_printf("%u", nonce);

	http_request_set(request, "X-Nonce", text);
	__atomic_store_n(&f->last_now, now, __ATOMIC_RELAXED);
	http_request_set(request, "X-Key", credentials->access_key_id);
	http_request_set(request, "X-Action", call->action);
	return TRUE;
}

static BackendErrorCode code_of(const char *code, guint status)
{
	if (g_strcmp0(code, "Throttling") == 0)
		return BACKEND_ERROR_THROTTLED;
	if (g_strcmp0(code, "BadKey") == 0 || g_strcmp0(code, "Skew") == 0)
		return BACKEND_ERROR_AUTH;
	if (g_strcmp0(code, "Quota") == 0)
		return BACKEND_ERROR_QUOTA;
	if (status == 429)
		return BACKEND_ERROR_THROTTLED;
	return status >= 500 ? BACKEND_ERROR_REMOTE : BACKEND_ERROR_INVALID;
}

static void refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	const char *code = json_get_text(body, "Code", 100, NULL);
	GError *made = NULL;

	backend_error_set(&made, code_of(code, answer->status), "%s",
		json_get_text(body, "Message", 1000, "refused"));
	backend_error_detail(made)->provider_code = g_strdup(code);
	g_propagate_error(error, made);
}

static gboolean is_skew(const char *code)
{
	return strcmp(code, "Skew") == 0;
}

static gboolean is_replay(const char *code)
{
	return strcmp(code, "Replay") == 0;
}

static gboolean accept(const Json *answer, GError **error)
{
	if (json_get_bool(answer, "success", TRUE))
		return TRUE;
	backend_error_set(error,
		code_of(json_get_text(answer, "Code", 100, NULL), 500),
		"very-secret failure");
	return FALSE;
}

static ApiProtocol protocol_of(Fixture *f)
{
	return (ApiProtocol){.sign = sign,
		.refuse = refuse,
		.accept = accept,
		.is_skew = is_skew,
		.is_replay = is_replay,
		.clock = &clock_fake,
		.data = f};
}

static Credentials *make_credentials(const char *id)
{
	return credentials_new(id, secret_new("very-secret", -1),
		secret_new("very-token", -1), 0, "test");
}

static void open_api(Fixture *f)
{
	const ApiProtocol protocol = protocol_of(f);
	g_autoptr(GError) error = NULL;

	f->api = api_new(f->keys, tiny_server_url(f->server),
		credential_source_new(&class, f, &clock_real), &protocol,
		&error);
	g_assert_no_error(error);
}

static void set_up(Fixture *f, gconstpointer data)
{
	f->server = tiny_server_new();
	tiny_server_rest(f->server, (TinyAnswer){0});
	f->keys = g_hash_table_new(g_str_hash, g_str_equal);
	f->credentials = make_credentials("AK1");
	open_api(f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	api_free(f->api);
	credentials_unref(f->credentials);
	g_hash_table_unref(f->keys);
	tiny_server_free(f->server);
}

static void set_budget(Fixture *f, const char *rate, const char *burst)
{
	api_free(f->api);
	g_hash_table_insert(f->keys, (char *)"calls_per_second", (char *)rate);
	g_hash_table_insert(f->keys, (char *)"burst", (char *)burst);
	open_api(f);
}

static gboolean sending(void *data)
{
	Fixture *f = data;

	__atomic_add_fetch(&f->asked, 1, __ATOMIC_RELAXED);
	return !f->refuse_sending;
}

typedef struct {
	gboolean changing, patient, repeatable;
	gint64 ms; /* 0: 3000 */
	const char *query, *body;
} How;

static Json *call(Fixture *f, How how, GByteArray **ret_text, GError **error)
{
	const ApiRequest request = {
		.action = how.changing ? "Create" : "List",
		.method = how.changing ? "POST" : "GET",
		.path = "/v1/things",
		.query = how.query,
		.body = how.body,
		.safe = !how.changing,
		.repeatable = how.repeatable,
	};
	const Call grant = {
		.deadline_us =
			g_get_monotonic_time() + (how.ms ? how.ms : 3000) * MS,
		.interactive = !how.patient,
		.sending = sending,
		.data = f,
	};

	return api_call(f->api, &request, &grant, ret_text, error);
}

static void assert_fine(Fixture *f, How how, guint requests)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) json = call(f, how, NULL, &error);

	g_assert_no_error(error);
	g_assert_nonnull(json);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, requests);
}

static GError *assert_fails(
	Fixture *f, How how, BackendErrorCode code, guint requests)
{
	GError *error = NULL;
	g_autoptr(Json) json = call(f, how, NULL, &error);

	g_assert_null(json);
	g_assert_error(error, BACKEND_ERROR, (int)code);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, requests);
	return error;
}

static void drop(GError *error)
{
	g_clear_error(&error);
}

typedef struct {
	Fixture *f;
	guint requests, waiting;
} Aborter;

static void *abort_soon(void *data)
{
	Aborter *aborter = data;

	tiny_server_wait(aborter->f->server, aborter->requests);
	fixture_until(clock_waiting() == aborter->waiting);
	api_abort(aborter->f->api);
	return NULL;
}

/* Once the server has so many requests, and so many threads wait by the clock. */
static void abort_call(Fixture *f, How how, guint requests, guint waiting,
	BackendErrorCode code)
{
	Aborter aborter = {f, requests, waiting};
	gint64 start = g_get_monotonic_time();
	pthread_t thread;

	how.ms = 20000;
	g_assert_cmpint(
		pthread_create(&thread, NULL, abort_soon, &aborter), ==, 0);
	drop(assert_fails(f, how, code, requests));
	pthread_join(thread, NULL);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 10000 * MS);
	drop(assert_fails(f, how, BACKEND_ERROR_CANCELLED, requests));
}

static const How safe = {0};
static const How changing = {.changing = TRUE};
static const TinyAnswer busy = {
	.status = 503, .body = "{\"Code\":\"Busy\",\"Message\":\"not now\"}"};
static const TinyAnswer gateway = {.status = 502, .body = "<html>"};
static const TinyAnswer throttled = {
	.status = 400, .body = "{\"Code\":\"Throttling\"}"};
static const TinyAnswer replay = {
	.status = 400, .body = "{\"Code\":\"Replay\"}"};
static const TinyAnswer bad_key = {
	.status = 403, .body = "{\"Code\":\"BadKey\"}"};

static void test_request(Fixture *f, gconstpointer data)
{
	const How how = {
		.changing = TRUE, .query = "a=1&b=%20", .body = "{\"x\":1}"};
	g_autofree char *sent = NULL;

	assert_fine(f, how, 1);
	sent = tiny_server_request(f->server, 0);
	g_assert_true(g_str_has_prefix(
		sent, "POST /v1/things?a=1&b=%20 HTTP/1.1\r\n"));
	g_assert_true(g_str_has_suffix(sent, "\r\n\r\n{\"x\":1}"));
	g_assert_nonnull(strstr(sent, "X-Key: AK1\r\n"));
	g_assert_nonnull(strstr(sent, "X-Action: Create\r\n"));
}

static void test_text(Fixture *f, gconstpointer data)
{
	const char *body = " {\"a\" : [1,2]}\n";
	g_autoptr(GByteArray) text = NULL;
	g_autoptr(GByteArray) none = NULL;
	g_autoptr(Json) json = NULL;
	g_autoptr(Json) empty = NULL;

	tiny_server_push(f->server, (TinyAnswer){.body = body});
	tiny_server_push(f->server, (TinyAnswer){.status = 200, .body = ""});
	json = call(f, safe, &text, NULL);
	g_assert_cmpmem(text->data, text->len, body, strlen(body));
	g_assert_cmpuint(json_size(json_get(json, "a")), ==, 2);
	empty = call(f, safe, &none, NULL);
	g_assert_cmpint(json_type(empty), ==, JSON_OBJECT);
	g_assert_cmpmem(none->data, none->len, "{}", 2);
}

static void test_safe_calls_are_retried(Fixture *f, gconstpointer data)
{
	const TinyAnswer scripts[] = {busy, gateway, throttled,
		{.kind = TINY_CUT}, {.kind = TINY_RESET}, {.body = "{nonsense"},
		{.status = 302}};
	guint sent = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		tiny_server_push(f->server, scripts[i]);
		assert_fine(f, safe, sent += 2);
	}
	g_assert_cmpuint(f->signs, ==, sent);
}

static void test_retries_are_capped(Fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 10; i++)
		tiny_server_push(f->server, busy);
	drop(assert_fails(f, safe, BACKEND_ERROR_REMOTE, 4));
}

static void test_errors_that_stay_are_not_retried(
	Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	tiny_server_push(f->server,
		(TinyAnswer){.status = 400,
			.body = "{\"Code\":\"Odd\",\"Message\":\"no such "
				"kind\"}"});
	error = assert_fails(f, safe, BACKEND_ERROR_INVALID, 1);
	g_assert_cmpstr(error->message, ==, "no such kind");
	g_assert_cmpstr(backend_error_detail(error)->provider_code, ==, "Odd");
}

/* What leaves the outcome of a changing call open is MAY_EXIST, sent once. */
static void test_unclear_outcomes(Fixture *f, gconstpointer data)
{
	const TinyAnswer scripts[] = {gateway, busy, {.kind = TINY_CUT},
		{.kind = TINY_RESET}, {.kind = TINY_CLOSE},
		{.body = "{nonsense"}, {.body = "<html>"}, {.kind = TINY_HUGE},
		{.status = 302}, {.status = 500, .body = ""},
		{.body = "{\"success\":false}"}};

	for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
		tiny_server_push(f->server, scripts[i]);
		drop(assert_fails(f, changing, BACKEND_ERROR_MAY_EXIST, i + 1));
	}
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HANG});
	drop(assert_fails(f, (How){.changing = TRUE, .ms = 200},
		BACKEND_ERROR_MAY_EXIST, G_N_ELEMENTS(scripts) + 1));
}

/* A reason of its own says that nothing was done, whatever the status. */
static void test_clear_refusals(Fixture *f, gconstpointer data)
{
	const char *quota = "{\"Code\":\"Quota\",\"success\":false}";

	tiny_server_push(f->server, (TinyAnswer){.status = 400});
	drop(assert_fails(f, changing, BACKEND_ERROR_INVALID, 1));
	tiny_server_push(f->server, (TinyAnswer){.status = 503, .body = quota});
	drop(assert_fails(f, changing, BACKEND_ERROR_QUOTA, 2));
	tiny_server_push(f->server, (TinyAnswer){.body = quota});
	drop(assert_fails(f, changing, BACKEND_ERROR_QUOTA, 3));
}

static void test_refusal_of_status_200(Fixture *f, gconstpointer data)
{
	g_autoptr(GByteArray) text = NULL;
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 4; i++)
		tiny_server_push(
			f->server, (TinyAnswer){.body = "{\"success\":false}"});
	g_assert_null(call(f, safe, &text, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
	g_assert_cmpstr(error->message, ==, "*** failure");
	g_assert_null(text);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
}

/* Somebody sent it twice, and the first may have been obeyed: to send it once
 * more might make another. */
static void test_replays(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	tiny_server_push(f->server, replay);
	error = assert_fails(f, changing, BACKEND_ERROR_MAY_EXIST, 1);
	g_assert_cmpstr(
		backend_error_detail(error)->provider_code, ==, "Replay");
	tiny_server_push(f->server, throttled);
	tiny_server_push(f->server, replay);
	drop(assert_fails(f, changing, BACKEND_ERROR_MAY_EXIST, 3));
	g_assert_cmpuint(f->asked, ==, 2);
}

static void test_replays_of_safe_calls(Fixture *f, gconstpointer data)
{
	tiny_server_push(f->server, replay);
	assert_fine(f, safe, 2);
	for (guint i = 0; i < 4; i++)
		tiny_server_push(f->server, replay);
	drop(assert_fails(f, safe, BACKEND_ERROR_INVALID, 6));
}

#define BODY "{\"name\":\"n\",\"token\":\"t\"}"
static const How repeatable = {.changing = TRUE,
	.repeatable = TRUE,
	.query = "id=1",
	.body = BODY,
	.ms = 10000};

/* The same bytes, but for the signature. */
static void assert_resent(Fixture *f, guint n)
{
	g_autofree char *sent = tiny_server_request(f->server, n);
	g_autofree char *nonce = g_strdup_printf("X-Nonce: %u\r\n", n + 1);

	g_assert_true(
		g_str_has_prefix(sent, "POST /v1/things?id=1 HTTP/1.1\r\n"));
	g_assert_true(g_str_has_suffix(sent, "\r\n\r\n" BODY));
	g_assert_nonnull(strstr(sent, nonce));
}

static void test_repeatable_calls_are_resent(Fixture *f, gconstpointer data)
{
	const TinyAnswer scripts[] = {gateway, busy, {.kind = TINY_CUT},
		{.kind = TINY_RESET}, {.kind = TINY_CLOSE},
		{.body = "{nonsense"}, {.status = 302},
		{.status = 500, .body = ""}, {.body = "{\"success\":false}"},
		replay};
	guint sent = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		tiny_server_push(f->server, scripts[i]);
		assert_fine(f, repeatable, sent += 2);
		assert_resent(f, sent - 2);
		assert_resent(f, sent - 1);
		g_assert_cmpuint(f->asked, ==, i + 1);
	}
}

static void test_resending_is_capped(Fixture *f, gconstpointer data)
{
	for (guint i = 0; i < 10; i++)
		tiny_server_push(f->server, busy);
	drop(assert_fails(f, repeatable, BACKEND_ERROR_MAY_EXIST, 4));
	g_assert_cmpuint(f->asked, ==, 1);
}

/* What came of the first attempt is not known from what a later one is told. */
static void test_resent_calls_stay_open(Fixture *f, gconstpointer data)
{
	const TinyAnswer refusals[] = {
		{.status = 400, .body = "{\"Code\":\"Quota\"}"},
		{.status = 400},
		bad_key,
	};
	guint sent = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CLOSE});
		tiny_server_push(f->server, refusals[i]);
		drop(assert_fails(
			f, repeatable, BACKEND_ERROR_MAY_EXIST, sent += 2));
		tiny_server_push(f->server, refusals[i]);
		drop(assert_fails(f, repeatable,
			refusals[i].body == bad_key.body ? BACKEND_ERROR_AUTH
			: i == 0                         ? BACKEND_ERROR_QUOTA
				 : BACKEND_ERROR_INVALID,
			sent += 1));
	}
}

static void test_open_outcomes_stay_open(Fixture *f, gconstpointer data)
{
	tiny_server_push(f->server, replay);
	tiny_server_push(f->server, (TinyAnswer){.status = 400});
	drop(assert_fails(f, repeatable, BACKEND_ERROR_MAY_EXIST, 2));
	for (guint i = 0; i < 4; i++)
		tiny_server_push(f->server, replay);
	drop(assert_fails(f, repeatable, BACKEND_ERROR_MAY_EXIST, 6));
	tiny_server_push(f->server, replay);
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HANG});
	abort_call(f, repeatable, 8, 0, BACKEND_ERROR_MAY_EXIST);
}

/* Of 4 s the first attempt gets two, the second what is left: to halve that
 * would help nobody. */
static void test_hanging_answers_leave_time(Fixture *f, gconstpointer data)
{
	const TinyAnswer hang = {.kind = TINY_HANG};
	How how = repeatable;
	gint64 start = g_get_monotonic_time(), took;

	how.ms = 4000;
	tiny_server_push(f->server, hang);
	assert_fine(f, how, 2);
	took = g_get_monotonic_time() - start;
	g_assert_cmpint(took, >=, 1900 * MS);
	g_assert_cmpint(took, <, 4000 * MS);
	tiny_server_rest(f->server, hang);
	start = g_get_monotonic_time();
	drop(assert_fails(f, how, BACKEND_ERROR_MAY_EXIST, 4));
	took = g_get_monotonic_time() - start;
	g_assert_cmpint(took, >=, 3900 * MS);
	/* Others are not cut short. */
	start = g_get_monotonic_time();
	drop(assert_fails(f, (How){.changing = TRUE, .ms = 2500},
		BACKEND_ERROR_MAY_EXIST, 5));
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 2400 * MS);
}

static void test_changing_calls_retry_throttling(Fixture *f, gconstpointer data)
{
	const How how = {.changing = TRUE, .ms = 20000};
	gint64 start = g_get_monotonic_time();

	tiny_server_push(f->server, throttled);
	tiny_server_push(f->server, throttled);
	assert_fine(f, how, 3);
	g_assert_cmpuint(f->asked, ==, 1);
	/* Without a word on how long: a second, then two. */
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 2990 * MS);
}

static void test_unreachable(Fixture *f, gconstpointer data)
{
	const ApiProtocol protocol = protocol_of(f);
	g_autoptr(Api) lost = api_new(NULL, "https://127.0.0.1:1",
		credential_source_new(&class, f, &clock_real), &protocol, NULL);
	Api *kept = f->api;

	f->api = lost;
	drop(assert_fails(f, changing, BACKEND_ERROR_REFUSED, 0));
	g_assert_cmpuint(f->signs, ==, 4);
	f->api = kept;
}

static void test_sending_may_refuse(Fixture *f, gconstpointer data)
{
	f->refuse_sending = TRUE;
	drop(assert_fails(f, changing, BACKEND_ERROR_CANCELLED, 0));
	assert_fine(f, safe, 1);
	g_assert_cmpuint(f->asked, ==, 1);
}

static void test_retry_after(Fixture *f, gconstpointer data)
{
	static const char *const headers[] = {"Retry-After: 1\r\n",
		"x-acs-retry-after: 400\r\n", "X-Amz-Retry-After: 400\r\n"};
	static const gint64 at_least[] = {990, 390, 390};

	for (guint i = 0; i < G_N_ELEMENTS(headers); i++) {
		TinyAnswer script = throttled;
		gint64 start = g_get_monotonic_time();

		script.headers = headers[i];
		tiny_server_push(f->server, script);
		assert_fine(f, safe, 2 * i + 2);
		g_assert_cmpint(
			g_get_monotonic_time() - start, >=, at_least[i] * MS);
	}
}

static void test_throttling_closes_the_budget(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) spent = NULL;
	g_autoptr(GString) report = g_string_new(NULL);
	TinyAnswer script = throttled;
	gint64 start = g_get_monotonic_time();

	script.headers = "Retry-After: 60\r\n";
	tiny_server_push(f->server, script);
	error = assert_fails(f, safe, BACKEND_ERROR_THROTTLED, 1);
	g_assert_cmpint(backend_error_detail(error)->retry_after_ms, ==, 60000);
	spent = assert_fails(f, safe, BACKEND_ERROR_BUDGET, 1);
	g_assert_cmpint(backend_error_detail(spent)->retry_after_ms, >, 50000);
	/* Nobody's call waits long, but not for somebody who waits. */
	drop(assert_fails(f, (How){.changing = TRUE, .patient = TRUE},
		BACKEND_ERROR_BUDGET, 1));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 20000 * MS);
	api_report(f->api, report);
	g_assert_nonnull(strstr(report->str, "\nthrottled_until: 2"));
}

static void test_budget(Fixture *f, gconstpointer data)
{
	gint64 start;

	set_budget(f, "1", "5");
	for (guint i = 1; i <= 5; i++)
		assert_fine(f, safe, i);
	start = g_get_monotonic_time();
	drop(assert_fails(f, safe, BACKEND_ERROR_BUDGET, 5));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 900 * MS);
	/* Two tokens: the call's own and the reserve's. */
	assert_fine(f, (How){.patient = TRUE}, 6);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 1000 * MS);
}

static void test_throttling_beyond_patience(Fixture *f, gconstpointer data)
{
	TinyAnswer script = throttled;
	gint64 start = g_get_monotonic_time();

	script.headers = "Retry-After: 700\r\n";
	tiny_server_push(f->server, script);
	drop(assert_fails(f, safe, BACKEND_ERROR_THROTTLED, 1));
	drop(assert_fails(f, (How){.patient = TRUE}, BACKEND_ERROR_BUDGET, 1));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 60000 * MS);
}

static void test_throttling_without_a_delay(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) spent = NULL;

	tiny_server_push(f->server, throttled);
	drop(assert_fails(f, (How){.ms = 500}, BACKEND_ERROR_THROTTLED, 1));
	spent = assert_fails(f, safe, BACKEND_ERROR_BUDGET, 1);
	g_assert_nonnull(strstr(spent->message, "throttled this account"));
	g_assert_cmpint(backend_error_detail(spent)->retry_after_ms, >, 500);
	assert_fine(f, (How){.patient = TRUE, .ms = 500}, 2);
}

/* The budget lets one pass after 500 ms and the answer takes another 200 ms:
 * more than the call has, but it was not the call that took its time. */
static void test_waiting_for_the_budget_is_free(Fixture *f, gconstpointer data)
{
	const How patient = {.patient = TRUE, .ms = 400};
	const TinyAnswer slow = {.delay_ms = 200};
	gint64 start = g_get_monotonic_time();

	set_budget(f, "2", "1");
	assert_fine(f, patient, 1);
	tiny_server_push(f->server, slow);
	assert_fine(f, patient, 2);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 690 * MS);
	/* The rest of it is bounded as before. */
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HANG});
	start = g_get_monotonic_time();
	drop(assert_fails(f, patient, BACKEND_ERROR_TIMEOUT, 3));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 20000 * MS);
	/* Somebody waits for a change, whatever it says. */
	drop(assert_fails(f, (How){.changing = TRUE, .patient = TRUE, .ms = 20},
		BACKEND_ERROR_BUDGET, 3));
}

static char *date_header(gint64 offset_s)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(
		g_get_real_time() / G_USEC_PER_SEC + offset_s);

	return g_date_time_format(when, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
}

static void push_skew(Fixture *f, gint64 offset_s)
{
	g_autofree char *date = date_header(offset_s);

	tiny_server_push(f->server, (TinyAnswer){.status = 400,
					    .headers = date,
					    .body = "{\"Code\":\"Skew\"}"});
}

static void test_clock_is_repaired(Fixture *f, gconstpointer data)
{
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;
	g_autoptr(GString) report = g_string_new(NULL);

	push_skew(f, -7200);
	assert_fine(f, changing, 2);
	g_assert_cmpint(ABS(f->last_now - (now - 7200)), <, 30);
	assert_fine(f, safe, 3);
	g_assert_cmpint(ABS(f->last_now - (now - 7200)), <, 30);
	g_assert_cmpuint(f->asked, ==, 1);
	api_report(f->api, report);
	g_assert_nonnull(strstr(report->str, "\nclock_offset: -7"));
	/* And back. */
	push_skew(f, 0);
	assert_fine(f, safe, 5);
	g_assert_cmpint(ABS(f->last_now - now), <, 30);
}

#define TOGETHER 8

static void *call_changing(void *data)
{
	g_autoptr(Json) json =
		call(data, (How){.changing = TRUE, .ms = 20000}, NULL, NULL);

	return GINT_TO_POINTER(json != NULL);
}

/* All are signed before the first is refused. */
static void test_clock_is_repaired_for_all(Fixture *f, gconstpointer data)
{
	g_autofree char *date = date_header(-7200);
	pthread_t threads[TOGETHER];
	guint fine = 0;

	for (guint i = 0; i < TOGETHER; i++)
		tiny_server_push(
			f->server, (TinyAnswer){.status = 400,
					   .headers = date,
					   .body = "{\"Code\":\"Skew\"}",
					   .delay_ms = 300});
	for (guint i = 0; i < TOGETHER; i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, call_changing, f), ==,
			0);
	for (guint i = 0; i < TOGETHER; i++) {
		void *one;

		pthread_join(threads[i], &one);
		fine += one != NULL;
	}
	g_assert_cmpuint(fine, ==, TOGETHER);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2 * TOGETHER);
	assert_fine(f, safe, 2 * TOGETHER + 1);
	g_assert_cmpint(
		ABS(f->last_now + 7200 - g_get_real_time() / G_USEC_PER_SEC), <,
		30);
}

static void test_clock_is_repaired_once(Fixture *f, gconstpointer data)
{
	push_skew(f, 3600);
	push_skew(f, 7200);
	drop(assert_fails(f, safe, BACKEND_ERROR_AUTH, 2));
}

static void test_right_clock_is_left_alone(Fixture *f, gconstpointer data)
{
	push_skew(f, 20);
	drop(assert_fails(f, safe, BACKEND_ERROR_AUTH, 1));
	tiny_server_push(f->server,
		(TinyAnswer){.status = 400, .body = "{\"Code\":\"Skew\"}"});
	drop(assert_fails(f, safe, BACKEND_ERROR_AUTH, 2));
}

static void test_refused_credentials(Fixture *f, gconstpointer data)
{
	g_autofree char *sent = NULL;

	tiny_server_push(f->server, bad_key);
	drop(assert_fails(f, safe, BACKEND_ERROR_AUTH, 1));
	g_assert_cmpuint(f->fetches, ==, 2);

	/* Now the source has others. */
	tiny_server_push(f->server, bad_key);
	credentials_unref(f->credentials);
	f->credentials = make_credentials("AK2");
	assert_fine(f, changing, 3);
	sent = tiny_server_request(f->server, 2);
	g_assert_nonnull(strstr(sent, "X-Key: AK2\r\n"));
}

static void test_no_credentials(Fixture *f, gconstpointer data)
{
	credentials_unref(g_steal_pointer(&f->credentials));
	/* Not TIMEOUT: nothing can exist. */
	drop(assert_fails(f, changing, BACKEND_ERROR_UNREACHABLE, 0));
	g_assert_cmpuint(f->asked, ==, 0);
}

static void test_abort_in_flight(Fixture *f, gconstpointer data)
{
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HANG});
	abort_call(f, safe, 1, 0, BACKEND_ERROR_CANCELLED);
}

static void test_abort_of_a_change(Fixture *f, gconstpointer data)
{
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_HANG});
	abort_call(f, changing, 1, 0, BACKEND_ERROR_MAY_EXIST);
}

static void test_abort_while_backing_off(Fixture *f, gconstpointer data)
{
	TinyAnswer script = throttled;

	script.headers = "Retry-After: 10\r\n";
	tiny_server_push(f->server, script);
	abort_call(f, changing, 1, 1, BACKEND_ERROR_CANCELLED);
}

static void test_abort_while_waiting_for_budget(Fixture *f, gconstpointer data)
{
	set_budget(f, "0.1", "1");
	assert_fine(f, safe, 1);
	abort_call(f, (How){.patient = TRUE}, 1, 1, BACKEND_ERROR_CANCELLED);
}

static void test_deadline_bounds_retries(Fixture *f, gconstpointer data)
{
	TinyAnswer script = busy;
	gint64 start = g_get_monotonic_time();

	script.headers = "Retry-After: 60\r\n";
	tiny_server_push(f->server, script);
	drop(assert_fails(f, (How){.ms = 30000}, BACKEND_ERROR_REMOTE, 1));
	g_assert_cmpint(g_get_monotonic_time() - start, <, 20000 * MS);
}

static void test_secrets_are_masked(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) report = g_string_new(NULL);

	tiny_server_push(f->server,
		(TinyAnswer){.status = 400,
			.body = "{\"Code\":\"Odd\",\"Message\":\"you signed "
				"x:very-token with very-secret\"}"});
	error = assert_fails(f, safe, BACKEND_ERROR_INVALID, 1);
	g_assert_cmpstr(error->message, ==, "you signed x:*** with ***");
	api_report(f->api, report);
	g_assert_null(strstr(report->str, "very-"));
	g_assert_nonnull(strstr(report->str, "\nlast_failed_call: 2"));
	g_assert_nonnull(strstr(report->str, " (code Odd)\n"));
}

/* What is that short is part of innocent words. */
static void test_short_secrets_are_not_masked(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	credentials_unref(f->credentials);
	f->credentials = credentials_new("AK1", secret_new("session", -1),
		secret_new("eightlet", -1), 0, "test");
	tiny_server_push(f->server,
		(TinyAnswer){.status = 400,
			.body = "{\"Message\":\"eightleteightlet: no such "
				"session as eightlet\"}"});
	error = assert_fails(f, safe, BACKEND_ERROR_INVALID, 1);
	g_assert_cmpstr(error->message, ==, "******: no such session as ***");
}

static void test_report(Fixture *f, gconstpointer data)
{
	g_autoptr(GString) report = g_string_new(NULL);
	g_autofree char *start = g_strdup_printf(
		"endpoint: %s\ncredentials: test, key AK1, no expiry\n"
		"calls_left: ",
		tiny_server_url(f->server));

	assert_fine(f, safe, 1);
	api_report(f->api, report);
	g_assert_true(g_str_has_prefix(report->str, start));
	g_assert_null(strstr(report->str, "last_failed_call"));
	g_assert_null(strstr(report->str, "throttled_until"));
}

static void collect(
	const char *action, guint64 calls, guint64 failed, void *data)
{
	g_string_append_printf(data,
		"%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", action,
		calls, failed);
}

static void test_counts(Fixture *f, gconstpointer data)
{
	g_autoptr(GString) counts = g_string_new(NULL);

	tiny_server_push(f->server, busy);
	assert_fine(f, safe, 2);
	assert_fine(f, safe, 3);
	assert_fine(f, changing, 4);
	api_count(f->api, collect, counts);
	g_assert_cmpstr(counts->str, ==, "Create 1 0\nList 3 1\n");
}

static void *call_many(void *data)
{
	for (guint i = 0; i < 10; i++) {
		g_autoptr(Json) json = call(data, safe, NULL, NULL);

		g_assert_nonnull(json);
	}
	return NULL;
}

static void test_threads(Fixture *f, gconstpointer data)
{
	pthread_t threads[4];

	for (gsize i = 0; i < 4; i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, call_many, f), ==, 0);
	for (gsize i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 40);
	g_assert_cmpuint(f->fetches, ==, 1);
}

static void assert_key(const char *name, const char *value, gboolean fine)
{
	const ApiProtocol protocol = protocol_of(NULL);
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;
	g_autoptr(Api) api = NULL;

	g_hash_table_insert(keys, (char *)name, (char *)value);
	api = api_new(keys, "https://h.example/",
		credential_source_new(&class, NULL, &clock_real), &protocol,
		&error);
	g_assert_cmpint(api != NULL, ==, fine);
	if (fine)
		return;
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_assert_nonnull(strstr(error->message, name));
}

static void test_urls_are_not_repeated(void)
{
	static const char *const urls[] = {"http://h.example/sesame?x=sesame",
		"https://sesame:sesame@h.example/sesame",
		"https://h.example/p?key=sesame", "ftp://h.example/sesame",
		"https://[sesame"};

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		const ApiProtocol protocol = protocol_of(NULL);
		g_autoptr(GError) error = NULL;

		g_assert_null(api_new(NULL, urls[i],
			credential_source_new(&class, NULL, &clock_real),
			&protocol, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_null(strstr(error->message, "sesame"));
	}
}

static void test_keys(void)
{
	assert_key("endpoint", "https://other.example/base/", TRUE);
	assert_key("endpoint", "http://127.0.0.1:8080", TRUE);
	assert_key("endpoint", "http://h.example", FALSE);
	assert_key("endpoint", "h.example", FALSE);
	assert_key("endpoint", "https://u:p@h.example", FALSE);
	assert_key("endpoint", "https://h.example/?x=1", FALSE);
	assert_key("insecure_http", "true", TRUE);
	assert_key("insecure_http", "maybe", FALSE);
	assert_key("calls_per_second", "5", TRUE);
	assert_key("calls_per_second", "0", FALSE);
	assert_key("calls_per_second", "-1", FALSE);
	assert_key("calls_per_second", "nan", FALSE);
	assert_key("burst", "10x", FALSE);
	assert_key("burst", "1e9", FALSE);
}

static void test_backoff(void)
{
	static const gint64 most[] = {
		100, 200, 400, 800, 1600, 3200, 5000, 5000};

	for (guint n = 0; n < G_N_ELEMENTS(most); n++) {
		gint64 highest = 0, lowest = G_MAXINT64;

		for (guint i = 0; i < 300; i++) {
			gint64 ms = retry_backoff_ms(n);

			highest = MAX(highest, ms);
			lowest = MIN(lowest, ms);
		}
		g_assert_cmpint(lowest, >=, 0);
		g_assert_cmpint(lowest, <, most[n] / 4);
		g_assert_cmpint(highest, <=, most[n]);
		g_assert_cmpint(highest, >, most[n] * 3 / 4);
	}
	g_assert_cmpint(retry_backoff_ms(G_MAXUINT), <=, 5000);
}

static void test_http_dates(void)
{
	static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"Sun, 06 Nov 1994 08:49:37 UTC"};
	static const char *const bad[] = {NULL, "", "now",
		"Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, xx Nov 1994 08:49:37 GMT"};
	gint64 seconds = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		seconds = 0;
		g_assert_true(retry_http_date(good[i], &seconds));
		g_assert_cmpint(seconds, ==, 784111777);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(retry_http_date(bad[i], &seconds));
	g_assert_cmpint(seconds, ==, 784111777);
}

static gint64 asked_ms(const char *name, const char *value)
{
	g_autoptr(GHashTable) headers =
		g_hash_table_new(g_str_hash, g_str_equal);
	const HttpAnswer answer = {.status = 429, .headers = headers};

	g_hash_table_insert(headers, (char *)name, (char *)value);
	return retry_after_ms(&answer, 784111777);
}

static void test_retry_after_values(void)
{
	g_assert_cmpint(asked_ms("retry-after", "7"), ==, 7000);
	g_assert_cmpint(asked_ms("retry-after", "0"), ==, 0);
	g_assert_cmpint(asked_ms("retry-after", "-5"), ==, 0);
	g_assert_cmpint(asked_ms("retry-after", "soon"), ==, 0);
	g_assert_cmpint(
		asked_ms("retry-after", "99999999"), ==, RETRY_AFTER_MAX_MS);
	g_assert_cmpint(
		asked_ms("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), ==,
		10000);
	g_assert_cmpint(
		asked_ms("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"), ==,
		0);
	g_assert_cmpint(asked_ms("x-acs-retry-after", "1500"), ==, 1500);
	g_assert_cmpint(asked_ms("x-amz-retry-after", "250"), ==, 250);
}

/* A report as one line, so that a test can name what it expects. */
static void note_report(const CallReport *report, void *data)
{
	GString *out = data;
	const GError *problem = report->problem;

	g_assert_cmpint(report->took_us, >=, 0);
	g_string_append_printf(out, "%s %u %u %s %d\n", report->action,
		report->attempt, report->status,
		report->request_id ? report->request_id : "-",
		problem ? problem->code : -1);
}

static void assert_told(GString *told, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static void assert_told(GString *told, const char *format, ...)
{
	g_autofree char *expected = NULL;
	va_list args;

	va_start(args, format);
	expected = g_strdup_vprintf(format, args);
	va_end(args);
	g_assert_cmpstr(told->str, ==, expected);
	g_string_truncate(told, 0);
}

static void test_attempts_are_told(Fixture *f, gconstpointer data)
{
	g_autoptr(GString) told = g_string_new(NULL);

	api_observe(f->api, note_report, told);
	tiny_server_push(f->server, busy);
	tiny_server_push(f->server,
		(TinyAnswer){.headers = "X-Acs-Request-Id: r-2\r\n"});
	assert_fine(f, safe, 2);
	assert_told(told, "List 1 503 - %d\nList 2 200 r-2 -1\n",
		BACKEND_ERROR_REMOTE);
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CLOSE});
	drop(assert_fails(f, changing, BACKEND_ERROR_MAY_EXIST, 3));
	assert_told(told, "Create 1 0 - %d\n", BACKEND_ERROR_MAY_EXIST);
}

/* What was never sent is told as well, for it is what somebody wonders about. */
static void test_what_is_not_sent_is_told(Fixture *f, gconstpointer data)
{
	g_autoptr(GString) told = g_string_new(NULL);

	g_clear_pointer(&f->credentials, credentials_unref);
	api_observe(f->api, note_report, told);
	drop(assert_fails(f, safe, BACKEND_ERROR_UNREACHABLE, 0));
	assert_told(told, "List 0 0 - %d\n", BACKEND_ERROR_UNREACHABLE);
}

#define ADD(name, function)                                                    \
	g_test_add("/api/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("request-is-built-and-signed", test_request);
	ADD("text-is-what-was-parsed", test_text);
	ADD("attempts-are-told", test_attempts_are_told);
	ADD("what-is-not-sent-is-told", test_what_is_not_sent_is_told);
	ADD("safe-calls-are-retried", test_safe_calls_are_retried);
	ADD("retries-are-capped", test_retries_are_capped);
	ADD("errors-that-stay-are-not-retried",
		test_errors_that_stay_are_not_retried);
	ADD("unclear-outcomes-are-timeouts", test_unclear_outcomes);
	ADD("clear-refusals-are-told", test_clear_refusals);
	ADD("refusals-of-status-200-are-refusals", test_refusal_of_status_200);
	ADD("replays-are-unclear", test_replays);
	ADD("replays-of-safe-calls", test_replays_of_safe_calls);
	ADD("open-outcomes-stay-open", test_open_outcomes_stay_open);
	ADD("repeatable-calls-are-resent", test_repeatable_calls_are_resent);
	ADD("resending-is-capped", test_resending_is_capped);
	ADD("resent-calls-stay-open", test_resent_calls_stay_open);
	ADD("hanging-answers-leave-time", test_hanging_answers_leave_time);
	ADD("changing-calls-retry-throttling",
		test_changing_calls_retry_throttling);
	ADD("changing-calls-retry-unreachable", test_unreachable);
	ADD("sending-may-refuse", test_sending_may_refuse);
	ADD("retry-after-is-heeded", test_retry_after);
	ADD("throttling-closes-the-budget", test_throttling_closes_the_budget);
	ADD("throttling-beyond-patience", test_throttling_beyond_patience);
	ADD("throttling-without-a-delay", test_throttling_without_a_delay);
	ADD("budget-refuses-or-waits", test_budget);
	ADD("waiting-for-the-budget-is-free",
		test_waiting_for_the_budget_is_free);
	ADD("clock-is-repaired", test_clock_is_repaired);
	ADD("clock-is-repaired-for-all", test_clock_is_repaired_for_all);
	ADD("clock-is-repaired-once", test_clock_is_repaired_once);
	ADD("right-clock-is-left-alone", test_right_clock_is_left_alone);
	ADD("refused-credentials-are-renewed", test_refused_credentials);
	ADD("no-credentials-is-no-timeout", test_no_credentials);
	ADD("abort-in-flight", test_abort_in_flight);
	ADD("abort-of-a-change-is-unclear", test_abort_of_a_change);
	ADD("abort-while-backing-off", test_abort_while_backing_off);
	ADD("abort-while-waiting-for-budget",
		test_abort_while_waiting_for_budget);
	ADD("deadline-bounds-retries", test_deadline_bounds_retries);
	ADD("secrets-are-masked", test_secrets_are_masked);
	ADD("short-secrets-are-not-masked", test_short_secrets_are_not_masked);
	ADD("report", test_report);
	ADD("counts-by-action", test_counts);
	ADD("threads-share-an-api", test_threads);
	g_test_add_func(
		"/api/urls-are-not-repeated", test_urls_are_not_repeated);
	g_test_add_func("/api/keys-are-checked", test_keys);
	g_test_add_func("/api/backoff-is-jittered", test_backoff);
	g_test_add_func("/api/http-dates", test_http_dates);
	g_test_add_func("/api/retry-after-values", test_retry_after_values);
	return g_test_run();
}
