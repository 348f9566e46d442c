#include <string.h>

#include "backends/base/json.h"
#include "backends/classes.h"
#include "provider_fixture.h"

#define SPEC                                                                   \
	"{\"name\":\"n\",\"kind\":\"SQL\",\"workspaceId\":\"w-1\","            \
	"\"regionId\":\"cn-test\"}"
#define TOKEN PROVIDER_TOKEN

static void set_up(ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	provider_set_key(keys, "region", "cn-test");
	provider_open(f, &alibaba_class, keys, "w-1");
}

static char *create(ProviderFixture *f, GError **error)
{
	return provider_create(f, SPEC, error);
}

/* The nth request begins with that line and holds that text. */
static void saw(ProviderFixture *f, guint n, const char *line, const char *text)
{
	g_autofree char *request = tiny_server_request(f->server, n);
	g_autofree char *lower = g_ascii_strdown(request, -1);
	g_autofree char *wanted = text ? g_ascii_strdown(text, -1) : NULL;

	if (!g_str_has_prefix(request, line))
		g_error("not \"%s\": %s", line, request);
	if (wanted && !strstr(lower, wanted))
		g_error("no \"%s\": %s", text, request);
}

/* ---- listing ---- */

static void workspaces_are_read_page_by_page(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"workspaces\":[{\"workspaceId\":\"w-1\","
		"\"workspaceName\":\"one\",\"createTime\":1684115879955},"
		"{\"workspaceName\":\"no id\"},7,{\"workspaceId\":[]},"
		"{\"workspaceId\":\"w-2\"}],\"nextToken\":\"a b\"}");
	provider_answer(f, 200, "{\"workspaces\":[],\"nextToken\":\"\"}");
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->workspaces->len, ==, 2);
	g_assert_cmpuint(page->skipped, ==, 3);
	const Workspace *one = g_ptr_array_index(page->workspaces, 0);
	const Workspace *two = g_ptr_array_index(page->workspaces, 1);
	g_assert_cmpstr(one->id, ==, "w-1");
	g_assert_cmpstr(one->name, ==, "one");
	g_assert_cmpint(one->created_ms, ==, 1684115879955);
	g_assert_cmpstr(two->id, ==, "w-2");
	g_assert_cmpstr(two->name, ==, "");
	g_autoptr(WorkspacePage) last =
		backend_list_workspaces(f->backend, page->next, &call, &error);
	g_assert_no_error(error);
	g_assert_null(last->next);
	saw(f, 0, "GET /api/v1/workspaces?regionId=cn-test&maxResults=100 ",
		"x-acs-action: ListWorkspaces");
	saw(f, 1,
		"GET /api/v1/workspaces?regionId=cn-test&nextToken=a%20b&"
		"maxResults=100 ",
		"x-acs-version: 2023-08-08");
}

static void sessions_keep_the_bytes_they_were_sent_as(
	ProviderFixture *f, const void *unused)
{
	static const char body[] =
		"{ \"requestId\":\"r\", \"sessionClusters\" : [\n"
		"{\"sessionClusterId\":\"sc-1\", \"name\":\"a\\u00e4\","
		" \"state\":\"RUNNING\",\"gmtCreate\":1684115879000,"
		"\"startTime\":1684115880000,"
		"\"connectionToken\":\"hush\",  \"odd\":1.50},\n"
		"{\"sessionClusterId\":\"w-2\",\"state\":\"Hibernating\","
		"\"gmtCreate\":\"1684115881000\",\"startTime\":0}],"
		"\"nextToken\":\"2\",\"totalCount\":17}";
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 2);
	g_assert_cmpint(page->total, ==, 17);
	g_assert_cmpstr(page->next, ==, "2");
	const Session *one = g_ptr_array_index(page->sessions, 0);
	const Session *two = g_ptr_array_index(page->sessions, 1);
	g_assert_cmpstr(one->id, ==, "sc-1");
	g_assert_cmpstr(one->name, ==, "a\xc3\xa4");
	g_assert_cmpstr(one->state, ==, "RUNNING");
	g_assert_cmpint(one->phase, ==, PHASE_IDLE);
	g_assert_cmpint(one->created_ms, ==, 1684115879000);
	g_assert_cmpint(one->changed_ms, ==, 1684115880000);
	g_assert_cmpstr(one->body, ==,
		"{\"sessionClusterId\":\"sc-1\", \"name\":\"a\\u00e4\","
		" \"state\":\"RUNNING\",\"gmtCreate\":1684115879000,"
		"\"startTime\":1684115880000,"
		"\"connectionToken\":\"***\",  \"odd\":1.50}");
	g_assert_cmpuint(one->body_len, ==, strlen(one->body));
	g_assert_cmpstr(two->id, ==, "w-2");
	g_assert_cmpstr(two->state, ==, "Hibernating");
	g_assert_cmpint(two->phase, ==, PHASE_PENDING);
	g_assert_cmpint(two->created_ms, ==, 1684115881000);
	g_assert_cmpint(two->changed_ms, ==, 0);
	saw(f, 0,
		"GET /api/v1/workspaces/w-1/sessionClusters?regionId=cn-test&"
		"maxResults=100 ",
		"x-acs-action: ListSessionClusters");
}

static void note_next(const char *token, void *data)
{
	g_string_append_printf(data, "[%s]", token);
}

static void the_next_page_is_announced_once(
	ProviderFixture *f, const void *unused)
{
	static const char *const pages[][2] = {
		{"{\"sessionClusters\":[{\"sessionClusterId\":\"s\"}],"
		 "\"nextToken\":\"a\\u0062\"}",
			"[ab]"},
		{"{\"nextToken\":7,\"sessionClusters\":[]}", "[7]"},
		{"{\"sessionClusters\":[{\"nextToken\":\"inner\"}]}", ""},
		{"{\"sessionClusters\":[],\"nextToken\":\"\"}", ""},
		{"{\"sessionClusters\":[],\"nextToken\":null}", ""},
		{"{\"sessionClusters\":[],\"nextToken\":{}}", ""},
		{"{\"sessionClusters\":7,\"nextToken\":\"x\"}", ""},
		{"{\"success\":false,\"sessionClusters\":[],"
		 "\"nextToken\":\"x\"}",
			""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
		g_autoptr(GString) told = g_string_new(NULL);
		g_autofree char *same = NULL;
		Call call = provider_soon();

		call.next = note_next;
		call.next_data = told;
		provider_answer(f, 200, pages[i][0]);
		g_autoptr(SessionPage) page =
			backend_list_page(f->backend, "w-1", NULL, &call, NULL);
		g_assert_cmpstr(told->str, ==, pages[i][1]);
		if (page && page->next)
			same = g_strdup_printf("[%s]", page->next);
		if (page)
			g_assert_cmpstr(same ? same : "", ==, pages[i][1]);
	}
}

static void hostile_records_are_left_out(ProviderFixture *f, const void *unused)
{
	g_autofree char *long_id = g_strnfill(SESSION_ID_MAX + 1, 'x');
	g_autofree char *padding = g_strnfill(SESSION_BODY_MAX, 'x');
	g_autofree char *body = g_strdup_printf(
		"{\"sessionClusters\":[7,null,\"x\",[],{},"
		"{\"sessionClusterId\":\"\"},{\"sessionClusterId\":5},"
		"{\"sessionClusterId\":\"%s\"},"
		"{\"sessionClusterId\":\"big\",\"extra\":\"%s\"},"
		"{\"sessionClusterId\":\"../..\",\"name\":{},"
		"\"state\":\"a\\nb\\u001b\"},"
		"{\"sessionClusterId\":\"plain\",\"state\":null}]}",
		long_id, padding);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 4);
	g_assert_cmpuint(page->skipped, ==, 7);
	g_assert_cmpuint(page->trimmed, ==, 1);
	const Session *dots = g_ptr_array_index(page->sessions, 2);
	const Session *plain = g_ptr_array_index(page->sessions, 3);
	g_assert_cmpstr(dots->id, ==, "../..");
	g_assert_cmpstr(dots->name, ==, "");
	g_assert_cmpstr(dots->state, ==, "a?b?");
	g_assert_cmpstr(plain->state, ==, "Unknown");
	g_assert_cmpint(plain->phase, ==, PHASE_PENDING);
}

static void an_empty_page_with_a_token_is_passed_on(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 200, "{\"sessionClusters\":[],\"nextToken\":7}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);

	g_assert_cmpuint(page->sessions->len, ==, 0);
	g_assert_cmpstr(page->next, ==, "7");
	g_assert_cmpint(page->total, ==, -1);
}

static void answers_without_a_list_make_no_sense(
	ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {
		"{\"sessionClusters\":{}}",
		"{\"message\":\"no\"}",
		"{\"sessionClusters\":[],\"nextToken\":{}}",
		"{\"sessionClusters\":[],\"nextToken\":true}",
		"[]",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++)
		provider_makes_no_sense(f, bodies[i]);
}

static void the_last_of_two_lists_counts_for_ids_and_bytes(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 200,
		"{\"sessionClusters\":[{\"sessionClusterId\":\"a\"}],"
		"\"sessionClusters\":[{\"sessionClusterId\":\"b\"}]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	const Session *session = g_ptr_array_index(page->sessions, 0);

	g_assert_cmpstr(session->id, ==, "b");
	g_assert_cmpstr(session->body, ==, "{\"sessionClusterId\":\"b\"}");
}

static void a_refused_page_size_is_asked_smaller_from_then_on(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"Code\":\"InvalidParameter\","
		"\"Message\":\"MaxResults must be at most 50\"}");
	provider_answer(f, 200, "{\"sessionClusters\":[]}");
	provider_answer(f, 200, "{\"sessionClusters\":[]}");
	g_autoptr(SessionPage) first = provider_list(f, "5", &error);
	g_assert_no_error(error);
	g_autoptr(SessionPage) second = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(first);
	g_assert_nonnull(second);
	saw(f, 0, "GET ", "nextToken=5&maxResults=100 ");
	saw(f, 1, "GET ", "nextToken=5&maxResults=20 ");
	saw(f, 2, "GET ", "maxResults=20 ");
}

static void times_are_read_in_every_spelling(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *text;
		gint64 ms;
	} rows[] = {
		{"1725171781000", 1725171781000},
		{"\"1725171781000\"", 1725171781000},
		{"\"2024-09-01 06:23:01\"", 1725171781000},
		{"\"2024-09-01T06:23:01Z\"", 1725171781000},
		{"\"soon\"", 0},
		{"\"2024-13-41 06:23:01\"", 0},
		{"-5", 0},
		{"1.5", 1500},
		{"null", 0},
		{"[]", 0},
		{"\"\"", 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *body = g_strdup_printf(
			"{\"sessionClusters\":[{\"sessionClusterId\":\"a\","
			"\"gmtCreate\":%s}]}",
			rows[i].text);
		provider_answer(f, 200, body);
		g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
		const Session *session = g_ptr_array_index(page->sessions, 0);
		g_assert_cmpint(session->created_ms, ==, rows[i].ms);
	}
}

/* Listings have a number where a get may have a date, to the second and of no
 * zone: taken for when it was made, it would be of another session. */
static void a_date_of_a_get_is_not_when_it_was_made(
	ProviderFixture *f, const void *unused)
{
	static const char *const rows[][2] = {
		{"\"2024-09-01 06:23:01\"", "0"},
		{"\"1725171781955\"", "1725171781955"},
		{"1725171781955", "1725171781955"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Call call = provider_soon();
		g_autofree char *body = g_strdup_printf(
			"{\"sessionCluster\":{\"sessionClusterId\":\"a\","
			"\"state\":\"Running\",\"startTime\":2000,"
			"\"gmtCreate\":%s}}",
			rows[i][0]);
		provider_answer(f, 200, body);
		g_autoptr(Session) session =
			backend_get(f->backend, "w-1", "a", &call, NULL);
		g_assert_cmpint(session->created_ms, ==,
			g_ascii_strtoll(rows[i][1], NULL, 10));
		g_assert_cmpint(session->changed_ms, >=, 2000);
	}
}

/* It may have run for days and have stopped just now. */
static void a_start_does_not_tell_of_an_end(
	ProviderFixture *f, const void *unused)
{
	static const char *const states[] = {"Stopped", "Error", "Running"};

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autofree char *body = g_strdup_printf(
			"{\"sessionClusters\":[{\"sessionClusterId\":\"a\","
			"\"state\":\"%s\",\"gmtCreate\":1684115879000,"
			"\"startTime\":1684115880000}]}",
			states[i]);
		provider_answer(f, 200, body);
		g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
		const Session *session = g_ptr_array_index(page->sessions, 0);
		g_assert_cmpint(session->created_ms, ==, 1684115879000);
		g_assert_cmpint(
			session->changed_ms, ==, i < 2 ? 0 : 1684115880000);
	}
}

static void one_session_is_asked_by_its_id(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"requestId\":\"r\",\"sessionCluster\":{\"sessionClusterId\":"
		"\"a/b\",\"state\":\"Stopped\",\"connectionToken\":\"x\"}}");
	g_autoptr(Session) session =
		backend_get(f->backend, "w 1", "a/b", &call, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session->body, ==,
		"{\"sessionClusterId\":\"a/b\",\"state\":\"Stopped\","
		"\"connectionToken\":\"***\"}");
	saw(f, 0,
		"GET /api/v1/workspaces/w%201/sessionClusters/a%2Fb?"
		"regionId=cn-test ",
		"x-acs-action: GetSessionCluster");
}

/* ---- signing ---- */

static void every_attempt_is_signed_with_a_nonce_of_its_own(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 503, "");
	provider_answer(f, 400,
		"{\"Code\":\"SignatureNonceUsed\",\"Message\":\"used\"}");
	provider_answer(f, 200, "{\"sessionClusters\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	g_autoptr(GHashTable) nonces =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_assert_nonnull(page);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 3);
	for (guint i = 0; i < 3; i++) {
		char *nonce = provider_sent_header(
			f->server, i, "x-acs-signature-nonce");
		g_autofree char *authorization =
			provider_sent_header(f->server, i, "authorization");

		g_assert_cmpuint(strlen(nonce), ==, 32);
		g_assert_true(g_str_has_prefix(authorization,
			"ACS3-HMAC-SHA256 "
			"Credential=test-id,SignedHeaders=host;"
			"x-acs-action;"));
		g_hash_table_add(nonces, nonce);
	}
	g_assert_cmpuint(g_hash_table_size(nonces), ==, 3);
}

static void a_used_nonce_is_no_verdict_on_a_create(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"Code\":\"SignatureNonceUsed\",\"Message\":\"used\"}");
	g_assert_null(create(f, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_nonnull(strstr(error->message, "may exist"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
	saw(f, 0, "POST ", "\"clientToken\":\"" TOKEN "\"}");
}

static void a_used_nonce_does_not_end_what_only_reads(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400, "{\"Code\":\"SignatureNonceUsed\"}");
	provider_answer(f, 200, "{\"sessionClusters\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(page);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

static void a_wrong_clock_is_repaired(ProviderFixture *f, const void *unused)
{
	tiny_server_answer(f->server, 400,
		"date: Sun, 06 Nov 2044 08:49:37 GMT\r\n",
		"{\"Code\":\"InvalidTimeStamp.Expired\",\"Message\":\"old\"}");
	provider_answer(f, 200, "{\"sessionClusters\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	g_autofree char *date =
		provider_sent_header(f->server, 1, "x-acs-date");

	g_assert_nonnull(page);
	g_assert_true(g_str_has_prefix(date, "2044-11-06T08:"));
}

/* ---- creating and steering ---- */

static void a_create_sends_the_spec_less_what_the_path_says(
	ProviderFixture *f, const void *unused)
{
	provider_answer(
		f, 200, "{\"requestId\":\"r\",\"sessionClusterId\":\"w-odd\"}");
	g_autofree char *id = create(f, NULL);

	g_assert_cmpstr(id, ==, "w-odd");
	saw(f, 0,
		"POST /api/v1/workspaces/w-1/sessionClusters?regionId=cn-test ",
		"\r\n\r\n{\"name\":\"n\",\"kind\":\"SQL\",\"clientToken\":"
		"\"" TOKEN "\"}");
	saw(f, 0, "POST ", "content-type: application/json; charset=utf-8");
	saw(f, 0, "POST ", "x-acs-action: CreateSessionCluster");
}

static void a_token_of_the_spec_wins(ProviderFixture *f, const void *unused)
{
	static const char spec[] =
		"{\"name\":\"n\",\"kind\":\"SQL\",\"clientToken\":\"mine\"}";

	provider_answer(f, 200, "{\"sessionClusterId\":\"sc-1\"}");
	g_autofree char *id = provider_create(f, spec, NULL);
	g_assert_nonnull(id);
	saw(f, 0, "POST ", "\"clientToken\":\"mine\"}");
}

static void a_plan_is_what_is_sent(ProviderFixture *f, const void *unused)
{
	g_autoptr(CreatePlan) plan =
		provider_plan_sent(f, "{\"name\":\"n\",\"kind\":\"SQL\"}",
			"{\"sessionClusterId\":\"sc-1\"}");
	g_autofree char *token = backend_spec_token(
		f->backend, "{\"clientToken\":\"mine\"}", 22);

	g_assert_cmpstr(plan->name, ==, "n");
	g_assert_cmpstr(plan->query, ==, "");
	g_assert_cmpstr(plan->id, ==, "");
	/* Nothing says what a token given again does. */
	g_assert_false(plan->repeatable || plan->unique);
	g_assert_cmpstr(token, ==, "mine");
}

static void a_create_whose_answer_is_lost_may_exist(
	ProviderFixture *f, const void *unused)
{
	static const char answer[] = "{\"sessionClusterId\":\"sc-1\"}";
	static const struct {
		guint status;
		const char *body;
		TinyKind kind;
	} rows[] = {
		{200, "{}", TINY_ANSWER},
		{200, "{\"sessionClusterId\":[7]}", TINY_ANSWER},
		{200, "{bad", TINY_ANSWER},
		{200, answer, TINY_CUT},
		{504, "<html>gateway</html>", TINY_ANSWER},
		{500, "", TINY_ANSWER},
		{500, "{\"code\":\"InternalError\"}", TINY_ANSWER},
		{503, "{\"code\":\"ServiceUnavailable\"}", TINY_ANSWER},
		{500, "{\"code\":\"Unheard.Of\"}", TINY_ANSWER},
		{502, "<Error><Code>Odd</Code></Error>", TINY_ANSWER},
		{200, "{\"success\":false}", TINY_ANSWER},
		{200, "{\"success\":false,\"code\":\"Odd\"}", TINY_ANSWER},
		{200, "{\"Success\":false,\"Code\":\"InternalError\"}",
			TINY_ANSWER},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		tiny_server_push(
			f->server, (TinyAnswer){rows[i].kind, rows[i].status,
					   .body = rows[i].body});
		g_assert_null(create(f, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
		g_assert_nonnull(strstr(error->message, "may exist"));
		g_assert_cmpuint(tiny_server_requests(f->server), ==, i + 1);
	}
}

static void a_refused_create_does_not_exist(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *code;
		BackendErrorCode meaning;
	} rows[] = {
		{400, "Quota.Exceeded", BACKEND_ERROR_QUOTA},
		{500, "Quota.Exceeded", BACKEND_ERROR_QUOTA},
		{503, "InvalidParameter", BACKEND_ERROR_INVALID},
		{500, "NoPermission", BACKEND_ERROR_DENIED},
		{500, "Conflict", BACKEND_ERROR_CONFLICT},
		{200, "InvalidName", BACKEND_ERROR_INVALID},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *body =
			g_strdup_printf("{\"success\":false,\"code\":\"%s\","
					"\"requestId\":\"rq-1\"}",
				rows[i].code);

		provider_answer(f, rows[i].status, body);
		g_assert_null(create(f, &error));
		g_assert_error(error, BACKEND_ERROR, (int)rows[i].meaning);
		g_assert_cmpuint(tiny_server_requests(f->server), ==, i + 1);
	}
}

static void a_create_that_failed_over_there_may_exist(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 500,
		"{\"code\":\"InternalError\",\"message\":\"it broke\","
		"\"requestId\":\"rq-1\"}");
	g_assert_null(create(f, &error));
	g_autofree char *sentence = backend_error_sentence(error);
	g_assert_cmpstr(sentence, ==,
		"the session may exist: it broke (code InternalError, request "
		"id rq-1)");
}

static void a_verb_names_the_session_and_its_queue(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{}");
	provider_answer(f, 200, "{}");
	g_assert_true(backend_control(f->backend, "w-1", "sc-1",
		"{\"queueName\":\"root_queue\"}", "start", &call, &error));
	g_assert_true(backend_control(
		f->backend, "w-1", "sc-1", NULL, "stop", &call, &error));
	saw(f, 0,
		"POST /api/v1/workspaces/w-1/sessionClusters/action/"
		"startSessionCluster?regionId=cn-test ",
		"\r\n\r\n{\"sessionClusterId\":\"sc-1\","
		"\"queueName\":\"root_queue\"}");
	saw(f, 0, "POST ", "x-acs-action: StartSessionCluster");
	saw(f, 1,
		"POST /api/v1/workspaces/w-1/sessionClusters/action/"
		"stopSessionCluster?regionId=cn-test ",
		"\r\n\r\n{\"sessionClusterId\":\"sc-1\"}");
	saw(f, 1, "POST ", "x-acs-action: StopSessionCluster");
	g_assert_false(backend_control(
		f->backend, "w-1", "sc-1", NULL, "delete", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

/* ---- refusals ---- */

static const struct {
	guint status;
	const char *code;
	BackendErrorCode meaning;
} refusals[] = {
	{404, "InvalidAccessKeyId.NotFound", BACKEND_ERROR_AUTH},
	{400, "InvalidAccessKeyId.Inactive", BACKEND_ERROR_AUTH},
	{400, "SignatureDoesNotMatch", BACKEND_ERROR_AUTH},
	{403, "SignatureDoesNotMatch", BACKEND_ERROR_AUTH},
	{400, "IncompleteSignature", BACKEND_ERROR_AUTH},
	{400, "InvalidSecurityToken.Expired", BACKEND_ERROR_AUTH_EXPIRED},
	{400, "InvalidSecurityToken.Malformed", BACKEND_ERROR_AUTH},
	{403, "Token.Expired", BACKEND_ERROR_AUTH_EXPIRED},
	{403, "Forbidden.RAM", BACKEND_ERROR_DENIED},
	{403, "NoPermission", BACKEND_ERROR_DENIED},
	{403, "", BACKEND_ERROR_DENIED},
	{404, "InvalidWorkspace.NotFound", BACKEND_ERROR_GONE},
	{400, "SessionNotFound", BACKEND_ERROR_GONE},
	{404, "", BACKEND_ERROR_UNSUPPORTED},
	{404, "InvalidApi.NotFound", BACKEND_ERROR_UNSUPPORTED},
	{400, "QuotaExceeded", BACKEND_ERROR_QUOTA},
	{403, "Session.QuotaExceeded", BACKEND_ERROR_QUOTA},
	{400, "InvalidParameter", BACKEND_ERROR_INVALID},
	{400, "MissingName", BACKEND_ERROR_INVALID},
	{400, "Invalid.Kind", BACKEND_ERROR_INVALID},
	{400, "SomethingElse", BACKEND_ERROR_INVALID},
	{409, "", BACKEND_ERROR_CONFLICT},
	{400, "ConflictingOperation", BACKEND_ERROR_CONFLICT},
	{400, "IncorrectStatus", BACKEND_ERROR_CONFLICT},
	{400, "OperationDenied.Starting", BACKEND_ERROR_CONFLICT},
	{400, "IdempotentParameterMismatch", BACKEND_ERROR_EXISTS},
	{401, "", BACKEND_ERROR_AUTH},
	/* A verb too may have been obeyed by a provider that broke then. */
	{500, "InternalError", BACKEND_ERROR_MAY_EXIST},
	{503, "ServiceUnavailable", BACKEND_ERROR_MAY_EXIST},
};

static void refusals_are_told_apart(ProviderFixture *f, const void *unused)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *body = g_strdup_printf(
			"{\"Code\":\"%s\",\"Message\":\"so it is\","
			"\"RequestId\":\"rq\"}",
			refusals[i].code);
		g_autoptr(GError) error = NULL;
		const Call call = provider_soon();

		provider_answer(f, refusals[i].status, body);
		g_assert_false(backend_control(f->backend, "w-1", "sc-1", NULL,
			"stop", &call, &error));
		if (error->code != (int)refusals[i].meaning &&
			!(*refusals[i].code == '\0'))
			g_error("%s gave %d: %s", refusals[i].code, error->code,
				error->message);
		g_assert_error(error, BACKEND_ERROR, (int)refusals[i].meaning);
		const BackendErrorDetail *detail = backend_error_detail(error);
		g_assert_cmpstr(detail->request_id, ==, "rq");
	}
}

static void a_failure_while_listing_is_the_providers(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < 4; i++)
		provider_answer(f, 500, "{\"Code\":\"InternalError\"}");
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
}

static void throttling_waits_as_it_is_told(
	ProviderFixture *f, const void *unused)
{
	gint64 before = g_get_monotonic_time();

	tiny_server_answer(f->server, 400, "x-acs-retry-after: 300\r\n",
		"{\"Code\":\"Throttling.User\",\"Message\":\"slowly\"}");
	provider_answer(f, 200, "{\"sessionClusters\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	g_assert_nonnull(page);
	g_assert_cmpint(g_get_monotonic_time() - before, >=, 300 * 1000);
}

static void throttling_beyond_the_deadline_is_told_at_once(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	tiny_server_answer(f->server, 429, "retry-after: 600\r\n",
		"{\"Code\":\"Quota.CallsPerSecond\"}");
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_THROTTLED);
	const BackendErrorDetail *detail = backend_error_detail(error);
	g_assert_cmpint(detail->retry_after_ms, ==, 600000);
}

static void refusals_in_xml_are_read(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	tiny_server_answer(f->server, 403, "content-type: text/xml\r\n",
		"<?xml version=\"1.0\"?><Error><RequestId>rq-9</RequestId>"
		"<Code>NoPermission</Code><Message>not you</Message></Error>");
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_DENIED);
	const BackendErrorDetail *detail = backend_error_detail(error);
	g_assert_cmpstr(detail->provider_code, ==, "NoPermission");
	g_assert_cmpstr(detail->request_id, ==, "rq-9");
	g_assert_nonnull(strstr(error->message, "not you"));
}

static void broken_xml_does_no_harm(ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {"<Error><Code>",
		"<Error><Code></Code>", "<Error", "</Code><Code>",
		"<Error><Message>x</Message"};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, 404, bodies[i]);
		g_assert_null(provider_list(f, NULL, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	}
}

static void success_false_is_a_refusal(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"success\":false,\"code\":\"Session.QuotaExceeded\","
		"\"message\":\"too many\",\"sessionClusterId\":\"sc-1\"}");
	g_assert_null(create(f, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_QUOTA);
}

static void what_was_signed_is_not_repeated(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"Code\":\"SignatureDoesNotMatch\",\"Message\":"
		"\"server string to sign is: x-acs-security-token:CAIS\"}");
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_null(strstr(error->message, "CAIS"));
	g_assert_nonnull(strstr(error->message, "check the access key secret"));
}

/* ---- pure slots ---- */

static void check_spec(
	ProviderFixture *f, const char *spec, const char *sentence)
{
	g_autoptr(GError) error = NULL;
	gboolean fine = backend_check_spec(
		f->backend, "w-1", spec, strlen(spec), &error);

	g_assert_cmpint(fine, ==, sentence == NULL);
	if (!sentence)
		return;
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	if (!strstr(error->message, sentence))
		g_error("\"%s\" does not say \"%s\"", error->message, sentence);
}

static void specs_are_checked_before_anything_is_sent(
	ProviderFixture *f, const void *unused)
{
	check_spec(f, SPEC, NULL);
	check_spec(f,
		"{\"name\":\"n\",\"kind\":\"NOTEBOOK\",\"envId\":\"e\","
		"\"autoStopConfiguration\":{\"enable\":true,"
		"\"idleTimeoutMinutes\":2147483647}}",
		NULL);
	check_spec(f, "{\"name\":\"n\"}", "kind is missing");
	check_spec(f,
		"{\"name\":\"n\",\"kind\":\"SQL\",\"workspaceId\":\"w-2\"}",
		"workspaceId must be w-1 here, or be left out");
	check_spec(f, "{\"name\":\"n\",\"kind\":\"SQL\",\"regionId\":\"cn-x\"}",
		"regionId must be cn-test here, or be left out");
	check_spec(f,
		"{\"name\":\"n\",\"kind\":\"SQL\",\"applicationConfigs\":["
		"{},{},{\"configItemKey\":1}]}",
		"applicationConfigs[2].configItemKey must be a string");
	check_spec(f, "{\"name\":\"n\",\"kind\":\"SQL\",\"queuename\":\"x\"}",
		"did you mean queueName?");
	check_spec(f,
		"{\"name\":\"n\",\"kind\":\"SQL\",\"autoStopConfiguration\":"
		"{\"idleTimeoutMinutes\":2147483648}}",
		"idleTimeoutMinutes must lie between 0 and 2147483647");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_config_is_what_new_accepts(ProviderFixture *f, const void *unused)
{
	g_autofree char *config = provider_render(f, SESSION_CONFIG,
		"{\"sessionClusterId\":\"sc-1\",\"workspaceId\":\"w-9\","
		"\"name\":\"n\",\"kind\":\"SQL\",\"queueName\":\"q\","
		"\"state\":\"Running\",\"userId\":\"1\",\"envId\":null,"
		"\"releaseVersion\":\"esr-4.0.0 (Spark 3.5.2, Scala 2.12)\","
		"\"fusion\":false,\"connectionToken\":\"***\","
		"\"autoStopConfiguration\":{\"enable\":true,"
		"\"idleTimeoutMinutes\":30,\"x\":1},"
		"\"applicationConfigs\":[{\"configFileName\":\"a\","
		"\"configItemKey\":\"k\",\"configItemValue\":null,\"z\":0}]}");

	check_spec(f, config, NULL);
	g_assert_true(g_str_has_suffix(config, "}\n"));
	g_autoptr(Json) parsed = json_parse(config, strlen(config), NULL);
	g_autofree char *compact = json_print(parsed, FALSE);
	g_autoptr(Json) wanted = json_parse(compact, strlen(compact), NULL);
	g_assert_cmpstr(json_get_text(wanted, "releaseVersion", 99, NULL), ==,
		"esr-4.0.0");
	json_remove(wanted, "releaseVersion");
	g_autofree char *rest = json_print(wanted, FALSE);
	g_assert_cmpstr(rest, ==,
		"{\"name\":\"n\",\"kind\":\"SQL\",\"queueName\":\"q\","
		"\"fusion\":false,\"autoStopConfiguration\":{\"enable\":true,"
		"\"idleTimeoutMinutes\":30},\"applicationConfigs\":["
		"{\"configFileName\":\"a\",\"configItemKey\":\"k\"}]}");
}

static void content_files_are_rendered_or_empty(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		SessionFile file;
		const char *body, *text;
	} rows[] = {
		{SESSION_WEBUI, "{\"webUI\":\"https://ui/x\"}",
			"https://ui/x\n"},
		{SESSION_WEBUI, "{\"webUI\":\"http://ui/x\"}", "http://ui/x\n"},
		{SESSION_WEBUI, "{\"webUI\":\"javascript:x\"}", ""},
		{SESSION_WEBUI, "{\"webUI\":\"https://ui/\\nx\"}", ""},
		{SESSION_WEBUI, "{\"webUI\":7}", ""},
		{SESSION_WEBUI, "{}", ""},
		{SESSION_WEBUI, "{bad", ""},
		{SESSION_WEBUI, "[]", ""},
		{SESSION_REASON,
			"{\"stateChangeReason\":{\"code\":\"200\","
			"\"message\":\"line\\none\"}}",
			"200: line one\n"},
		{SESSION_REASON, "{\"stateChangeReason\":{\"code\":\"200\"}}",
			"200\n"},
		{SESSION_REASON, "{\"stateChangeReason\":{\"message\":\"m\"}}",
			"m\n"},
		{SESSION_REASON, "{\"stateChangeReason\":{}}", ""},
		{SESSION_REASON, "{\"stateChangeReason\":\"x\"}", ""},
		{SESSION_ENDPOINT,
			"{\"domain\":\"out\",\"domainInner\":\"in\","
			"\"publicEndpointEnabled\":true}",
			"out\n"},
		{SESSION_ENDPOINT,
			"{\"domain\":\"out\",\"domainInner\":\"in\"}", "in\n"},
		{SESSION_ENDPOINT, "{\"domain\":\"out\"}", "out\n"},
		{SESSION_ENDPOINT, "{\"domainInner\":\"in\"}", "in\n"},
		{SESSION_ENDPOINT, "{}", ""},
		{SESSION_LOG, "{\"log\":\"x\"}", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			provider_render(f, rows[i].file, rows[i].body);
		g_assert_cmpstr(text, ==, rows[i].text);
	}
}

static void calls_are_counted_and_reported(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) report = g_string_new(NULL);

	provider_answer(f, 403, "{\"Code\":\"NoPermission\"}");
	g_assert_null(provider_list(f, NULL, NULL));
	g_autofree char *seen = provider_counted(f);
	g_assert_nonnull(strstr(seen, "ListSessionClusters 1 1;"));
	backend_report(f->backend, report);
	g_assert_nonnull(strstr(report->str, "region: cn-test\n"));
	g_assert_nonnull(strstr(report->str, "credentials: environment"));
	g_assert_nonnull(strstr(report->str, "last_failed_call: "));
	g_assert_null(strstr(report->str, "test-secret"));
}

#define THREADS 6
#define ROUNDS 20

/* The first refusals make several threads change the page size at once. */
static void many_threads_may_call_at_once(
	ProviderFixture *f, const void *unused)
{
	for (guint i = 0; i < THREADS; i++)
		provider_answer(
			f, 400, "{\"Code\":\"InvalidParameter.MaxResults\"}");
	for (guint i = 0; i < THREADS * ROUNDS; i++)
		provider_answer(f, 200,
			"{\"sessionClusters\":[{\"sessionClusterId\":\"a\","
			"\"state\":\"Running\"}]}");
	guint listed = provider_list_often(f, THREADS, ROUNDS);
	/* A second refusal in one call is an error; those are few. */
	g_assert_cmpuint(listed, >=, THREADS * ROUNDS - THREADS);
}

/* ---- opening ---- */

static Backend *open_with(
	const char *region, const char *endpoint, GError **error)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	if (region)
		provider_set_key(keys, "region", region);
	if (endpoint)
		provider_set_key(keys, "endpoint", endpoint);
	return backend_open(&alibaba_class, keys, error);
}

static void a_key_that_makes_no_sense_is_refused(void)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) report = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	provider_set_key(keys, "region", "cn-test");
	provider_set_key(keys, "vpc", "maybe");
	g_assert_null(backend_open(&alibaba_class, keys, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_assert_nonnull(strstr(
		error->message, "vpc must be true or false, not \"maybe\""));
	provider_set_key(keys, "vpc", "Yes");
	g_autoptr(Backend) inside = backend_open(&alibaba_class, keys, NULL);
	backend_report(inside, report);
	g_assert_nonnull(strstr(report->str, "-spark-vpc.cn-test.aliyuncs."));
}

static void the_region_is_needed_and_checked(void)
{
	static const char *const wrong[] = {
		"", "Cn", "a/b", "x.evil.example", "a b"};
	g_autoptr(GError) none = NULL;

	g_assert_null(open_with(NULL, NULL, &none));
	g_assert_error(none, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_assert_nonnull(strstr(none->message, "region = "));
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(open_with(wrong[i], NULL, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	}
	g_autoptr(Backend) behind = open_with(NULL, "http://127.0.0.1:1", NULL);
	g_autoptr(GString) report = g_string_new(NULL);
	backend_report(behind, report);
	g_assert_nonnull(strstr(report->str, "region: cn-hangzhou\n"));

	g_setenv("ALIBABA_CLOUD_REGION_ID", "eu-central-1", TRUE);
	g_autoptr(Backend) named = open_with(NULL, NULL, NULL);
	g_unsetenv("ALIBABA_CLOUD_REGION_ID");
	g_string_truncate(report, 0);
	backend_report(named, report);
	g_assert_nonnull(strstr(report->str,
		"endpoint: "
		"https://emr-serverless-spark.eu-central-1.aliyuncs.com"));
}

#define ADD(path, function)                                                    \
	g_test_add("/alibaba/" path, ProviderFixture, NULL, set_up, function,  \
		provider_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_setenv("HOME", "/nonexistent", TRUE);
	g_setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "test-id", TRUE);
	g_setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "test-secret", TRUE);
	g_unsetenv("ALIBABA_CLOUD_SECURITY_TOKEN");
	g_unsetenv("ALIBABA_CLOUD_REGION_ID");
	ADD("workspaces", workspaces_are_read_page_by_page);
	ADD("sessions", sessions_keep_the_bytes_they_were_sent_as);
	ADD("next", the_next_page_is_announced_once);
	ADD("hostile", hostile_records_are_left_out);
	ADD("empty-page", an_empty_page_with_a_token_is_passed_on);
	ADD("no-list", answers_without_a_list_make_no_sense);
	ADD("two-lists", the_last_of_two_lists_counts_for_ids_and_bytes);
	ADD("page-size", a_refused_page_size_is_asked_smaller_from_then_on);
	ADD("times", times_are_read_in_every_spelling);
	ADD("times/get", a_date_of_a_get_is_not_when_it_was_made);
	ADD("times/end", a_start_does_not_tell_of_an_end);
	ADD("get", one_session_is_asked_by_its_id);
	ADD("nonce", every_attempt_is_signed_with_a_nonce_of_its_own);
	ADD("nonce-create", a_used_nonce_is_no_verdict_on_a_create);
	ADD("nonce-read", a_used_nonce_does_not_end_what_only_reads);
	ADD("clock", a_wrong_clock_is_repaired);
	ADD("create-plan", a_plan_is_what_is_sent);
	ADD("create", a_create_sends_the_spec_less_what_the_path_says);
	ADD("create-token", a_token_of_the_spec_wins);
	ADD("create-lost", a_create_whose_answer_is_lost_may_exist);
	ADD("create-refused", a_refused_create_does_not_exist);
	ADD("create-failed", a_create_that_failed_over_there_may_exist);
	ADD("control", a_verb_names_the_session_and_its_queue);
	ADD("refusals", refusals_are_told_apart);
	ADD("failure", a_failure_while_listing_is_the_providers);
	ADD("throttling", throttling_waits_as_it_is_told);
	ADD("throttling-long", throttling_beyond_the_deadline_is_told_at_once);
	ADD("xml", refusals_in_xml_are_read);
	ADD("xml-broken", broken_xml_does_no_harm);
	ADD("success-false", success_false_is_a_refusal);
	ADD("signature-message", what_was_signed_is_not_repeated);
	ADD("spec", specs_are_checked_before_anything_is_sent);
	ADD("config", a_config_is_what_new_accepts);
	ADD("render", content_files_are_rendered_or_empty);
	ADD("count", calls_are_counted_and_reported);
	ADD("abort", provider_aborts);
	ADD("threads", many_threads_may_call_at_once);
	g_test_add_func("/alibaba/keys", a_key_that_makes_no_sense_is_refused);
	g_test_add_func("/alibaba/region", the_region_is_needed_and_checked);
	return g_test_run();
}
