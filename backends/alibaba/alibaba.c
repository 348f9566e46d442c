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
#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/provider/answer.h"
#include "backends/provider/api_backend.h"
#include "backends/provider/plan.h"
#include "backends/provider/spec_rule.h"

#define API_VERSION "2023-08-08"
#define PAGE_SIZE 100     /* undocumented; the vendor's usual maximum */
#define PAGE_SIZE_SAFE 20 /* the documented example */
#define REGION_BEHIND_ENDPOINT "cn-hangzhou" /* a proxy or test wants one too */

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
	{"vpc", KEY_BOOL, "use the region's host inside VPCs"},
	{NULL},
};

typedef struct {
	ApiBackend base;
	char *region;
	gint page_size; /* atomic: PAGE_SIZE until a server refuses it */
} Alibaba;

/* ---- calls ---- */

static gboolean alibaba_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	http_request_set(request, "x-acs-action", call->action);
	http_request_set(request, "x-acs-version", API_VERSION);
	http_request_set(request, "accept", "application/json");
	if (call->body)
		http_request_set(request, "content-type",
			"application/json; charset=utf-8");
	const SignScope scope = {.now = now};
	sign_request(SIGN_ACS3, request, credentials, &scope);
	return TRUE;
}

static const ApiProtocol alibaba_protocol = {
	.sign = alibaba_sign,
	.refuse = alibaba_refuse,
	.accept = alibaba_accept,
	.is_skew = alibaba_is_skew,
	.is_replay = alibaba_is_replay,
};

/* A GET, or a POST where there is a body.  `more` is added to the query.  Who
 * takes the text gets but the outline of the answer. */
static Json *ask(Alibaba *self, const char *action, const char *path,
	const char *more, const char *body, const Call *call,
	GByteArray **ret_text, GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);

	http_query_add(query, "regionId", self->region);
	g_string_append(query, more);
	const ApiRequest request = {.action = action,
		.method = body ? "POST" : "GET",
		.path = path,
		.query = query->str,
		.body = body,
		.safe = !body,
		.outline = ret_text != NULL};
	return api_call(self->base.api, &request, call, ret_text, error);
}

static char *workspace_path(const char *workspace, const char *rest)
{
	g_autofree char *segment = http_encode(workspace);

	return g_strconcat(
		"/api/v1/workspaces/", segment, "/sessionClusters", rest, NULL);
}

static Json *ask_page(Alibaba *self, const char *action, const char *path,
	const char *token, int page_size, const Call *call,
	GByteArray **ret_text, GError **error)
{
	g_autoptr(GString) more = g_string_new(NULL);

	g_string_printf(more, "&maxResults=%d", page_size);
	http_query_add(more, "nextToken", token);
	return ask(self, action, path, more->str, NULL, call, ret_text, error);
}

/* The greatest page is not documented: a server that refuses ours is asked for
 * the documented example from then on. */
static Json *list_call(Alibaba *self, const char *action, const char *path,
	const char *token, const Call *call, GByteArray **ret_text,
	GError **error)
{
	g_autoptr(GError) cause = NULL;
	int size = g_atomic_int_get(&self->page_size);
	Json *answer = ask_page(
		self, action, path, token, size, call, ret_text, &cause);

	if (answer)
		return answer;
	if (size > PAGE_SIZE_SAFE && alibaba_blames(cause, "maxResults")) {
		g_atomic_int_set(&self->page_size, PAGE_SIZE_SAFE);
		return ask_page(self, action, path, token, PAGE_SIZE_SAFE, call,
			ret_text, error);
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

/* The next page's token, which may be a number too. */
static gboolean read_next(const Json *answer, char **ret_next, GError **error)
{
	gint64 number;

	if (!json_whole(json_get(answer, "nextToken"), &number))
		return answer_next(answer, "nextToken", ret_next, error);
	*ret_next = g_strdup_printf("%" G_GINT64_FORMAT, number);
	return TRUE;
}

/* ---- slots: reading ---- */

static WorkspacePage *alibaba_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	Alibaba *self = (Alibaba *)base;
	g_autoptr(Json) answer = list_call(self, "ListWorkspaces",
		"/api/v1/workspaces", token, call, NULL, error);

	if (!answer)
		return NULL;
	const Json *list = answer_list(answer, "workspaces", error);
	if (!list)
		return NULL;
	g_autoptr(WorkspacePage) page = workspace_page_new();
	json_foreach (record, list) {
		g_autofree char *id =
			answer_workspace_id(page, record, "workspaceId");
		if (id)
			answer_add_workspace(page, id,
				record_text(record, "workspaceName"),
				record_time(record, "createTime"));
	}
	return read_next(answer, &page->next, error) ? g_steal_pointer(&page)
						     : NULL;
}

static SessionPage *alibaba_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	Alibaba *self = (Alibaba *)base;
	g_autofree char *path = workspace_path(workspace, NULL);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = list_call(
		self, "ListSessionClusters", path, token, call, &text, error);
	JsonSpan span;

	if (!answer || !answer_find(answer, "sessionClusters", JSON_ARRAY,
			       &span, error))
		return NULL;
	g_autoptr(SessionPage) page = session_page_new();
	if (!read_next(answer, &page->next, error))
		return NULL;
	answer_announce(page, call);
	record_read_all(
		&alibaba_record, (const char *)text->data, &span, NULL, page);
	page->total = json_get_int(answer, "totalCount", 0, G_MAXINT64, -1);
	return g_steal_pointer(&page);
}

static Session *alibaba_get(Backend *base, const char *workspace,
	const char *id, const Call *call, GError **error)
{
	Alibaba *self = (Alibaba *)base;
	g_autofree char *segment = http_encode(id);
	g_autofree char *rest = g_strconcat("/", segment, NULL);
	g_autofree char *path = workspace_path(workspace, rest);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = ask(
		self, "GetSessionCluster", path, "", NULL, call, &text, error);
	JsonSpan span;

	if (!answer || !answer_find(answer, "sessionCluster", JSON_OBJECT,
			       &span, error))
		return NULL;
	Session *session = record_read(
		&alibaba_got, (const char *)text->data, &span, NULL, NULL);
	return session ? session : answer_bad("usable sessionCluster", error);
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
	g_autoptr(Json) answer = ask((Alibaba *)base, "CreateSessionCluster",
		path, "", plan->body, call, NULL, &cause);

	return answer_created(answer, "sessionClusterId", cause, error);
}

static gboolean alibaba_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	Alibaba *self = (Alibaba *)base;
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
	g_autoptr(Json) answer = ask(self, verb_calls[row].action, path, "",
		text, call, NULL, error);
	return answer != NULL;
}

/* ---- slots: pure ones ---- */

static gboolean alibaba_check_spec(
	Backend *base, const char *workspace, const Json *spec, GError **error)
{
	const Alibaba *self = (Alibaba *)base;

	return spec_agrees(spec, "workspaceId", workspace, error) &&
	       spec_agrees(spec, "regionId", self->region, error);
}

static void alibaba_found(Backend *base, BackendFound tell, void *data)
{
	tell("region", ((Alibaba *)base)->region, data);
}

static void alibaba_identify(Backend *base, GString *place, GString *source)
{
	static const char *const domains[] = {"aliyuncs.com", NULL};
	Alibaba *self = (Alibaba *)base;

	g_string_append_printf(place, ", region %s", self->region);
	api_backend_identify(base, domains, place, source);
}

static void alibaba_report(Backend *base, GString *out)
{
	Alibaba *self = (Alibaba *)base;

	g_string_append_printf(out, "region: %s\n", self->region);
	api_backend_report(base, out);
}

/* ---- opening ---- */

static char *region_choose(GHashTable *keys, GError **error)
{
	const char *key = g_hash_table_lookup(keys, "region");
	const char *profile = g_hash_table_lookup(keys, "profile");
	g_autofree char *region =
		key ? g_strdup(key) : alibaba_chain_region(profile);

	if (!region && g_hash_table_lookup(keys, "endpoint"))
		region = g_strdup(REGION_BEHIND_ENDPOINT);
	if (!region) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"no region is known: set region = cn-hangzhou (or "
			"another) in the section, region_id in the aliyun "
			"CLI's profile, or ALIBABA_CLOUD_REGION_ID");
		return NULL;
	}
	return api_backend_region(region, "cn-hangzhou", error)
		       ? g_steal_pointer(&region)
		       : NULL;
}

static void alibaba_close(Backend *base)
{
	Alibaba *self = (Alibaba *)base;

	g_clear_pointer(&self->base.api, api_free);
	g_free(self->region);
	g_free(self);
}

static Backend *alibaba_open(GHashTable *keys, GError **error)
{
	g_autofree char *region = region_choose(keys, error);
	gboolean vpc;

	if (!region || !api_key_bool(keys, "vpc", &vpc, error))
		return NULL;
	g_autofree char *endpoint = g_strdup_printf(
		"https://emr-serverless-spark%s.%s.aliyuncs.com",
		vpc ? "-vpc" : "", region);
	const HttpSettings http = api_backend_http(keys, NULL);
	CredentialSource *source =
		alibaba_chain_new(g_hash_table_lookup(keys, "profile"), &http);
	Api *api = api_new(keys, endpoint, source, &alibaba_protocol, error);
	if (!api)
		return NULL;
	Alibaba *self = g_new0(Alibaba, 1);
	self->base.base.class = &alibaba_class;
	self->base.api = api;
	self->region = g_steal_pointer(&region);
	self->page_size = PAGE_SIZE;
	return &self->base.base;
}

const BackendClass alibaba_class = {
	.name = "alibaba",
	.keys = alibaba_keys,
	.states = alibaba_states,
	.verbs = alibaba_verbs,
	.spec = alibaba_spec,
	.private = private_members,
	.files = 1 << SESSION_STATE | 1 << SESSION_PHASE | 1 << SESSION_CONFIG |
		 1 << SESSION_WEBUI | 1 << SESSION_JSON | 1 << SESSION_REASON |
		 1 << SESSION_ENDPOINT,
	.start_verb = "start",
	.record = &alibaba_record,
	.end_verb = "stop",
	.token_member = "clientToken",
	.list_lag_ms = 10000,
	.open = alibaba_open,
	.close = alibaba_close,
	.discover = alibaba_chain_in_sight,
	.list_workspaces = alibaba_list_workspaces,
	.list_page = alibaba_list_page,
	.get = alibaba_get,
	.plan = alibaba_plan,
	.create = alibaba_create,
	.control = alibaba_control,
	.check_spec = alibaba_check_spec,
	.render = alibaba_render,
	.identify = alibaba_identify,
	.found = alibaba_found,
	.report = alibaba_report,
	.clock = api_backend_clock,
	.count = api_backend_count,
	.observe = api_backend_observe,
	.abort = api_backend_abort,
};
