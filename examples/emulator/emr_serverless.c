#include "emr_serverless.h"

#include <string.h>

#include "page.h"
#include "text.h"

/*
 * AWS EMR Serverless sessions, 2021-07-13, REST-JSON, signed with SigV4:
 *
 *   > GET /applications/00f.../sessions?maxResults=50&states=IDLE&states=BUSY
 *   < {"sessions":[{...}],"nextToken":"c2Vzc2lvbnM-50"}
 *   > GET /applications/00f.../sessions/00f...
 *   < {"session":{...}}
 *
 * Sessions come newest first, and grouped by state when several are asked for.
 * A refusal's code is the header x-amzn-errortype.
 */

#define RESULTS_MAX 50
#define STATES_MAX 8
#define APPLICATION_STATES_MAX 7
#define TOKEN "c2Vzc2lvbnM-"
#define RECORD_GUESS 1024

int emr_serverless_session_max;

static const GOptionEntry options[] = {
	{"aws-region", 0, 0, G_OPTION_ARG_STRING, &aws_region_only,
		"The only region that AWS signatures may be for (any)", "R"},
	{"emr-session-max", 0, 0, G_OPTION_ARG_INT, &emr_serverless_session_max,
		"How many sessions an application has at once (any number)",
		"N"},
	{NULL},
};

static void put_refusal(
	Exchange *x, guint status, const char *code, const char *message)
{
	aws_refuse_rest(x, status, code, "", message);
}

gboolean emr_serverless_refuse_invalid(Exchange *x, const char *message)
{
	put_refusal(x, 400, "ValidationException", message);
	return FALSE;
}

void emr_serverless_refuse_result(Exchange *x, StoreResult result)
{
	const char *const *parts = (const char *const *)x->request->parts;
	g_autofree char *message = NULL;

	switch (result) {
	case STORE_NO_WORKSPACE:
		message = g_strdup_printf(
			"Application %s does not exist", parts[0]);
		put_refusal(x, 404, "ResourceNotFoundException", message);
		break;
	case STORE_NO_SESSION:
		message = g_strdup_printf(
			"Session %s does not exist", parts[1] ? parts[1] : "");
		put_refusal(x, 404, "ResourceNotFoundException", message);
		break;
	case STORE_WRONG_STATE:
		emr_serverless_refuse_invalid(
			x, "The current state does not allow this.");
		break;
	case STORE_MISMATCH:
		put_refusal(x, 409, "ConflictException",
			"The client token was used with other parameters.");
		break;
	case STORE_OK:
	case STORE_SAME:
	case STORE_EXISTS:
		break;
	}
}

/* Whether the ids in the path may be some. */
gboolean emr_serverless_check_ids(Exchange *x)
{
	for (guint i = 0; i < REQUEST_PARTS && x->request->parts[i]; i++)
		if (!emr_serverless_id_valid(x->request->parts[i]))
			return emr_serverless_refuse_invalid(x,
				"1 validation error detected: Value at "
				"'applicationId' or 'sessionId' failed to "
				"satisfy constraint: Member must satisfy "
				"regular expression pattern: [0-9a-z]+");
	return TRUE;
}

/* ---- listing ---- */

static gboolean page_read(Exchange *x, Page *page)
{
	g_auto(GStrv) tokens = request_query_all(x->request, "nextToken");
	g_autofree char *results = request_query(x->request, "maxResults");

	if (!page_number(results, 1, RESULTS_MAX, RESULTS_MAX, &page->limit))
		return emr_serverless_refuse_invalid(
			x, "maxResults must be 1 to 50");
	/* An empty one is not the same as none. */
	if (!page_at_token(page, TOKEN, tokens[0]))
		return emr_serverless_refuse_invalid(
			x, "nextToken is not valid");
	page->limit = MIN(page->limit, (gsize)x->emulator->settings.page_max);
	return TRUE;
}

/* Times of creation, milliseconds. */
typedef struct {
	gint64 after, before;
} Range;

/* FALSE: there is one, and it is none. */
static gboolean read_time(Exchange *x, const char *name, gint64 *ret)
{
	g_autofree char *text = request_query(x->request, name);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time =
		text ? g_date_time_new_from_iso8601(text, utc) : NULL;

	if (time)
		*ret = g_date_time_to_unix(time) * 1000 +
		       g_date_time_get_microsecond(time) / 1000;
	return !text || time;
}

static gboolean in_range(const char *record, const void *data)
{
	const Range *range = data;
	g_autofree char *text = text_member(record, "createdAt");
	gint64 ms =
		text ? (gint64)(g_ascii_strtod(text, NULL) * 1000 + 0.5) : 0;

	return ms >= range->after && ms <= range->before;
}

static gboolean check_states(Exchange *x, char **states, guint max,
	const StoreClass *class, const char *const *more)
{
	if (g_strv_length(states) <= max &&
		aws_states_known(class, (const char *const *)states, more))
		return TRUE;
	return emr_serverless_refuse_invalid(x,
		"1 validation error detected: Value at "
		"'states' failed to satisfy constraint: "
		"Member must satisfy enum value set");
}

/* Writes the page that the query is of, as the member `name`. */
static void answer_page(Exchange *x, const char *workspace, const char *name,
	const Page *page, StoreQuery *query)
{
	g_autofree char *next = NULL;
	StoreResult result;
	GString *body = exchange_body(x, 256 + page->limit * RECORD_GUESS);
	gsize total;

	page_query(page, x->fault, query);
	g_string_append_printf(body, "{\"%s\":[", name);
	result = store_list(x->store, workspace, query, body, &total);
	if (result != STORE_OK) {
		emr_serverless_refuse_result(x, result);
		return;
	}
	aws_put_headers(x);
	next = page_next(page, x->fault, total);
	g_string_append_c(body, ']');
	if (next)
		g_string_append_printf(body, ",\"nextToken\":\"%s\"", next);
	g_string_append_c(body, '}');
}

static void list_applications(Exchange *x)
{
	static const char *const more[] = {"CREATING", NULL};
	g_auto(GStrv) states = request_query_all(x->request, "states");
	g_auto(Page) page = {0};
	StoreQuery query = {.states = (const char *const *)states};

	if (page_read(x, &page) &&
		check_states(x, states, APPLICATION_STATES_MAX,
			x->provider->sessions->workspaces, more))
		answer_page(x, NULL, "applications", &page, &query);
}

static void list_sessions(Exchange *x)
{
	g_auto(GStrv) states = request_query_all(x->request, "states");
	g_auto(Page) page = {0};
	Range range = {0, G_MAXINT64};
	StoreQuery query = {.states = (const char *const *)states,
		.grouped = TRUE,
		.data = &range};

	if (!emr_serverless_check_ids(x) || !page_read(x, &page) ||
		!check_states(
			x, states, STATES_MAX, x->provider->sessions, NULL))
		return;
	if (!read_time(x, "createdAtAfter", &range.after) ||
		!read_time(x, "createdAtBefore", &range.before)) {
		emr_serverless_refuse_invalid(x,
			"createdAtAfter or createdAtBefore is no "
			"timestamp");
		return;
	}
	if (range.after || range.before < G_MAXINT64)
		query.keep = in_range;
	answer_page(x, x->request->parts[0], "sessions", &page, &query);
}

/* ---- applications ---- */

static void get_application(Exchange *x)
{
	const char *id = x->request->parts[0];
	g_autoptr(GString) record = g_string_new(NULL);
	g_autofree char *text = NULL;
	StoreResult result;

	if (!emr_serverless_check_ids(x))
		return;
	result = store_get(x->store, NULL, id, record);
	if (result != STORE_OK) {
		emr_serverless_refuse_result(x, result);
		return;
	}
	/* What is an id in the list has another name here. */
	text = g_strdup(record->str);
	text_cut(&text, "id");
	text_put_string(&text, "applicationId", id);
	g_string_printf(exchange_body(x, 2 * RECORD_GUESS),
		"{\"application\":%s}", text);
	aws_put_headers(x);
}

static void answer_empty(Exchange *x)
{
	aws_put_headers(x);
	answer_take(x->answer, 200, g_strdup("{}"));
}

static void start_application(Exchange *x)
{
	const char *id = x->request->parts[0];
	StoreResult result;
	Life life;

	if (!emr_serverless_check_ids(x))
		return;
	result = store_move(x->store, NULL, id,
		LIFE_BIT(LIFE_PENDING) | LIFE_BIT(LIFE_STOPPED), LIFE_STARTING);
	/* One that is up is up. */
	if (result == STORE_WRONG_STATE &&
		store_life(x->store, NULL, id, &life) == STORE_OK &&
		(life == LIFE_STARTING || life == LIFE_RUNNING))
		result = STORE_OK;
	if (result == STORE_OK)
		answer_empty(x);
	else
		emr_serverless_refuse_result(x, result);
}

gsize emr_serverless_alive(Exchange *x, const char *application)
{
	static const char *const alive[] = {"SUBMITTED", "STARTING", "STARTED",
		"IDLE", "BUSY", "TERMINATING", NULL};
	const StoreQuery query = {.states = alive};
	g_autoptr(GString) none = g_string_new(NULL);
	gsize total = 0;

	if (store_list(x->store, application, &query, none, &total) != STORE_OK)
		return 0;
	return total;
}

static void stop_application(Exchange *x)
{
	const char *id = x->request->parts[0];
	StoreResult result;
	Life life;

	if (!emr_serverless_check_ids(x))
		return;
	if (emr_serverless_alive(x, id)) {
		emr_serverless_refuse_invalid(
			x, "The application has active sessions.");
		return;
	}
	result = store_move(x->store, NULL, id,
		LIFE_BIT(LIFE_STARTING) | LIFE_BIT(LIFE_RUNNING),
		LIFE_STOPPING);
	if (result == STORE_WRONG_STATE &&
		store_life(x->store, NULL, id, &life) == STORE_OK &&
		(life == LIFE_STOPPING || life == LIFE_STOPPED))
		result = STORE_OK;
	if (result == STORE_OK)
		answer_empty(x);
	else
		emr_serverless_refuse_result(x, result);
}

/* ---- the provider ---- */

static gboolean admit(Exchange *x, const Route *route)
{
	return aws_admit(x, "emr-serverless");
}

static gboolean owns(const Request *request)
{
	return aws_scoped(request, "emr-serverless") ||
	       g_str_has_prefix(request->path, "/applications");
}

static void refuse_unknown(Exchange *x)
{
	put_refusal(x, 404, "UnknownOperationException",
		"There is no such operation.");
}

static const char *code_of(guint status)
{
	switch (status) {
	case 401:
	case 403:
		return "AccessDeniedException";
	case 402:
		return "ServiceQuotaExceededException";
	case 404:
		return "ResourceNotFoundException";
	case 409:
		return "ConflictException";
	case 429:
		return "ThrottlingException";
	case 503:
		return "ServiceUnavailableException";
	}
	return status >= 500 ? "InternalServerException"
			     : "ValidationException";
}

#define APPLICATION "/applications/{}"
#define SESSION APPLICATION "/sessions/{}"

static const Route routes[] = {
	{"ListApplications", "GET", "/applications", list_applications},
	{"GetApplication", "GET", APPLICATION, get_application},
	{"StartApplication", "POST", APPLICATION "/start", start_application},
	{"StopApplication", "POST", APPLICATION "/stop", stop_application},
	{"ListSessions", "GET", APPLICATION "/sessions", list_sessions},
	{"StartSession", "POST", APPLICATION "/sessions",
		emr_serverless_start_session},
	{"GetSession", "GET", SESSION, emr_serverless_get_session},
	{"TerminateSession", "DELETE", SESSION,
		emr_serverless_terminate_session},
	{"GetSessionEndpoint", "GET", SESSION "/endpoint",
		emr_serverless_get_endpoint},
	{"GetResourceDashboard", "GET", APPLICATION "/dashboard",
		emr_serverless_get_dashboard},
};

const Provider emr_serverless_provider = {
	.name = "emr-serverless",
	.routes = routes,
	.n_routes = G_N_ELEMENTS(routes),
	.sessions = &emr_serverless_session_class,
	.owns = owns,
	.admit = admit,
	.refuse = put_refusal,
	.code = code_of,
	.unknown = refuse_unknown,
	.demo = emr_serverless_demo,
	.options = options,
};
