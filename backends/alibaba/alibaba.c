/*
 * Alibaba Cloud EMR Serverless Spark, session clusters, API of 2023-08-08.
 * The dialogue, with W = /api/v1/workspaces, S = W/{workspace}/sessionClusters
 * and ?regionId on each call:
 *
 *   GET  W ?maxResults&nextToken   -> {workspaces[], nextToken}
 *   GET  S ?maxResults&nextToken   -> {sessionClusters[], nextToken, totalCount}
 *   GET  S/{id}                    -> {sessionCluster{}}
 *   POST S {name, kind, ..., clientToken}                -> {sessionClusterId}
 *   POST S/action/startSessionCluster {sessionClusterId, queueName}   -> {...}
 *   POST S/action/stopSessionCluster  likewise
 *
 * Signed with ACS3-HMAC-SHA256; every attempt has a nonce of its own.  There is
 * no delete: a stopped session stays and can be started again.  A created one
 * stands stopped until it is started.  An error is {Code, Message, RequestId},
 * in either case of the first letter, or XML of these names.
 */
#include <string.h>

#include "backends/alibaba/alibaba_chain.h"
#include "backends/alibaba/alibaba_error.h"
#include "backends/alibaba/alibaba_record.h"
#include "backends/api/api_settings.h"
#include "backends/auth/sign.h"
#include "backends/classes.h"
#include "backends/provider/answer.h"
#include "backends/provider/api_backend.h"
#include "backends/provider/plan.h"
#include "backends/provider/spec_rule.h"

#define API_VERSION "2023-08-08"

/* ---- tables ---- */

static const char *const private_members[] = {"configItemValue", "webUI", NULL};

static const BackendState alibaba_states[] = {
	{"Starting", PHASE_STARTING},
	{"Running", PHASE_IDLE}, /* the API does not tell idle from busy */
	{"Stopping", PHASE_STOPPING},
	{"Stopped", PHASE_STOPPED},
	{"Error", PHASE_FAILED},
	{NULL},
};

static const BackendVerb alibaba_verbs[] = {
	{"start", "start a stopped session",
		1 << PHASE_STOPPED | 1 << PHASE_FAILED},
	{"stop", "stop a session; it stays and can be started again",
		1 << PHASE_STARTING | 1 << PHASE_IDLE | 1 << PHASE_BUSY},
	{NULL},
};

/* What a verb is on the wire: action, last part of the path. */
static const struct {
	const char *verb, *action, *path;
} verb_calls[] = {
	{"start", "StartSessionCluster", "startSessionCluster"},
	{"stop", "StopSessionCluster", "stopSessionCluster"},
};

static const BackendKey alibaba_keys[] = {
	{"region", KEY_STRING, "such as cn-hangzhou"},
	{"profile", KEY_STRING,
		"profile of the aliyun CLI or credentials file"},
	{"credentials_file", KEY_PATH,
		"read this instead of ~/.alibabacloud/credentials"},
	{"vpc", KEY_BOOL, "use the region's host inside VPCs"},
	{NULL},
};

/* ---- calls ---- */

static gboolean alibaba_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	http_request_set(request, "x-acs-action", call->action);
	http_request_set(request, "x-acs-version", API_VERSION);
	const SignScope scope = {.now = now};
	sign_request(SIGN_ACS3, request, credentials, &scope);
	return TRUE;
}

static const char *const alibaba_domains[] = {"aliyuncs.com", NULL};

/* RAM's name of an action is that of the API. */
static void alibaba_permission(
	const char *action, BackendErrorDetail *detail, void *data)
{
	if (detail->provider_code)
		detail->permission =
			g_strdup_printf("emr-serverless-spark:%s", action);
}

static const ApiProtocol alibaba_protocol = {
	.domains = alibaba_domains,
	.content_type = "application/json; charset=utf-8",
	.sign = alibaba_sign,
	.refuse = alibaba_refuse,
	.accept = alibaba_accept,
	.permission = alibaba_permission,
	.is_skew = alibaba_is_skew,
	.is_replay = alibaba_is_replay,
};

/* A GET, or a POST where there is a body. */
static Json *ask(Backend *base, const char *action, const char *path,
	const char *body, const Call *call, GByteArray **ret_text,
	GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);

	http_query_add(query, "regionId", base->region);
	const ApiRequest request = {.action = action,
		.method = body ? "POST" : "GET",
		.path = path,
		.query = query->str,
		.body = body,
		.safe = !body};
	return api_call(base->api, &request, call, ret_text, error);
}

static Json *ask_page(Backend *base, const char *action, const char *path,
	const char *token, const Call *call, GByteArray **ret_text,
	GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);

	http_query_add(query, "regionId", base->region);
	http_query_add(query, "nextToken", token);
	const ApiRequest request = {.action = action,
		.method = "GET",
		.path = path,
		.query = query->str,
		.safe = TRUE};
	return api_backend_get_page(
		base, &request, "maxResults", call, ret_text, error);
}

static char *workspace_path(const char *workspace, const char *rest)
{
	g_autofree char *segment = http_encode(workspace);

	return g_strconcat(
		"/api/v1/workspaces/", segment, "/sessionClusters", rest, NULL);
}

/* ---- slots: reading ---- */

static const WorkspaceAnswers alibaba_workspaces = {
	.list = "workspaces",
	.id = "workspaceId",
	.name = "workspaceName",
	.created = {"createTime"},
	.next = {"nextToken", TRUE},
};

static const SessionAnswers alibaba_sessions = {
	.listed = &alibaba_record,
	.got = &alibaba_got,
	.list = "sessionClusters",
	.next = {"nextToken", TRUE},
	.total = "totalCount",
	.one = "sessionCluster",
};

static WorkspacePage *alibaba_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	g_autoptr(Json) answer = ask_page(base, "ListWorkspaces",
		"/api/v1/workspaces", token, call, NULL, error);

	return answer_workspaces(&alibaba_workspaces, answer, error);
}

static SessionPage *alibaba_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	g_autofree char *path = workspace_path(workspace, NULL);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = ask_page(
		base, "ListSessionClusters", path, token, call, &text, error);

	return answer_sessions(
		&alibaba_sessions, answer, text, NULL, call, error);
}

static Session *alibaba_get(Backend *base, const char *workspace,
	const char *id, const Call *call, GError **error)
{
	g_autofree char *segment = http_encode(id);
	g_autofree char *rest = g_strconcat("/", segment, NULL);
	g_autofree char *path = workspace_path(workspace, rest);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer =
		ask(base, "GetSessionCluster", path, NULL, call, &text, error);

	return answer_session(
		&alibaba_sessions, answer, text, NULL, NULL, error);
}

/* ---- slots: changing ---- */

/* clientToken is sent, but what it does is not documented. */
static CreatePlan *alibaba_plan(Backend *base, const char *workspace,
	Json *spec, const char *token, const Call *call, GError **error)
{
	json_remove(spec, "workspaceId");
	json_remove(spec, "regionId");
	create_plan_token(base, spec, token);
	return create_plan_of(base, spec);
}

static char *alibaba_create(Backend *base, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	g_autofree char *path = workspace_path(workspace, NULL);
	GError *cause = NULL;
	g_autoptr(Json) answer = ask(base, "CreateSessionCluster", path,
		plan->body, call, NULL, &cause);

	return answer_created(answer, "sessionClusterId", cause, error);
}

static gboolean alibaba_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	g_autoptr(Json) record =
		body ? json_parse(body, strlen(body), NULL) : NULL;
	const char *queue = json_get_text(record, "queueName", 1024, NULL);
	g_autoptr(Json) order = json_object();
	gsize row = g_str_equal(verb, verb_calls[0].verb) ? 0 : 1;

	json_set_text(order, "sessionClusterId", id);
	if (queue)
		json_set_text(order, "queueName", queue);
	g_autofree char *text = json_print(order, FALSE);
	g_autofree char *rest =
		g_strconcat("/action/", verb_calls[row].path, NULL);
	g_autofree char *path = workspace_path(workspace, rest);
	g_autoptr(Json) answer = ask(
		base, verb_calls[row].action, path, text, call, NULL, error);
	return answer != NULL;
}

/* ---- slots: pure ones ---- */

static gboolean alibaba_check_spec(
	Backend *base, const char *workspace, const Json *spec, GError **error)
{

	return spec_agrees(spec, "workspaceId", workspace, error) &&
	       spec_agrees(spec, "regionId", base->region, error);
}

/* ---- opening ---- */

static char *region_choose(GHashTable *keys, GError **error)
{
	g_autofree char *found =
		g_hash_table_lookup(keys, "region")
			? NULL
			: alibaba_chain_region(
				  g_hash_table_lookup(keys, "profile"));

	return api_backend_region(keys, found, "cn-hangzhou",
		", region_id in the aliyun CLI's profile, or "
		"ALIBABA_CLOUD_REGION_ID",
		error);
}

static gboolean alibaba_open(Backend *base, GHashTable *keys, GError **error)
{
	gboolean vpc;

	base->region = region_choose(keys, error);
	if (!base->region || !api_key_bool(keys, "vpc", &vpc, error))
		return FALSE;
	g_autofree char *endpoint = g_strdup_printf(
		"https://emr-serverless-spark%s.%s.aliyuncs.com",
		vpc ? "-vpc" : "", base->region);
	base->api = api_backend_connect(
		keys, endpoint, &alibaba_chain, NULL, &alibaba_protocol, error);
	return base->api != NULL;
}

const BackendClass alibaba_class = {
	.name = "alibaba",
	.keys = alibaba_keys,
	.states = alibaba_states,
	.verbs = alibaba_verbs,
	.spec = alibaba_spec,
	.private = private_members,
	.start_verb = "start",
	.record = &alibaba_record,
	.end_verb = "stop",
	.token_member = "clientToken",
	.list_lag_ms = 10000,
	.open = alibaba_open,
	.chain = &alibaba_chain,
	.list_workspaces = alibaba_list_workspaces,
	.list_page = alibaba_list_page,
	.get = alibaba_get,
	.plan = alibaba_plan,
	.create = alibaba_create,
	.control = alibaba_control,
	.check_spec = alibaba_check_spec,
	.renders = alibaba_renders,
};
