/*
 * Google Dataproc Serverless, interactive sessions, API v1.  The dialogue, with
 * S = /v1/projects/{project}/locations/{location}/sessions:
 *
 *   GET    S ?pageSize&pageToken&filter        -> {sessions[], nextPageToken}
 *   GET    S/{id}                              -> the session
 *   POST   S ?sessionId&requestId, a session   -> an operation
 *   POST   S/{id}:terminate {}                 -> an operation
 *   DELETE S/{id}                              -> an operation
 *
 * with an OAuth 2 bearer token and nothing signed.  Who creates chooses the id.
 * Operations are not followed: the session itself says how it goes.  Members
 * with default values are left out of answers.  A terminated session stays until
 * it is deleted; a live one that is deleted is terminated first.
 *
 * The host is the global front end, since a section may name several locations
 * and the path tells which; a regional one can be set as the endpoint.
 */
#include <string.h>

#include "backends/auth/tools.h"
#include "backends/classes.h"
#include "backends/dataproc/dataproc_error.h"
#include "backends/dataproc/dataproc_record.h"
#include "backends/dataproc/dataproc_spec.h"
#include "backends/dataproc/dataproc_value.h"
#include "backends/dataproc/google_chain.h"
#include "backends/provider/answer.h"
#include "backends/provider/api_backend.h"
#include "backends/provider/plan.h"
#include "backends/provider/refusal.h"

#define ENDPOINT "https://dataproc.googleapis.com"
#define PAGE_SIZE "1000" /* undocumented; what Google's own clients ask for */
#define PLACE_MAX 128

static const char living_only[] = "state != TERMINATED AND state != FAILED";

/* ---- tables ---- */

static const BackendState dataproc_states[] = {
	{"STATE_UNSPECIFIED", PHASE_PENDING},
	{"CREATING", PHASE_STARTING},
	{"ACTIVE", PHASE_IDLE}, /* the API does not tell idle from busy */
	{"TERMINATING", PHASE_STOPPING},
	{"TERMINATED", PHASE_STOPPED},
	{"FAILED", PHASE_FAILED},
	{NULL},
};

static const BackendVerb dataproc_verbs[] = {
	{"terminate", "end a session; its record stays",
		1 << PHASE_PENDING | 1 << PHASE_STARTING | 1 << PHASE_IDLE |
			1 << PHASE_BUSY},
	{"delete", "delete a session's record, and end it first if it lives",
		(1 << N_PHASES) - 1},
	{NULL},
};

static const BackendKey dataproc_keys[] = {
	{"project", KEY_STRING, "the project's id"},
	{"region", KEY_STRING, "such as us-central1"},
	{"credentials_file", KEY_PATH,
		"JSON file of a service account or of gcloud"},
	{"access_token_file", KEY_PATH,
		"file with a bare access token that others renew"},
	{"quota_project", KEY_STRING, "the project that pays for the calls"},
	{NULL},
};

typedef struct {
	Backend base;
	char *quota_project; /* NULL: as the credentials say */
} Dataproc;

/* ---- calls ---- */

static gboolean dataproc_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	const Dataproc *self = data;
	const char *payer = self->quota_project ? self->quota_project
						: credentials->project;
	g_autoptr(SecretText) bearer =
		g_strconcat("Bearer ", secret_peek(credentials->secret), NULL);

	http_request_set(request, "authorization", bearer);
	if (payer)
		http_request_set(request, "x-goog-user-project", payer);
	return TRUE;
}

/* The sessions of a location, or one of them; `verb` may be NULL. */
static char *sessions_path(const Dataproc *self, const char *location,
	const char *id, const char *verb)
{
	g_autofree char *project = http_encode(self->base.project);
	g_autofree char *place = http_encode(location);
	g_autofree char *one = id ? http_encode(id) : NULL;

	return g_strconcat("/v1/projects/", project, "/locations/", place,
		"/sessions", one ? "/" : "", one ? one : "", verb ? ":" : NULL,
		verb, NULL);
}

/* ---- slots: reading ---- */

/* There is no call for it: the one that is configured. */
static WorkspacePage *dataproc_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	return answer_workspace(base->region);
}

static const SessionAnswers dataproc_sessions = {
	.listed = &dataproc_record,
	.got = &dataproc_record,
	.list = "sessions",
	.next = {"nextPageToken"},
};

/* filter: NULL: all. */
static SessionPage *list_sessions(Backend *base, const char *workspace,
	const char *filter, const char *token, const Call *call, GError **error)
{
	Dataproc *self = (Dataproc *)base;
	g_autofree char *path = sessions_path(self, workspace, NULL, NULL);
	g_autoptr(GString) query = g_string_new("pageSize=" PAGE_SIZE);
	g_autoptr(HttpBody) text = NULL;

	http_query_add(query, "pageToken", token);
	http_query_add(query, "filter", filter);
	g_autoptr(Json) answer = api_backend_get(
		base, "ListSessions", path, query->str, call, &text, error);
	return answer_sessions(&dataproc_sessions, answer, text,
		(void *)workspace, call, error);
}

static SessionPage *dataproc_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	return list_sessions(base, workspace, NULL, token, call, error);
}

static SessionPage *dataproc_list_living(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	return list_sessions(base, workspace, living_only, token, call, error);
}

static Session *dataproc_get(Backend *base, const char *workspace,
	const char *id, const Call *call, GError **error)
{
	Dataproc *self = (Dataproc *)base;
	g_autofree char *path = sessions_path(self, workspace, id, NULL);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = api_backend_get(
		base, "GetSession", path, NULL, call, &text, error);

	return answer_session(&dataproc_sessions, answer, text,
		(void *)workspace, NULL, error);
}

/* ---- slots: changing ---- */

/* A request that was made before answers with its first operation, whose session
 * may have another id than the one that was asked for now. */
static char *created_id(
	const Json *answer, const char *location, const char *asked)
{
	const char *name = json_get_text(
		json_get(answer, "metadata"), "session", SESSION_ID_MAX, "");
	g_auto(DataprocName) parts = {NULL};

	if (dataproc_name_parse(name, &parts) &&
		g_str_equal(parts.location, location))
		return g_steal_pointer(&parts.id);
	return g_strdup(asked);
}

/* The token names the request, and the session where the spec does not. */
static CreatePlan *dataproc_plan(Backend *base, const char *workspace,
	Json *spec, const char *token, const Call *call, GError **error)
{
	const Dataproc *self = (Dataproc *)base;
	const DataprocPlace place = {self->base.project, workspace};
	gboolean named = json_get(spec, "sessionId") || json_get(spec, "name");
	g_autoptr(GString) query = g_string_new(NULL);
	g_autofree char *request_id = NULL;
	char *id = NULL;

	dataproc_spec_split(spec, &place, token, &id, &request_id);
	CreatePlan *plan = create_plan_of(base, spec);
	http_query_add(query, "sessionId", id);
	http_query_add(query, "requestId", request_id);
	g_free(plan->query);
	plan->query = g_strdup(query->str);
	g_free(plan->id);
	plan->id = id;
	plan->repeatable = TRUE;
	plan->unique = !named;
	return plan;
}

static char *dataproc_create(Backend *base, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	g_autofree char *path =
		sessions_path((Dataproc *)base, workspace, NULL, NULL);
	g_autoptr(GError) cause = NULL;
	g_autoptr(Json) answer = api_backend_create(
		base, "CreateSession", path, plan, call, &cause);

	/* What is no operation is somebody else's answer. */
	if (json_get(answer, "name") || json_get(answer, "metadata"))
		return created_id(answer, workspace, plan->id);
	if (!cause)
		backend_error_set(&cause, BACKEND_ERROR_MAY_EXIST,
			"the answer to the create names no operation");
	if (cause->code == BACKEND_ERROR_MAY_EXIST)
		g_prefix_error(&cause, "session %s may exist: ", plan->id);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

static gboolean dataproc_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	Dataproc *self = (Dataproc *)base;
	gboolean end = g_str_equal(verb, "terminate");
	g_autofree char *path =
		sessions_path(self, workspace, id, end ? "terminate" : NULL);
	const ApiRequest request = {
		.action = end ? "TerminateSession" : "DeleteSession",
		.method = end ? "POST" : "DELETE",
		.path = path,
		.body = end ? "{}" : NULL,
	};
	g_autoptr(Json) answer =
		api_call(self->base.api, &request, call, NULL, error);

	return answer != NULL;
}

/* ---- slots: pure ones ---- */

static gboolean dataproc_check_spec(
	Backend *base, const char *workspace, const Json *spec, GError **error)
{
	const Dataproc *self = (Dataproc *)base;
	const DataprocPlace place = {self->base.project, workspace};

	return dataproc_spec_check(spec, &place, error);
}

/* ---- opening ---- */

/* What becomes part of a path, a header or a line. */
static gboolean place_check(
	const char *name, const char *text, const char *example, GError **error)
{
	if (*text && strlen(text) <= PLACE_MAX &&
		strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.:") ==
			strlen(text))
		return TRUE;
	g_autofree char *shown = g_utf8_make_valid(text, -1);
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"%s must be a name such as %s, not \"%.64s\"", name, example,
		shown);
}

/* The key, or else what was found (taken), which may be NULL. */
static char *place_choose(GHashTable *keys, const char *name, char *found,
	const char *example, const char *advice, GError **error)
{
	g_autofree char *usual = found;
	const char *key = g_hash_table_lookup(keys, name);
	const char *place = key ? key : usual;

	if (!place)
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"no %s is known: set %s = %s in the section, %s", name,
			name, example, advice);
	return place_check(name, place, example, error) ? g_strdup(place)
							: NULL;
}

static char *project_choose(GHashTable *keys, GError **error)
{
	const char *file = g_hash_table_lookup(keys, "credentials_file");

	return place_choose(keys, "project", google_chain_project(file),
		"my-project",
		"GOOGLE_CLOUD_PROJECT, or gcloud config set project", error);
}

static char *region_choose(GHashTable *keys, GError **error)
{
	return place_choose(keys, "region", google_chain_region(),
		"us-central1",
		"CLOUDSDK_DATAPROC_REGION, or gcloud config set "
		"dataproc/region",
		error);
}

static char *payer_choose(GHashTable *keys)
{
	const char *key = g_hash_table_lookup(keys, "quota_project");

	return g_strdup(
		key && *key ? key : auth_env("GOOGLE_CLOUD_QUOTA_PROJECT"));
}

/* At most one of the two files is named. */
static Api *api_open(
	GHashTable *keys, const ApiProtocol *protocol, GError **error)
{
	const char *account = g_hash_table_lookup(keys, "credentials_file");
	const char *token = g_hash_table_lookup(keys, "access_token_file");

	if (account && token)
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"credentials_file and access_token_file cannot be "
			"given both");
	return api_backend_connect(keys, ENDPOINT,
		token ? &google_token_chain : &google_chain, NULL, protocol,
		error);
}

static void dataproc_close(Backend *base)
{
	g_free(((Dataproc *)base)->quota_project);
}

/* ListSessions is dataproc.sessions.list in a role of IAM. */
static void dataproc_permission(
	const char *action, BackendErrorDetail *detail, void *data)
{
	const char *object = strstr(action, "Session");

	if (!object ||
		!refusal_code_fits(detail->provider_code, "PERMISSION_DENIED*"))
		return;
	g_autofree char *verb = g_ascii_strdown(action, object - action);
	detail->permission = g_strdup_printf("dataproc.sessions.%s", verb);
}

static gboolean dataproc_open(Backend *base, GHashTable *keys, GError **error)
{
	static const char *const domains[] = {"googleapis.com", NULL};
	Dataproc *self = (Dataproc *)base;
	g_autofree char *ca_file = google_ca_file();
	const ApiProtocol protocol = {
		.sign = dataproc_sign,
		.refuse = dataproc_refuse,
		.accept = dataproc_accept,
		.permission = dataproc_permission,
		.domains = domains,
		.ca_file = ca_file,
		.data = self,
	};

	base->project = project_choose(keys, error);
	base->region = base->project ? region_choose(keys, error) : NULL;
	self->quota_project = payer_choose(keys);
	if (base->region &&
		(!self->quota_project ||
			place_check("quota_project", self->quota_project,
				"my-project", error)))
		base->api = api_open(keys, &protocol, error);
	return base->api != NULL;
}

const BackendClass dataproc_class = {
	.name = "dataproc",
	.keys = dataproc_keys,
	.states = dataproc_states,
	.verbs = dataproc_verbs,
	.spec = dataproc_spec,
	.private = dataproc_private,
	.record = &dataproc_record,
	.end_verb = "terminate",
	.token_member = "requestId",
	.list_lag_ms = 10000,
	.size = sizeof(Dataproc),
	.open = dataproc_open,
	.close = dataproc_close,
	.chain = &google_chain,
	.list_workspaces = dataproc_list_workspaces,
	.list_page = dataproc_list_page,
	.list_living = dataproc_list_living,
	.get = dataproc_get,
	.plan = dataproc_plan,
	.create = dataproc_create,
	.control = dataproc_control,
	.check_spec = dataproc_check_spec,
	.renders = dataproc_renders,
};
