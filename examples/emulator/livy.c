#include "livy.h"

#include <string.h>

#include "backends/base/mutex.h"
#include "exchange.h"
#include "page.h"
#include "text.h"

/*
 * Apache Livy's interactive sessions, as 0.9.0 was seen to answer, below a prefix
 * as gateways have one:
 *
 *   > POST /livy/sessions   {"kind":"spark","name":"alpha"}
 *   < 201, Location: /sessions/4
 *   < {"id":4,"name":"alpha",...,"state":"starting",...}
 *
 * Refusals are a JSON object, a bare JSON string, HTML, or nothing.  Sessions
 * come oldest first; a deleted one is forgotten at once; ids count from 0, and do
 * so again after a restart.
 */

#define SIZE_DEFAULT 100
#define RECORD_GUESS 1024
#define VERSION_TEXT "0.9.0-incubating"

static Mutex creating = MUTEX_INIT;

/* ---- answers ---- */

static void put_headers(Exchange *x, const char *type)
{
	answer_header(x->answer, "X-Frame-Options", "SAMEORIGIN");
	answer_header(x->answer, "X-XSS-Protection", "1; mode=block");
	answer_header(x->answer, "X-Content-Type-Options", "nosniff");
	answer_header(x->answer, "Content-Type", type);
}

static void put_json(Exchange *x)
{
	put_headers(x, "application/json;charset=utf-8");
}

void livy_put_msg(Exchange *x, guint status, const char *message)
{
	g_autoptr(Json) body = json_object();

	put_json(x);
	json_set_text(body, "msg", message);
	exchange_put(x, status, body);
}

void livy_put_string(Exchange *x, guint status, const char *text)
{
	GString *body = g_string_new(NULL);

	put_json(x);
	text_quote(body, text);
	answer_take(x->answer, status, g_string_free(body, FALSE));
}

void livy_put_html(Exchange *x, guint status, const char *reason)
{
	put_headers(x, "text/html;charset=iso-8859-1");
	answer_take(x->answer, status,
		g_strdup_printf(
			"<html>\n<head>\n<meta http-equiv=\"Content-Type\" "
			"content=\"text/html;charset=ISO-8859-1\"/>\n"
			"<title>Error %u %s</title>\n</head>\n<body>"
			"<h2>HTTP ERROR %u %s</h2>\n</body>\n</html>\n",
			status, reason, status, reason));
}

void livy_put_nothing(Exchange *x, guint status, const char *type)
{
	put_headers(x, type);
	answer_take(x->answer, status, g_strdup(""));
}

static void no_session(Exchange *x, const char *id)
{
	g_autofree char *message =
		g_strdup_printf("Session '%s' not found.", id);

	livy_put_msg(x, 404, message);
}

/* ---- finding ---- */

static gboolean is_named(const char *record, const void *name)
{
	return text_member_is(record, "name", name);
}

/* The id of the session of a name, new string; NULL: none. */
static char *id_of_name(Exchange *x, const char *name)
{
	const StoreQuery query = {.limit = 1, .keep = is_named, .data = name};
	g_autoptr(GString) found = g_string_new(NULL);
	gsize total;

	store_list(x->store, LIVY_ROOM, &query, found, &total);
	return found->len > 0 ? text_member(found->str, "id") : NULL;
}

/* The whole record of the session that the path names by id or name, new string;
 * NULL: the answer says why not.  *ret_id: new string, too. */
static char *find_session(Exchange *x, char **ret_id)
{
	const char *asked = x->request->parts[0];
	gboolean number = strspn(asked, "0123456789") == strlen(asked);
	g_autofree char *id = number ? g_strdup(asked) : id_of_name(x, asked);
	g_autoptr(GString) record = g_string_new(NULL);

	if (number && g_ascii_strtoull(asked, NULL, 10) > G_MAXINT32) {
		g_autofree char *message =
			g_strdup_printf("For input string: \"%s\"", asked);
		livy_put_msg(x, 400, message);
		return NULL;
	}
	if (!id || store_get(x->store, LIVY_ROOM, id, record) != STORE_OK) {
		no_session(x, asked);
		return NULL;
	}
	*ret_id = g_steal_pointer(&id);
	return g_string_free(g_steal_pointer(&record), FALSE);
}

/* A number of the query, of 32 bits with a sign. */
static gboolean number_read(
	Exchange *x, const char *name, gint64 fallback, gint64 *ret)
{
	g_autofree char *text = request_query(x->request, name);

	*ret = fallback;
	if (!text || g_ascii_string_to_signed(
			     text, 10, G_MININT32, G_MAXINT32, ret, NULL))
		return TRUE;
	g_autofree char *message =
		g_strdup_printf("For input string: \"%s\"", text);
	livy_put_msg(x, 400, message);
	return FALSE;
}

/* ---- reading ---- */

static void list_sessions(Exchange *x)
{
	StoreQuery query = {0};
	Page page = {0};
	gint64 from, size;
	gsize total = 0;

	if (!number_read(x, "from", 0, &from) ||
		!number_read(x, "size", SIZE_DEFAULT, &size))
		return;
	page.offset = (gsize)MAX(0, from);
	page.limit = (gsize)CLAMP(size, 0, x->emulator->settings.page_max);
	page_query(&page, x->fault, &query);
	GString *body = exchange_body(x, 256 + page.limit * RECORD_GUESS);
	g_autoptr(GString) records = g_string_new(NULL);
	store_list(x->store, LIVY_ROOM, &query, records, &total);
	g_string_append_printf(body,
		"{\"from\":%" G_GINT64_FORMAT ",\"total\":%" G_GSIZE_FORMAT
		",\"sessions\":[%s]}",
		from, page_total(&page, x->fault, total), records->str);
	put_json(x);
}

static void get_session(Exchange *x)
{
	g_autofree char *id = NULL;
	char *record = find_session(x, &id);

	if (!record)
		return;
	livy_record_bare(&record);
	put_json(x);
	answer_take(x->answer, 200, record);
}

static void get_state(Exchange *x)
{
	g_autofree char *id = NULL;
	g_autofree char *record = find_session(x, &id);
	g_autofree char *state = record ? text_member(record, "state") : NULL;

	if (!record)
		return;
	put_json(x);
	answer_take(x->answer, 200,
		g_strdup_printf("{\"id\":%s,\"state\":%s}", id, state));
}

/* from < 0: the tail; size < 0: everything. */
static void get_log(Exchange *x)
{
	g_autofree char *id = NULL;
	g_autofree char *text = find_session(x, &id);
	gint64 from, size;

	if (!text || !number_read(x, "from", -1, &from) ||
		!number_read(x, "size", SIZE_DEFAULT, &size))
		return;
	g_autoptr(Json) record = json_parse(text, strlen(text), NULL);
	gint64 now_ms = exchange_now(x);
	gint64 total = (gint64)livy_log_total(record, now_ms);
	if (size < 0)
		size = total;
	if (from < 0)
		from = MAX(0, total - size);
	gint64 n = CLAMP(total - from, 0, size);
	GString *body = exchange_body(x, 256 + (gsize)n * 128);
	g_string_append_printf(body,
		"{\"id\":%s,\"from\":%" G_GINT64_FORMAT
		",\"total\":%" G_GINT64_FORMAT ",\"log\":[",
		id, from, total);
	livy_log_write(body, record, now_ms, (guint64)from, (guint64)n);
	g_string_append(body, "]}");
	put_json(x);
}

static void get_version(Exchange *x)
{
	put_json(x);
	answer_take(x->answer, 200,
		g_strdup(
			"{\"url\":\"emulator\",\"branch\":\"HEAD\","
			"\"revision\":\"0\",\"version\":\"" VERSION_TEXT
			"\",\"date\":\"2026-11-20T17:17:10Z\",\"user\":\"\"}"));
}

/* ---- changing ---- */

static void delete_session(Exchange *x)
{
	g_autofree char *id = NULL;
	g_autofree char *record = find_session(x, &id);

	if (!record)
		return;
	if (store_forget(x->store, LIVY_ROOM, id, 0) == STORE_OK)
		livy_put_msg(x, 200, "deleted");
	else
		no_session(x, id);
}

/* What the parser has against a body, new string; NULL: nothing. */
static char *parser_says(const Exchange *x, const Json *body)
{
	const char *text = (const char *)x->request->body->data;
	const char *type = request_header(x->request, "Content-Type");
	gsize word = 0;

	/* The servlet's own reader takes a form's body away. */
	if (x->request->body->len == 0 || (type && strstr(type, "form")))
		return g_strdup("No content to map due to end-of-input");
	while (g_ascii_isalpha(text[word]))
		word++;
	if (!body && word > 0)
		return g_strdup_printf(
			"Unrecognized token '%.*s': was expecting (JSON String,"
			" Number, Array, Object or token 'null', 'true' or "
			"'false')",
			(int)MIN(word, 64), text);
	if (!body)
		return g_strdup("Unexpected end-of-input within/between Object "
				"entries");
	if (json_type(body) == JSON_OBJECT)
		return NULL;
	return g_strdup("Cannot deserialize value of type `org.apache.livy."
			"server.interactive.CreateInteractiveRequest`");
}

/* The body, NULL: the answer says why not. */
static Json *create_body(Exchange *x)
{
	const GByteArray *bytes = x->request->body;
	g_autoptr(Json) body =
		json_parse((const char *)bytes->data, bytes->len, NULL);
	g_autofree char *what = parser_says(x, body);

	if (!what)
		return g_steal_pointer(&body);
	g_autofree char *text = g_strconcat(what,
		"\n at [Source: (org.eclipse.jetty.server.HttpInputOverHTTP);"
		" line: 1, column: 1]",
		NULL);
	livy_put_string(x, 400, text);
	return NULL;
}

static gsize starting(Exchange *x)
{
	static const char *const words[] = {"starting", NULL};
	const StoreQuery query = {.limit = G_MAXINT32, .states = words};
	g_autoptr(GString) records = g_string_new(NULL);
	gsize total = 0;

	store_list(x->store, LIVY_ROOM, &query, records, &total);
	return total;
}

/* Whether the server makes it; else the answer says why not. */
static gboolean create_admit(Exchange *x, const Json *body, guint64 *ret_id)
{
	const char *name = json_text(json_get(body, "name"));
	g_autofree char *taken = name ? id_of_name(x, name) : NULL;
	g_auto(LivyProblem) problem = {0};

	livy_spec_check(body, &problem);
	if (!problem.message && starting(x) >= (gsize)livy_max_creation) {
		livy_put_msg(x, 400,
			"Rejected, too many sessions are being created!");
		return FALSE;
	}
	if (!problem.message || problem.counts)
		store_number(x->store, LIVY_ROOM, ret_id);
	if (!problem.message && taken)
		problem = (LivyProblem){400, FALSE, TRUE,
			g_strdup_printf(
				"Rejected, Reason: Duplicate session name: "
				"Some(%s) for session %" G_GUINT64_FORMAT,
				name, *ret_id)};
	if (problem.message && problem.bare)
		livy_put_string(x, problem.status, problem.message);
	else if (problem.message)
		livy_put_msg(x, problem.status, problem.message);
	return !problem.message;
}

static void create_locked(Exchange *x, const Json *body)
{
	guint64 number = 0;

	if (!create_admit(x, body, &number))
		return;
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, number);
	g_autofree char *extra = NULL, *made = NULL;
	g_autofree char *record =
		livy_record_new(number, body, exchange_now(x), &extra);
	g_autofree char *location = g_strconcat("/sessions/", id, NULL);
	store_create(x->store, LIVY_ROOM,
		&(StoreSpec){
			.id = id,
			.record = record,
			.extra = extra,
			.life = livy_spec_starts(body) ? LIFE_STARTING
						       : LIFE_STARTED,
		},
		&made);
	put_json(x);
	answer_header(x->answer, "Location", location);
	answer_take(x->answer, 201, g_steal_pointer(&record));
}

static void create_session(Exchange *x)
{
	g_autoptr(Json) body = create_body(x);

	if (!body)
		return;
	/* Between the look for its name and its making nobody else comes. */
	mutex_lock(&creating);
	create_locked(x, body);
	mutex_unlock(&creating);
}

/* ---- the provider ---- */

/* There are none: the text is all. */
static const char *code_of(guint status)
{
	return "";
}

static void refuse(
	Exchange *x, guint status, const char *code, const char *message)
{
	if (status >= 500)
		livy_put_string(x, status, message);
	else if (status == 401 || status == 403)
		livy_put_html(x, status, message);
	else
		livy_put_msg(x, status, message);
}

static gboolean owns(const Request *request)
{
	return g_str_has_prefix(request->path, LIVY_PREFIX "/") ||
	       !strcmp(request->path, LIVY_PREFIX);
}

#define SESSIONS LIVY_PREFIX "/sessions"

static void refuse_unknown(Exchange *x)
{
	const char *path = x->request->path;
	gboolean known =
		!strcmp(path, SESSIONS) || g_str_has_prefix(path, SESSIONS "/");

	if (known)
		answer_header(x->answer, "Allow", "POST, GET, HEAD");
	livy_put_nothing(x, known ? 405 : 404,
		known ? "application/json;charset=utf-8"
		      : "text/html;charset=utf-8");
}

static const Route routes[] = {
	{"ListSessions", "GET", SESSIONS, list_sessions},
	{"ListSessions", "GET", SESSIONS "/", list_sessions},
	{"GetSession", "GET", SESSIONS "/{}", get_session},
	{"GetSessionState", "GET", SESSIONS "/{}/state", get_state},
	{"GetSessionLog", "GET", SESSIONS "/{}/log", get_log},
	{"CreateSession", "POST", SESSIONS, create_session},
	{"DeleteSession", "DELETE", SESSIONS "/{}", delete_session},
	{"GetVersion", "GET", LIVY_PREFIX "/version", get_version},
};

const Provider livy_provider = {
	.name = "livy",
	.routes = routes,
	.n_routes = G_N_ELEMENTS(routes),
	.sessions = &livy_session_class,
	.owns = owns,
	.admit = livy_admit,
	.refuse = refuse,
	.code = code_of,
	.unknown = refuse_unknown,
	.demo = livy_demo,
	.options = livy_options,
};
