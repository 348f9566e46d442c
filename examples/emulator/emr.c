#include "emr.h"

#include <string.h>

#include "page.h"
#include "text.h"

/*
 * Amazon EMR on EC2, Spark Connect sessions, 2009-03-31, JSON 1.1, signed with
 * SigV4.  All calls are POST /, and X-Amz-Target says which:
 *
 *   > X-Amz-Target: ElasticMapReduce.ListSessions
 *   > {"ClusterId":"j-...","MaxResults":100}
 *   < {"Sessions":[{...}],"NextToken":"c2Vzc2lvbnM-100"}
 *
 * A refusal's code is __type.  There is none for what does not exist: that is an
 * InvalidRequestException, and its text tells.
 */

#define CLUSTERS 50 /* a page, whatever is asked */
#define RESULTS_MAX 100
#define TOKEN "c2Vzc2lvbnM-"
#define MARKER "Y2x1c3RlcnM-"
#define RECORD_GUESS 1024

static void put_refusal(
	Exchange *x, guint status, const char *code, const char *message)
{
	aws_refuse_json(x, status, code, "", message);
}

gboolean emr_refuse_invalid(Exchange *x, const char *message)
{
	put_refusal(x, 400, "InvalidRequestException", message);
	return FALSE;
}

static gboolean refuse_value(Exchange *x, const char *name, const char *why)
{
	g_autofree char *message =
		g_strdup_printf("1 validation error detected: Value at '%s' "
				"failed to satisfy constraint: Member must %s",
			name, why);

	put_refusal(x, 400, "ValidationException", message);
	return FALSE;
}

void emr_refuse_result(Exchange *x, StoreResult result, const char *cluster,
	const char *session)
{
	g_autofree char *message = NULL;

	switch (result) {
	case STORE_NO_WORKSPACE:
		message = g_strdup_printf(
			"Cluster id '%s' is not valid.", cluster);
		break;
	case STORE_NO_SESSION:
		message = g_strdup_printf(
			"Session id '%s' is not valid.", session);
		break;
	case STORE_WRONG_STATE:
		message = g_strdup("The session is in a state that does not "
				   "allow this.");
		break;
	case STORE_MISMATCH:
		message = g_strdup("ClientRequestToken was used with other "
				   "parameters.");
		break;
	case STORE_OK:
	case STORE_SAME:
	case STORE_EXISTS:
		return;
	}
	emr_refuse_invalid(x, message);
}

const char *emr_text(Exchange *x, const Json *input, const char *name)
{
	const char *text = json_text(json_get(input, name));

	if (!text)
		refuse_value(x, name, "not be null");
	return text;
}

/* ---- listing ---- */

/* The words of a list, borrowed texts in a new vector; NULL: refused. */
static const char **read_states(Exchange *x, const Json *input,
	const char *name, const StoreClass *class)
{
	const Json *list = json_get(input, name);
	g_autofree const char **words =
		g_new0(const char *, json_size(list) + 1);
	guint n = 0;

	json_foreach (item, list) {
		if (json_text(item))
			words[n++] = json_text(item);
	}
	if (n == json_size(list) && aws_states_known(class, words, NULL))
		return g_steal_pointer(&words);
	refuse_value(x, name, "satisfy enum value set");
	return NULL;
}

/* FALSE: it is no token of ours. */
static gboolean read_token(Exchange *x, const Json *input, const char *name,
	const char *prefix, Page *page)
{
	g_autofree char *message = NULL;

	if (page_at_token(page, prefix, json_text(json_get(input, name))))
		return TRUE;
	message = g_strdup_printf("%s '%s' is not valid.", name,
		json_text(json_get(input, name)));
	return emr_refuse_invalid(x, message);
}

static void answer_page(Exchange *x, const char *workspace, const char *name,
	const char *token, const Page *page, StoreQuery *query)
{
	g_autofree char *next = NULL;
	StoreResult result;
	GString *body = exchange_body(x, 256 + page->limit * RECORD_GUESS);
	gsize total;

	page_query(page, x->fault, query);
	g_string_append_printf(body, "{\"%s\":[", name);
	result = store_list(x->store, workspace, query, body, &total);
	if (result != STORE_OK) {
		emr_refuse_result(x, result, workspace, NULL);
		return;
	}
	aws_put_headers(x);
	next = page_next(page, x->fault, total);
	g_string_append_c(body, ']');
	if (next)
		g_string_append_printf(body, ",\"%s\":\"%s\"", token, next);
	g_string_append_c(body, '}');
}

/* Times of creation, seconds. */
typedef struct {
	double after, before;
} Range;

/* A JSON number may have a fraction, which json_whole would not take. */
static double number_or(const Json *input, const char *name, double fallback)
{
	const Json *value = json_get(input, name);
	g_autofree char *text = json_type(value) == JSON_NUMBER
					? json_print(value, FALSE)
					: NULL;

	return text ? g_ascii_strtod(text, NULL) : fallback;
}

static gboolean in_range(const char *record, const void *data)
{
	const Range *range = data;
	g_autoptr(Json) object = json_parse(record, strlen(record), NULL);
	double made =
		number_or(json_get(json_get(object, "Status"), "Timeline"),
			"CreationDateTime", 0);

	return made >= range->after && made <= range->before;
}

static void list_clusters(Exchange *x, const Json *input)
{
	g_autofree const char **states = read_states(
		x, input, "ClusterStates", x->provider->sessions->workspaces);
	g_auto(Page)
		page = {.limit = MIN(CLUSTERS, x->emulator->settings.page_max)};
	Range range = {number_or(input, "CreatedAfter", 0),
		number_or(input, "CreatedBefore", G_MAXDOUBLE)};
	StoreQuery query = {.states = states, .keep = in_range, .data = &range};

	if (states && read_token(x, input, "Marker", MARKER, &page))
		answer_page(x, NULL, "Clusters", "Marker", &page, &query);
}

static void list_sessions(Exchange *x, const Json *input)
{
	const char *cluster = emr_text(x, input, "ClusterId");
	gint64 results = json_get_int(input, "MaxResults", 1, RESULTS_MAX,
		json_get(input, "MaxResults") ? 0 : RESULTS_MAX);
	g_autofree const char **states = NULL;
	g_auto(Page) page = {0};
	StoreQuery query = {0};

	if (!cluster)
		return;
	if (!results) {
		refuse_value(x, "MaxResults", "be 1 to 100");
		return;
	}
	states = read_states(x, input, "SessionStates", x->provider->sessions);
	query.states = states;
	page.limit = MIN(results, x->emulator->settings.page_max);
	if (states && read_token(x, input, "NextToken", TOKEN, &page))
		answer_page(x, cluster, "Sessions", "NextToken", &page, &query);
}

/* ---- single ones ---- */

static void answer_record(
	Exchange *x, const char *name, const char *workspace, const char *id)
{
	GString *body = exchange_body(x, 2 * RECORD_GUESS);
	StoreResult result;

	g_string_append_printf(body, "{\"%s\":", name);
	result = store_get(x->store, workspace, id, body);
	if (result != STORE_OK) {
		emr_refuse_result(x, result, workspace ? workspace : id, id);
		return;
	}
	g_string_append_c(body, '}');
	aws_put_headers(x);
}

static void describe_cluster(Exchange *x, const Json *input)
{
	const char *cluster = emr_text(x, input, "ClusterId");

	if (cluster)
		answer_record(x, "Cluster", NULL, cluster);
}

static void get_session(Exchange *x, const Json *input)
{
	const char *cluster = emr_text(x, input, "ClusterId");
	const char *id = cluster ? emr_text(x, input, "SessionId") : NULL;

	if (id)
		answer_record(x, "Session", cluster, id);
}

/* The cluster, if it takes sessions now, new object; NULL: refused. */
static Json *cluster_ready(Exchange *x, const char *id)
{
	g_autoptr(GString) text = g_string_new(NULL);
	StoreResult result = store_get(x->store, NULL, id, text);
	g_autoptr(Json) record = NULL;
	Life life = LIFE_OTHER;

	if (result == STORE_OK)
		result = store_life(x->store, NULL, id, &life);
	if (result != STORE_OK) {
		emr_refuse_result(x, result, id, NULL);
		return NULL;
	}
	record = json_parse(text->str, text->len, NULL);
	if (life != LIFE_RUNNING && life != LIFE_BUSY)
		emr_refuse_invalid(
			x, "The cluster is not in state RUNNING or WAITING.");
	else if (!json_get_bool(record, "SessionEnabled", FALSE))
		emr_refuse_invalid(
			x, "Sessions are not enabled on the cluster.");
	else
		return g_steal_pointer(&record);
	return NULL;
}

static void create_session(
	Exchange *x, const Json *spec, const char *cluster, const char *release)
{
	g_autofree char *region = aws_region(x->request);
	g_autofree char *digest = exchange_digest(spec);
	g_autofree char *id = emr_id_new();
	const EmrSession session = {
		id, cluster, region, release, spec, exchange_now(x)};
	g_autofree char *record = emr_record_new(&session);
	g_autofree char *ret = NULL, *arn = NULL;
	g_autoptr(Json) body = json_object();
	StoreResult result = store_create(x->store, cluster,
		&(StoreSpec){
			.id = id,
			.record = record,
			.life = LIFE_PENDING,
			.token =
				json_text(json_get(spec, "ClientRequestToken")),
			.digest = digest,
		},
		&ret);

	if (!ret) {
		emr_refuse_result(x, result, cluster, NULL);
		return;
	}
	arn = emr_arn(region, cluster, ret);
	json_set_text(body, "Id", ret);
	json_set_text(body, "ClusterId", cluster);
	json_set_text(body, "Arn", arn);
	json_set_text(body, "AccountId", AWS_ACCOUNT);
	json_set_text(body, "State", aws_states[LIFE_PENDING].word);
	aws_put_headers(x);
	exchange_put(x, 200, body);
}

static void start_session(Exchange *x, const Json *input)
{
	g_autofree char *problem = emr_spec_check(input);
	const char *id = json_text(json_get(input, "ClusterId"));
	g_autoptr(Json) cluster = NULL;

	if (problem) {
		put_refusal(x, 400, "ValidationException", problem);
		return;
	}
	cluster = cluster_ready(x, id);
	if (cluster)
		create_session(x, input, id,
			json_get_text(
				cluster, "ReleaseLabel", 64, EMR_RELEASE));
}

static void terminate_session(Exchange *x, const Json *input)
{
	const char *cluster = emr_text(x, input, "ClusterId");
	const char *id = cluster ? emr_text(x, input, "SessionId") : NULL;
	g_autoptr(Json) body = json_object();
	StoreResult result;
	Life life;

	if (!id)
		return;
	result = store_move(x->store, cluster, id, LIFE_ALIVE, LIFE_STOPPING);
	/* One that is ending already, ends. */
	if (result == STORE_WRONG_STATE &&
		store_life(x->store, cluster, id, &life) == STORE_OK &&
		life == LIFE_STOPPING)
		result = STORE_OK;
	if (result != STORE_OK) {
		emr_refuse_result(x, result, cluster, id);
		return;
	}
	json_set_text(body, "ClusterId", cluster);
	json_set_text(body, "SessionId", id);
	json_set_text(body, "State", aws_states[LIFE_STOPPING].word);
	aws_put_headers(x);
	exchange_put(x, 200, body);
}

/* ---- the provider ---- */

/* What the routes lead to, with the input that every call has. */
static const struct {
	const char *action;
	void (*handle)(Exchange *x, const Json *input);
} calls[] = {
	{"ListClusters", list_clusters},
	{"DescribeCluster", describe_cluster},
	{"ListSessions", list_sessions},
	{"StartSession", start_session},
	{"GetSession", get_session},
	{"TerminateSession", terminate_session},
	{"GetSessionEndpoint", emr_get_endpoint},
	{"GetOnClusterAppUIPresignedURL", emr_get_cluster_ui},
	{"CreatePersistentAppUI", emr_create_ui},
	{"GetPersistentAppUIPresignedURL", emr_get_ui},
};

static void on_call(Exchange *x)
{
	g_autoptr(Json) input = exchange_object(x);

	if (!input)
		aws_refuse_json(x, 400, "SerializationException",
			"com.amazon.coral.service#",
			"The body is no JSON object");
	for (guint i = 0; input && i < G_N_ELEMENTS(calls); i++)
		if (!strcmp(calls[i].action, x->request->action))
			calls[i].handle(x, input);
}

static gboolean admit(Exchange *x, const Route *route)
{
	return aws_admit(x, "elasticmapreduce");
}

static gboolean owns(const Request *request)
{
	return request_header(request, "X-Amz-Target") ||
	       aws_scoped(request, "elasticmapreduce");
}

static void refuse_unknown(Exchange *x)
{
	aws_refuse_json(x, 400, "UnknownOperationException",
		"com.amazon.coral.service#", "There is no such operation.");
}

static const char *code_of(guint status)
{
	switch (status) {
	case 401:
	case 403:
		return "AccessDeniedException";
	case 429:
		return "ThrottlingException";
	case 503:
		return "ServiceUnavailable";
	}
	return status >= 500 ? "InternalServerException"
			     : "InvalidRequestException";
}

static const Route routes[] = {
	{"ListClusters", "POST", "/", on_call},
	{"DescribeCluster", "POST", "/", on_call},
	{"ListSessions", "POST", "/", on_call},
	{"StartSession", "POST", "/", on_call},
	{"GetSession", "POST", "/", on_call},
	{"TerminateSession", "POST", "/", on_call},
	{"GetSessionEndpoint", "POST", "/", on_call},
	{"GetOnClusterAppUIPresignedURL", "POST", "/", on_call},
	{"CreatePersistentAppUI", "POST", "/", on_call},
	{"GetPersistentAppUIPresignedURL", "POST", "/", on_call},
};

const Provider emr_provider = {
	.name = "emr",
	.routes = routes,
	.n_routes = G_N_ELEMENTS(routes),
	.target = "ElasticMapReduce.",
	.sessions = &emr_session_class,
	.owns = owns,
	.admit = admit,
	.refuse = put_refusal,
	.code = code_of,
	.unknown = refuse_unknown,
	.demo = emr_demo,
};
