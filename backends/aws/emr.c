/*
 * Amazon EMR on EC2, Spark Connect sessions of emr-spark-8.0.0 and later, API of
 * 2009-03-31 (JSON 1.1).  Each call is a POST of its input to /, named by the
 * header X-Amz-Target: ElasticMapReduce.{action}.  The dialogue:
 *
 *   ListClusters {ClusterStates, Marker}       -> {Clusters[], Marker}
 *   ListSessions {ClusterId, MaxResults, NextToken}
 *                                              -> {Sessions[], NextToken}
 *   GetSession {ClusterId, SessionId}          -> {Session{}}
 *   StartSession {ClusterId, ClientRequestToken, ...}   -> {Id, State, ...}
 *   TerminateSession {ClusterId, SessionId}    -> {SessionId, State, ...}
 *   GetSessionEndpoint {ClusterId, SessionId}
 *         -> {Endpoint, AuthToken, AuthTokenExpirationTime, Credentials}
 *   GetOnClusterAppUIPresignedURL {ClusterId, OnClusterAppUIType}
 *                                    -> {PresignedURLReady, PresignedURL}
 *
 * Signed with SigV4.  Listed records are whole, newest first.  An error is
 * {__type, Message, ErrorCode}, with status 400 or 500; an id that names nothing
 * has no type of its own and is told by the text.
 *
 * `webui` is the cluster's Spark History Server, since a record names no YARN
 * application.  Its address is asked of the cluster itself, which is up as long
 * as it is shown.  CreatePersistentAppUI would outlive the cluster, but it makes
 * something, nothing says that asking twice makes it once, and reading a file
 * must not make anything.
 */
#include <string.h>

#include "backends/aws/aws_service.h"
#include "backends/aws/emr_record.h"
#include "backends/classes.h"
#include "backends/provider/answer.h"

#define PAGE_SIZE 100 /* of sessions; clusters come by fifty whatever we say */

static const char *const private_members[] = {"EngineConfigurations", NULL};

/* Those whose sessions can be asked for.  Ended clusters stay listed for two
 * months. */
static const char live_clusters[] =
	"{\"ClusterStates\":[\"RUNNING\",\"WAITING\"]}";

static const char living_sessions[] =
	"{\"SessionStates\":[\"SUBMITTED\",\"STARTING\",\"STARTED\",\"IDLE\","
	"\"BUSY\",\"TERMINATING\"]}";

/* ---- calls ---- */

static Json *post(Backend *base, const char *action, const Json *input,
	gboolean safe, const Call *call, GByteArray **ret_text, GError **error)
{
	g_autofree char *body = json_print(input, FALSE);
	const ApiRequest request = {.action = action,
		.method = "POST",
		.path = "/",
		.body = body,
		.safe = safe};

	return api_call(base->api, &request, call, ret_text, error);
}

static Json *ask(Backend *base, const char *action, const Json *input,
	const Call *call, GByteArray **ret_text, GError **error)
{
	return post(base, action, input, TRUE, call, ret_text, error);
}

/* The input of calls about one session. */
static Json *session_input(const char *cluster, const char *id)
{
	Json *input = json_object();

	json_set_text(input, "ClusterId", cluster);
	json_set_text(input, "SessionId", id);
	return input;
}

/* ---- slots: reading ---- */

static const WorkspaceAnswers emr_workspaces = {
	.list = "Clusters",
	.id = "Id",
	.name = "Name",
	.created = {"Status", "Timeline", "CreationDateTime"},
	.next = {"Marker"},
};

static const SessionAnswers emr_sessions = {
	.listed = &emr_record,
	.got = &emr_record,
	.list = "Sessions",
	.next = {"NextToken"},
	.one = "Session",
};

static WorkspacePage *emr_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	g_autoptr(Json) input =
		json_parse(live_clusters, strlen(live_clusters), NULL);

	if (token && *token)
		json_set_text(input, "Marker", token);
	g_autoptr(Json) answer =
		ask(base, "ListClusters", input, call, NULL, error);
	return answer_workspaces(&emr_workspaces, answer, error);
}

/* input: what is asked for besides a page of this cluster. */
static SessionPage *list_sessions(Backend *base, Json *input,
	const char *workspace, const char *token, const Call *call,
	GError **error)
{
	g_autoptr(HttpBody) text = NULL;

	json_set_text(input, "ClusterId", workspace);
	if (token && *token)
		json_set_text(input, "NextToken", token);
	json_set_int(input, "MaxResults", PAGE_SIZE);
	g_autoptr(Json) answer =
		ask(base, "ListSessions", input, call, &text, error);
	return answer_sessions(&emr_sessions, answer, text, NULL, call, error);
}

static SessionPage *emr_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	g_autoptr(Json) input = json_object();

	return list_sessions(base, input, workspace, token, call, error);
}

static SessionPage *emr_list_living(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	g_autoptr(Json) input =
		json_parse(living_sessions, strlen(living_sessions), NULL);

	return list_sessions(base, input, workspace, token, call, error);
}

static Session *emr_get(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	g_autoptr(Json) input = session_input(workspace, id);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer =
		ask(base, "GetSession", input, call, &text, error);

	return answer_session(&emr_sessions, answer, text, NULL, NULL, error);
}

/* ---- described files ---- */

static Json *ask_endpoint(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	g_autoptr(Json) input = session_input(workspace, id);

	return ask(base, "GetSessionEndpoint", input, call, NULL, error);
}

static Json *ask_webui(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	g_autoptr(Json) input = json_object();

	json_set_text(input, "ClusterId", workspace);
	json_set_text(input, "OnClusterAppUIType", "SparkHistoryServer");
	return ask(base, "GetOnClusterAppUIPresignedURL", input, call, NULL,
		error);
}

/* ---- slots: changing ---- */

static char *emr_create(Backend *base, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	GError *cause = NULL;
	g_autoptr(Json) answer = api_backend_create(
		base, "StartSession", "/", plan, call, &cause);

	return answer_created(answer, "Id", cause, error);
}

static gboolean emr_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	g_autoptr(Json) input = session_input(workspace, id);
	g_autoptr(Json) answer =
		post(base, "TerminateSession", input, FALSE, call, NULL, error);

	return answer != NULL;
}

/* ---- opening ---- */

static const AwsService service = {
	.name = "elasticmapreduce",
	.env = "EMR",
	.target = "ElasticMapReduce",
	.workspace = "ClusterId",
	.workspace_sent = TRUE,
	.role = "ExecutionRoleArn",
	.check = emr_check,
	.state = "State",
	.ask_endpoint = ask_endpoint,
	.url = "Endpoint",
	.token = "AuthToken",
	.expires = "AuthTokenExpirationTime",
	.login = "Credentials",
	.ask_webui = ask_webui,
	.webui = "PresignedURL",
	.ready = "PresignedURLReady",
	.webui_ms = 10 * 60 * 1000, /* nobody says how long it is valid */
	.retry_ms = 5 * 1000,
};

static gboolean emr_open(Backend *base, GHashTable *keys, GError **error)
{
	return aws_open(base, &service, keys, error);
}

const BackendClass emr_class = {
	.name = "emr",
	.spec = emr_spec,
	.private = private_members,
	.record = &emr_record,
	.token_member = "ClientRequestToken",
	.newest_first = TRUE,
	.open = emr_open,
	.list_workspaces = emr_list_workspaces,
	.list_page = emr_list_page,
	.list_living = emr_list_living,
	.get = emr_get,
	.create = emr_create,
	.control = emr_control,
	.renders = emr_renders,
	AWS_SLOTS,
};
