#include "dli.h"

#include <string.h>

#include "exchange.h"
#include "page.h"
#include "seed.h"
#include "text.h"

/*
 * Huawei Cloud DLI's sessions as its documents of 2021 tell of them, and the
 * call of IAM that names a project:
 *
 *   > GET /v2.0/{project}/sessions?queue=etl&from=0&size=100
 *   > X-Sdk-Date: ..., Authorization: SDK-HMAC-SHA256 Access=..., ...
 *   < {"from":0,"total":2,"sessions":[{...}],"create_time":...}
 *
 * `from` is an offset and sessions come newest first, so that pages shift while
 * sessions are made.  A path does not say in which queue a session is.
 */

#define SIZE_DEFAULT 100
#define RECORD_GUESS 1024

static void put_headers(Exchange *x, char *ret_id, gsize size)
{
	g_snprintf(ret_id, size, "%016" G_GINT64_MODIFIER "x", seed_random());
	answer_header(x->answer, "X-Request-Id", ret_id);
	answer_header(x->answer, "Content-Type", "application/json");
}

static void put_success(Exchange *x)
{
	char id[40];

	put_headers(x, id, sizeof(id));
}

/* The gateway's own refusals name the request in the body as well. */
void dli_put_refusal(
	Exchange *x, guint status, const char *code, const char *message)
{
	g_autoptr(Json) body = json_object();
	char id[40];

	put_headers(x, id, sizeof(id));
	json_set_text(body, "error_code", code);
	json_set_text(body, "error_msg", message);
	if (g_str_has_prefix(code, "APIG"))
		json_set_text(body, "request_id", id);
	exchange_put(x, status, body);
}

static void refuse_parameter(Exchange *x, const char *message)
{
	dli_put_refusal(x, 400, "DLI.0001", message);
}

/* An unknown queue reads as trouble with the metadata. */
static void refuse_workspace(Exchange *x, const char *name)
{
	g_autofree char *message = g_strdup_printf("%s %s does not exist.",
		dli_is_cluster(name) ? "Cluster" : "Queue", name);

	dli_put_refusal(x, 400, dli_is_cluster(name) ? "DLI.0002" : "DLI.0008",
		message);
}

static void refuse_session(Exchange *x, const char *id)
{
	g_autofree char *message =
		g_strdup_printf("Session %s does not exist.", id);

	dli_put_refusal(x, 400, "DLI.0002", message);
}

/* ---- queues and clusters ---- */

static gboolean is_queue(const char *record, const void *data)
{
	return !strstr(record, "\"cluster_name\"");
}

static gboolean is_cluster(const char *record, const void *data)
{
	return !is_queue(record, data);
}

static void list_rooms(Exchange *x, StoreKeep keep, const char *before)
{
	const StoreQuery query = {.limit = G_MAXINT32, .keep = keep};
	GString *body = exchange_body(x, 4 * RECORD_GUESS);
	gsize total;

	g_string_append(body, before);
	store_list(x->store, NULL, &query, body, &total);
	g_string_append(body, "]}");
	put_success(x);
}

static gboolean is_none(const char *record, const void *data)
{
	return FALSE;
}

/* Unless told otherwise only those for SQL, of which there are none. */
static void list_queues(Exchange *x)
{
	g_autofree char *type = request_query(x->request, "queue_type");
	gboolean spark =
		type && (!strcmp(type, "general") || !strcmp(type, "all"));

	list_rooms(x, spark ? is_queue : is_none,
		"{\"is_success\":true,\"message\":\"\",\"queues\":[");
}

static void list_clusters(Exchange *x)
{
	list_rooms(x, is_cluster, "{\"clusters\":[");
}

/* The names of all, ended by NULL. */
static char **room_names(Exchange *x)
{
	const StoreQuery query = {.limit = G_MAXINT32};
	g_autoptr(GString) text = g_string_new("[");
	GPtrArray *names = g_ptr_array_new();
	gsize total;

	store_list(x->store, NULL, &query, text, &total);
	g_string_append_c(text, ']');
	g_autoptr(Json) list = json_parse(text->str, text->len, NULL);
	json_foreach (record, list)
		g_ptr_array_add(
			names, dli_session_class.workspaces->id_of(record));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

/* ---- sessions ---- */

static gboolean page_read(Exchange *x, Page *page)
{
	g_autofree char *from = request_query(x->request, "from");
	g_autofree char *size = request_query(x->request, "size");

	if (page_number(from, 0, G_MAXINT32, 0, &page->offset) &&
		page_number(size, 0, G_MAXINT32, SIZE_DEFAULT, &page->limit)) {
		page->limit =
			MIN(page->limit, (gsize)x->emulator->settings.page_max);
		return TRUE;
	}
	refuse_parameter(x, "The parameters from and size must be numbers.");
	return FALSE;
}

/* Without a name those of all are listed, one queue after the other. */
static gsize list_all(Exchange *x, const StoreQuery *wanted)
{
	g_auto(GStrv) names = room_names(x);
	GString *body = x->answer->body;
	StoreQuery query = *wanted;
	gsize total = 0;

	for (char **name = names; *name; name++) {
		g_autoptr(GString) part = g_string_new(NULL);
		gsize here = 0;

		store_list(x->store, *name, &query, part, &here);
		gsize left = here - MIN(here, query.offset);
		if (part->len > 0 && body->str[body->len - 1] != '[')
			g_string_append_c(body, ',');
		g_string_append(body, part->str);
		query.offset -= MIN(query.offset, here);
		query.limit -= MIN(query.limit, left);
		total += here;
	}
	return total;
}

static void list_sessions(Exchange *x)
{
	g_autofree char *queue = request_query(x->request, "queue");
	g_autofree char *cluster = request_query(x->request, "cluster_name");
	const char *name = queue ? queue : cluster;
	g_auto(Page) page = {0};
	StoreQuery query = {0};
	gsize total = 0;

	if (!page_read(x, &page))
		return;
	if (name && !store_has_workspace(x->store, name)) {
		refuse_workspace(x, name);
		return;
	}
	page_query(&page, x->fault, &query);
	GString *body = exchange_body(x, 256 + page.limit * RECORD_GUESS);
	g_string_append_printf(body,
		"{\"from\":%" G_GSIZE_FORMAT ",\"sessions\":[", page.offset);
	if (name)
		store_list(x->store, name, &query, body, &total);
	else
		total = list_all(x, &query);
	g_string_append_printf(body,
		"],\"total\":%" G_GSIZE_FORMAT
		",\"create_time\":%" G_GINT64_FORMAT "}",
		page_total(&page, x->fault, total), exchange_now(x));
	put_success(x);
}

/* The whole record of the session that the path names, new string; NULL: the
 * answer says why not.  *ret_room: where it is, new string. */
static char *find_session(Exchange *x, char **ret_room)
{
	const char *id = x->request->parts[1];
	g_auto(GStrv) names = room_names(x);

	for (char **name = names; *name; name++) {
		g_autoptr(GString) record = g_string_new(NULL);

		if (store_get(x->store, *name, id, record) != STORE_OK)
			continue;
		*ret_room = g_strdup(*name);
		return g_string_free(g_steal_pointer(&record), FALSE);
	}
	refuse_session(x, id);
	return NULL;
}

static void get_session(Exchange *x)
{
	g_autofree char *room = NULL;
	char *record = find_session(x, &room);

	if (!record)
		return;
	text_cut(&record, "_log");
	put_success(x);
	answer_take(x->answer, 200, record);
}

static void get_state(Exchange *x)
{
	g_autofree char *room = NULL;
	g_autofree char *record = find_session(x, &room);
	g_autofree char *id = record ? text_member(record, "id") : NULL;
	g_autofree char *state = record ? text_member(record, "state") : NULL;

	if (!record)
		return;
	put_success(x);
	answer_take(x->answer, 200,
		g_strdup_printf("{\"id\":%s,\"state\":%s}", id, state));
}

static void delete_session(Exchange *x)
{
	const char *id = x->request->parts[1];
	g_autofree char *room = NULL;
	g_autofree char *record = find_session(x, &room);

	if (!record)
		return;
	if (store_forget(x->store, room, id, 0) != STORE_OK) {
		refuse_session(x, id);
		return;
	}
	put_success(x);
	answer_take(x->answer, 200, g_strdup("{\"msg\":\"deleted\"}"));
}

static void get_log(Exchange *x)
{
	const char *id = x->request->parts[1];
	g_autofree char *room = NULL;
	g_auto(Page) page = {0};

	if (!page_read(x, &page))
		return;
	g_autofree char *text = find_session(x, &room);
	if (!text)
		return;
	g_autoptr(Json) record = json_parse(text, strlen(text), NULL);
	const Json *planted = json_get(record, "_log");
	gsize total = planted ? (gsize)json_size(planted)
			      : dli_log_total(record, exchange_now(x));
	gsize from = MIN(page.offset, total);
	gsize n = MIN(page.limit, total - from);
	GString *body = exchange_body(x, 256 + n * 128);
	g_string_append(body, "{\"id\":");
	text_quote(body, id);
	g_string_append_printf(body,
		",\"from\":%" G_GSIZE_FORMAT ",\"total\":%" G_GSIZE_FORMAT
		",\"log\":[",
		from, total);
	if (planted)
		text_slice(body, planted, from, n);
	else
		dli_log_write(body, id,
			json_get_int(record, "create_time", 0, G_MAXINT64, 0),
			(guint)from, (guint)n);
	g_string_append(body, "]}");
	put_success(x);
}

/* ---- creating ---- */

/* The body of a create that can be obeyed; NULL: the answer says why not.
 * *ret_room is borrowed from it. */
static Json *create_body(Exchange *x, const char **ret_room)
{
	g_autoptr(Json) body = exchange_object(x);
	g_autofree char *problem =
		body ? dli_spec_check(body)
		     : g_strdup("The request body must be a JSON object.");
	const char *queue = json_get_text(body, "queue", 1024, "");
	const char *room =
		*queue ? queue : json_get_text(body, "cluster_name", 1024, "");

	if (problem)
		refuse_parameter(x, problem);
	else if (!*room)
		refuse_parameter(x, "One of queue and cluster_name is needed.");
	else if (!store_has_workspace(x->store, room))
		refuse_workspace(x, room);
	else {
		*ret_room = room;
		return g_steal_pointer(&body);
	}
	return NULL;
}

static void create_session(Exchange *x)
{
	const char *room = NULL;
	g_autoptr(Json) body = create_body(x, &room);

	if (!body)
		return;
	g_autofree char *id = seed_uuid(seed_random());
	g_autofree char *record =
		dli_record_new(id, room, body, exchange_now(x));
	g_autofree char *extra = dli_extra_new(0);
	g_autofree char *made = NULL;
	store_create(x->store, room,
		&(StoreSpec){
			.id = id,
			.record = record,
			.extra = extra,
			.life = dli_spec_starts(body) ? LIFE_STARTING
						      : LIFE_ERROR,
		},
		&made);
	GString *answer = exchange_body(x, RECORD_GUESS);
	if (store_get(x->store, room, id, answer) == STORE_OK)
		put_success(x);
	else
		refuse_workspace(x, room);
}

/* ---- IAM ---- */

/* Any region is one of this account's, whose project bears its name. */
static void list_projects(Exchange *x)
{
	g_autofree char *name = request_query(x->request, "name");
	GString *body = exchange_body(x, RECORD_GUESS);

	g_string_append(body,
		"{\"links\":{\"self\":null,\"next\":null,"
		"\"previous\":null},\"projects\":[{\"id\":\"" DLI_PROJECT
		"\",\"name\":");
	text_quote(body, name ? name : "cn-north-4");
	g_string_append(body, ",\"description\":\"\",\"enabled\":true,"
			      "\"is_domain\":false,\"domain_id\":"
			      "\"d78cbac186b744899480f25bd022f468\","
			      "\"parent_id\":"
			      "\"d78cbac186b744899480f25bd022f468\","
			      "\"links\":{}}]}");
	put_success(x);
}

/* ---- the provider ---- */

static const char *code_of(guint status)
{
	switch (status) {
	case 401:
		return "APIGW.0301";
	case 403:
		return "APIGW.0302";
	case 404:
		return "DLI.0023";
	case 429:
		return "APIGW.0308";
	}
	return status >= 500 ? "DLI.0999" : "DLI.0001";
}

static gboolean owns(const Request *request)
{
	return g_str_has_prefix(request->path, "/v2.0/") ||
	       g_str_has_prefix(request->path, "/v1.0/") ||
	       g_str_has_prefix(request->path, "/v3/projects") ||
	       request_header(request, "X-Sdk-Date");
}

static void refuse_unknown(Exchange *x)
{
	dli_put_refusal(x, 404, "APIGW.0101",
		"The API does not exist or has not been published in the "
		"environment");
}

#define SESSIONS "/v2.0/{}/sessions"

static const Route routes[] = {
	{"ListQueues", "GET", "/v1.0/{}/queues", list_queues},
	{"ListClusters", "GET", "/v2.0/{}/clusters", list_clusters},
	{"ListSessions", "GET", SESSIONS, list_sessions},
	{"GetSession", "GET", SESSIONS "/{}", get_session},
	{"GetSessionState", "GET", SESSIONS "/{}/state", get_state},
	{"GetSessionLog", "GET", SESSIONS "/{}/log", get_log},
	{"CreateSession", "POST", SESSIONS, create_session},
	{"DeleteSession", "DELETE", SESSIONS "/{}", delete_session},
	{"ListProjects", "GET", "/v3/projects", list_projects},
};

const Provider dli_provider = {
	.name = "dli",
	.routes = routes,
	.n_routes = G_N_ELEMENTS(routes),
	.sessions = &dli_session_class,
	.owns = owns,
	.admit = dli_admit,
	.refuse = dli_put_refusal,
	.code = code_of,
	.unknown = refuse_unknown,
	.demo = dli_demo,
};
