#include <string.h>

#include "aws_fixture.h"
#include "backends/base/json.h"
#include "backends/classes.h"

/* Requests are as vectors/emr-serverless-*.json show them. */
#define APP "00f1abcdefgh"
#define ID "00s1abcdefgh"
#define ROLE "arn:aws:iam::123456789012:role/sessionfs/exec+role=1,2@x-y"
#define TOKEN PROVIDER_TOKEN
#define SERVICE "emr-serverless"
#define SESSIONS "/applications/" APP "/sessions"

static void set_up(ProviderFixture *f, const void *unused)
{
	aws_fixture_set_up(f, &emr_serverless_class, APP);
}

static char *describe(ProviderFixture *f, SessionFile file, const char *state,
	gint64 *ret_until_ms, GError **error)
{
	g_autofree char *body = g_strdup_printf("{\"state\":\"%s\"}", state);

	return aws_describe(f, ID, body, file, ret_until_ms, error);
}

/* ---- listing ---- */

static void applications_that_can_have_sessions_are_listed(
	ProviderFixture *f, const void *unused)
{
	static const char query[] =
		"GET /applications?maxResults=50&states=CREATING&"
		"states=CREATED&states=STARTING&states=STARTED&"
		"states=STOPPING&states=STOPPED";
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"applications\":["
		"{\"id\":\"a1\",\"name\":\"x/y\",\"type\":\"Spark\",\"state\":"
		"\"STARTED\",\"releaseLabel\":\"emr-7.13.0\",\"createdAt\":"
		"1773500966.5},"
		"{\"id\":\"a2\",\"type\":\"SPARK\",\"releaseLabel\":"
		"\"emr-8.0.0\"},"
		"{\"id\":\"a3\",\"releaseLabel\":\"emr-spark-8.1\"},"
		"{\"id\":\"a4\",\"releaseLabel\":\"next\"},{\"id\":\"a5\"},"
		"{\"id\":\"b1\",\"releaseLabel\":\"emr-7.12.9\"},"
		"{\"id\":\"b2\",\"releaseLabel\":\"emr-6.15.0\"},"
		"{\"id\":\"b3\",\"releaseLabel\":\"emr-7\"},"
		"{\"id\":\"b4\",\"type\":\"Hive\",\"releaseLabel\":"
		"\"emr-8.0.0\"},"
		"{\"id\":\"b5\",\"state\":\"TERMINATED\"},"
		"{\"name\":\"no id\"},7,{\"id\":[]}],\"nextToken\":\"a_b=\"}");
	provider_answer(f, 200, "{\"applications\":[]}");
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->workspaces->len, ==, 5);
	g_assert_cmpuint(page->skipped, ==, 3);
	const Workspace *one = g_ptr_array_index(page->workspaces, 0);
	g_assert_cmpstr(one->id, ==, "a1");
	g_assert_cmpstr(one->name, ==, "x/y");
	g_assert_cmpint(one->created_ms, ==, 1773500966500);
	for (guint i = 0; i < page->workspaces->len; i++) {
		const Workspace *w = g_ptr_array_index(page->workspaces, i);

		g_assert_cmpint(w->id[0], ==, 'a');
	}
	g_autoptr(WorkspacePage) last =
		backend_list_workspaces(f->backend, page->next, &call, &error);
	g_assert_no_error(error);
	g_assert_null(last->next);
	g_autofree char *second = tiny_server_request(f->server, 1);
	aws_saw(f, 0, query, "", SERVICE);
	g_assert_nonnull(strstr(second, "?maxResults=50&nextToken=a_b%3D&"));
}

static void summaries_are_thin_and_keep_their_bytes(
	ProviderFixture *f, const void *unused)
{
	static const char record[] =
		"{\"applicationId\":\"" APP "\",\"sessionId\":\"" ID "\","
		" \"name\":\"caf\\u00e9\",\"state\":\"BUSY\","
		"\"createdAt\":1773500966.123,\"updatedAt\":1.773501E9,"
		"\"authToken\":\"hush\",\"odd\":1.50}";
	g_autofree char *body = g_strdup_printf(
		"{\"sessions\" : [ %s,{\"sessionId\":\"s2\",\"state\":"
		"\"HIBERNATING\",\"createdAt\":5}],\"nextToken\":\"n=\"}",
		record);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	provider_answer(f, 200, "{\"sessions\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 2);
	g_assert_cmpint(page->total, ==, -1);
	const Session *one = g_ptr_array_index(page->sessions, 0);
	const Session *two = g_ptr_array_index(page->sessions, 1);
	g_assert_cmpstr(one->id, ==, ID);
	g_assert_cmpstr(one->name, ==, "caf\xc3\xa9");
	g_assert_cmpint(one->phase, ==, PHASE_BUSY);
	g_assert_cmpint(one->created_ms, ==, 1773500966123);
	g_assert_cmpint(one->changed_ms, ==, 1773501000000);
	g_assert_true(one->partial);
	g_assert_nonnull(strstr(one->body, "\"authToken\":\"***\""));
	g_assert_nonnull(strstr(one->body, "\"odd\":1.50"));
	g_assert_cmpstr(two->state, ==, "HIBERNATING");
	g_assert_cmpint(two->phase, ==, PHASE_PENDING);
	g_assert_cmpint(two->created_ms, ==, 5000);
	g_assert_cmpint(two->changed_ms, ==, 0);
	g_autoptr(SessionPage) last = provider_list(f, page->next, &error);
	g_assert_no_error(error);
	g_assert_null(last->next);
	aws_saw(f, 0, "GET " SESSIONS "?maxResults=50", "", SERVICE);
	aws_saw(f, 1, "GET " SESSIONS "?maxResults=50&nextToken=n%3D", "",
		SERVICE);
}

static void the_living_are_listed_alone(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"sessions\":[{\"sessionId\":\"" ID
		"\",\"state\":\"BUSY\"}],\"nextToken\":\"n\"}");
	g_autoptr(SessionPage) page =
		backend_list_living(f->backend, APP, NULL, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 1);
	const Session *one = g_ptr_array_index(page->sessions, 0);
	g_assert_true(one->partial);
	g_assert_cmpstr(page->next, ==, "n");
	aws_saw(f, 0,
		"GET " SESSIONS
		"?maxResults=50&states=SUBMITTED&states=STARTING"
		"&states=STARTED&states=IDLE&states=BUSY&states=TERMINATING",
		"", SERVICE);
	g_assert_false(f->backend->class->newest_first);
}

static gboolean is_steady(
	const ProviderFixture *f, const char *held, const char *now)
{
	return backend_is_steady(
		f->backend, held, strlen(held), now, strlen(now));
}

static void what_grows_by_itself_is_no_change(
	ProviderFixture *f, const void *unused)
{
	const char *held = "{\"state\":\"BUSY\",\"updatedAt\":5,\"a\":1,"
			   "\"totalExecutionDurationSeconds\":7}";

	g_assert_true(is_steady(f, held, held));
	g_assert_true(is_steady(f, held,
		"{\"state\":\"BUSY\",\"updatedAt\":5,\"a\":1,"
		"\"totalExecutionDurationSeconds\":8}"));
	g_assert_false(is_steady(f, held,
		"{\"state\":\"BUSY\",\"updatedAt\":6,\"a\":1,"
		"\"totalExecutionDurationSeconds\":8}"));
	g_assert_false(is_steady(f, held,
		"{\"state\":\"BUSY\",\"updatedAt\":5,\"a\":2,"
		"\"totalExecutionDurationSeconds\":8}"));
	g_assert_false(is_steady(f, held,
		"{\"state\":\"BUSY\",\"updatedAt\":5,\"a\":1,"
		"\"totalExecutionDurationSeconds\":7,\"idleSince\":4}"));
	g_assert_false(is_steady(
		f, held, "{\"state\":\"BUSY\",\"updatedAt\":5,\"a\":1}"));
	g_assert_false(is_steady(f, "", held));
	g_assert_false(is_steady(f, held, "{"));
}

static void an_empty_token_is_neither_read_nor_sent(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 200, "{\"sessions\":[],\"nextToken\":\"\"}");
	g_autoptr(SessionPage) page = provider_list(f, "", NULL);

	g_assert_null(page->next);
	aws_saw(f, 0, "GET " SESSIONS "?maxResults=50", "", SERVICE);
}

static void note_next(const char *token, void *data)
{
	g_string_append_printf(data, "[%s]", token);
}

static void the_next_page_is_announced_once(
	ProviderFixture *f, const void *unused)
{
	static const char *const pages[][2] = {
		{"{\"sessions\":[{\"sessionId\":\"s\"}],\"nextToken\":\"a\"}",
			"[a]"},
		{"{\"sessions\":[{\"nextToken\":\"inner\"}]}", ""},
		{"{\"sessions\":[],\"nextToken\":null}", ""},
		{"{\"sessions\":[],\"nextToken\":{}}", ""},
		{"{\"sessions\":7,\"nextToken\":\"x\"}", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
		g_autoptr(GString) told = g_string_new(NULL);
		Call call = provider_soon();

		call.next = note_next;
		call.next_data = told;
		provider_answer(f, 200, pages[i][0]);
		g_autoptr(SessionPage) page =
			backend_list_page(f->backend, APP, NULL, &call, NULL);
		g_assert_cmpstr(told->str, ==, pages[i][1]);
		g_assert_true(!page || !page->next == !*pages[i][1]);
	}
}

static void hostile_records_are_left_out(ProviderFixture *f, const void *unused)
{
	g_autofree char *long_id = g_strnfill(SESSION_ID_MAX + 1, 'x');
	g_autofree char *padding = g_strnfill(SESSION_BODY_MAX, 'x');
	g_autofree char *body = g_strdup_printf(
		"{\"sessions\":[7,null,\"x\",[],{},{\"sessionId\":\"\"},"
		"{\"sessionId\":{}},{\"sessionId\":\"%s\"},"
		"{\"sessionId\":\"big\",\"extra\":\"%s\"},"
		"{\"sessionId\":\"../..\",\"name\":{},\"state\":\"a\\nb\"},"
		"{\"sessionId\":\"plain\",\"state\":null,\"createdAt\":-1,"
		"\"updatedAt\":1e300}]}",
		long_id, padding);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 3);
	g_assert_cmpuint(page->skipped, ==, 8);
	g_assert_cmpuint(page->trimmed, ==, 1);
	const Session *dots = g_ptr_array_index(page->sessions, 1);
	const Session *plain = g_ptr_array_index(page->sessions, 2);
	g_assert_cmpstr(dots->id, ==, "../..");
	g_assert_cmpstr(dots->name, ==, "");
	g_assert_cmpstr(dots->state, ==, "a?b");
	g_assert_cmpstr(plain->state, ==, "UNKNOWN");
	g_assert_cmpint(plain->phase, ==, PHASE_PENDING);
	g_assert_cmpint(plain->changed_ms, ==, 0);
}

static void answers_without_a_list_make_no_sense(
	ProviderFixture *f, const void *unused)
{
	provider_makes_no_sense(f, "[]");
	provider_makes_no_sense(f, "{\"sessions\":{}}");
	provider_makes_no_sense(f, "{\"message\":\"no\"}");
	provider_makes_no_sense(f, "{\"sessions\":[],\"nextToken\":7}");
	provider_makes_no_sense(f, "{\"sessions\":[],\"nextToken\":[]}");
}

static void one_session_is_asked_whole(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"session\":{\"sessionId\":\"" ID "\",\"state\":\"IDLE\"}}");
	g_autoptr(Session) session =
		backend_get(f->backend, APP, ID, &call, &error);
	g_assert_no_error(error);
	g_assert_false(session->partial);
	g_assert_cmpstr(session->body, ==,
		"{\"sessionId\":\"" ID "\",\"state\":\"IDLE\"}");
	aws_saw(f, 0, "GET " SESSIONS "/" ID, "", SERVICE);
}

/* A summary tells neither since when a session is idle nor that it is not. */
static void what_held_for_another_state_is_not_kept(
	ProviderFixture *f, const void *unused)
{
	static const char whole[] =
		"{\"sessionId\":\"s\",\"state\":\"IDLE\",\"updatedAt\":7,"
		"\"idleSince\":6,\"totalExecutionDurationSeconds\":9,"
		"\"idleTimeoutMinutes\":5,\"startedAt\":1}";
	static const char *const rows[][2] = {
		{"{\"sessionId\":\"s\",\"state\":\"IDLE\",\"updatedAt\":7}",
			whole},
		{"{\"sessionId\":\"s\",\"state\":\"BUSY\",\"updatedAt\":7}",
			"{\"sessionId\":\"s\",\"state\":\"BUSY\","
			"\"updatedAt\":7,\"idleTimeoutMinutes\":5,"
			"\"startedAt\":1}"},
		{"{\"sessionId\":\"s\",\"state\":\"IDLE\",\"updatedAt\":8,"
		 "\"idleSince\":8}",
			"{\"sessionId\":\"s\",\"state\":\"IDLE\","
			"\"updatedAt\":8,\"idleTimeoutMinutes\":5,"
			"\"startedAt\":1,\"idleSince\":8}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		gsize len = 0;
		g_autofree char *all = backend_renew(f->backend, whole,
			strlen(whole), rows[i][0], strlen(rows[i][0]), &len);

		g_assert_cmpstr(all, ==, rows[i][1]);
		g_assert_cmpuint(len, ==, strlen(all));
	}
}

static void an_odd_id_is_encoded_once_and_signed_twice(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();

	provider_answer(f, 200, "{\"session\":{\"sessionId\":\"a/b %\"}}");
	g_autoptr(Session) session =
		backend_get(f->backend, "x y", "a/b %", &call, NULL);
	g_assert_nonnull(session);
	aws_saw(f, 0, "GET /applications/x%20y/sessions/a%2Fb%20%25", "",
		SERVICE);
}

/* ---- creating and steering ---- */

static void a_create_sends_the_spec_and_a_token(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"applicationId\":\"" APP "\",\"sessionId\":\"" ID "\"}");
	g_autofree char *id = provider_create(f,
		"{\"executionRoleArn\":\"" ROLE "\",\"applicationId\":\"" APP
		"\"}",
		&error);
	g_autofree char *type =
		provider_sent_header(f->server, 0, "content-type");
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, ID);
	g_assert_cmpstr(type, ==, "application/json");
	aws_saw(f, 0, "POST " SESSIONS,
		"{\"executionRoleArn\":\"" ROLE "\",\"clientToken\":\"" TOKEN
		"\"}",
		SERVICE);
}

static void a_token_of_the_spec_wins(ProviderFixture *f, const void *unused)
{
	provider_answer(f, 200, "{\"sessionId\":\"s\"}");
	g_autofree char *id = provider_create(f,
		"{\"executionRoleArn\":\"" ROLE
		"\",\"clientToken\":\"tok-0001\"}",
		NULL);

	g_assert_cmpstr(id, ==, "s");
	aws_saw(f, 0, "POST " SESSIONS,
		"{\"executionRoleArn\":\"" ROLE
		"\",\"clientToken\":\"tok-0001\"}",
		SERVICE);
}

static void a_plan_is_what_is_sent(ProviderFixture *f, const void *unused)
{
	static const char own[] = "{\"clientToken\":\"mine\"}";
	g_autoptr(CreatePlan) plan = provider_plan_sent(f,
		"{\"executionRoleArn\":\"" ROLE "\",\"name\":\"n\"}",
		"{\"sessionId\":\"s\"}");
	g_autofree char *token =
		backend_spec_token(f->backend, own, strlen(own));

	g_assert_cmpstr(plan->name, ==, "n");
	g_assert_cmpstr(plan->id, ==, "");
	g_assert_true(plan->repeatable);
	g_assert_false(plan->unique);
	g_assert_cmpstr(token, ==, "mine");
}

static void a_lost_answer_is_asked_for_again(
	ProviderFixture *f, const void *unused)
{
	g_autofree char *first = NULL, *again = NULL;

	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CUT});
	provider_answer(f, 200, "{\"sessionId\":\"s\"}");
	g_autofree char *id = provider_create(f, "{\"name\":\"n\"}", NULL);
	g_assert_cmpstr(id, ==, "s");
	g_strfreev(provider_sent(f->server, 0, &first));
	g_strfreev(provider_sent(f->server, 1, &again));
	g_assert_cmpstr(first, ==, again);
}

static void a_create_without_a_clear_answer_may_exist(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *body;
	} rows[] = {{500, "{}"}, {200, "{}"}, {200, "not json"},
		{200, "{\"sessionId\":[7]}"}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, rows[i].status, rows[i].body);
		g_assert_null(provider_create(f, "{}", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
		g_assert_nonnull(strstr(error->message, "may exist"));
	}
}

static void a_refused_create_does_not_exist(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	tiny_server_answer(f->server, 402,
		"x-amzn-errortype: ServiceQuotaExceededException:http://x/\r\n"
		"x-amzn-requestid: r-9\r\n",
		"{\"message\":\"25 sessions\"}");
	g_assert_null(provider_create(f, "{}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_QUOTA);
	g_assert_cmpstr(backend_error_detail(error)->request_id, ==, "r-9");
	g_assert_null(strstr(error->message, "may exist"));
}

static void terminate_deletes(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{}");
	g_assert_true(backend_control(
		f->backend, APP, ID, NULL, "terminate", &call, &error));
	g_assert_no_error(error);
	aws_saw(f, 0, "DELETE " SESSIONS "/" ID, "", SERVICE);
}

static void an_application_is_started_and_stopped(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();

	provider_answer(f, 200, "");
	provider_answer(f, 200, "{}");
	g_assert_true(backend_control_workspace(
		f->backend, APP, "start", &call, NULL));
	g_assert_true(backend_control_workspace(
		f->backend, APP, "stop", &call, NULL));
	g_autofree char *type =
		provider_sent_header(f->server, 0, "content-type");
	g_autofree char *length =
		provider_sent_header(f->server, 0, "content-length");
	g_assert_null(type);
	g_assert_cmpstr(length, ==, "0");
	aws_saw(f, 0, "POST /applications/" APP "/start", "", SERVICE);
	aws_saw(f, 1, "POST /applications/" APP "/stop", "", SERVICE);
}

static void a_wrong_clock_is_repaired(ProviderFixture *f, const void *unused)
{
	tiny_server_answer(f->server, 403,
		"date: Sun, 06 Nov 2044 08:49:37 GMT\r\n"
		"x-amzn-errortype: InvalidSignatureException\r\n",
		"{\"message\":\"Signature expired\"}");
	provider_answer(f, 200, "{\"sessions\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	g_autofree char *date =
		provider_sent_header(f->server, 1, "x-amz-date");

	g_assert_nonnull(page);
	g_assert_true(g_str_has_prefix(date, "20441106T08"));
	aws_saw(f, 1, "GET " SESSIONS "?maxResults=50", "", SERVICE);
}

static void throttling_waits_as_it_is_told(
	ProviderFixture *f, const void *unused)
{
	gint64 begun_us = g_get_monotonic_time();

	tiny_server_answer(f->server, 400,
		"x-amzn-errortype: ThrottlingException\r\n"
		"x-amz-retry-after: 300\r\n",
		"{\"message\":\"Rate exceeded\"}");
	provider_answer(f, 200, "{\"sessions\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);

	g_assert_nonnull(page);
	g_assert_cmpint(g_get_monotonic_time() - begun_us, >=, 300000);
}

/* ---- described files ---- */

static void the_endpoint_is_what_a_client_is_given(
	ProviderFixture *f, const void *unused)
{
	gint64 now_s = g_get_real_time() / G_USEC_PER_SEC, until_ms = -1;
	gint64 expires_s = now_s + 3600;
	g_autofree char *body = g_strdup_printf(
		"{\"endpoint\":\"https://h.s.example\",\"authToken\":\"t/+=\","
		"\"authTokenExpiresAt\":%" G_GINT64_FORMAT ".0}",
		expires_s);
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(expires_s);
	g_autofree char *time = g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *wanted = g_strconcat(
		"sc://h.s.example:443/;use_ssl=true;x-aws-proxy-auth="
		"t%2F%2B%3D\nendpoint: https://h.s.example\nexpires: ",
		time, "\n", NULL);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autofree char *text =
		describe(f, SESSION_ENDPOINT, "IDLE", &until_ms, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, wanted);
	g_assert_cmpint(until_ms, ==, (expires_s - 60) * 1000);
	aws_saw(f, 0, "GET " SESSIONS "/" ID "/endpoint", "", SERVICE);
}

static void a_session_that_is_not_up_has_no_endpoint_and_costs_no_call(
	ProviderFixture *f, const void *unused)
{
	static const char *const states[] = {
		"SUBMITTED", "STARTING", "TERMINATING", "TERMINATED", "failed"};

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		gint64 until_ms = -1;
		g_autofree char *text = describe(
			f, SESSION_ENDPOINT, states[i], &until_ms, NULL);

		g_assert_cmpstr(text, ==, "");
		g_assert_cmpint(until_ms, ==, 0);
	}
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_state_that_is_unknown_may_have_one(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = 0;

	provider_answer(f, 200, "{\"endpoint\":\"https://h\"}");
	g_autofree char *text =
		describe(f, SESSION_ENDPOINT, "PAUSED", &until_ms, NULL);
	g_assert_true(g_str_has_prefix(text, "sc://h:443/;use_ssl=true\n"));
	g_assert_cmpint(until_ms, >, g_get_real_time() / 1000);
}

static void endpoints_that_are_none_make_no_sense(
	ProviderFixture *f, const void *unused)
{
	static const char *const urls[] = {"null", "7", "\"\"", "\"https://\"",
		"\"https://a@b\"", "\"https://a\\nb\"", "\"https://a b\"",
		"\"\\u0000\"", "\"https://;x\"", "{}"};

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autofree char *body =
			g_strdup_printf("{\"endpoint\":%s}", urls[i]);
		gint64 until_ms = 7;
		g_autoptr(GError) error = NULL;

		provider_answer(f, 200, body);
		g_assert_null(describe(
			f, SESSION_ENDPOINT, "IDLE", &until_ms, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
		g_assert_cmpint(until_ms, ==, 7);
	}
}

static void the_dashboard_is_kept_for_less_than_its_hour(
	ProviderFixture *f, const void *unused)
{
	gint64 now_ms = g_get_real_time() / 1000, until_ms = 0;

	provider_answer(f, 200, "{\"url\":\"https://ui.example/?token=x\"}");
	g_autofree char *text =
		describe(f, SESSION_WEBUI, "TERMINATED", &until_ms, NULL);
	g_assert_cmpstr(text, ==, "https://ui.example/?token=x\n");
	g_assert_cmpint(until_ms, >=, now_ms + 50 * 60 * 1000);
	g_assert_cmpint(until_ms, <, now_ms + 60 * 60 * 1000);
	aws_saw(f, 0,
		"GET /applications/" APP "/dashboard?resourceId=" ID
		"&resourceType=SESSION",
		"", SERVICE);
}

static void a_dashboard_that_is_not_there_is_asked_again_soon(
	ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {"{}", "{\"url\":null}",
		"{\"url\":\"javascript:x\"}", "{\"url\":\"https://a\\nb\"}"};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		gint64 now_ms = g_get_real_time() / 1000, until_ms = 0;

		provider_answer(f, 200, bodies[i]);
		g_autofree char *text =
			describe(f, SESSION_WEBUI, "IDLE", &until_ms, NULL);
		g_assert_cmpstr(text, ==, "");
		g_assert_cmpint(until_ms, >, now_ms);
		g_assert_cmpint(until_ms, <, now_ms + 60 * 1000);
	}
}

static void a_refused_description_is_an_error(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = 0;
	g_autoptr(GError) error = NULL;

	provider_answer(f, 403, "{\"__type\":\"AccessDeniedException\"}");
	g_assert_null(describe(f, SESSION_ENDPOINT, "IDLE", &until_ms, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_DENIED);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

/* ---- specs and content ---- */

static char *with_role(const char *more)
{
	return g_strdup_printf("{\"executionRoleArn\":\"" ROLE "\"%s}", more);
}

static void specs_that_are_right_pass(ProviderFixture *f, const void *unused)
{
	static const char *const more[] = {
		"",
		",\"name\":\"caf\xc3\xa9\"",
		",\"idleTimeoutMinutes\":0",
		",\"applicationId\":\"" APP "\"",
		",\"clientToken\":\"sessionfs.1773500966-0_A\"",
		",\"tags\":{\"team\":\"data\",\"k:/_.=+@-\":\"\"}",
		",\"configurationOverrides\":{\"runtimeConfiguration\":["
		"{\"classification\":\"a\",\"configurations\":[{"
		"\"classification\":\"b\",\"configurations\":[{"
		"\"classification\":\"c\",\"configurations\":[{"
		"\"classification\":\"d\",\"properties\":{\"k\":\"v\"}}]}]}]}"
		"]}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(more); i++) {
		g_autofree char *spec = with_role(more[i]);
		g_autoptr(GError) error = provider_check(f, spec);

		g_assert_no_error(error);
	}
}

static void specs_that_are_wrong_cost_nothing(
	ProviderFixture *f, const void *unused)
{
	static const char *const rows[][2] = {
		{",\"executionRole\":\"x\"", "did you mean executionRoleArn"},
		{",\"name\":\"\"", "name"},
		{",\"name\":\" \\t\"", "blank"},
		{",\"idleTimeoutMinutes\":1000001", "idleTimeoutMinutes"},
		{",\"idleTimeoutMinutes\":1.5", "whole"},
		{",\"applicationId\":\"other\"", "must be " APP " here"},
		{",\"clientToken\":\"a b\"", "clientToken must be made of"},
		{",\"clientToken\":\"\"", "clientToken"},
		{",\"tags\":{\"a\":7}", "tags.a must be a string"},
		{",\"tags\":{\"\":\"x\"}", "1 to 128"},
		{",\"tags\":{\"aws:x\":\"x\"}", "aws:"},
		{",\"tags\":{\"a\":\"\xc3\xa9\"}", "a tag's value must"},
		{",\"tags\":{\"a*\":\"x\"}", "a tag's key must"},
		{",\"configurationOverrides\":{\"runtimeConfiguration\":[{}]}",
			"runtimeConfiguration[0].classification is missing"},
		{",\"configurationOverrides\":{\"runtimeConfiguration\":[{"
		 "\"classification\":\"a\",\"configurations\":[{"
		 "\"classification\":\"b\",\"propertie\":{}}]}]}",
			"configurations[0].propertie is not a member"},
	};
	g_autoptr(GError) none = provider_check(f, "{}");

	g_assert_nonnull(strstr(none->message, "executionRoleArn is missing"));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *spec = with_role(rows[i][0]);
		g_autoptr(GError) error = provider_check(f, spec);

		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
		if (!strstr(error->message, rows[i][1]))
			g_error("no \"%s\": %s", rows[i][1], error->message);
	}
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_role_is_known_by_its_arn(ProviderFixture *f, const void *unused)
{
	static const char *const wrong[] = {"role-name-without-an-arn",
		"arn:aws:iam::123456789012:user/somebody",
		"arn:aws:iam::12345678901:role/short-account",
		"arn:aws:s3:::bucket-with-a-long-name",
		"arn:aws:iam:eu-west-1:123456789012:role/x",
		"arn:aws:iam::123456789012:role/",
		"arn:aws:iam::123456789012:role/a b"};
	static const char *const right[] = {
		"arn:aws-cn:iam::123456789012:role/x",
		"arn:aws-us-gov:iam::123456789012:role/path/x"};

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *spec = g_strdup_printf(
			"{\"executionRoleArn\":\"%s\"}", wrong[i]);
		g_autoptr(GError) error = provider_check(f, spec);

		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, "role's ARN"));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(right); i++) {
		g_autofree char *spec = g_strdup_printf(
			"{\"executionRoleArn\":\"%s\"}", right[i]);
		g_autoptr(GError) error = provider_check(f, spec);

		g_assert_no_error(error);
	}
}

static void too_many_tags_and_properties_are_refused(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) tags = g_string_new(",\"tags\":{\"t\":\"\"");
	g_autoptr(GString) properties = g_string_new(
		",\"configurationOverrides\":{\"runtimeConfiguration\":[{"
		"\"classification\":\"a\",\"configurations\":[{"
		"\"classification\":\"b\",\"properties\":{\"p\":\"\"");

	for (guint i = 0; i < 200; i++) {
		g_string_append_printf(tags, ",\"t%u\":\"\"", i);
		g_string_append_printf(properties, ",\"p%u\":\"\"", i);
	}
	g_string_append(tags, "}");
	g_string_append(properties, "}}]}]}");
	g_autofree char *a = with_role(tags->str);
	g_autofree char *b = with_role(properties->str);
	g_autoptr(GError) many_tags = provider_check(f, a);
	g_autoptr(GError) many_properties = provider_check(f, b);
	g_assert_cmpstr(many_tags->message, ==,
		"tags must have at most 200 entries, not 201");
	g_assert_cmpstr(many_properties->message, ==,
		"properties must have at most 100 entries, not 201");
}

static void properties_have_a_length(ProviderFixture *f, const void *unused)
{
	static const struct {
		guint name, value;
		gboolean right;
	} rows[] = {{1, 0, TRUE}, {1024, 1024, TRUE}, {0, 1, FALSE},
		{1025, 1, FALSE}, {1, 1025, FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = g_strnfill(rows[i].name, 'n');
		g_autofree char *value = g_strnfill(rows[i].value, 'v');
		g_autofree char *more = g_strdup_printf(
			",\"configurationOverrides\":{\"runtimeConfiguration\":"
			"[{\"classification\":\"a\",\"properties\":"
			"{\"%s\":\"%s\"}}]}",
			name, value);
		g_autofree char *spec = with_role(more);
		g_autoptr(GError) error = provider_check(f, spec);

		g_assert_true((error == NULL) == rows[i].right);
		if (error)
			g_assert_nonnull(strstr(
				error->message, "properties must have names"));
	}
}

static void a_config_is_what_new_accepts(ProviderFixture *f, const void *unused)
{
	g_autofree char *config = provider_render(f, SESSION_CONFIG,
		"{\"applicationId\":\"other\",\"sessionId\":\"" ID "\","
		"\"executionRoleArn\":\"" ROLE "\",\"name\":null,"
		"\"state\":\"IDLE\",\"createdAt\":1.5,\"clientToken\":\"x\","
		"\"idleTimeoutMinutes\":60,\"tags\":{\"aws:cf\":\"x\","
		"\"team\":\"t\"},\"configurationOverrides\":{"
		"\"runtimeConfiguration\":[{\"classification\":\"a\","
		"\"properties\":{\"k\":\"v\"},\"configurations\":[{"
		"\"classification\":\"b\"}],\"new\":1},{\"broken\":1}]}}");
	g_autoptr(GError) error = provider_check(f, config);
	g_autoptr(Json) parsed = json_parse(config, strlen(config), NULL);
	g_autofree char *compact = json_print(parsed, FALSE);

	g_assert_no_error(error);
	g_assert_cmpstr(compact, ==,
		"{\"executionRoleArn\":\"" ROLE "\",\"idleTimeoutMinutes\":60,"
		"\"configurationOverrides\":{\"runtimeConfiguration\":[{"
		"\"classification\":\"a\",\"properties\":{\"k\":\"v\"},"
		"\"configurations\":[{\"classification\":\"b\"}]}]},"
		"\"tags\":{\"team\":\"t\"}}");
}

static void the_reason_is_one_line(ProviderFixture *f, const void *unused)
{
	static const char *const rows[][2] = {
		{"{\"stateDetails\":\"a\\nb\"}", "a b\n"},
		{"{\"stateDetails\":\"\"}", ""}, {"{\"stateDetails\":7}", ""},
		{"{}", ""}, {"[]", ""}, {"{bad", ""}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			provider_render(f, SESSION_REASON, rows[i][0]);

		g_assert_cmpstr(text, ==, rows[i][1]);
	}
}

/* ---- opening ---- */

static Backend *open_with(const char *name, const char *value, GError **error)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	if (name)
		g_hash_table_insert(keys, (char *)name, (char *)value);
	return backend_open(&emr_serverless_class, keys, error);
}

static void the_region_is_needed_and_checked(void)
{
	static const char *const wrong[] = {"", "Eu", "a/b", "x.evil", "a b"};
	g_autoptr(GString) report = g_string_new(NULL);
	g_autoptr(GError) none = NULL;

	g_assert_null(open_with(NULL, NULL, &none));
	g_assert_error(none, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_assert_nonnull(strstr(none->message, "region = "));
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(open_with("region", wrong[i], &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	}
	g_autoptr(Backend) cn = open_with("region", "cn-north-1", NULL);
	backend_report(cn, report);
	g_assert_nonnull(strstr(report->str, "region: cn-north-1\n"));
	g_assert_nonnull(strstr(report->str,
		"endpoint: "
		"https://emr-serverless.cn-north-1.amazonaws.com.cn"));
	g_assert_null(strstr(report->str, "not-a-secret"));
}

static void hosts_follow_the_keys(void)
{
	static const struct {
		const char *key, *value, *host;
	} rows[] = {
		{"fips", "yes", "//emr-serverless-fips.eu-west-1.amazonaws"},
		{"dual_stack", "on", "//emr-serverless.eu-west-1.api.aws"},
		{"fips", "false", "//emr-serverless.eu-west-1.amazonaws.com"},
		{"endpoint", "http://127.0.0.1:1", "//127.0.0.1:1"},
	};
	g_autoptr(GError) wrong = NULL;

	g_setenv("AWS_REGION", "eu-west-1", TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) report = g_string_new(NULL);
		g_autoptr(Backend) backend =
			open_with(rows[i].key, rows[i].value, NULL);

		backend_report(backend, report);
		if (!strstr(report->str, rows[i].host))
			g_error("no %s: %s", rows[i].host, report->str);
	}
	g_assert_null(open_with("fips", "maybe", &wrong));
	g_assert_error(wrong, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_unsetenv("AWS_REGION");
}

#define ADD(path, function)                                                    \
	g_test_add("/emr-serverless/" path, ProviderFixture, NULL, set_up,     \
		function, provider_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	aws_fixture_environment();
	ADD("applications", applications_that_can_have_sessions_are_listed);
	ADD("sessions", summaries_are_thin_and_keep_their_bytes);
	ADD("empty-token", an_empty_token_is_neither_read_nor_sent);
	ADD("next", the_next_page_is_announced_once);
	ADD("hostile", hostile_records_are_left_out);
	ADD("living", the_living_are_listed_alone);
	ADD("growth", what_grows_by_itself_is_no_change);
	ADD("no-list", answers_without_a_list_make_no_sense);
	ADD("get", one_session_is_asked_whole);
	ADD("fleeting", what_held_for_another_state_is_not_kept);
	ADD("odd-id", an_odd_id_is_encoded_once_and_signed_twice);
	ADD("create-plan", a_plan_is_what_is_sent);
	ADD("create-again", a_lost_answer_is_asked_for_again);
	ADD("create", a_create_sends_the_spec_and_a_token);
	ADD("create-token", a_token_of_the_spec_wins);
	ADD("create-lost", a_create_without_a_clear_answer_may_exist);
	ADD("create-refused", a_refused_create_does_not_exist);
	ADD("terminate", terminate_deletes);
	ADD("application", an_application_is_started_and_stopped);
	ADD("clock", a_wrong_clock_is_repaired);
	ADD("throttling", throttling_waits_as_it_is_told);
	ADD("endpoint", the_endpoint_is_what_a_client_is_given);
	ADD("endpoint-not-up",
		a_session_that_is_not_up_has_no_endpoint_and_costs_no_call);
	ADD("endpoint-unknown", a_state_that_is_unknown_may_have_one);
	ADD("endpoint-odd", endpoints_that_are_none_make_no_sense);
	ADD("webui", the_dashboard_is_kept_for_less_than_its_hour);
	ADD("webui-none", a_dashboard_that_is_not_there_is_asked_again_soon);
	ADD("describe-refused", a_refused_description_is_an_error);
	ADD("spec", specs_that_are_right_pass);
	ADD("spec-wrong", specs_that_are_wrong_cost_nothing);
	ADD("role", a_role_is_known_by_its_arn);
	ADD("many", too_many_tags_and_properties_are_refused);
	ADD("lengths", properties_have_a_length);
	ADD("config", a_config_is_what_new_accepts);
	ADD("reason", the_reason_is_one_line);
	g_test_add_func(
		"/emr-serverless/region", the_region_is_needed_and_checked);
	g_test_add_func("/emr-serverless/hosts", hosts_follow_the_keys);
	return g_test_run();
}
