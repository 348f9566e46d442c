#include "dataproc.h"

#include <string.h>

#include "exchange.h"
#include "page.h"
#include "seed.h"
#include "text.h"

/*
 * Google Dataproc v1, the SessionController in its JSON form, and the endpoint
 * that gives tokens out:
 *
 *   > GET /v1/projects/P/locations/L/sessions?pageSize=1000&pageToken=...
 *   > Authorization: Bearer ...
 *   < {"sessions":[{...}],"nextPageToken":"..."}
 *
 * Members with default values are left out of answers.  Sessions come newest
 * first and a page token is an offset, good for the filter that it was made
 * with.  An operation is told by its name alone: create-ID, terminate-ID,
 * delete-ID.
 */

#define SIZE_DEFAULT 20
#define RECORD_GUESS 1024
#define METADATA_TYPE                                                          \
	"type.googleapis.com/"                                                 \
	"google.cloud.dataproc.v1.SessionOperationMetadata"
#define SESSION_TYPE "type.googleapis.com/google.cloud.dataproc.v1.Session"

static void put_success(Exchange *x)
{
	answer_header(
		x->answer, "Content-Type", "application/json; charset=UTF-8");
}

void dataproc_put_refusal(
	Exchange *x, guint status, const char *code, const char *message)
{
	g_autoptr(Json) body = json_object();
	g_autoptr(Json) error = json_object();

	json_set_int(error, "code", status);
	json_set_text(error, "message", message);
	json_set_text(error, "status", code);
	json_set_copy(body, "error", error);
	put_success(x);
	exchange_put(x, status, body);
}

static void refuse_argument(Exchange *x, const char *message)
{
	dataproc_put_refusal(x, 400, "INVALID_ARGUMENT", message);
}

static void refuse_result(Exchange *x, StoreResult result, const char *id)
{
	const char *location = x->request->parts[1];
	g_autofree char *name = id ? dataproc_name(location, id) : NULL;
	g_autofree char *message = NULL;

	switch (result) {
	case STORE_NO_WORKSPACE:
		message =
			g_strdup_printf("Location %s is not found.", location);
		dataproc_put_refusal(x, 404, "NOT_FOUND", message);
		break;
	case STORE_NO_SESSION:
		message = g_strdup_printf("Not found: Session %s", name);
		dataproc_put_refusal(x, 404, "NOT_FOUND", message);
		break;
	case STORE_WRONG_STATE:
		message = g_strdup_printf(
			"Session %s is not in a state in which it can be "
			"terminated.",
			name);
		dataproc_put_refusal(x, 400, "FAILED_PRECONDITION", message);
		break;
	case STORE_EXISTS:
		message = g_strdup_printf(
			"Already exists: Failed to create session: Session %s",
			name);
		dataproc_put_refusal(x, 409, "ALREADY_EXISTS", message);
		break;
	case STORE_OK:
	case STORE_SAME:
	case STORE_MISMATCH:
		break;
	}
}

/* ---- reading ---- */

static gboolean page_read(Exchange *x, const char *prefix, Page *page)
{
	g_autofree char *size = request_query(x->request, "pageSize");
	g_autofree char *token = request_query(x->request, "pageToken");

	if (!page_number(size, 0, G_MAXINT32, SIZE_DEFAULT, &page->limit)) {
		refuse_argument(x, "Page size must be a non-negative number.");
		return FALSE;
	}
	if (!page_at_token(page, prefix, token)) {
		refuse_argument(x, "Invalid page token for this filter.");
		return FALSE;
	}
	if (page->limit == 0)
		page->limit = SIZE_DEFAULT;
	page->limit = MIN(page->limit, (gsize)x->emulator->settings.page_max);
	return TRUE;
}

static void page_end(Exchange *x, const Page *page, gsize total)
{
	g_autofree char *next = page_next(page, x->fault, total);
	GString *body = x->answer->body;

	/* An empty list is a default value. */
	if (g_str_has_suffix(body->str, "[")) {
		g_string_assign(body, "{");
	} else {
		g_string_append_c(body, ']');
		if (next)
			g_string_append_c(body, ',');
	}
	if (next)
		g_string_append_printf(body, "\"nextPageToken\":\"%s\"", next);
	g_string_append_c(body, '}');
	put_success(x);
}

static void list_sessions(Exchange *x)
{
	g_autofree char *text = request_query(x->request, "filter");
	g_autofree char *problem = NULL;
	g_autofree char *prefix =
		g_strdup_printf("P%08x-", g_str_hash(text ? text : ""));
	g_auto(DataprocFilter) filter = {NULL};
	g_auto(Page) page = {0};
	StoreQuery query = {.data = &filter};
	StoreResult result;
	gsize total;

	if (!dataproc_filter_read(&filter, text, &problem)) {
		refuse_argument(x, problem);
		return;
	}
	if (!page_read(x, prefix, &page))
		return;
	query.keep = filter.clauses->len > 0 ? dataproc_filter_keeps : NULL;
	page_query(&page, x->fault, &query);
	g_string_append(exchange_body(x, 256 + page.limit * RECORD_GUESS),
		"{\"sessions\":[");
	result = store_list(x->store, x->request->parts[1], &query,
		x->answer->body, &total);
	if (result == STORE_OK)
		page_end(x, &page, total);
	else
		refuse_result(x, result, NULL);
}

static void get_session(Exchange *x)
{
	StoreResult result = store_get(x->store, x->request->parts[1],
		x->request->parts[2], exchange_body(x, RECORD_GUESS));

	if (result == STORE_OK)
		put_success(x);
	else
		refuse_result(x, result, x->request->parts[2]);
}

/* ---- operations ---- */

/* "projects/P/regions/L/operations/create-ID" and what it is about. */
static Json *operation_new(const Exchange *x, const char *location,
	const char *id, const char *type)
{
	Json *operation = json_object();
	g_autoptr(Json) metadata = json_object();
	g_autofree char *lower = g_ascii_strdown(type, -1);
	g_autofree char *session = dataproc_name(location, id);
	g_autofree char *now = dataproc_time_text(exchange_now(x));
	g_autofree char *uuid = seed_uuid(seed_mix(g_str_hash(session)));
	g_autofree char *name = g_strdup_printf("projects/" DATAPROC_PROJECT
						"/regions/%s/operations/%s-%s",
		location, lower, id);

	json_set_text(metadata, "@type", METADATA_TYPE);
	json_set_text(metadata, "session", session);
	json_set_text(metadata, "sessionUuid", uuid);
	json_set_text(metadata, "createTime", now);
	json_set_text(metadata, "operationType", type);
	json_set_text(operation, "name", name);
	json_set_copy(operation, "metadata", metadata);
	return operation;
}

static void put_operation(Exchange *x, const char *id, const char *type)
{
	g_autoptr(Json) operation =
		operation_new(x, x->request->parts[1], id, type);

	put_success(x);
	exchange_put(x, 200, operation);
}

/* How an operation of that type ends, once it has. */
static void set_outcome(Json *operation, const char *type, const char *record)
{
	g_autoptr(Json) response = json_parse(record, strlen(record), NULL);
	const char *state = json_get_text(response, "state", 64, "");
	gboolean create = !strcmp(type, "CREATE");

	if (!strcmp(type, "DELETE") ||
		!strcmp(state, create ? "CREATING" : "TERMINATING"))
		return;
	json_set_bool(operation, "done", TRUE);
	json_set_text(response, "@type", SESSION_TYPE);
	json_set_copy(operation, "response", response);
}

static void get_operation(Exchange *x)
{
	static const char *const types[] = {"CREATE", "TERMINATE", "DELETE"};
	const char *location = x->request->parts[1];
	g_auto(GStrv) parts = g_strsplit(x->request->parts[2], "-", 2);
	g_autoptr(GString) record = g_string_new(NULL);
	g_autoptr(Json) empty = json_object();
	gsize i = 0;

	while (i < G_N_ELEMENTS(types) &&
		g_ascii_strcasecmp(types[i], parts[0]))
		i++;
	if (i == G_N_ELEMENTS(types) || !parts[1]) {
		dataproc_put_refusal(
			x, 404, "NOT_FOUND", "Operation not found.");
		return;
	}
	g_autoptr(Json) operation =
		operation_new(x, location, parts[1], types[i]);
	if (store_get(x->store, location, parts[1], record) == STORE_OK) {
		set_outcome(operation, types[i], record->str);
	} else {
		json_set_bool(operation, "done", TRUE);
		json_set_text(empty, "@type",
			"type.googleapis.com/google.protobuf.Empty");
		json_set_copy(operation, "response", empty);
	}
	put_success(x);
	exchange_put(x, 200, operation);
}

/* ---- changing ---- */

/* The body of a create that can be obeyed; NULL: the answer says why not. */
static Json *create_body(Exchange *x, const char *id, const char *request)
{
	g_autoptr(Json) body = exchange_object(x);
	g_autofree char *problem = dataproc_ids_problem(id, request);

	if (!problem)
		problem = body ? dataproc_spec_problem(
					 body, x->request->parts[1], id)
			       : g_strdup("Invalid JSON payload received.");
	if (!problem)
		return g_steal_pointer(&body);
	refuse_argument(x, problem);
	return NULL;
}

/* The first operation answers for every repeat of a request, whatever that
 * says. */
static void create_session(Exchange *x)
{
	const char *location = x->request->parts[1];
	g_autofree char *id = request_query(x->request, "sessionId");
	g_autofree char *request = request_query(x->request, "requestId");
	g_autoptr(Json) body = create_body(x, id, request);
	g_autofree char *made = NULL;
	StoreResult result;

	if (!body)
		return;
	g_autofree char *record =
		dataproc_record_new(id, location, body, exchange_now(x));
	result = store_create(x->store, location,
		&(StoreSpec){
			.id = id,
			.record = record,
			.life = LIFE_STARTING,
			.token = request,
			.digest = "",
		},
		&made);
	if (made)
		put_operation(x, made, "CREATE");
	else
		refuse_result(x, result, id);
}

static void terminate_session(Exchange *x)
{
	const char *id = x->request->parts[2];
	StoreResult result = store_move(
		x->store, x->request->parts[1], id, LIFE_ALIVE, LIFE_STOPPING);

	if (result == STORE_OK)
		put_operation(x, id, "TERMINATE");
	else
		refuse_result(x, result, id);
}

/* A live one is terminated first. */
static void delete_session(Exchange *x)
{
	const char *location = x->request->parts[1];
	const char *id = x->request->parts[2];
	Life life = LIFE_OTHER;
	StoreResult result = store_life(x->store, location, id, &life);
	gboolean ended =
		life != LIFE_STOPPING && !(LIFE_BIT(life) & LIFE_ALIVE);

	if (result == STORE_OK && LIFE_BIT(life) & LIFE_ALIVE)
		(void)store_move(
			x->store, location, id, LIFE_ALIVE, LIFE_STOPPING);
	if (result == STORE_OK)
		result = store_forget(x->store, location, id,
			ended ? 0 : x->emulator->settings.pace.stop_ms);
	if (result == STORE_OK)
		put_operation(x, id, "DELETE");
	else
		refuse_result(x, result, id);
}

/* ---- the provider ---- */

static const char *code_of(guint status)
{
	switch (status) {
	case 401:
		return "UNAUTHENTICATED";
	case 403:
		return "PERMISSION_DENIED";
	case 404:
		return "NOT_FOUND";
	case 409:
		return "ALREADY_EXISTS";
	case 429:
		return "RESOURCE_EXHAUSTED";
	case 503:
		return "UNAVAILABLE";
	case 504:
		return "DEADLINE_EXCEEDED";
	}
	return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
}

static gboolean owns(const Request *request)
{
	return g_str_has_prefix(request->path, "/v1/projects/") ||
	       g_str_has_prefix(request->path, "/token");
}

/* As the front end does, which knows nothing of the API's form. */
static void refuse_unknown(Exchange *x)
{
	answer_header(x->answer, "Content-Type", "text/html; charset=UTF-8");
	answer_take(x->answer, 404,
		g_strdup("<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 "
			 "(Not Found)!!1</title>\n<p>The requested URL was not "
			 "found on this server.\n"));
}

#define SESSIONS "/v1/projects/{}/locations/{}/sessions"

static const Route routes[] = {
	{"ListSessions", "GET", SESSIONS, list_sessions},
	{"GetSession", "GET", SESSIONS "/{}", get_session},
	{"CreateSession", "POST", SESSIONS, create_session},
	{"TerminateSession", "POST", SESSIONS "/{}:terminate",
		terminate_session},
	{"DeleteSession", "DELETE", SESSIONS "/{}", delete_session},
	{"GetOperation", "GET", "/v1/projects/{}/regions/{}/operations/{}",
		get_operation},
	{"Token", "POST", "/token", dataproc_token},
};

const Provider dataproc_provider = {
	.name = "dataproc",
	.routes = routes,
	.n_routes = G_N_ELEMENTS(routes),
	.sessions = &dataproc_session_class,
	.owns = owns,
	.admit = dataproc_admit,
	.refuse = dataproc_put_refusal,
	.code = code_of,
	.unknown = refuse_unknown,
	.demo = dataproc_demo,
};
