/*
 * AWS EMR Serverless, sessions, API of 2021-07-13 (REST-JSON 1).  The dialogue,
 * with A = /applications, S = A/{applicationId}/sessions:
 *
 *   GET    A ?maxResults&nextToken&states   -> {applications[], nextToken}
 *   GET    S ?maxResults&nextToken&states   -> {sessions[], nextToken}
 *   GET    S/{id}                           -> {session{}}
 *   GET    S/{id}/endpoint -> {endpoint, authToken, authTokenExpiresAt}
 *   GET    A/{applicationId}/dashboard ?resourceId&resourceType=SESSION
 *                                           -> {url}, valid for an hour
 *   POST   S {executionRoleArn, clientToken, ...}        -> {sessionId}
 *   DELETE S/{id}                           -> {applicationId, sessionId}
 *   POST   A/{applicationId}/start, .../stop, no body    -> nothing
 *
 * Signed with SigV4.  What is listed lacks what a session was made from.  An
 * ended session stays for a while and cannot be started again.  An error is
 * {message} with its type in the header x-amzn-errortype.
 */
#include "backends/aws/aws_service.h"
#include "backends/aws/emr_serverless_record.h"
#include "backends/classes.h"
#include "backends/provider/answer.h"

#define PAGE_SIZE "50" /* the greatest that is allowed */
#define RELEASE_MAJOR 7
#define RELEASE_MINOR 13

static const BackendVerb emr_serverless_workspace_verbs[] = {
	{"start", "start the application"},
	{"stop", "stop the application; its sessions must have ended"},
	{NULL},
};

static const char *const private_members[] = {"configurationOverrides", NULL};

/* What GetSession tells besides, and what ends with a state or goes on growing. */
static const char *const dated_members[] = {"state", "updatedAt", NULL};
static const char *const fleeting_members[] = {"idleSince", "endedAt",
	"totalResourceUtilization", "billedResourceUtilization",
	"totalExecutionDurationSeconds", NULL};

/* All but TERMINATED. */
static const char *const application_states[] = {
	"CREATING", "CREATED", "STARTING", "STARTED", "STOPPING", "STOPPED"};

/* ---- calls ---- */

static Json *order(Backend *base, const char *action, const char *method,
	const char *path, const char *body, const Call *call, GError **error)
{
	const ApiRequest request = {
		.action = action, .method = method, .path = path, .body = body};

	return api_call(base->api, &request, call, NULL, error);
}

static char *application_path(const char *application, const char *rest)
{
	g_autofree char *segment = http_encode(application);

	return g_strconcat("/applications/", segment, rest, NULL);
}

static char *session_path(
	const char *application, const char *id, const char *rest)
{
	g_autofree char *segment = http_encode(id);
	g_autofree char *tail = g_strconcat("/sessions/", segment, rest, NULL);

	return application_path(application, tail);
}

static GString *page_query(const char *token)
{
	GString *query = g_string_new(NULL);

	http_query_add(query, "maxResults", PAGE_SIZE);
	http_query_add(query, "nextToken", token);
	return query;
}

/* ---- slots: reading ---- */

/* Whether sessions exist in that release.  A label that is spelt in a new way
 * is a new one. */
static gboolean release_has_sessions(const char *label)
{
	gsize start = strcspn(label, "0123456789");
	char *end;
	guint64 major, minor;

	if (!label[start])
		return TRUE;
	major = g_ascii_strtoull(label + start, &end, 10);
	minor = *end == '.' ? g_ascii_strtoull(end + 1, NULL, 10) : 0;
	return major > RELEASE_MAJOR ||
	       (major == RELEASE_MAJOR && minor >= RELEASE_MINOR);
}

static gboolean is_wanted(const Json *application)
{
	const char *type = json_get_text(application, "type", 64, "Spark");
	const char *state = json_get_text(application, "state", 64, "");
	const char *label = json_get_text(application, "releaseLabel", 64, "");

	return g_ascii_strcasecmp(type, "Spark") == 0 &&
	       g_ascii_strcasecmp(state, "TERMINATED") != 0 &&
	       release_has_sessions(label);
}

static const WorkspaceAnswers emr_serverless_workspaces = {
	.list = "applications",
	.id = "id",
	.name = "name",
	.created = {"createdAt"},
	.next = {"nextToken"},
	.is_wanted = is_wanted,
};

static const SessionAnswers emr_serverless_sessions = {
	.listed = &emr_serverless_listed,
	.got = &emr_serverless_record,
	.list = "sessions",
	.next = {"nextToken"},
	.one = "session",
};

static WorkspacePage *emr_serverless_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	g_autoptr(GString) query = page_query(token);

	for (gsize i = 0; i < G_N_ELEMENTS(application_states); i++)
		http_query_add(query, "states", application_states[i]);
	g_autoptr(Json) answer = api_backend_get(base, "ListApplications",
		"/applications", query->str, call, NULL, error);
	return answer_workspaces(&emr_serverless_workspaces, answer, error);
}

static SessionPage *list_sessions(Backend *base, const char *workspace,
	const GString *query, const Call *call, GError **error)
{
	g_autofree char *path = application_path(workspace, "/sessions");
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = api_backend_get(
		base, "ListSessions", path, query->str, call, &text, error);

	return answer_sessions(
		&emr_serverless_sessions, answer, text, NULL, call, error);
}

static SessionPage *emr_serverless_list_page(Backend *base,
	const char *workspace, const char *token, const Call *call,
	GError **error)
{
	g_autoptr(GString) query = page_query(token);

	return list_sessions(base, workspace, query, call, error);
}

/* They come grouped by state, newest first in each. */
static SessionPage *emr_serverless_list_living(Backend *base,
	const char *workspace, const char *token, const Call *call,
	GError **error)
{
	g_autoptr(GString) query = page_query(token);

	for (const BackendState *state = aws_states; state->word; state++)
		if (!backend_state_has_ended(state))
			http_query_add(query, "states", state->word);
	return list_sessions(base, workspace, query, call, error);
}

static Session *emr_serverless_get(Backend *base, const char *workspace,
	const char *id, const Call *call, GError **error)
{
	g_autofree char *path = session_path(workspace, id, NULL);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = api_backend_get(
		base, "GetSession", path, NULL, call, &text, error);

	return answer_session(
		&emr_serverless_sessions, answer, text, NULL, NULL, error);
}

/* ---- described files ---- */

static Json *ask_endpoint(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	g_autofree char *path = session_path(workspace, id, "/endpoint");

	return api_backend_get(
		base, "GetSessionEndpoint", path, NULL, call, NULL, error);
}

/* The live UI while the session runs, the history server afterwards. */
static Json *ask_webui(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	g_autofree char *path = application_path(workspace, "/dashboard");
	g_autoptr(GString) query = g_string_new(NULL);

	http_query_add(query, "resourceId", id);
	http_query_add(query, "resourceType", "SESSION");
	return api_backend_get(base, "GetResourceDashboard", path, query->str,
		call, NULL, error);
}

/* ---- slots: changing ---- */

static char *emr_serverless_create(Backend *base, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	g_autofree char *path = application_path(workspace, "/sessions");
	GError *cause = NULL;
	g_autoptr(Json) answer = api_backend_create(
		base, "StartSession", path, plan, call, &cause);

	return answer_created(answer, "sessionId", cause, error);
}

static gboolean emr_serverless_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	g_autofree char *path = session_path(workspace, id, NULL);
	g_autoptr(Json) answer = order(
		base, "TerminateSession", "DELETE", path, NULL, call, error);

	return answer != NULL;
}

static gboolean emr_serverless_control_workspace(Backend *base,
	const char *workspace, const char *verb, const Call *call,
	GError **error)
{
	gboolean start = g_str_equal(verb, "start");
	g_autofree char *path =
		application_path(workspace, start ? "/start" : "/stop");
	g_autoptr(GError) cause = NULL;
	g_autoptr(Json) answer =
		order(base, start ? "StartApplication" : "StopApplication",
			"POST", path, NULL, call, &cause);

	if (answer)
		return TRUE;
	/* There is nothing in it to be wrong but the application's state. */
	if (cause->code == BACKEND_ERROR_INVALID)
		cause->code = BACKEND_ERROR_CONFLICT;
	g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

/* ---- opening ---- */

static const AwsService service = {
	.name = "emr-serverless",
	.env = "EMR_SERVERLESS",
	.workspace = "applicationId",
	.role = "executionRoleArn",
	.check = emr_serverless_check,
	.state = "state",
	.ask_endpoint = ask_endpoint,
	.url = "endpoint",
	.token = "authToken",
	.expires = "authTokenExpiresAt",
	.ask_webui = ask_webui,
	.webui = "url",
	.webui_ms = 55 * 60 * 1000, /* of the hour that it is valid */
	.retry_ms = 10 * 1000,
};

static gboolean emr_serverless_open(
	Backend *base, GHashTable *keys, GError **error)
{
	return aws_open(base, &service, keys, error);
}

const BackendClass emr_serverless_class = {
	.name = "emr-serverless",
	.spec = emr_serverless_spec,
	.whole_files = 1 << SESSION_CONFIG,
	.private = private_members,
	.dated = dated_members,
	.fleeting = fleeting_members,
	.workspace_verbs = emr_serverless_workspace_verbs,
	.record = &emr_serverless_record,
	.token_member = "clientToken",
	.open = emr_serverless_open,
	.list_workspaces = emr_serverless_list_workspaces,
	.list_page = emr_serverless_list_page,
	.list_living = emr_serverless_list_living,
	.get = emr_serverless_get,
	.create = emr_serverless_create,
	.control = emr_serverless_control,
	.control_workspace = emr_serverless_control_workspace,
	.renders = emr_serverless_renders,
	AWS_SLOTS,
};
