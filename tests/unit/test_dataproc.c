#include <pthread.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/classes.h"
#include "provider_fixture.h"

#define TOKEN PROVIDER_TOKEN
#define S "/v1/projects/my-p/locations/us-x1/sessions"
#define NAME "projects/my-p/locations/us-x1/sessions/"
#define OPERATION                                                              \
	"{\"name\":\"projects/my-p/regions/us-x1/operations/o\",\"metadata\":" \
	"{\"@type\":\"type.googleapis.com/google.cloud.dataproc.v1."           \
	"SessionOperationMetadata\",\"operationType\":\"CREATE\"}}"

static GHashTable *plain_keys(ProviderFixture *f)
{
	GHashTable *keys = g_hash_table_new(g_str_hash, g_str_equal);

	provider_set_key(keys, "endpoint", tiny_server_url(f->server));
	provider_set_key(keys, "project", "my-p");
	provider_set_key(keys, "region", "us-x1");
	return keys;
}

static void set_up(ProviderFixture *f, const void *unused)
{
	f->server = tiny_server_new();
	g_autoptr(GHashTable) keys = plain_keys(f);
	provider_open(f, &dataproc_class, keys, "us-x1");
}

/* ---- listing ---- */

static void the_region_is_the_workspace(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, NULL);

	g_assert_cmpuint(page->workspaces->len, ==, 1);
	const Workspace *only = g_ptr_array_index(page->workspaces, 0);
	g_assert_cmpstr(only->id, ==, "us-x1");
	g_assert_null(page->next);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void sessions_keep_the_bytes_they_were_sent_as(
	ProviderFixture *f, const void *unused)
{
	static const char one_record[] =
		"{\"name\" : \"projects/12345/locations/us-x1/sessions/one\","
		"\"state\":\"ACTIVE\",\"odd\":1.50,"
		"\"createTime\":\"2024-09-01T06:23:01.123456Z\","
		"\"stateTime\":\"2024-09-01T06:23:02Z\","
		"\"jupyterSession\":{\"displayName\":\"a\\u00e4\"}}";
	g_autofree char *body = g_strdup_printf(
		"{\"sessions\": [%s,\n{\"name\":\"" NAME "two\","
		"\"state\":\"HIBERNATING\"}],\"nextPageToken\":\"a b\"}",
		one_record);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 2);
	g_assert_cmpint(page->total, ==, -1);
	g_assert_cmpstr(page->next, ==, "a b");
	const Session *one = g_ptr_array_index(page->sessions, 0);
	const Session *two = g_ptr_array_index(page->sessions, 1);
	g_assert_cmpstr(one->id, ==, "one");
	g_assert_cmpstr(one->name, ==, "a\xc3\xa4");
	g_assert_cmpstr(one->state, ==, "ACTIVE");
	g_assert_cmpint(one->phase, ==, PHASE_IDLE);
	g_assert_cmpint(one->created_ms, ==, 1725171781123);
	g_assert_cmpint(one->changed_ms, ==, 1725171782000);
	g_assert_cmpstr(one->body, ==, one_record);
	g_assert_cmpuint(one->body_len, ==, strlen(one->body));
	g_assert_false(one->partial);
	g_assert_cmpstr(two->id, ==, "two");
	g_assert_cmpstr(two->name, ==, "");
	g_assert_cmpstr(two->state, ==, "HIBERNATING");
	g_assert_cmpint(two->phase, ==, PHASE_PENDING);
	provider_saw(f->server, 0, "GET " S "?pageSize=1000 ",
		"Bearer emulator-token\r\n");
}

static void pages_are_asked_by_their_token(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"nextPageToken\":\"x/+y\"}");
	provider_answer(f, 200, "{\"nextPageToken\":\"\"}");
	provider_answer(f, 200, "{}");
	g_autoptr(SessionPage) first = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(first->sessions->len, ==, 0);
	g_assert_cmpstr(first->next, ==, "x/+y");
	g_autoptr(SessionPage) second = provider_list(f, first->next, &error);
	g_assert_no_error(error);
	g_assert_null(second->next);
	g_autoptr(SessionPage) third = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_null(third->next);
	provider_saw(f->server, 1,
		"GET " S "?pageSize=1000&pageToken=x%2F%2By ", NULL);
}

static void the_living_are_listed_alone(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"nextPageToken\":\"n\"}");
	g_autoptr(SessionPage) page =
		backend_list_living(f->backend, "us-x1", "m", &call, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(page->next, ==, "n");
	provider_saw(f->server, 0,
		"GET " S "?pageSize=1000&pageToken=m&filter=state%20%21%3D%20"
		"TERMINATED%20AND%20state%20%21%3D%20FAILED ",
		NULL);
}

static void note_next(const char *token, void *data)
{
	g_string_append_printf(data, "[%s]", token);
}

static void the_next_page_is_announced(ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) told = g_string_new(NULL);
	Call call = provider_soon();

	call.next = note_next;
	call.next_data = told;
	provider_answer(f, 200,
		"{\"sessions\":[{\"nextPageToken\":\"inner\"}],"
		"\"nextPageToken\":\"n\"}");
	provider_answer(f, 200, "{\"sessions\":[]}");
	g_autoptr(SessionPage) one =
		backend_list_page(f->backend, "us-x1", NULL, &call, NULL);
	g_autoptr(SessionPage) two =
		backend_list_page(f->backend, "us-x1", NULL, &call, NULL);
	g_assert_nonnull(one);
	g_assert_nonnull(two);
	g_assert_cmpstr(told->str, ==, "[n]");
}

static void hostile_records_are_left_out(ProviderFixture *f, const void *unused)
{
	g_autofree char *long_id = g_strnfill(SESSION_ID_MAX + 1, 'x');
	g_autofree char *padding = g_strnfill(SESSION_BODY_MAX, 'x');
	g_autofree char *body = g_strdup_printf(
		"{\"sessions\":[7,null,\"x\",[],{},{\"name\":\"\"},"
		"{\"name\":5},{\"name\":\"s-1\"},"
		"{\"name\":\"projects/p/locations/elsewhere/sessions/s\"},"
		"{\"name\":\"projects/p/locations/us-x1/batches/s\"},"
		"{\"name\":\"" NAME "%s\"},"
		"{\"name\":\"" NAME "big\",\"extra\":\"%s\"},"
		"{\"name\":\"" NAME "..\",\"jupyterSession\":7,"
		"\"createTime\":{},\"stateTime\":12,"
		"\"state\":\"a\\nb\\u001b\"},"
		"{\"name\":\"" NAME "plain\",\"state\":null,"
		"\"jupyterSession\":{\"displayName\":[]}}]}",
		long_id, padding);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 3);
	/* All but the one that is elsewhere. */
	g_assert_cmpuint(page->skipped, ==, 10);
	g_assert_cmpuint(page->trimmed, ==, 1);
	const Session *dots = g_ptr_array_index(page->sessions, 1);
	const Session *plain = g_ptr_array_index(page->sessions, 2);
	g_assert_cmpstr(dots->state, ==, "a?b?");
	g_assert_cmpint(dots->created_ms, ==, 0);
	g_assert_cmpstr(plain->id, ==, "plain");
	g_assert_cmpstr(plain->state, ==, "STATE_UNSPECIFIED");
	g_assert_cmpint(plain->phase, ==, PHASE_PENDING);
	g_assert_cmpstr(plain->name, ==, "");
}

static void answers_of_other_shapes_make_no_sense(
	ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {
		"{\"sessions\":{}}",
		"{\"sessions\":7}",
		"{\"nextPageToken\":7}",
		"{\"nextPageToken\":{}}",
		"{\"notice\":\"moved\"}",
		"nonsense",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GError) error = NULL;

		for (guint attempt = 0; attempt < 4; attempt++)
			provider_answer(f, 200, bodies[i]);
		g_assert_null(provider_list(f, NULL, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
		while (tiny_server_requests(f->server) % 4)
			g_assert_null(provider_list(f, NULL, NULL));
	}
}

static void one_session_is_asked_by_its_id(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(
		f, 200, "{\"name\":\"" NAME "s-1\",\"state\":\"CREATING\"}");
	provider_answer(f, 200, "{\"name\":\"" NAME "other\"}");
	g_autoptr(Session) session = provider_get(f, "s-1", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session->id, ==, "s-1");
	g_assert_cmpint(session->phase, ==, PHASE_STARTING);
	g_assert_cmpstr(session->body, ==,
		"{\"name\":\"" NAME "s-1\",\"state\":\"CREATING\"}");
	g_assert_null(provider_get(f, "s-1", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	provider_answer(f, 200, "\r\n {\n  \"name\": \"" NAME "s-1\"\n}\n");
	g_autoptr(Session) pretty = provider_get(f, "s-1", NULL);
	g_assert_cmpstr(pretty->body, ==, "{\n  \"name\": \"" NAME "s-1\"\n}");
	provider_saw(
		f->server, 0, "GET " S "/s-1 ", "Bearer emulator-token\r\n");
	g_autoptr(Session) odd = provider_get(f, "a/b?c", NULL);
	g_assert_null(odd);
	provider_saw(f->server, 3, "GET " S "/a%2Fb%3Fc ", NULL);
}

static void states_have_phases(ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *state;
		Phase phase;
	} rows[] = {
		{"STATE_UNSPECIFIED", PHASE_PENDING},
		{"CREATING", PHASE_STARTING},
		{"ACTIVE", PHASE_IDLE},
		{"active", PHASE_IDLE},
		{"TERMINATING", PHASE_STOPPING},
		{"TERMINATED", PHASE_STOPPED},
		{"FAILED", PHASE_FAILED},
		{"NEW_ONE", PHASE_PENDING},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(backend_phase(&dataproc_class, rows[i].state),
			==, rows[i].phase);
}

/* ---- creating ---- */

static void a_create_chooses_the_id_from_the_token(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, OPERATION);
	g_autofree char *id =
		provider_create(f, "{\"sparkConnectSession\":{}}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "sessionfs-0123456789abcdef");
	provider_saw(f->server, 0,
		"POST " S "?sessionId=sessionfs-0123456789abcdef&"
		"requestId=" TOKEN " ",
		"\r\n\r\n{\"sparkConnectSession\":{},"
		"\"name\":\"" NAME "sessionfs-0123456789abcdef\"}");
}

static void a_spec_may_choose_the_id_and_the_token(
	ProviderFixture *f, const void *unused)
{
	g_autofree char *other = NULL;

	provider_answer(f, 200, OPERATION);
	g_autofree char *id = provider_create(f,
		"{\"sessionId\":\"mine\",\"requestId\":\"R_1\","
		"\"user\":\"a@b.example\"}",
		NULL);
	g_assert_cmpstr(id, ==, "mine");
	provider_saw(f->server, 0, "POST " S "?sessionId=mine&requestId=R_1 ",
		"\r\n\r\n{\"user\":\"a@b.example\",\"name\":\"" NAME "mine\"}");
	provider_answer(f, 200, OPERATION);
	other = provider_create(f, "{\"name\":\"" NAME "named\"}", NULL);
	g_assert_cmpstr(other, ==, "named");
	provider_saw(f->server, 1,
		"POST " S "?sessionId=named&requestId=" TOKEN " ",
		"\r\n\r\n{\"name\":\"" NAME "named\"}");
}

/* So that the provider refuses a second one even when it forgot the first. */
static void the_same_token_of_a_spec_gives_the_same_id(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 200, OPERATION);
	provider_answer(f, 200, OPERATION);
	provider_answer(f, 200, OPERATION);
	g_autofree char *one =
		provider_create(f, "{\"requestId\":\"R_1\"}", NULL);
	g_autofree char *two =
		provider_create(f, "{\"requestId\":\"R_1\"}", NULL);
	g_autofree char *three =
		provider_create(f, "{\"requestId\":\"R_2\"}", NULL);

	g_assert_cmpuint(strlen(one), ==, strlen("sessionfs-") + 16);
	g_assert_cmpstr(one, ==, two);
	g_assert_cmpstr(one, !=, three);
}

static void a_repeated_request_tells_the_first_ones_session(
	ProviderFixture *f, const void *unused)
{
	provider_answer(
		f, 200, "{\"metadata\":{\"session\":\"" NAME "first\"}}");
	g_autofree char *first =
		provider_create(f, "{\"requestId\":\"R_1\"}", NULL);
	g_assert_cmpstr(first, ==, "first");
	provider_answer(f, 200,
		"{\"metadata\":{\"session\":\"projects/p/locations/other/"
		"sessions/far\"}}");
	g_autofree char *mine =
		provider_create(f, "{\"sessionId\":\"mine\"}", NULL);
	g_assert_cmpstr(mine, ==, "mine");
}

static void an_operation_that_failed_already_is_a_refusal(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"done\":true,\"error\":{\"code\":7,\"message\":\"no\"}}");
	g_assert_null(provider_create(f, "{}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_DENIED);
	g_assert_cmpstr(error->message, ==, "no");
}

static void a_create_whose_answer_is_lost_may_exist(
	ProviderFixture *f, const void *unused)
{
	static const TinyAnswer answers[] = {
		{.kind = TINY_CLOSE},
		{.kind = TINY_CUT, .body = "{\"name\":\"o\"}"},
		{.status = 200, .body = "not json"},
		{.status = 500, .body = "{}"},
		{.status = 503, .body = "<html>"},
		{.status = 504,
			.body = "{\"error\":{\"status\":"
				"\"DEADLINE_EXCEEDED\"}}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(GError) error = NULL;

		tiny_server_rest(f->server, answers[i]);
		g_assert_null(
			provider_create(f, "{\"sessionId\":\"mine\"}", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
		g_assert_nonnull(
			strstr(error->message, "session mine may exist"));
		/* The requestId makes it one session. */
		g_assert_cmpuint(
			tiny_server_requests(f->server), ==, 4 * (i + 1));
	}
}

static void a_plan_is_what_is_sent(ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *spec, *query, *id;
		gboolean unique;
	} rows[] = {
		{"{\"jupyterSession\":{\"displayName\":\"nb\"}}",
			"sessionId=sessionfs-0123456789abcdef&requestId=" TOKEN,
			"sessionfs-0123456789abcdef", TRUE},
		/* Somebody else may have named his so. */
		{"{\"sessionId\":\"mine\",\"jupyterSession\":"
		 "{\"displayName\":\"nb\"}}",
			"sessionId=mine&requestId=" TOKEN, "mine", FALSE},
		{"{\"name\":\"" NAME "named\",\"jupyterSession\":"
		 "{\"displayName\":\"nb\"}}",
			"sessionId=named&requestId=" TOKEN, "named", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(CreatePlan) plan =
			provider_plan_sent(f, rows[i].spec, OPERATION);

		g_assert_cmpstr(plan->query, ==, rows[i].query);
		g_assert_cmpstr(plan->id, ==, rows[i].id);
		/* As its record tells it. */
		g_assert_cmpstr(plan->name, ==, "nb");
		g_assert_true(plan->repeatable);
		g_assert_cmpint(plan->unique, ==, rows[i].unique);
		g_assert_false(plan->fresh);
	}
	g_autofree char *token =
		backend_spec_token(f->backend, "{\"requestId\":\"R_1\"}", 19);
	g_assert_cmpstr(token, ==, "R_1");
}

/* ---- steering ---- */

static gboolean control(ProviderFixture *f, const char *verb, GError **error)
{
	const Call call = provider_soon();

	return backend_control(
		f->backend, "us-x1", "s-1", "{}", verb, &call, error);
}

static void verbs_end_or_delete(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, OPERATION);
	provider_answer(f, 200, "{}");
	provider_answer(f, 400,
		"{\"error\":{\"code\":400,\"status\":\"FAILED_PRECONDITION\","
		"\"message\":\"It is not active.\"}}");
	g_assert_true(control(f, "terminate", &error));
	g_assert_no_error(error);
	g_assert_true(control(f, "delete", &error));
	g_assert_no_error(error);
	g_assert_false(control(f, "terminate", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
	g_assert_cmpstr(error->message, ==, "It is not active.");
	provider_saw(f->server, 0, "POST " S "/s-1:terminate ", "\r\n\r\n{}");
	provider_saw(f->server, 1, "DELETE " S "/s-1 ", NULL);
	g_assert_true(backend_verb(f->backend->class, "delete", NULL)->from &
		      1 << PHASE_STOPPED);
	g_assert_false(
		backend_verb(f->backend->class, "terminate", NULL)->from &
		1 << PHASE_STOPPED);
}

/* ---- refusals ---- */

#define INFO "\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","

static const struct {
	guint status;
	const char *body;
	BackendErrorCode code;
	const char *provider_code, *say;
} refusals[] = {
	{400, "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"message\":\"m\"}}",
		BACKEND_ERROR_INVALID, "INVALID_ARGUMENT", "m"},
	{400,
		"{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"message\":\"m\","
		"\"details\":[7,{},{\"@type\":\"x/google.rpc.BadRequest\","
		"\"fieldViolations\":[{\"field\":\"labels\","
		"\"description\":\"too many\"}]}]}}",
		BACKEND_ERROR_INVALID, "INVALID_ARGUMENT",
		"m; labels: too many"},
	{401, "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}",
		BACKEND_ERROR_AUTH, "UNAUTHENTICATED", "refused"},
	{401,
		"{\"error\":{\"status\":\"UNAUTHENTICATED\",\"details\":[{" INFO
		"\"reason\":\"ACCESS_TOKEN_EXPIRED\"}]}}",
		BACKEND_ERROR_AUTH_EXPIRED,
		"UNAUTHENTICATED/ACCESS_TOKEN_EXPIRED", "renew"},
	{401, "<html>", BACKEND_ERROR_AUTH, NULL, "refused"},
	{403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}",
		BACKEND_ERROR_DENIED, "PERMISSION_DENIED", "not allowed"},
	{403,
		"{\"error\":{\"status\":\"PERMISSION_DENIED\",\"details\":["
		"{" INFO "\"reason\":\"SERVICE_DISABLED\"}]}}",
		BACKEND_ERROR_DENIED, "PERMISSION_DENIED/SERVICE_DISABLED",
		"enable the Dataproc API"},
	{404, "{\"error\":{\"status\":\"NOT_FOUND\"}}", BACKEND_ERROR_GONE,
		"NOT_FOUND", NULL},
	{404, "<html>Error 404 (Not Found)!!1", BACKEND_ERROR_UNSUPPORTED, NULL,
		"check endpoint"},
	{404, "{}", BACKEND_ERROR_UNSUPPORTED, NULL, "check endpoint"},
	{409, "{\"error\":{\"status\":\"ALREADY_EXISTS\"}}",
		BACKEND_ERROR_EXISTS, "ALREADY_EXISTS", NULL},
	{409, "{\"error\":{\"status\":\"ABORTED\"}}", BACKEND_ERROR_CONFLICT,
		"ABORTED", NULL},
	{400, "{\"error\":{\"status\":\"FAILED_PRECONDITION\"}}",
		BACKEND_ERROR_CONFLICT, "FAILED_PRECONDITION", NULL},
	{429,
		"{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{"
		"\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\"}]}}",
		BACKEND_ERROR_QUOTA, "RESOURCE_EXHAUSTED", "raise the quota"},
	{501, "{\"error\":{\"status\":\"UNIMPLEMENTED\"}}",
		BACKEND_ERROR_UNSUPPORTED, "UNIMPLEMENTED", NULL},
	{400, "{\"error\":{\"status\":7,\"message\":[],\"details\":{}}}",
		BACKEND_ERROR_INVALID, NULL, "refused the request"},
	{400, "{\"error\":\"x\"}", BACKEND_ERROR_INVALID, NULL,
		"refused the request"},
	{400, "[[]]", BACKEND_ERROR_INVALID, NULL, "refused the request"},
};

static void refusals_are_told_apart(ProviderFixture *f, const void *unused)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, refusals[i].status, refusals[i].body);
		g_assert_null(provider_create(f, "{}", &error));
		if (error->code != (int)refusals[i].code)
			g_error("%d for %s", error->code, refusals[i].body);
		g_assert_cmpstr(backend_error_detail(error)->provider_code, ==,
			refusals[i].provider_code);
		if (refusals[i].say && !strstr(error->message, refusals[i].say))
			g_error("\"%s\" does not say \"%s\"", error->message,
				refusals[i].say);
	}
}

/* A deadline too near to wait. */
static void throttled(ProviderFixture *f, const char *more, gint64 wait_ms)
{
	g_autoptr(GHashTable) keys = plain_keys(f);
	g_autoptr(Backend) fresh = backend_open(&dataproc_class, keys, NULL);
	g_autoptr(GError) error = NULL;
	const Call call = provider_soon();
	g_autofree char *body = g_strdup_printf(
		"{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\","
		"\"message\":\"calls per minute\",\"details\":[%s]}}",
		more);

	provider_answer(f, 429, body);
	g_assert_null(backend_get(fresh, "us-x1", "s-1", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_THROTTLED);
	g_assert_cmpint(
		backend_error_detail(error)->retry_after_ms, ==, wait_ms);
}

#define RETRY "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
#define QUOTA "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\"}"

static void throttling_tells_how_long(ProviderFixture *f, const void *unused)
{
	throttled(f, RETRY "\"retryDelay\":\"30s\"}", 30000);
	throttled(f, RETRY "\"retryDelay\":\"40.5s\"}," QUOTA, 40500);
	throttled(f, QUOTA "," RETRY "\"retryDelay\":\"999999999s\"}",
		15 * 60 * 1000);
}

static void throttling_is_waited_for(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 429,
		"{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"details\":["
		"{" INFO "\"reason\":\"RATE_LIMIT_EXCEEDED\"}," QUOTA "," RETRY
		"\"retryDelay\":\"0.2s\"}]}}");
	provider_answer(f, 200, "{\"name\":\"" NAME "s-1\"}");
	gint64 before = g_get_monotonic_time();
	g_autoptr(Session) session = provider_get(f, "s-1", &error);
	g_assert_no_error(error);
	g_assert_nonnull(session);
	g_assert_cmpint(g_get_monotonic_time() - before, >=, 190 * 1000);
}

static void a_failure_while_reading_is_the_providers(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 4; i++)
		provider_answer(f, 500,
			"{\"error\":{\"status\":\"INTERNAL\",\"message\":"
			"\"oops\",\"details\":[{\"@type\":"
			"\"t/google.rpc.RequestInfo\",\"requestId\":\"r9\"}"
			"]}}");
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
	g_assert_cmpstr(backend_error_detail(error)->request_id, ==, "r9");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
}

/* ---- specs ---- */

static void accepts(ProviderFixture *f, const char *spec)
{
	g_autoptr(GError) error = NULL;

	(void)!backend_check_spec(
		f->backend, "us-x1", spec, strlen(spec), &error);
	if (error)
		g_error("%s: %s", spec, error->message);
}

static void refuses(ProviderFixture *f, const char *spec, const char *say)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(backend_check_spec(
		f->backend, "us-x1", spec, strlen(spec), &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	if (!strstr(error->message, say))
		g_error("\"%s\" does not say \"%s\"", error->message, say);
}

#define FULL_SPEC                                                              \
	"\"labels\":{\"a\":\"b\",\"c\":\"\"},"                                 \
	"\"sessionTemplate\":\"projects/p/locations/l/sessionTemplates/t\","   \
	"\"jupyterSession\":{\"kernel\":\"SCALA\",\"displayName\":\"D\"},"     \
	"\"runtimeConfig\":{\"version\":\"2.2\",\"containerImage\":\"i\","     \
	"\"properties\":{\"spark.a\":\"1\"},\"repositoryConfig\":{"            \
	"\"pypiRepositoryConfig\":{\"pypiRepository\":\"r\"}},"                \
	"\"autotuningConfig\":{\"scenarios\":[\"SCALING\"]},"                  \
	"\"cohort\":\"c\"},\"environmentConfig\":{\"executionConfig\":{"       \
	"\"serviceAccount\":\"s\",\"subnetworkUri\":\"n\","                    \
	"\"networkTags\":[\"t\"],\"kmsKey\":\"k\",\"idleTtl\":\"600s\","       \
	"\"ttl\":\"1209600s\",\"stagingBucket\":\"b\","                        \
	"\"authenticationConfig\":{\"userWorkloadAuthenticationType\":"        \
	"\"SERVICE_ACCOUNT\"},\"resourceManagerTags\":{\"x\":\"y\"}},"         \
	"\"peripheralsConfig\":{\"metastoreService\":\"m\","                   \
	"\"sparkHistoryServerConfig\":{\"dataprocCluster\":\"h\"}}}"

static void specs_are_checked_before_anything_is_sent(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) many = g_string_new("{\"labels\":{\"a\":\"b\"");

	accepts(f, "{}");
	accepts(f, "{" FULL_SPEC ",\"user\":\"u\"}");
	accepts(f, "{\"sparkConnectSession\":{},\"sessionId\":\"mine\"}");
	accepts(f, "{\"name\":\"" NAME "mine\",\"sessionId\":\"mine\"}");
	for (guint i = 1; i < 32; i++)
		g_string_append_printf(many, ",\"l%u\":\"\"", i);
	g_autofree char *fit = g_strconcat(many->str, "}}", NULL);
	g_autofree char *over = g_strconcat(many->str, ",\"z\":\"\"}}", NULL);
	accepts(f, fit);
	refuses(f, over, "0 to 32");
	refuses(f, "{\"labels\":{\"\":\"b\"}}", "labels");
	refuses(f, "{\"labels\":{\"b\":7}}", "labels.b");
	refuses(f, "{\"sessionId\":\"Mine\"}", "sessionId");
	refuses(f, "{\"requestId\":\"a b\"}", "requestId");
	refuses(f, "{\"name\":\"mine\"}",
		"name must be "
		"projects/my-p/");
	refuses(f, "{\"name\":\"projects/x/locations/us-x1/sessions/mine\"}",
		"name must be");
	refuses(f, "{\"name\":\"projects/my-p/locations/x/sessions/mine\"}",
		"name must be");
	refuses(f, "{\"name\":\"" NAME "mine\",\"sessionId\":\"other\"}",
		"sessions/other here");
	refuses(f, "{\"name\":\"" NAME "x\"}", "name must be");
	refuses(f, "{\"jupyterSession\":{},\"sparkConnectSession\":{}}",
		"cannot be given both");
	refuses(f, "{\"sparkConnectSession\":{\"a\":1}}", "not a member");
	refuses(f, "{\"sesionId\":\"mine\"}", "did you mean sessionId");
	refuses(f, "{\"state\":\"ACTIVE\"}", "not a member");
}

static void lifetimes_are_checked(ProviderFixture *f, const void *unused)
{
	static const char *const odd[] = {"599s", "1209600.001s", "10m", "3600",
		"", "-600s", "0s", "9999999999999999999999s"};
	static const char *const good[] = {"600s", "3600s", "600.5s"};
	static const char *const names[] = {"idleTtl", "ttl"};
	static const char form[] = "{\"environmentConfig\":{"
				   "\"executionConfig\":{\"%s\":\"%s\"}}}";

	for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
		for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
			g_autofree char *spec =
				g_strdup_printf(form, names[n], odd[i]);
			refuses(f, spec, names[n]);
		}
		for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
			g_autofree char *spec =
				g_strdup_printf(form, names[n], good[i]);
			accepts(f, spec);
		}
	}
	refuses(f,
		"{\"environmentConfig\":{\"executionConfig\":{"
		"\"networkUri\":\"a\",\"subnetworkUri\":\"b\"}}}",
		"cannot be given both");
}

/* ---- content files ---- */

static void renders(ProviderFixture *f, SessionFile file, const char *body,
	const char *wanted)
{
	g_autofree char *text = provider_render(f, file, body);

	g_assert_cmpstr(text, ==, wanted);
}

static void a_config_is_what_new_accepts(ProviderFixture *f, const void *unused)
{
	g_autofree char *config = provider_render(f, SESSION_CONFIG,
		"{\"name\":\"" NAME "s\",\"uuid\":\"u\",\"state\":\"ACTIVE\","
		"\"createTime\":\"t\",\"runtimeInfo\":{\"endpoints\":{}},"
		"\"creator\":\"c\",\"user\":\"u\",\"stateHistory\":[],"
		"\"new\":7," FULL_SPEC "}");

	accepts(f, config);
	g_autoptr(Json) wanted =
		json_parse("{" FULL_SPEC "}", strlen("{" FULL_SPEC "}"), NULL);
	g_autofree char *pretty = json_print(wanted, TRUE);
	g_assert_cmpstr(config, ==, pretty);
	renders(f, SESSION_CONFIG,
		"{\"labels\":{\"a\":\"b\",\"goog-dataproc-location\":\"x\"}}",
		"{\n\t\"labels\":\t{\n\t\t\"a\":\t\"b\"\n\t}\n}\n");
	renders(f, SESSION_CONFIG, "{\"labels\":{\"goog-x\":\"y\"}}", "{\n}\n");
	renders(f, SESSION_CONFIG, "{\"sparkConnectSession\":{}}",
		"{\n\t\"sparkConnectSession\":\t{\n\t}\n}\n");
}

#define ENDPOINTS(inner) "{\"runtimeInfo\":{\"endpoints\":" inner "}}"

static void content_files_are_rendered_or_empty(
	ProviderFixture *f, const void *unused)
{
	/* All but the last. */
	static const char *const over[] = {
		"TERMINATING", "TERMINATED", "FAILED", "ACTIVE"};

	renders(f, SESSION_ENDPOINT,
		ENDPOINTS("{\"Other\":\"https://o/\","
			  "\"Spark Connect Server\":\"https://c/\"}"),
		"https://c/\n");
	renders(f, SESSION_ENDPOINT,
		ENDPOINTS("{\"Spark History Server\":\"https://h/\","
			  "\"Bad\":\"javascript:x\","
			  "\"Other\":\"https://o/\"}"),
		"https://o/\n");
	renders(f, SESSION_ENDPOINT,
		ENDPOINTS("{\"Spark History Server\":\"https://h/\"}"), "");
	renders(f, SESSION_ENDPOINT,
		ENDPOINTS("{\"Spark Connect Server\":\"https://c/\\nx\"}"), "");
	renders(f, SESSION_ENDPOINT, ENDPOINTS("[7]"), "");
	for (gsize i = 0; i < G_N_ELEMENTS(over); i++) {
		g_autofree char *body = g_strdup_printf(
			"{\"state\":\"%s\",\"runtimeInfo\":{\"endpoints\":"
			"{\"Spark Connect Server\":\"https://c/\"}}}",
			over[i]);
		renders(f, SESSION_ENDPOINT, body,
			i < G_N_ELEMENTS(over) - 1 ? "" : "https://c/\n");
	}
	renders(f, SESSION_ENDPOINT, "{\"runtimeInfo\":7}", "");
	renders(f, SESSION_ENDPOINT, "{", "");
	renders(f, SESSION_WEBUI,
		"{\"name\":\"" NAME "s\",\"runtimeInfo\":{\"endpoints\":"
		"{\"Spark History Server\":\"https://h/\"}}}",
		"https://h/\n");
	renders(f, SESSION_WEBUI,
		"{\"name\":\"projects/99/locations/us-x1/sessions/s 1\"}",
		"https://console.cloud.google.com/dataproc/interactive/us-x1/"
		"s%201/sparkApplications/applications?project=my-p\n");
	renders(f, SESSION_WEBUI, "{}", "");
	renders(f, SESSION_REASON, "{\"stateMessage\":\"quota\\nover\"}",
		"quota over\n");
	renders(f, SESSION_REASON, "{\"stateMessage\":\"\"}", "");
	renders(f, SESSION_REASON, "{\"stateMessage\":7}", "");
}

/* ---- the instance ---- */

static void the_payer_is_named(ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = plain_keys(f);
	const Call call = provider_soon();

	provider_answer(f, 200, "{}");
	provider_answer(f, 200, "{}");
	g_autoptr(SessionPage) none = provider_list(f, NULL, NULL);
	g_assert_nonnull(none);
	g_autofree char *without = tiny_server_request(f->server, 0);
	g_assert_null(strstr(without, "x-goog-user-project"));
	provider_set_key(keys, "quota_project", "payer");
	g_autoptr(Backend) paid = backend_open(&dataproc_class, keys, NULL);
	g_autoptr(SessionPage) page =
		backend_list_page(paid, "us-x1", NULL, &call, NULL);
	g_assert_nonnull(page);
	provider_saw(
		f->server, 1, "GET ", "\r\nx-goog-user-project: payer\r\n");
}

static void refuses_keys(ProviderFixture *f, const char *name,
	const char *value, const char *say)
{
	g_autoptr(GHashTable) keys = plain_keys(f);
	g_autoptr(GError) error = NULL;

	g_hash_table_remove(keys, name);
	if (value)
		provider_set_key(keys, name, value);
	g_assert_null(backend_open(&dataproc_class, keys, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	if (!strstr(error->message, say))
		g_error("\"%s\" does not say \"%s\"", error->message, say);
}

static void keys_that_make_no_sense_are_refused(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = plain_keys(f);
	g_autoptr(GError) error = NULL;

	refuses_keys(f, "project", NULL, "project = ");
	refuses_keys(f, "region", NULL, "region = ");
	refuses_keys(f, "project", "a/b",
		"project must be a name such as my-project, not \"a/b\"");
	refuses_keys(f, "region", "A B", "region must be a name");
	refuses_keys(f, "quota_project", "x\r\ny: z", "quota_project");
	refuses_keys(f, "endpoint", "http://plain.example", "endpoint");
	provider_set_key(keys, "credentials_file", "/a");
	provider_set_key(keys, "access_token_file", "/b");
	g_assert_null(backend_open(&dataproc_class, keys, &error));
	g_assert_nonnull(strstr(error->message, "cannot be given both"));
}

static void the_environment_names_the_place(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) report = g_string_new(NULL);

	g_setenv("GOOGLE_CLOUD_PROJECT", "env-p", TRUE);
	g_setenv("CLOUDSDK_DATAPROC_REGION", "env-r", TRUE);
	g_assert_true(backend_discover(&dataproc_class));
	g_autoptr(Backend) found = backend_open(&dataproc_class, keys, NULL);
	g_unsetenv("GOOGLE_CLOUD_PROJECT");
	g_unsetenv("CLOUDSDK_DATAPROC_REGION");
	backend_report(found, report);
	g_assert_nonnull(strstr(report->str, "project: env-p\n"));
	g_assert_nonnull(strstr(report->str, "region: env-r\n"));
	g_assert_nonnull(strstr(
		report->str, "endpoint: https://dataproc.googleapis.com"));
	g_assert_null(strstr(report->str, "emulator-token"));
}

static void *call_many(void *data)
{
	ProviderFixture *f = data;

	for (guint i = 0; i < 20; i++) {
		g_autoptr(Session) session = provider_get(f, "s-1", NULL);
		g_assert_cmpstr(session->id, ==, "s-1");
	}
	return NULL;
}

static void many_threads_may_call_at_once(
	ProviderFixture *f, const void *unused)
{
	pthread_t threads[4];
	g_autoptr(GHashTable) keys = plain_keys(f);

	provider_set_key(keys, "calls_per_second", "1000");
	provider_set_key(keys, "burst", "1000");
	backend_close(f->backend);
	f->backend = backend_open(&dataproc_class, keys, NULL);
	tiny_server_rest(
		f->server, (TinyAnswer){.body = "{\"name\":\"" NAME "s-1\"}"});
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_create(&threads[i], NULL, call_many, f);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		pthread_join(threads[i], NULL);
}

#define ADD(path, function)                                                    \
	g_test_add("/dataproc/" path, ProviderFixture, NULL, set_up, function, \
		provider_close)

int main(int argc, char **argv)
{
	static const char *const variables[] = {"GOOGLE_CLOUD_PROJECT",
		"CLOUDSDK_CORE_PROJECT", "CLOUDSDK_DATAPROC_REGION",
		"GOOGLE_CLOUD_REGION", "GOOGLE_CLOUD_QUOTA_PROJECT",
		"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(variables); i++)
		g_unsetenv(variables[i]);
	g_setenv("HOME", "/nonexistent", TRUE);
	g_setenv("NO_GCE_CHECK", "true", TRUE);
	g_setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "emulator-token", TRUE);
	ADD("workspaces", the_region_is_the_workspace);
	ADD("sessions", sessions_keep_the_bytes_they_were_sent_as);
	ADD("pages", pages_are_asked_by_their_token);
	ADD("next", the_next_page_is_announced);
	ADD("hostile", hostile_records_are_left_out);
	ADD("living", the_living_are_listed_alone);
	ADD("no-list", answers_of_other_shapes_make_no_sense);
	ADD("get", one_session_is_asked_by_its_id);
	ADD("states", states_have_phases);
	ADD("create-plan", a_plan_is_what_is_sent);
	ADD("create", a_create_chooses_the_id_from_the_token);
	ADD("create-id", a_spec_may_choose_the_id_and_the_token);
	ADD("create-same", the_same_token_of_a_spec_gives_the_same_id);
	ADD("create-repeat", a_repeated_request_tells_the_first_ones_session);
	ADD("create-done", an_operation_that_failed_already_is_a_refusal);
	ADD("create-lost", a_create_whose_answer_is_lost_may_exist);
	ADD("control", verbs_end_or_delete);
	ADD("refusals", refusals_are_told_apart);
	ADD("throttling", throttling_tells_how_long);
	ADD("throttling-wait", throttling_is_waited_for);
	ADD("failure", a_failure_while_reading_is_the_providers);
	ADD("spec", specs_are_checked_before_anything_is_sent);
	ADD("spec-ttl", lifetimes_are_checked);
	ADD("config", a_config_is_what_new_accepts);
	ADD("render", content_files_are_rendered_or_empty);
	ADD("payer", the_payer_is_named);
	ADD("keys", keys_that_make_no_sense_are_refused);
	ADD("environment", the_environment_names_the_place);
	ADD("threads", many_threads_may_call_at_once);
	ADD("abort", provider_aborts);
	return g_test_run();
}
