#include "alibaba.h"

#include <string.h>
#include <sys/random.h>

#include "exchange.h"
#include "page.h"
#include "text.h"

#include "backends/base/clock.h"

/*
 * Alibaba Cloud EMR Serverless Spark 2023-08-08, as its SDK speaks it:
 *
 *   > GET /api/v1/workspaces/w-1/sessionClusters?maxResults=100&nextToken=100
 *   > x-acs-action: ListSessionClusters, x-acs-version: 2023-08-08, ...
 *   > Authorization: ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,...
 *   < {"sessionClusters":[{...}],"requestId":"...","nextToken":"200",
 *   <  "maxResults":100,"totalCount":1000}
 *
 * nextToken is an offset and sessions come newest first, so that pages shift
 * while sessions are made.
 */

#define RESULTS_DEFAULT 20
#define RECORD_GUESS 1024

static void put_request_id(Answer *answer, char *ret, gsize size)
{
	guint32 r[4] = {0};

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		r[0] = (guint32)now_ns();
	g_snprintf(ret, size, "%08X-%04X-5%03X-%04X-%04X%08X", r[0], r[1] >> 16,
		r[1] & 0xfff, 0x8000 | (r[2] >> 18), r[2] & 0xffff, r[3]);
	answer_header(answer, "x-acs-request-id", ret);
	answer_header(answer, "Content-Type", "application/json;charset=utf-8");
}

void alibaba_put_refusal(
	Exchange *x, guint status, const char *code, const char *message)
{
	const char *host = request_header(x->request, "Host");
	g_autoptr(Json) body = json_object();
	char id[40];

	put_request_id(x->answer, id, sizeof(id));
	json_set_text(body, "RequestId", id);
	json_set_text(body, "HostId", host ? host : "");
	json_set_text(body, "Code", code);
	json_set_text(body, "Message", message);
	answer_take(x->answer, status, json_print(body, FALSE));
}

/* Writes an answer's last member, the request id. */
static void body_end(Exchange *x)
{
	char id[40];

	put_request_id(x->answer, id, sizeof(id));
	g_string_append_printf(x->answer->body, "\"requestId\":\"%s\"}", id);
}

static void refuse_result(Exchange *x, StoreResult result)
{
	switch (result) {
	case STORE_NO_WORKSPACE:
		alibaba_put_refusal(x, 404, "InvalidWorkspaceId.NotFound",
			"The specified workspace does not exist.");
		break;
	case STORE_NO_SESSION:
		alibaba_put_refusal(x, 404, "InvalidSessionClusterId.NotFound",
			"The specified session cluster does not exist.");
		break;
	case STORE_WRONG_STATE:
		alibaba_put_refusal(x, 400, "IncorrectStatus.SessionCluster",
			"The current status of the session cluster does not "
			"support this operation.");
		break;
	case STORE_MISMATCH:
		alibaba_put_refusal(x, 400, "IdempotentParameterMismatch",
			"The request uses the same client token as a previous, "
			"but non-identical request.");
		break;
	case STORE_OK:
	case STORE_SAME:
	case STORE_EXISTS:
		break;
	}
}

static gboolean refuse_parameter(Exchange *x, const char *name)
{
	g_autofree char *message = g_strdup_printf(
		"The specified parameter %s is not valid.", name);

	alibaba_put_refusal(x, 400, "InvalidParameter", message);
	return FALSE;
}

static gboolean page_read(Exchange *x, Page *page)
{
	g_autofree char *results = request_query(x->request, "maxResults");
	g_autofree char *token = request_query(x->request, "nextToken");

	if (!page_number(results, 1, G_MAXINT32, RESULTS_DEFAULT, &page->limit))
		return refuse_parameter(x, "maxResults");
	if (!page_at_token(page, "", token))
		return refuse_parameter(x, "nextToken");
	page->limit = MIN(page->limit, (gsize)x->emulator->settings.page_max);
	return TRUE;
}

static void page_end(Exchange *x, const Page *page, gsize total)
{
	g_autofree char *next = page_next(page, x->fault, total);
	GString *body = x->answer->body;

	g_string_append_printf(body,
		"],\"maxResults\":%" G_GSIZE_FORMAT
		",\"totalCount\":%" G_GSIZE_FORMAT ",",
		page->limit, total);
	if (next)
		g_string_append_printf(body, "\"nextToken\":\"%s\",", next);
	body_end(x);
}

/* What a listing is asked to show; NULL: anything. */
typedef struct {
	char *kind, *queueName, *sessionClusterId, *name, *state;
} Filter;

static void filter_clear(Filter *filter)
{
	g_free(filter->kind);
	g_free(filter->queueName);
	g_free(filter->sessionClusterId);
	g_free(filter->name);
	g_free(filter->state);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Filter, filter_clear)

static gboolean session_wanted(const char *record, const void *data)
{
	const Filter *filter = data;

	return text_member_is(record, "kind", filter->kind) &&
	       text_member_is(record, "queueName", filter->queueName) &&
	       text_member_is(
		       record, "sessionClusterId", filter->sessionClusterId);
}

static void list_sessions(Exchange *x)
{
	g_auto(Page) page = {0};
	g_auto(Filter) filter = {
		.kind = request_query(x->request, "kind"),
		.queueName = request_query(x->request, "queueName"),
		.sessionClusterId =
			request_query(x->request, "sessionClusterId"),
	};
	gboolean filtered =
		filter.kind || filter.queueName || filter.sessionClusterId;
	StoreQuery query;
	StoreResult result;
	gsize total;

	if (!page_read(x, &page))
		return;
	query = (StoreQuery){
		.id = filter.sessionClusterId,
		.keep = filtered ? session_wanted : NULL,
		.data = &filter,
	};
	page_query(&page, x->fault, &query);
	g_string_append(exchange_body(x, 256 + page.limit * RECORD_GUESS),
		"{\"sessionClusters\":[");
	result = store_list(x->store, x->request->parts[0], &query,
		x->answer->body, &total);
	if (result == STORE_OK)
		page_end(x, &page, total);
	else
		refuse_result(x, result);
}

static void get_session(Exchange *x)
{
	StoreResult result;

	g_string_append(
		exchange_body(x, 2 * RECORD_GUESS), "{\"sessionCluster\":");
	result = store_get(x->store, x->request->parts[0], x->request->parts[1],
		x->answer->body);
	if (result != STORE_OK) {
		refuse_result(x, result);
		return;
	}
	g_string_append_c(x->answer->body, ',');
	body_end(x);
}

static void answer_id(Exchange *x, const char *id)
{
	g_string_append(exchange_body(x, 256), "{\"sessionClusterId\":");
	text_quote(x->answer->body, id);
	g_string_append_c(x->answer->body, ',');
	body_end(x);
}

static Json *body_object(Exchange *x)
{
	Json *object = exchange_object(x);

	if (!object)
		alibaba_put_refusal(x, 400, "InvalidParameter",
			"The request body must be a JSON object.");
	return object;
}

static void create_session(Exchange *x)
{
	const char *workspace = x->request->parts[0];
	g_autoptr(Json) body = body_object(x);
	g_autofree char *problem = body ? alibaba_spec_check(body) : NULL;
	g_autofree char *digest = body ? exchange_digest(body) : NULL;
	g_autofree char *id = alibaba_id_new();
	g_autofree char *record = NULL, *extra = NULL, *ret = NULL;
	StoreResult result;

	if (problem)
		alibaba_put_refusal(x, 400, "InvalidParameter", problem);
	if (!body || problem)
		return;
	record = alibaba_record_new(
		id, workspace, body, exchange_now(x), &extra);
	result = store_create(x->store, workspace,
		&(StoreSpec){
			.id = id,
			.record = record,
			.extra = extra,
			.life = x->emulator->settings.create_starts
					? LIFE_STARTING
					: LIFE_STOPPED,
			.token = json_text(json_get(body, "clientToken")),
			.digest = digest,
		},
		&ret);
	if (ret)
		answer_id(x, ret);
	else
		refuse_result(x, result);
}

static void steer(Exchange *x, guint from, Life to)
{
	g_autoptr(Json) body = body_object(x);
	const char *id =
		body ? json_text(json_get(body, "sessionClusterId")) : NULL;
	StoreResult result;

	if (!body)
		return;
	if (!id || !*id) {
		alibaba_put_refusal(x, 400, "MissingParameter",
			"sessionClusterId is mandatory for this action.");
		return;
	}
	result = store_move(x->store, x->request->parts[0], id, from, to);
	if (result == STORE_OK)
		answer_id(x, id);
	else
		refuse_result(x, result);
}

static void start_session(Exchange *x)
{
	steer(x, LIFE_ENDED, LIFE_STARTING);
}

static void stop_session(Exchange *x)
{
	steer(x, LIFE_ALIVE, LIFE_STOPPING);
}

static gboolean workspace_wanted(const char *record, const void *data)
{
	const Filter *filter = data;
	g_autoptr(Json) object = json_parse(record, strlen(record), NULL);
	const char *name = json_get_text(object, "workspaceName", 1024, "");
	const char *state = json_get_text(object, "workspaceStatus", 64, "");

	return (!filter->name || strstr(name, filter->name)) &&
	       (!filter->state || !g_ascii_strcasecmp(state, filter->state));
}

static void list_workspaces(Exchange *x)
{
	g_auto(Page) page = {0};
	g_auto(Filter) filter = {
		.name = request_query(x->request, "name"),
		.state = request_query(x->request, "state"),
	};
	StoreQuery query = {.keep = workspace_wanted, .data = &filter};
	StoreResult result;
	gsize total;

	if (!page_read(x, &page))
		return;
	page_query(&page, x->fault, &query);
	g_string_append(exchange_body(x, RECORD_GUESS), "{\"workspaces\":[");
	result = store_list(x->store, NULL, &query, x->answer->body, &total);
	if (result == STORE_OK)
		page_end(x, &page, total);
}

static void put_queue(GString *out, const char *name, const char *workspace)
{
	g_string_append_printf(out,
		"{\"queueName\":\"%s\",\"queueType\":\"instance\","
		"\"queueStatus\":\"RUNNING\",\"queueScope\":\"%s\","
		"\"environments\":[\"%s\"],\"maxResource\":\"{\\\"cu\\\":100}"
		"\","
		"\"minResource\":\"{\\\"cu\\\":0}\","
		"\"usedResource\":\"{\\\"cu\\\":12}\","
		"\"paymentType\":\"PayAsYouGo\",\"regionId\":\"cn-hangzhou\","
		"\"allowActions\":[],\"workspaceId\":",
		name, name, *name == 'd' ? "dev" : "production");
	text_quote(out, workspace);
	g_string_append_c(out, '}');
}

static void list_queues(Exchange *x)
{
	const char *workspace = x->request->parts[0];
	GString *body;

	if (!store_has_workspace(x->store, workspace)) {
		refuse_result(x, STORE_NO_WORKSPACE);
		return;
	}
	body = exchange_body(x, 2 * RECORD_GUESS);
	g_string_append(body, "{\"queues\":[");
	put_queue(body, "root_queue", workspace);
	g_string_append_c(body, ',');
	put_queue(body, "dev_queue", workspace);
	g_string_append(body, "],\"maxResults\":20,\"totalCount\":2,");
	body_end(x);
}

static const char *code_of(guint status)
{
	switch (status) {
	case 401:
	case 403:
		return "NoPermission";
	case 404:
		return "InvalidSessionClusterId.NotFound";
	case 429:
		return "Throttling.User";
	case 503:
		return "ServiceUnavailable";
	}
	return status >= 500 ? "InternalError" : "InvalidParameter";
}

static gboolean owns(const Request *request)
{
	return request_header(request, "x-acs-action") ||
	       g_str_has_prefix(request->path, "/api/v1/workspaces");
}

static void refuse_unknown(Exchange *x)
{
	alibaba_put_refusal(x, 404, "InvalidApi.NotFound",
		"Specified api is not found, please check your url and "
		"method.");
}

#define ROOM "/api/v1/workspaces/{}"
#define SESSIONS ROOM "/sessionClusters"

static const Route routes[] = {
	{"ListWorkspaces", "GET", "/api/v1/workspaces", list_workspaces},
	{"ListWorkspaceQueues", "GET", ROOM "/queues", list_queues},
	{"ListSessionClusters", "GET", SESSIONS, list_sessions},
	{"GetSessionCluster", "GET", SESSIONS "/{}", get_session},
	{"CreateSessionCluster", "POST", SESSIONS, create_session},
	{"StartSessionCluster", "POST", SESSIONS "/action/startSessionCluster",
		start_session},
	{"StopSessionCluster", "POST", SESSIONS "/action/stopSessionCluster",
		stop_session},
};

const Provider alibaba_provider = {
	.name = "alibaba",
	.routes = routes,
	.n_routes = G_N_ELEMENTS(routes),
	.sessions = &alibaba_session_class,
	.owns = owns,
	.admit = alibaba_admit,
	.refuse = alibaba_put_refusal,
	.code = code_of,
	.unknown = refuse_unknown,
	.demo = alibaba_demo,
};
