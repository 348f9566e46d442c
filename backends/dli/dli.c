/*
 * Huawei Cloud Data Lake Insight, interactive sessions: Livy behind a gateway,
 * in two flavours of which one addresses queues and the older one clusters.
 * The dialogue, with S = /v2.0/{project}/sessions:
 *
 *   GET    /v1.0/{project}/queues?queue_type=general  -> {queues[]}
 *   GET    /v2.0/{project}/clusters                   -> {clusters[]}
 *   GET    S ?queue|cluster_name&from&size            -> {total, sessions[]}
 *   GET    S/{id}                                     -> the session
 *   GET    S/{id}/log ?from&size                      -> {total, log[]}
 *   POST   S {kind, queue|cluster_name, ...}          -> the session
 *   DELETE S/{id}                                     -> {msg}
 *
 * Signed with SDK-HMAC-SHA256; the project is in the path and in X-Project-Id.
 * `from` is an offset.  There is no idempotency token, and names are not
 * unique.  Any 2xx is success.  What was never set is null, empty or missing; of
 * what a session was made from little comes back.  An error is {error_code,
 * error_msg}, and its code counts, since most have status 400.
 */
#include <string.h>

#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/dli/dli_account.h"
#include "backends/dli/dli_error.h"
#include "backends/dli/dli_record.h"
#include "backends/dli/huawei_chain.h"
#include "backends/livy/livy_cause.h"
#include "backends/livy/livy_log.h"
#include "backends/provider/answer.h"
#include "backends/provider/plan.h"

#define OFFSET_MAX G_MAXINT32
#define LOG_LINES 200

/* ---- tables ---- */

static const BackendState dli_states[] = {
	{"not_started", PHASE_PENDING},
	{"starting", PHASE_STARTING},
	{"recovering", PHASE_STARTING},
	{"idle", PHASE_IDLE},
	{"busy", PHASE_BUSY},
	{"running", PHASE_BUSY}, /* this and killed are Livy's */
	{"shutting_down", PHASE_STOPPING},
	{"success", PHASE_STOPPED},
	{"dead", PHASE_STOPPED}, /* documented as no more than "has exited" */
	{"killed", PHASE_STOPPED},
	{"error", PHASE_FAILED},
	{NULL},
};

static const BackendVerb dli_verbs[] = {
	{"terminate", "end a session; its record goes as well",
		1 << PHASE_PENDING | 1 << PHASE_STARTING | 1 << PHASE_IDLE |
			1 << PHASE_BUSY | 1 << PHASE_STOPPED |
			1 << PHASE_FAILED},
	{NULL},
};

static const BackendKey dli_keys[] = {
	{"region", KEY_STRING, "such as cn-north-4"},
	{"project", KEY_STRING, "project id, instead of looking it up in IAM"},
	{"containers", KEY_STRING, "queues or clusters (queues)"},
	{"profile", KEY_STRING, "section of the credentials file (basic)"},
	{"credentials_file", KEY_PATH,
		"read this instead of ~/.huaweicloud/credentials"},
	{"iam_endpoint", KEY_URL, "base URL of IAM instead of the region's"},
	{NULL},
};

/* Names are not unique, and where a session lies is not part of a clone. */
static const char *const dli_unique[] = {
	"queue", "cluster_name", "clientToken", NULL};

/* ---- calls ---- */

static char *session_path(const char *id, const char *rest)
{
	g_autofree char *segment = http_encode(id);

	return g_strconcat("/sessions/", segment, rest, NULL);
}

/* ---- slots: listing ---- */

static WorkspacePage *dli_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	Dli *self = (Dli *)base;
	const DliKind *kind = self->kind;
	const DliQuestion question = {.action = kind->action,
		.version = kind->version,
		.path = kind->path,
		.query = kind->query};
	g_autoptr(Json) answer = dli_ask(self, &question, call, NULL, error);

	return answer_workspaces(&kind->answers, answer, error);
}

static Json *list_call(Dli *self, const char *workspace, gint64 from,
	const Call *call, GByteArray **ret_text, GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);

	http_query_add(query, self->kind->member, workspace);
	g_string_append_printf(query, "&from=%" G_GINT64_FORMAT, from);
	const DliQuestion question = {.action = "ListSessions",
		.path = "/sessions",
		.query = query->str,
		.size = "size"};
	return dli_ask(self, &question, call, ret_text, error);
}

/* Where a page begins.  A token is "from", or "from:elsewhere". */
typedef struct {
	gint64 from;
	gint64 elsewhere; /* sessions before it that are of other workspaces: a
	                     server that heeds no filter counts them too */
} Place;

static gboolean read_token(const char *token, Place *ret, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(token ? token : "0", ":", 2);
	gint64 *const numbers[] = {&ret->from, &ret->elsewhere};

	*ret = (Place){0, 0};
	for (gsize i = 0; parts[i]; i++)
		if (!g_ascii_string_to_signed(
			    parts[i], 10, 0, OFFSET_MAX, numbers[i], NULL))
			return answer_bad("usable offset", error) != NULL;
	return TRUE;
}

/* The page that follows; NULL at the end, which is a page that is empty: what a
 * total counts is not documented. */
static char *next_token(const Place *place, gint64 n)
{
	gint64 next = place->from + n;

	if (n == 0 || next > OFFSET_MAX)
		return NULL;
	if (place->elsewhere == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT, next);
	return g_strdup_printf("%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, next,
		place->elsewhere);
}

/* Before the page is read: it is full, unless it is the last one.  How many of it
 * are elsewhere cannot be known yet. */
static void announce_next(
	Dli *self, const Place *place, gint64 total, const Call *call)
{
	gint64 size = api_backend_page_size(&self->base);
	gboolean sure = place->elsewhere == 0 && total > place->from + size;
	g_autofree char *next = sure ? next_token(place, size) : NULL;

	if (next && call->next)
		call->next(next, call->next_data);
}

static SessionPage *dli_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	Dli *self = (Dli *)base;
	DliHome home = {self->kind->member, workspace};
	g_autoptr(HttpBody) text = NULL;
	JsonSpan span;
	Place place;

	if (!read_token(token, &place, error))
		return NULL;
	g_autoptr(Json) answer =
		list_call(self, workspace, place.from, call, &text, error);
	if (!answer ||
		!answer_find(answer, "sessions", JSON_ARRAY, &span, error))
		return NULL;
	SessionPage *page = session_page_new();
	gint64 total = json_get_int(answer, "total", 0, G_MAXINT64, -1);
	announce_next(self, &place, total, call);
	guint n = record_read_all(
		&dli_record, (const char *)text->data, &span, &home, page);
	place.elsewhere += n - page->sessions->len - page->skipped;
	page->next = next_token(&place, n);
	page->last = total >= 0 && place.from + n >= total;
	page->counted = n == 0 && total > 0 && total == place.from;
	if (total >= 0)
		page->total = MAX(0, total - place.elsewhere);
	return page;
}

/* ---- slots: one session ---- */

static const SessionAnswers dli_sessions = {.got = &dli_record};

static Session *dli_get(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	Dli *self = (Dli *)base;
	DliHome home = {self->kind->member, workspace};
	g_autofree char *path = session_path(id, NULL);
	const DliQuestion question = {.action = "GetSession", .path = path};
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = dli_ask(self, &question, call, &text, error);
	gboolean elsewhere;

	Session *session = answer_session(
		&dli_sessions, answer, text, &home, &elsewhere, error);
	if (!elsewhere)
		return session;
	return backend_error_null(error, BACKEND_ERROR_GONE,
		"this session is not of %s", workspace);
}

/* A caller's token stays here: the service knows none. */
static CreatePlan *dli_plan(Backend *base, const char *workspace, Json *spec,
	const char *token, const Call *call, GError **error)
{
	const DliHome home = {((Dli *)base)->kind->member, workspace};

	json_remove(spec, dli_class.token_member);
	dli_spec_place(spec, &home);
	return create_plan_of(base, spec);
}

static char *dli_create(Backend *base, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	const DliQuestion question = {.action = "CreateSession",
		.method = "POST",
		.path = "/sessions",
		.body = plan->body};
	GError *cause = NULL;
	g_autoptr(Json) answer =
		dli_ask((Dli *)base, &question, call, NULL, &cause);

	return answer_created(answer, "id", cause, error);
}

static gboolean dli_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	g_autofree char *path = session_path(id, NULL);
	const DliQuestion question = {
		.action = "DeleteSession", .method = "DELETE", .path = path};
	g_autoptr(Json) answer =
		dli_ask((Dli *)base, &question, call, NULL, error);

	return answer != NULL;
}

/* ---- slots: the log ---- */

static Json *log_call(Dli *self, const char *id, gint64 from, const Call *call,
	GError **error)
{
	g_autofree char *path = session_path(id, "/log");
	g_autofree char *query = g_strdup_printf(
		"from=%" G_GINT64_FORMAT "&size=%d", from, LOG_LINES);
	const DliQuestion question = {
		.action = "GetSessionLog", .path = path, .query = query};
	Json *answer = dli_ask(self, &question, call, NULL, error);
	const Json *lines = json_get(answer, "log");

	if (!answer || !lines || json_type(lines) == JSON_ARRAY ||
		json_type(lines) == JSON_NULL)
		return answer;
	json_free(answer);
	return answer_bad("array of lines", error);
}

/* Neither how many lines there are nor how many of them a server gives at once
 * is known before its first answer. */
static Json *log_tail(
	Dli *self, const char *id, const Call *call, GError **error)
{
	Json *head = log_call(self, id, 0, call, error);
	gint64 total = json_get_int(head, "total", 0, OFFSET_MAX, 0);
	gint64 given = json_size(json_get(head, "log"));

	if (!head || given == 0 || total <= given)
		return head;
	json_free(head);
	return log_call(self, id, total - MIN(given, LOG_LINES), call, error);
}

static char *dli_ask_cause(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	return livy_cause_of(log_tail((Dli *)base, id, call, error));
}

static GBytes *dli_describe(Backend *base, const char *workspace,
	const char *id, const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error)
{
	Json *answer = log_tail((Dli *)base, id, call, error);

	return livy_log_file(base, answer, TRUE, body, ret_until_ms);
}

/* ---- slots: pure ones ---- */

static gboolean dli_check_spec(
	Backend *base, const char *workspace, const Json *spec, GError **error)
{
	const DliHome home = {((Dli *)base)->kind->member, workspace};

	return dli_spec_check(spec, &home, error);
}

const BackendClass dli_class = {
	.name = "dli",
	.keys = dli_keys,
	.states = dli_states,
	.verbs = dli_verbs,
	.spec = dli_spec,
	.unique = dli_unique,
	.record = &dli_record,
	.size = sizeof(Dli),
	.open = dli_open,
	.close = dli_close,
	.chain = &huawei_chain,
	.list_workspaces = dli_list_workspaces,
	.list_page = dli_list_page,
	.get = dli_get,
	.plan = dli_plan,
	.create = dli_create,
	.control = dli_control,
	.describe = dli_describe,
	.cause = dli_ask_cause,
	.check_spec = dli_check_spec,
	.renders = dli_renders,
	.report = dli_report,
	LIVY_LOG_SLOTS,
};
