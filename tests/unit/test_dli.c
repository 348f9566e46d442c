#include <string.h>

#include "backends/base/json.h"
#include "backends/classes.h"
#include "dli_fixture.h"

#define V1 "/v1.0/" DLI_TEST_PROJECT
#define V2 "/v2.0/" DLI_TEST_PROJECT
#define ID "f28a0d0c-0a37-4bd4-8d1d-1416031e5151"

static void saw(ProviderFixture *f, guint n, const char *line, const char *body)
{
	dli_saw(f->server, n, line, body, DLI_TEST_PROJECT);
}

/* ---- workspaces ---- */

static void queues_are_the_workspaces(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"is_success\":\"true\",\"queues\":[{\"queue_name\":\"etl\","
		"\"queue_type\":\"general\",\"create_time\":1580385783000},"
		"{\"queue_name\":\"only-sql\",\"queue_type\":\"sql\"},7,"
		"{\"queue_name\":\"\"},{\"queue_name\":{}},{},"
		"{\"queue_name\":\"all\",\"queue_type\":null}]}");
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->workspaces->len, ==, 2);
	g_assert_cmpuint(page->skipped, ==, 4);
	const Workspace *etl = g_ptr_array_index(page->workspaces, 0);
	const Workspace *all = g_ptr_array_index(page->workspaces, 1);
	g_assert_cmpstr(etl->id, ==, "etl");
	g_assert_cmpint(etl->created_ms, ==, 1580385783000);
	g_assert_cmpstr(all->id, ==, "all");
	g_assert_null(page->next);
	saw(f, 0, "GET " V1 "/queues?queue_type=general", "");
}

static void clusters_may_be_the_workspaces(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"clusters\":[{\"cluster_name\":\"c-1\","
		"\"status\":\"AVAILABLE\",\"create_time\":5}]}");
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, &error);
	g_assert_no_error(error);
	const Workspace *one = g_ptr_array_index(page->workspaces, 0);
	g_assert_cmpstr(one->id, ==, "c-1");
	saw(f, 0, "GET " V2 "/clusters", "");

	provider_answer(f, 200, "{\"total\":0,\"sessions\":[]}");
	g_autoptr(SessionPage) none = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_null(none->next);
	saw(f, 1, "GET " V2 "/sessions?cluster_name=q-1&from=0&size=100", "");

	provider_answer(f, 201, "{\"id\":\"" ID "\"}");
	g_autofree char *id = provider_create(f,
		"{\"cluster_name\":\"q-1\",\"kind\":\"spark\","
		"\"queue\":\"q-1\"}",
		&error);
	g_assert_cmpstr(id, ==, ID);
	saw(f, 2, "POST " V2 "/sessions",
		"{\"kind\":\"spark\",\"cluster_name\":\"q-1\"}");
}

static void an_answer_without_queues_makes_no_sense(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *body;
		BackendErrorCode code;
	} rows[] = {
		{"[]", BACKEND_ERROR_BAD_ANSWER},
		{"{\"queues\":{}}", BACKEND_ERROR_BAD_ANSWER},
		{"{\"queues\":null,\"error\":\"no\"}",
			BACKEND_ERROR_BAD_ANSWER},
	};
	const Call call = provider_soon();

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, 200, rows[i].body);
		g_assert_null(backend_list_workspaces(
			f->backend, NULL, &call, &error));
		g_assert_error(error, BACKEND_ERROR, (int)rows[i].code);
	}
}

/* ---- listing ---- */

static void pages_go_by_offset_and_end_where_one_is_empty(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"from\":0,\"total\":3,\"sessions\":[{\"id\":\"a\","
		"\"state\":\"idle\"},{\"id\":\"b\",\"state\":\"busy\"}],"
		"\"create_time\":7}");
	provider_answer(f, 200,
		"{\"from\":2,\"total\":3,\"sessions\":[{\"id\":\"c\"}]}");
	g_autoptr(SessionPage) first = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(first->sessions->len, ==, 2);
	g_assert_cmpint(first->total, ==, 3);
	g_assert_cmpstr(first->next, ==, "2");
	g_assert_false(first->last);
	g_autoptr(SessionPage) second = provider_list(f, first->next, &error);
	g_assert_no_error(error);
	g_assert_true(second->last);
	provider_answer(f, 200, "{\"from\":3,\"total\":3,\"sessions\":[]}");
	g_autoptr(SessionPage) third = provider_list(f, second->next, &error);
	g_assert_no_error(error);
	g_assert_null(third->next);
	g_assert_true(third->counted);
	saw(f, 0, "GET " V2 "/sessions?queue=q-1&from=0&size=100", "");
	saw(f, 1, "GET " V2 "/sessions?queue=q-1&from=2&size=100", "");
}

/* Sessions that end between two pages leave the last one empty. */
static void an_empty_page_ends_the_listing(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *token, *body, *next;
	} rows[] = {
		{"100", "{\"total\":150,\"sessions\":[]}", NULL},
		{"100", "{\"sessions\":[]}", NULL},
		{"4", "{\"sessions\":[{\"id\":\"a\"}]}", "5"},
		{"4", "{\"total\":\"6\",\"sessions\":[7]}", "5"},
		{"4", "{\"total\":-1,\"sessions\":[{\"id\":\"a\"}]}", "5"},
		{"4", "{\"total\":1e99,\"sessions\":[{\"id\":\"a\"}]}", "5"},
		{"2147483647", "{\"total\":9e15,\"sessions\":[{}]}", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, 200, rows[i].body);
		g_autoptr(SessionPage) page =
			provider_list(f, rows[i].token, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(page->next, ==, rows[i].next);
	}
}

static void note_next(const char *token, void *data)
{
	g_string_append_printf(data, "[%s]", token);
}

static void the_next_page_is_announced_where_it_is_sure(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) told = g_string_new(NULL);
	g_autoptr(GString) body = g_string_new("{\"total\":150,\"sessions\":[");
	Call call = provider_soon();

	call.next = note_next;
	call.next_data = told;
	for (guint i = 0; i < 100; i++)
		g_string_append_printf(
			body, "%s{\"id\":\"s%u\"}", i > 0 ? "," : "", i);
	g_string_append(body, "]}");
	provider_answer(f, 200, body->str);
	g_autoptr(SessionPage) page =
		backend_list_page(f->backend, "q-1", NULL, &call, NULL);
	g_assert_cmpstr(told->str, ==, "[100]");
	g_assert_cmpstr(page->next, ==, "100");
	provider_answer(f, 200, body->str);
	g_autoptr(SessionPage) last =
		backend_list_page(f->backend, "q-1", "100", &call, NULL);
	g_assert_nonnull(last);
	g_assert_cmpstr(told->str, ==, "[100]");
}

static void tokens_that_are_no_offsets_are_refused(
	ProviderFixture *f, const void *unused)
{
	static const char *const tokens[] = {
		"x", "-1", "1 ", "99999999999", "1:", "1:x", "1:2:3", ":1"};

	for (gsize i = 0; i < G_N_ELEMENTS(tokens); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(provider_list(f, tokens[i], &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_refused_page_size_is_asked_smaller_from_then_on(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"error_code\":\"DLI.0001\","
		"\"error_msg\":\"size must be at most 50\"}");
	provider_answer(f, 200, "{\"total\":0,\"sessions\":[]}");
	provider_answer(f, 200, "{\"total\":0,\"sessions\":[]}");
	g_autoptr(SessionPage) first = provider_list(f, "5", &error);
	g_assert_no_error(error);
	g_autoptr(SessionPage) second = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_null(first->next);
	g_assert_null(second->next);
	saw(f, 0, "GET " V2 "/sessions?queue=q-1&from=5&size=100", "");
	saw(f, 1, "GET " V2 "/sessions?queue=q-1&from=5&size=20", "");
	saw(f, 2, "GET " V2 "/sessions?queue=q-1&from=0&size=20", "");
}

static void sessions_of_other_queues_are_left_out(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 200,
		"{\"total\":5,\"sessions\":[{\"id\":\"a\",\"queue\":\"q-2\"},"
		"{\"id\":\"b\",\"queue\":\"Q-1\"},"
		"{\"id\":\"c\",\"queue\":\"\",\"cluster_name\":\"q-9\"},"
		"{\"id\":\"d\",\"queue\":null,\"cluster_name\":\"q-1\"},"
		"{\"id\":\"e\",\"queue\":\"q-1\",\"cluster_name\":\"x\"}]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);

	g_assert_cmpuint(page->sessions->len, ==, 3);
	g_assert_cmpuint(page->skipped, ==, 0);
	g_assert_cmpint(page->total, ==, 3);
	g_assert_cmpstr(page->next, ==, "5:2");
	g_assert_true(page->last);
	for (guint i = 0; i < 3; i++) {
		const Session *one = g_ptr_array_index(page->sessions, i);
		const char id[] = {"bde"[i], '\0'};

		g_assert_cmpstr(one->id, ==, id);
	}
}

/* Else the listing would seem to end before its end. */
static void sessions_of_other_queues_are_not_counted_on_any_page(
	ProviderFixture *f, const void *unused)
{
	static const char one[] =
		"{\"total\":4,\"sessions\":[{\"id\":\"a\",\"queue\":\"q-2\"},"
		"{\"id\":\"b\",\"queue\":\"q-1\"}]}";
	static const char two[] =
		"{\"total\":4,\"sessions\":[{\"id\":\"c\",\"queue\":\"q-2\"},"
		"{\"id\":\"d\",\"queue\":\"q-1\"}]}";
	g_autoptr(GString) told = g_string_new(NULL);
	Call call = provider_soon();

	call.next = note_next;
	call.next_data = told;
	provider_answer(f, 200, one);
	provider_answer(f, 200, two);
	g_autoptr(SessionPage) first = provider_list(f, NULL, NULL);
	g_assert_cmpstr(first->next, ==, "2:1");
	g_assert_cmpint(first->total, ==, 3);
	g_autoptr(SessionPage) last =
		backend_list_page(f->backend, "q-1", first->next, &call, NULL);
	g_assert_cmpstr(last->next, ==, "4:2");
	g_assert_true(last->last);
	g_assert_cmpint(last->total, ==, 2);
	g_assert_cmpuint(last->sessions->len, ==, 1);
	g_assert_cmpstr(told->str, ==, "");
	saw(f, 1, "GET " V2 "/sessions?queue=q-1&from=2&size=100", "");
}

static void answers_without_a_list_make_no_sense(
	ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {
		"{\"error_msg\":\"no\"}", "{\"sessions\":{}}", "[]", "\"x\""};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, 200, bodies[i]);
		g_assert_null(provider_list(f, NULL, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
}

/* ---- one session ---- */

static void one_session_is_asked_by_its_id(
	ProviderFixture *f, const void *unused)
{
	static const char body[] = "{ \"id\":\"a/b\", \"state\":\"dead\","
				   "\"queue\":\"q-1\",\"update_time\":9}";
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_autoptr(Session) session = provider_get(f, "a/b", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session->body, ==, body);
	g_assert_cmpint(session->phase, ==, PHASE_STOPPED);
	saw(f, 0, "GET " V2 "/sessions/a%2Fb", "");
}

static void a_session_of_another_queue_is_not_here(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"id\":\"a\",\"queue\":\"q-2\"}");
	g_assert_null(provider_get(f, "a", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
}

static void a_get_that_tells_of_none_makes_no_sense(
	ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {"{}", "[]", "{\"id\":\"\"}",
		"{\"id\":7}", "{\"id\":\"b\"}", "{\"sessions\":[]}"};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, 200, bodies[i]);
		g_assert_null(provider_get(f, "a", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
}

/* ---- creating and ending ---- */

static void a_create_names_its_queue_and_takes_the_id_of_the_answer(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 201,
		"{\"id\":\"" ID "\",\"state\":\"starting\",\"log\":[]}");
	g_autofree char *id = provider_create(f,
		"{\"queue\":\"q-1\",\"kind\":\"spark\",\"conf\":[{\"a\":1}]}",
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, ID);
	saw(f, 0, "POST " V2 "/sessions",
		"{\"kind\":\"spark\",\"conf\":[{\"a\":1}],\"queue\":\"q-1\"}");
}

static void a_plan_is_what_is_sent(ProviderFixture *f, const void *unused)
{
	static const char spec[] = "{\"kind\":\"spark\",\"name\":\"n\","
				   "\"clientToken\":\"mine\"}";
	g_autoptr(CreatePlan) plan =
		provider_plan_sent(f, spec, "{\"id\":\"i\"}");
	g_autofree char *token =
		backend_spec_token(f->backend, spec, strlen(spec));
	g_autofree char *kept =
		backend_kept_spec(f->backend, spec, strlen(spec));
	g_autofree char *config = provider_render(f, SESSION_CONFIG, spec);

	g_assert_null(strstr(plan->body, "clientToken"));
	g_assert_cmpstr(plan->name, ==, "n");
	g_assert_false(plan->repeatable || plan->unique);
	g_assert_cmpstr(token, ==, "mine");
	g_assert_null(strstr(kept, "clientToken"));
	g_assert_null(strstr(config, "clientToken"));
	g_assert_no_error(provider_check(f, spec));
	g_autoptr(GError) error =
		provider_check(f, "{\"kind\":\"spark\",\"clientToken\":\"\"}");
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
}

static void a_create_without_a_clear_answer_may_exist(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *body;
	} rows[] = {
		{200, "{}"},
		{200, "{\"id\":\"\"}"},
		{200, "{\"id\":[7]}"},
		{200, "{cut"},
		{502, "<html>"},
		{400, "{\"error_code\":\"DLI.0999\",\"error_msg\":\"m\"}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, rows[i].status, rows[i].body);
		g_assert_null(
			provider_create(f, "{\"kind\":\"spark\"}", &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
		g_assert_nonnull(strstr(error->message, "may exist"));
	}
	g_assert_cmpuint(
		tiny_server_requests(f->server), ==, G_N_ELEMENTS(rows));
}

static void a_refused_create_does_not_exist(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"error_code\":\"DLI.0012\",\"error_msg\":\"no CUs\"}");
	g_assert_null(provider_create(f, "{\"kind\":\"spark\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
	g_assert_cmpstr(error->message, ==, "no CUs; try again later");
}

static void terminate_deletes(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"msg\":\"deleted\"}");
	provider_answer(f, 204, "");
	g_assert_true(backend_control(
		f->backend, "q-1", ID, NULL, "terminate", &call, &error));
	g_assert_true(backend_control(
		f->backend, "q-1", ID, "{}", "terminate", &call, &error));
	saw(f, 0, "DELETE " V2 "/sessions/" ID, "");
	provider_answer(f, 400,
		"{\"error_code\":\"DLI.0002\",\"error_msg\":\"no session\"}");
	g_assert_false(backend_control(
		f->backend, "q-1", ID, NULL, "terminate", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_clear_error(&error);
	g_assert_false(backend_control(
		f->backend, "q-1", ID, NULL, "start", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
}

/* ---- the log ---- */

static char *read_log(ProviderFixture *f, const char *body,
	gint64 *ret_until_ms, GError **error)
{
	const Call call = provider_soon();
	g_autoptr(GBytes) bytes = backend_describe(f->backend, "q-1", ID, body,
		SESSION_LOG, &call, ret_until_ms, error);
	gsize len;
	const char *text = bytes ? g_bytes_get_data(bytes, &len) : NULL;

	return bytes ? g_strndup(text ? text : "", len) : NULL;
}

static void a_short_log_is_one_call(ProviderFixture *f, const void *unused)
{
	gint64 until_ms = -1, now_ms = g_get_real_time() / 1000;

	provider_answer(f, 200,
		"{\"id\":\"x\",\"from\":0,\"total\":2,"
		"\"log\":[\"stdout: \",\"\\nstderr:\\tx\"]}");
	g_autofree char *text =
		read_log(f, "{\"state\":\"idle\"}", &until_ms, NULL);
	g_assert_cmpstr(text, ==, "\x1d+stdout\n\nstderr:\tx\n");
	g_assert_cmpint(until_ms, >, now_ms);
	saw(f, 0, "GET " V2 "/sessions/" ID "/log?from=0&size=200", "");
}

static void of_a_long_log_the_end_is_read(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = -1;

	/* This server gives two lines at most, whatever it is asked for. */
	provider_answer(f, 200, "{\"total\":900,\"log\":[\"a\",\"b\"]}");
	provider_answer(f, 200, "{\"total\":901,\"log\":[\"y\",\"z\"]}");
	g_autofree char *text =
		read_log(f, "{\"state\":\"dead\"}", &until_ms, NULL);
	g_assert_cmpstr(text, ==, "\x1d-stderr\ny\nz\n");
	g_assert_cmpint(until_ms, ==, 0);
	saw(f, 1, "GET " V2 "/sessions/" ID "/log?from=898&size=200", "");
}

static void odd_logs_are_empty_or_refused(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *body, *text;
	} rows[] = {
		{"{}", ""},
		{"{\"log\":null,\"total\":5}", ""},
		{"{\"log\":[],\"total\":5}", ""},
		{"{\"log\":[1,null,{}],\"total\":1}", ""},
		{"{\"log\":\"x\"}", NULL},
		{"{\"log\":{}}", NULL},
		{"[]", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		gint64 until_ms = -1;

		provider_answer(f, 200, rows[i].body);
		g_autofree char *text = read_log(f, NULL, &until_ms, &error);
		g_assert_cmpstr(text, ==, rows[i].text);
		if (rows[i].text)
			continue;
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
		g_assert_cmpint(until_ms, ==, -1);
	}
}

/* ---- the account ---- */

static void calls_are_counted_and_reported(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) report = g_string_new(NULL);

	provider_answer(f, 403, "{\"error_code\":\"APIGW.0302\"}");
	g_assert_null(provider_list(f, NULL, NULL));
	g_autofree char *seen = provider_counted(f);
	g_assert_nonnull(strstr(seen, "ListSessions 1 1;"));
	backend_report(f->backend, report);
	g_assert_nonnull(strstr(report->str, "region: cn-test-1\n"));
	g_assert_nonnull(strstr(report->str, "project: " DLI_TEST_PROJECT));
	g_assert_nonnull(strstr(report->str, "credentials: environment"));
	g_assert_null(strstr(report->str, "not-a-secret"));
}

#define THREADS 4
#define ROUNDS 10

static void many_threads_may_call_at_once(
	ProviderFixture *f, const void *unused)
{
	for (guint i = 0; i < THREADS * ROUNDS; i++)
		provider_answer(
			f, 200, "{\"total\":1,\"sessions\":[{\"id\":\"a\"}]}");
	g_assert_cmpuint(
		provider_list_often(f, THREADS, ROUNDS), ==, THREADS * ROUNDS);
}

#define ADD(path, function)                                                    \
	g_test_add("/dli/" path, ProviderFixture, NULL, dli_fixture_set_up,    \
		function, provider_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	dli_fixture_environment();
	ADD("queues", queues_are_the_workspaces);
	g_test_add("/dli/clusters", ProviderFixture, NULL,
		dli_fixture_set_up_clusters, clusters_may_be_the_workspaces,
		provider_close);
	ADD("no-queues", an_answer_without_queues_makes_no_sense);
	ADD("pages", pages_go_by_offset_and_end_where_one_is_empty);
	ADD("empty-page", an_empty_page_ends_the_listing);
	ADD("next", the_next_page_is_announced_where_it_is_sure);
	ADD("tokens", tokens_that_are_no_offsets_are_refused);
	ADD("page-size", a_refused_page_size_is_asked_smaller_from_then_on);
	ADD("elsewhere", sessions_of_other_queues_are_left_out);
	ADD("elsewhere-total",
		sessions_of_other_queues_are_not_counted_on_any_page);
	ADD("no-list", answers_without_a_list_make_no_sense);
	ADD("get", one_session_is_asked_by_its_id);
	ADD("get-elsewhere", a_session_of_another_queue_is_not_here);
	ADD("get-none", a_get_that_tells_of_none_makes_no_sense);
	ADD("create-plan", a_plan_is_what_is_sent);
	ADD("create", a_create_names_its_queue_and_takes_the_id_of_the_answer);
	ADD("create-open", a_create_without_a_clear_answer_may_exist);
	ADD("create-refused", a_refused_create_does_not_exist);
	ADD("terminate", terminate_deletes);
	ADD("log", a_short_log_is_one_call);
	ADD("log-tail", of_a_long_log_the_end_is_read);
	ADD("log-odd", odd_logs_are_empty_or_refused);
	ADD("count", calls_are_counted_and_reported);
	ADD("abort", provider_aborts);
	ADD("threads", many_threads_may_call_at_once);
	return g_test_run();
}
