/*
 * Apache Livy, interactive sessions, and the gateways that speak like it.  The
 * dialogue, below the base URL:
 *
 *   GET    /sessions ?from&size        -> {from, total, sessions[]}
 *   GET    /sessions/{id or name}      -> {id, name, state, kind, log[], ...}
 *   POST   /sessions {kind, name, ...} -> the same
 *   DELETE /sessions/{id}              -> {msg}, when it has stopped
 *   GET    /sessions/{id}/log ?from=-1&size -> {id, from, total, log[]}
 *   GET    /version                    -> {version, ...}
 *
 * All calls bear X-Requested-By, without which a server that guards against
 * forged requests refuses what changes something.  There is no idempotency token:
 * a session without a name gets one of its own, under which one is found whose
 * answer was lost; a given name is asked for first, and may still be given by two
 * at once.  Ids count from 0 again when a server has forgotten its sessions.
 * Records have no times.  A body with a member that is newer than the server is
 * refused.  An error is {msg}, a string, a page of HTML, or nothing.
 */
#include <string.h>

#include "backends/auth/tools.h"
#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/livy/livy_auth.h"
#include "backends/livy/livy_cause.h"
#include "backends/livy/livy_error.h"
#include "backends/livy/livy_log.h"
#include "backends/livy/livy_record.h"
#include "backends/livy/livy_server.h"
#include "backends/provider/answer.h"

#define PAGE_SIZE 100
#define LOG_LINES 200 /* more than that no server gives */

/* ---- tables ---- */

static const BackendState livy_states[] = {
	{"not_started", PHASE_PENDING},
	{"starting", PHASE_STARTING},
	{"recovering", PHASE_STARTING},
	{"idle", PHASE_IDLE},
	{"busy", PHASE_BUSY},
	{"running", PHASE_BUSY},
	{"shutting_down", PHASE_STOPPING},
	{"success", PHASE_STOPPED},
	{"killed", PHASE_STOPPED},
	{"error", PHASE_FAILED},
	{"dead", PHASE_FAILED},
	{NULL},
};

static const BackendVerb livy_verbs[] = {
	{"terminate", "end a session; the server forgets it",
		(1 << N_PHASES) - 1},
	{NULL},
};

static const BackendKey livy_keys[] = {
	{"url", KEY_URL, "the server, such as http://127.0.0.1:8998"},
	{"auth", KEY_STRING,
		"none, basic:FILE, bearer:FILE, header:NAME:FILE, "
		"exec:COMMAND or negotiate (none)"},
	{"credentials_file", KEY_PATH,
		"the FILE of auth = basic, bearer or header:NAME"},
	{NULL},
};

/* ---- calls ---- */

static gboolean livy_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	http_request_set(request, "X-Requested-By", "sessionfs");
	livy_auth_sign(data, request, credentials);
	return TRUE;
}

/* The path of a session. */
static char *session_path(Livy *self, const char *workspace, const char *id,
	const char *rest, GError **error)
{
	g_autofree char *segment = http_encode(id);

	if (!livy_is_ours(self, workspace, error))
		return NULL;
	return g_strconcat("/sessions/", segment, rest, NULL);
}

/* ---- slots: reading ---- */

static WorkspacePage *livy_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	return answer_workspace(((Livy *)base)->workspace);
}

/* Where a page begins, and what the one before was like. */
typedef struct {
	gint64 from;
	gint64 step; /* records of that page */
	char *last; /* the session just before `from`; "": none that is known */
} Place;

static void place_clear(Place *self)
{
	g_free(self->last);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

/* A token is "from:step:last". */
static gboolean place_read(const char *token, Place *ret, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(token ? token : "", ":", 3);

	if (!token)
		return TRUE;
	if (g_strv_length(parts) != 3 ||
		!g_ascii_string_to_signed(
			parts[0], 10, 1, G_MAXINT32, &ret->from, NULL) ||
		!g_ascii_string_to_signed(
			parts[1], 10, 1, G_MAXINT32, &ret->step, NULL))
		return answer_bad("such page", error) != NULL;
	ret->last = g_strdup(parts[2]);
	return TRUE;
}

/* *ret_n: how many records there are. */
static SessionPage *page_call(Livy *self, gint64 from, gint64 size,
	const Call *call, gint64 *ret_n, GError **error)
{
	g_autofree char *query = g_strdup_printf(
		"from=%" G_GINT64_FORMAT "&size=%" G_GINT64_FORMAT, from, size);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer = api_backend_get(&self->base, "ListSessions",
		"/sessions", query, call, &text, error);
	guint members = (guint)LIVY_MEMBERS_UNKNOWN;
	JsonSpan span;

	if (!answer ||
		!answer_find(answer, "sessions", JSON_ARRAY, &span, error))
		return NULL;
	SessionPage *page = session_page_new();
	page->total = json_get_int(answer, "total", 0, G_MAXINT32, -1);
	*ret_n = record_read_all(
		&livy_record, (const char *)text->data, &span, &members, page);
	/* A server without sessions may be another than it was. */
	if (page->sessions->len > 0 || page->total == 0)
		livy_learn(self, members);
	return page;
}

static const char *session_at(const SessionPage *page, guint i)
{
	return ((Session *)g_ptr_array_index(page->sessions, i))->id;
}

/* One page as it was answered, and where in the list it lies. */
typedef struct {
	SessionPage *page;
	gint64 from, n; /* records that are new by their place */
	gboolean counted;
} Answer;

/* A page that begins further in front, since the list has become shorter: by as
 * much as the last page had, or further until there is something. */
static gboolean page_before(Livy *self, const Place *place, Answer *ret,
	const Call *call, GError **error)
{
	for (gint64 step = MIN(place->step, PAGE_SIZE);; step *= 2) {
		ret->counted = FALSE;
		ret->from = MAX(0, place->from - step);
		g_clear_pointer(&ret->page, session_page_free);
		ret->page = page_call(self, ret->from, step + PAGE_SIZE, call,
			&ret->n, error);
		if (!ret->page)
			return FALSE;
		if (ret->n > 0 || ret->from == 0)
			return TRUE;
	}
}

/*
 * Pages go by offset, which shift when a session ends before they are all read.
 * So each begins with the last session of the one before; when that is not there
 * any more, a page's worth is read again.
 *
 * A server that gives one record at a time would give nothing but that session:
 * then, and where the last record has no session, it is done without.
 */
static gboolean page_after(Livy *self, const Place *place, Answer *ret,
	const Call *call, GError **error)
{
	gint64 overlap = place->step > 1 && *place->last ? 1 : 0;
	gint64 n;

	ret->page = page_call(self, place->from - overlap, PAGE_SIZE + overlap,
		call, &n, error);
	if (!ret->page)
		return FALSE;
	ret->from = place->from;
	ret->n = n - overlap;
	ret->counted = ret->n == 0 && ret->page->total == place->from &&
		       ret->page->total > n;
	if (overlap == 0)
		return TRUE;
	if (ret->page->sessions->len == 0 ||
		!g_str_equal(session_at(ret->page, 0), place->last))
		return page_before(self, place, ret, call, error);
	g_ptr_array_remove_index(ret->page->sessions, 0);
	return TRUE;
}

/* A server that tells a total may mean that of the page: so it is asked until it
 * has nothing more, unless the caller knows better. */
static SessionPage *livy_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	Livy *self = (Livy *)base;
	g_auto(Place) place = {0};
	Answer answer = {NULL};
	gboolean ok;

	if (!livy_is_ours(self, workspace, error) ||
		!place_read(token, &place, error))
		return NULL;
	ok = token ? page_after(self, &place, &answer, call, error)
		   : (answer.page = page_call(self, 0, PAGE_SIZE, call,
			      &answer.n, error)) != NULL;
	if (!ok) {
		g_clear_pointer(&answer.page, session_page_free);
		return NULL;
	}
	SessionPage *page = answer.page;
	guint known = page->sessions->len;
	gint64 end = answer.from + answer.n;
	if (answer.n > 0 && end <= G_MAXINT32)
		page->next = g_strdup_printf("%" G_GINT64_FORMAT
					     ":%" G_GINT64_FORMAT ":%s",
			end, answer.n,
			known > 0 && page->tail == 0
				? session_at(page, known - 1)
				: "");
	page->last = page->total >= 0 && end >= page->total;
	page->counted = answer.counted;
	return page;
}

static const SessionAnswers livy_sessions = {.got = &livy_record};

static Session *livy_get(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	Livy *self = (Livy *)base;
	g_autofree char *path = session_path(self, workspace, id, NULL, error);
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) answer =
		path ? api_backend_get(&self->base, "GetSession", path, NULL,
			       call, &text, error)
		     : NULL;
	guint members;

	Session *session = answer_session(
		&livy_sessions, answer, text, &members, NULL, error);
	if (!session)
		return NULL;
	livy_learn(self, members);
	if (g_str_equal(session->id, id))
		return session;
	/* A text that is no id is a name to the server. */
	session_free(session);
	return livy_gone("it is the name of a session, not its id", error);
}

/* The last lines. */
static Json *log_tail(Livy *self, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	g_autofree char *path =
		session_path(self, workspace, id, "/log", error);
	g_autofree char *query = g_strdup_printf("from=-1&size=%d", LOG_LINES);
	g_autoptr(Json) answer =
		path ? api_backend_get(&self->base, "GetSessionLog", path,
			       query, call, NULL, error)
		     : NULL;

	return answer && answer_list(answer, "log", error)
		       ? g_steal_pointer(&answer)
		       : NULL;
}

static char *livy_ask_cause(Backend *base, const char *workspace,
	const char *id, const Call *call, GError **error)
{
	return livy_cause_of(
		log_tail((Livy *)base, workspace, id, call, error));
}

static GBytes *livy_describe(Backend *base, const char *workspace,
	const char *id, const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error)
{
	Json *answer = log_tail((Livy *)base, workspace, id, call, error);

	return livy_log_file(base, answer, FALSE, body, ret_until_ms);
}

/* ---- slots: changing ---- */

static gboolean livy_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	Livy *self = (Livy *)base;
	g_autofree char *path = session_path(self, workspace, id, NULL, error);
	const ApiRequest request = {
		.action = "DeleteSession", .method = "DELETE", .path = path};
	g_autoptr(Json) answer =
		path ? api_call(self->base.api, &request, call, NULL, error)
		     : NULL;

	return answer != NULL;
}

/* ---- slots: pure ones ---- */

static gboolean livy_check_spec(
	Backend *base, const char *workspace, const Json *spec, GError **error)
{
	const char *name = json_text(json_get(spec, "name"));

	if (name && !livy_name_legal(name))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"name must be neither empty nor a number: leave it out "
			"for one that is made up");
	return livy_members_known((Livy *)base, spec, error);
}

/* ---- opening ---- */

static const char *key_text(GHashTable *keys, const char *name)
{
	const char *text = g_hash_table_lookup(keys, name);

	return text && *text ? text : NULL;
}

/* Where the server is, and what says so; borrowed. */
typedef struct {
	const char *url, *key;
} Told;

static gboolean url_choose(GHashTable *keys, Told *ret, GError **error)
{
	const Told told[] = {
		{key_text(keys, "url"), "url"},
		{key_text(keys, "endpoint"), "endpoint"},
		{auth_env("LIVY_URL"), "LIVY_URL"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(told); i++)
		if (told[i].url) {
			*ret = told[i];
			return TRUE;
		}
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"no server is known: set url = http://HOST:8998 in the "
		"section, or LIVY_URL");
}

/* host[:port][/prefix]; NULL for what is none.  Never shown before: people write
 * passwords into it. */
static char *url_rest(const Told *told, GError **error)
{
	const char *mark = strstr(told->url, "://");
	const char *rest = mark ? mark + 3 : told->url;
	gsize len = strlen(rest);

	if (memchr(rest, '@', strcspn(rest, "/?#")))
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"%s holds a user name: put user:password into a file "
			"and set auth = basic:FILE",
			told->key);
	while (len > 0 && rest[len - 1] == '/')
		len--;
	if (g_str_has_suffix(rest, "/sessions") ||
		g_str_has_suffix(rest, "/sessions/"))
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"%s ends in /sessions: leave that out", told->key);
	if (mark && len > 0 && len <= SESSION_ID_MAX && !strpbrk(rest, "?#"))
		return g_strndup(rest, len);
	return backend_error_null(error, BACKEND_ERROR_CONFIG,
		"%s is not a URL without a query that begins with http:// or "
		"https://, such as https://gateway/livy",
		told->key);
}

static gboolean livy_discover(void)
{
	return auth_env("LIVY_URL") != NULL;
}

static void livy_found(Backend *base, BackendFound tell, void *data)
{
	tell("url", ((Livy *)base)->url, data);
}

static void livy_close(Backend *base)
{
	Livy *self = (Livy *)base;

	livy_auth_free(self->auth); /* the source in the api has gone */
	g_free(self->workspace);
	g_free(self->url);
}

static gboolean livy_open(Backend *base, GHashTable *keys, GError **error)
{
	/* There is no vendor: the server is all that tells it. */
	static const char *const domains[] = {NULL};
	Livy *self = (Livy *)base;
	Told told;

	if (!url_choose(keys, &told, error))
		return FALSE;
	self->url = g_strdup(told.url);
	self->workspace = url_rest(&told, error);
	self->auth =
		self->workspace
			? livy_auth_new(key_text(keys, "auth"),
				  key_text(keys, "credentials_file"), error)
			: NULL;
	self->members = LIVY_MEMBERS_UNKNOWN;
	if (!self->auth)
		return FALSE;
	const ApiProtocol protocol = {
		.sign = livy_sign,
		.refuse = livy_auth_is_none(self->auth) ? livy_refuse_bare
							: livy_refuse,
		.domains = domains,
		.endpoint_key = told.key,
		.data = self->auth,
	};
	base->api = api_new(
		keys, told.url, livy_auth_source(self->auth), &protocol, error);
	return base->api != NULL;
}

const BackendClass livy_class = {
	.name = "livy",
	.keys = livy_keys,
	.states = livy_states,
	.verbs = livy_verbs,
	.spec = livy_spec,
	.unique = livy_unique,
	.record = &livy_record,
	.size = sizeof(Livy),
	.open = livy_open,
	.close = livy_close,
	.discover = livy_discover,
	.list_workspaces = livy_list_workspaces,
	.list_page = livy_list_page,
	.get = livy_get,
	.plan = livy_plan,
	.create = livy_create,
	.control = livy_control,
	.describe = livy_describe,
	.cause = livy_ask_cause,
	.is_other = livy_is_other,
	.check_spec = livy_check_spec,
	.renders = livy_renders,
	.found = livy_found,
	LIVY_LOG_SLOTS,
};
