#include <string.h>

#include "aws_fixture.h"
#include "backends/base/json.h"
#include "backends/classes.h"

/* Requests are as vectors/emr-*.json show them. */
#define CLUSTER "j-2AXXXXXXGAPLF"
#define ID "s-0001"
#define TOKEN PROVIDER_TOKEN
#define ROLE "arn:aws:iam::123456789012:role/r"
#define PAIR "{\"ClusterId\":\"" CLUSTER "\",\"SessionId\":\"" ID "\"}"

static void set_up(ProviderFixture *f, const void *unused)
{
	aws_fixture_set_up(f, &emr_class, CLUSTER);
}

static Session *get(ProviderFixture *f, GError **error)
{
	return provider_get(f, ID, error);
}

static char *describe(ProviderFixture *f, SessionFile file, const char *state,
	gint64 *ret_until_ms, GError **error)
{
	g_autofree char *body = g_strdup_printf("{\"State\":\"%s\"}", state);

	return aws_describe(f, ID, body, file, ret_until_ms, error);
}

/* The nth request is that action with that input. */
static void saw(
	ProviderFixture *f, guint n, const char *action, const char *input)
{
	g_autofree char *target =
		provider_sent_header(f->server, n, "x-amz-target");
	g_autofree char *type =
		provider_sent_header(f->server, n, "content-type");
	g_autofree char *signed_with =
		provider_sent_header(f->server, n, "authorization");
	g_autofree char *wanted =
		g_strconcat("ElasticMapReduce.", action, NULL);

	g_assert_cmpstr(target, ==, wanted);
	g_assert_cmpstr(type, ==, "application/x-amz-json-1.1");
	g_assert_nonnull(strstr(signed_with,
		"SignedHeaders=content-type;host;x-amz-date;"
		"x-amz-security-token;x-amz-target, "));
	aws_saw(f, n, "POST /", input, "elasticmapreduce");
}

/* ---- listing ---- */

static void clusters_that_are_up_are_listed(
	ProviderFixture *f, const void *unused)
{
	static const char states[] =
		"\"ClusterStates\":[\"RUNNING\",\"WAITING\"]";
	const Call call = provider_soon();
	g_autofree char *first = g_strdup_printf("{%s}", states);
	g_autofree char *second =
		g_strdup_printf("{%s,\"Marker\":\"m+/=\"}", states);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"Clusters\":[{\"Id\":\"j-1\",\"Name\":\"n\",\"Status\":{"
		"\"State\":\"WAITING\",\"Timeline\":{\"CreationDateTime\":"
		"1.7735009665E9}}},{\"Id\":\"j-2\",\"Status\":7},{\"Id\":\"\"},"
		"{\"Name\":\"none\"},[],3],\"Marker\":\"m+/=\"}");
	provider_answer(f, 200, "{\"Clusters\":[]}");
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->workspaces->len, ==, 2);
	const Workspace *one = g_ptr_array_index(page->workspaces, 0);
	const Workspace *two = g_ptr_array_index(page->workspaces, 1);
	g_assert_cmpstr(one->id, ==, "j-1");
	g_assert_cmpstr(one->name, ==, "n");
	g_assert_cmpint(one->created_ms, ==, 1773500966500);
	g_assert_cmpstr(two->name, ==, "");
	g_assert_cmpint(two->created_ms, ==, 0);
	g_autoptr(WorkspacePage) last =
		backend_list_workspaces(f->backend, page->next, &call, &error);
	g_assert_no_error(error);
	g_assert_null(last->next);
	saw(f, 0, "ListClusters", first);
	saw(f, 1, "ListClusters", second);
}

static void listed_records_are_whole(ProviderFixture *f, const void *unused)
{
	static const char record[] =
		"{\"Id\":\"" ID "\",\"Name\":\"n\",\"State\":\"IDLE\","
		"\"CreatedAt\":1773500966.5, \"UpdatedAt\":1773500970,"
		"\"ServerUrl\":\"sc://10.0.0.1:15002\",\"Newer\":[1.0]}";
	g_autofree char *body = g_strdup_printf(
		"{\"Sessions\":[%s],\"NextToken\":\"tok+en/==\"}", record);
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	provider_answer(f, 200, "{\"Sessions\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 1);
	const Session *one = g_ptr_array_index(page->sessions, 0);
	g_assert_cmpstr(one->body, ==, record);
	g_assert_false(one->partial);
	g_assert_cmpint(one->phase, ==, PHASE_IDLE);
	g_assert_cmpint(one->created_ms, ==, 1773500966500);
	g_assert_cmpint(one->changed_ms, ==, 1773500970000);
	g_autoptr(SessionPage) last = provider_list(f, page->next, &error);
	g_assert_no_error(error);
	g_assert_null(last->next);
	saw(f, 0, "ListSessions",
		"{\"ClusterId\":\"" CLUSTER "\",\"MaxResults\":100}");
	saw(f, 1, "ListSessions",
		"{\"ClusterId\":\"" CLUSTER
		"\",\"NextToken\":\"tok+en/==\",\"MaxResults\":100}");
}

static void the_living_are_listed_alone(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"Sessions\":[{\"Id\":\"" ID
		"\",\"State\":\"BUSY\"}],\"NextToken\":\"n\"}");
	g_autoptr(SessionPage) page =
		backend_list_living(f->backend, CLUSTER, "m", &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 1);
	g_assert_cmpstr(page->next, ==, "n");
	saw(f, 0, "ListSessions",
		"{\"SessionStates\":[\"SUBMITTED\",\"STARTING\",\"STARTED\","
		"\"IDLE\",\"BUSY\",\"TERMINATING\"],"
		"\"ClusterId\":\"" CLUSTER
		"\",\"NextToken\":\"m\",\"MaxResults\":100}");
	g_assert_true(f->backend->class->newest_first);
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
	provider_answer(f, 200, "{\"Sessions\":[],\"NextToken\":\"a\"}");
	g_autoptr(SessionPage) page =
		backend_list_page(f->backend, CLUSTER, NULL, &call, NULL);
	g_assert_cmpstr(page->next, ==, "a");
	g_assert_cmpstr(told->str, ==, "[a]");
}

static void answers_without_a_list_make_no_sense(
	ProviderFixture *f, const void *unused)
{
	provider_makes_no_sense(f, "{\"Sessions\":{}}");
	provider_makes_no_sense(f, "{\"Message\":\"no\"}");
	provider_makes_no_sense(f, "{\"Sessions\":[],\"NextToken\":{}}");
}

static void hostile_records_are_left_out(ProviderFixture *f, const void *unused)
{
	g_autofree char *padding = g_strnfill(SESSION_BODY_MAX, 'x');
	g_autofree char *body = g_strdup_printf(
		"{\"Sessions\":[7,{},{\"Id\":[]},{\"Id\":\"big\",\"x\":\"%s\"},"
		"{\"Id\":\"odd\",\"State\":{},\"CreatedAt\":\"soon\","
		"\"UpdatedAt\":\"2026-03-14T15:09:26Z\",\"AuthToken\":\"hush\""
		"}]}",
		padding);

	provider_answer(f, 200, body);
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	g_assert_cmpuint(page->sessions->len, ==, 2);
	g_assert_cmpuint(page->skipped, ==, 3);
	g_assert_cmpuint(page->trimmed, ==, 1);
	const Session *odd = g_ptr_array_index(page->sessions, 1);
	g_assert_cmpstr(odd->state, ==, "UNKNOWN");
	g_assert_cmpint(odd->created_ms, ==, 0);
	g_assert_cmpint(odd->changed_ms, ==, 1773500966000);
	g_assert_null(strstr(odd->body, "hush"));
}

static void one_session_is_asked_by_both_ids(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"Session\":{\"Id\":\"" ID "\",\"State\":\"FAILED\"}}");
	g_autoptr(Session) session = get(f, &error);
	g_assert_no_error(error);
	g_assert_cmpint(session->phase, ==, PHASE_FAILED);
	saw(f, 0, "GetSession", PAIR);
}

static void a_session_of_another_id_makes_no_sense(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"Session\":{\"Id\":\"other\"}}");
	g_assert_null(get(f, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
}

/* Status 400 says it all; only the text tells one from the other. */
static void an_unknown_session_is_gone_and_a_wrong_request_is_not(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) gone = NULL;
	g_autoptr(GError) wrong = NULL;

	provider_answer(f, 400,
		"{\"__type\":\"InvalidRequestException\",\"ErrorCode\":"
		"\"InvalidRequest\",\"Message\":\"Session id 's' is not "
		"valid.\"}");
	g_assert_null(get(f, &gone));
	g_assert_error(gone, BACKEND_ERROR, BACKEND_ERROR_GONE);
	provider_answer(f, 400,
		"{\"__type\":\"InvalidRequestException\",\"Message\":"
		"\"Sessions are not enabled on this cluster\"}");
	g_assert_null(get(f, &wrong));
	g_assert_error(wrong, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

/* ---- what may be repeated ---- */

static void a_call_that_reads_is_repeated_although_it_is_a_post(
	ProviderFixture *f, const void *unused)
{
	provider_answer(f, 500, "{\"__type\":\"InternalServerError\"}");
	provider_answer(f, 200, "{\"Sessions\":[]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);

	g_assert_nonnull(page);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

static void a_create_that_failed_over_there_may_exist(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	tiny_server_rest(f->server,
		(TinyAnswer){.status = 500,
			.body = "{\"__type\":\"InternalServerError\"}"});
	g_assert_null(provider_create(f, "{}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_nonnull(strstr(error->message, "may exist"));
	/* The token makes it one session. */
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
}

/* ---- creating and steering ---- */

static void a_create_names_the_cluster_and_a_token(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"Id\":\"" ID "\",\"State\":\"SUBMITTED\"}");
	provider_answer(f, 200, "{\"Id\":\"s-2\"}");
	g_autofree char *id = provider_create(f, "{\"Name\":\"n\"}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, ID);
	g_autofree char *other = provider_create(f,
		"{\"ClusterId\":\"" CLUSTER
		"\",\"ClientRequestToken\":\"mine\"}",
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(other, ==, "s-2");
	saw(f, 0, "StartSession",
		"{\"Name\":\"n\",\"ClusterId\":\"" CLUSTER
		"\",\"ClientRequestToken\":\"" TOKEN "\"}");
	saw(f, 1, "StartSession",
		"{\"ClusterId\":\"" CLUSTER
		"\",\"ClientRequestToken\":\"mine\"}");
}

static void a_plan_is_what_is_sent(ProviderFixture *f, const void *unused)
{
	static const char own[] = "{\"ClientRequestToken\":\"mine\"}";
	g_autoptr(CreatePlan) plan =
		provider_plan_sent(f, "{\"Name\":\"n\"}", "{\"Id\":\"s-1\"}");
	g_autofree char *token =
		backend_spec_token(f->backend, own, strlen(own));

	g_assert_cmpstr(plan->name, ==, "n");
	g_assert_cmpstr(plan->id, ==, "");
	g_assert_true(plan->repeatable);
	g_assert_false(plan->unique);
	g_assert_cmpstr(token, ==, "mine");
	g_assert_null(backend_spec_token(f->backend, "{}", 2));
}

static void a_lost_answer_is_asked_for_again(
	ProviderFixture *f, const void *unused)
{
	g_autofree char *first = NULL, *again = NULL;

	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CLOSE});
	provider_answer(f, 200, "{\"Id\":\"s-1\"}");
	g_autofree char *id = provider_create(f, "{\"Name\":\"n\"}", NULL);
	g_assert_cmpstr(id, ==, "s-1");
	g_strfreev(provider_sent(f->server, 0, &first));
	g_strfreev(provider_sent(f->server, 1, &again));
	g_assert_cmpstr(first, ==, again);
}

static void terminate_names_the_session(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"State\":\"TERMINATING\"}");
	g_assert_true(backend_control(
		f->backend, CLUSTER, ID, NULL, "terminate", &call, &error));
	g_assert_no_error(error);
	saw(f, 0, "TerminateSession", PAIR);
	g_assert_false(backend_control_workspace(
		f->backend, CLUSTER, "start", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
}

/* ---- described files ---- */

static void the_endpoint_tells_all_ways_in(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = 0;
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"Endpoint\":\"https://h.example:8443/x\",\"AuthToken\":"
		"\"t\",\"AuthTokenExpirationTime\":4102444800,"
		"\"Credentials\":{\"UsernamePassword\":{\"Username\":\"u\","
		"\"Password\":\"p\\nq\"}}}");
	g_autofree char *text =
		describe(f, SESSION_ENDPOINT, "BUSY", &until_ms, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==,
		"sc://h.example:8443/;use_ssl=true;x-aws-proxy-auth=t\n"
		"endpoint: https://h.example:8443/x\n"
		"expires: 2100-01-01T00:00:00Z\nusername: u\npassword: p q\n");
	g_assert_cmpint(until_ms, ==, 4102444800000 - 60000);
	saw(f, 0, "GetSessionEndpoint", PAIR);
}

static void an_endpoint_that_a_client_takes_is_given_as_it_is(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = 0;

	provider_answer(f, 200, "{\"Endpoint\":\"sc://h:15002/;a=b\"}");
	g_autofree char *text =
		describe(f, SESSION_ENDPOINT, "STARTED", &until_ms, NULL);
	g_assert_cmpstr(
		text, ==, "sc://h:15002/;a=b\nendpoint: sc://h:15002/;a=b\n");
}

/* The service has no code of its own for it: what was asked is well-formed. */
static void an_endpoint_that_is_not_ready_is_busy(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = 0;
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"__type\":\"InvalidRequestException\",\"Message\":"
		"\"Session is in state SUBMITTED.\"}");
	g_assert_null(describe(f, SESSION_ENDPOINT, "BUSY", &until_ms, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "is not ready"));
	g_assert_nonnull(strstr(error->message, "SUBMITTED"));
}

static void an_endpoint_of_nobody_is_gone(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = 0;
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400,
		"{\"__type\":\"InvalidRequestException\",\"Message\":"
		"\"Session id 's-9' is not valid.\"}");
	g_assert_null(describe(f, SESSION_ENDPOINT, "BUSY", &until_ms, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
}

static void an_ended_session_has_no_endpoint(
	ProviderFixture *f, const void *unused)
{
	gint64 until_ms = -1;
	g_autofree char *text =
		describe(f, SESSION_ENDPOINT, "TERMINATED", &until_ms, NULL);

	g_assert_cmpstr(text, ==, "");
	g_assert_cmpint(until_ms, ==, 0);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void the_web_ui_is_the_clusters_history_server(
	ProviderFixture *f, const void *unused)
{
	gint64 now_ms = g_get_real_time() / 1000, until_ms = 0;

	provider_answer(f, 200,
		"{\"PresignedURLReady\":true,\"PresignedURL\":"
		"\"https://ui.example/?sig=x\"}");
	g_autofree char *text =
		describe(f, SESSION_WEBUI, "IDLE", &until_ms, NULL);
	g_assert_cmpstr(text, ==, "https://ui.example/?sig=x\n");
	g_assert_cmpint(until_ms, >, now_ms + 60 * 1000);
	saw(f, 0, "GetOnClusterAppUIPresignedURL",
		"{\"ClusterId\":\"" CLUSTER
		"\",\"OnClusterAppUIType\":\"SparkHistoryServer\"}");
}

static void a_web_ui_that_is_not_ready_is_asked_again_soon(
	ProviderFixture *f, const void *unused)
{
	static const char *const bodies[] = {"{\"PresignedURLReady\":false}",
		"{\"PresignedURLReady\":false,\"PresignedURL\":\"https://x\"}",
		"{}", "{\"PresignedURL\":\"ftp://x\"}"};

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

/* ---- specs and content ---- */

static void specs_that_are_right_pass(ProviderFixture *f, const void *unused)
{
	static const char *const specs[] = {
		"{}",
		"{\"ClusterId\":\"" CLUSTER "\",\"Name\":\"\"}",
		"{\"ExecutionRoleArn\":\"" ROLE "\"}",
		"{\"ClientRequestToken\":\"11111111-2222-4333-8444-"
		"555555555555\"}",
		"{\"Tags\":[{\"Key\":\"k\",\"Value\":\"\"},{\"Key\":\"x\"}]}",
		"{\"EngineConfigurations\":[{\"Classification\":\"a\","
		"\"Configurations\":[{\"Classification\":\"b\","
		"\"Properties\":{\"k\":\"v\"}}]}]}",
		"{\"MonitoringConfiguration\":{\"S3LoggingConfiguration\":{"
		"\"Enabled\":true,\"LogUri\":\"s3://x/\",\"LogTypes\":{"
		"\"SPARK_DRIVER\":[\"stdout\"]}}}}",
		"{\"MonitoringConfiguration\":{\"S3LoggingConfiguration\":{"
		"\"LogUri\":\"s3://x/\"},\"CloudWatchLoggingConfiguration\":"
		"{},\"ManagedLoggingConfiguration\":{}}}",
		"{\"SessionIdleTimeoutInMinutes\":60}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
		g_autoptr(GError) error = provider_check(f, specs[i]);

		g_assert_no_error(error);
	}
}

static void specs_that_are_wrong_cost_nothing(
	ProviderFixture *f, const void *unused)
{
	static const char *const rows[][2] = {
		{"{\"name\":\"n\"}", "did you mean Name"},
		{"{\"ClusterId\":\"j-other\"}", "must be " CLUSTER " here"},
		{"{\"ClientRequestToken\":"
		 "\"0123456789abcdef0123456789abcdef01234\"}",
			"1 to 36"},
		{"{\"ExecutionRoleArn\":\"my-role-but-no-arn-at-all\"}",
			"role's ARN"},
		{"{\"Tags\":{\"k\":\"v\"}}", "Tags must be an array"},
		{"{\"Tags\":[{\"Key\":\"aws:x\"}]}", "aws:"},
		{"{\"Tags\":[{\"key\":\"x\"}]}", "did you mean Key"},
		{"{\"EngineConfigurations\":[{\"Configurations\":[{\"x\":1}]}]"
		 "}",
			"Configurations[0].x is not"},
		{"{\"MonitoringConfiguration\":{\"S3LoggingConfiguration\":"
		 "{\"Enabled\":\"yes\"}}}",
			"Enabled must be true or false"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = provider_check(f, rows[i][0]);

		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
		if (!strstr(error->message, rows[i][1]))
			g_error("no \"%s\": %s", rows[i][1], error->message);
	}
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void a_config_is_what_new_accepts(ProviderFixture *f, const void *unused)
{
	g_autofree char *config = provider_render(f, SESSION_CONFIG,
		"{\"Id\":\"" ID "\",\"ClusterId\":\"" CLUSTER "\","
		"\"Name\":\"n\",\"State\":\"IDLE\",\"ServerUrl\":\"sc://x\","
		"\"ExecutionRoleArn\":null,\"SessionIdleTimeoutInMinutes\":5,"
		"\"EngineConfigurations\":[{\"Classification\":\"a\","
		"\"Properties\":{\"k\":\"v\"}}],\"MonitoringConfiguration\":{"
		"\"S3LoggingConfiguration\":{\"LogUri\":\"s3://x/\"}},"
		"\"Tags\":[{\"Key\":\"aws:x\","
		"\"Value\":\"1\"},{\"Key\":\"k\",\"Value\":\"v\"}]}");
	g_autoptr(GError) error = provider_check(f, config);
	g_autoptr(Json) parsed = json_parse(config, strlen(config), NULL);
	g_autofree char *compact = json_print(parsed, FALSE);

	g_assert_no_error(error);
	g_assert_cmpstr(compact, ==,
		"{\"Name\":\"n\",\"EngineConfigurations\":[{"
		"\"Classification\":\"a\",\"Properties\":{\"k\":\"v\"}}],"
		"\"MonitoringConfiguration\":{\"S3LoggingConfiguration\":{"
		"\"LogUri\":\"s3://x/\"}},"
		"\"SessionIdleTimeoutInMinutes\":5,"
		"\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}");
}

static void the_reason_is_one_line(ProviderFixture *f, const void *unused)
{
	static const char *const rows[][2] = {
		{"{\"StateChangeReason\":\"a\\tb\"}", "a b\n"},
		{"{\"StateChangeReason\":{\"Code\":1}}", ""}, {"{}", ""},
		{"{bad", ""}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			provider_render(f, SESSION_REASON, rows[i][0]);

		g_assert_cmpstr(text, ==, rows[i][1]);
	}
}

#define ADD(path, function)                                                    \
	g_test_add("/emr/" path, ProviderFixture, NULL, set_up, function,      \
		provider_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	aws_fixture_environment();
	ADD("clusters", clusters_that_are_up_are_listed);
	ADD("sessions", listed_records_are_whole);
	ADD("next", the_next_page_is_announced);
	ADD("living", the_living_are_listed_alone);
	ADD("no-list", answers_without_a_list_make_no_sense);
	ADD("hostile", hostile_records_are_left_out);
	ADD("get", one_session_is_asked_by_both_ids);
	ADD("get-other", a_session_of_another_id_makes_no_sense);
	ADD("gone", an_unknown_session_is_gone_and_a_wrong_request_is_not);
	ADD("repeat", a_call_that_reads_is_repeated_although_it_is_a_post);
	ADD("create-failed", a_create_that_failed_over_there_may_exist);
	ADD("create-plan", a_plan_is_what_is_sent);
	ADD("create-again", a_lost_answer_is_asked_for_again);
	ADD("create", a_create_names_the_cluster_and_a_token);
	ADD("terminate", terminate_names_the_session);
	ADD("endpoint", the_endpoint_tells_all_ways_in);
	ADD("endpoint-sc", an_endpoint_that_a_client_takes_is_given_as_it_is);
	ADD("endpoint-not-ready", an_endpoint_that_is_not_ready_is_busy);
	ADD("endpoint-gone", an_endpoint_of_nobody_is_gone);
	ADD("endpoint-ended", an_ended_session_has_no_endpoint);
	ADD("webui", the_web_ui_is_the_clusters_history_server);
	ADD("webui-not-ready", a_web_ui_that_is_not_ready_is_asked_again_soon);
	ADD("spec", specs_that_are_right_pass);
	ADD("spec-wrong", specs_that_are_wrong_cost_nothing);
	ADD("config", a_config_is_what_new_accepts);
	ADD("reason", the_reason_is_one_line);
	return g_test_run();
}
