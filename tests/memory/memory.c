/*
 * The dialogue: none.  A table of workspaces and sessions under one mutex; a
 * state that passes by itself is worked out when somebody looks.
 */
#include "memory.h"

#include <string.h>

#include "backends/base/json.h"
#include "backends/base/thread.h"
#include "backends/provider/plan.h"
#include "backends/provider/record.h"
#include "backends/provider/spec.h"
#include "memory_store.h"

#define SESSIONS_MAX 1000000
#define PAGE_DEFAULT 100
#define START_MS_DEFAULT 0

static const BackendState memory_states[] = {
	{"Starting", PHASE_STARTING},
	{"Running", PHASE_IDLE},
	{"Busy", PHASE_BUSY},
	{"Stopping", PHASE_STOPPING},
	{"Stopped", PHASE_STOPPED},
	{"Error", PHASE_FAILED},
	{NULL},
};

static const BackendVerb memory_verbs[] = {
	{"start", "start it again", 1 << PHASE_STOPPED | 1 << PHASE_FAILED},
	{"stop", "stop it",
		1 << PHASE_STARTING | 1 << PHASE_IDLE | 1 << PHASE_BUSY},
	{NULL},
};

static const SpecField spec_word[] = {
	{"", SPEC_STRING, FALSE, 1, 32},
	{NULL},
};
static const SpecField spec_limits[] = {
	{"cores", SPEC_INT, TRUE, 1, 1024},
	{"spot", SPEC_BOOL},
	{NULL},
};
static const SpecField memory_spec[] = {
	{"name", SPEC_STRING, TRUE, 1, 64},
	{"kind", SPEC_STRING},
	{"limits", SPEC_OBJECT, FALSE, 0, 0, spec_limits},
	{"tags", SPEC_ARRAY, FALSE, 0, 8, spec_word},
	{"conf", SPEC_STRING_MAP},
	{"extra", SPEC_OBJECT},
	{"clientToken", SPEC_STRING, FALSE, 1, 64},
	{NULL},
};

static const BackendKey memory_keys[] = {
	{"workspaces_made", KEY_INT,
		"how many workspaces there are at first (1)"},
	{"sessions", KEY_INT, "how many sessions each has at first (0)"},
	{"page", KEY_INT, "sessions on a page (100)"},
	{"start_ms", KEY_INT, "how long starting and stopping take (0)"},
	{"delay_ms", KEY_INT, "how long each call takes (0)"},
	{"auto_start", KEY_BOOL, "created sessions start by themselves"},
	{"fail", KEY_STRING, "actions that fail, such as \"create; get\""},
	{"thin_lists", KEY_BOOL, "listings tell but a part of each session"},
	{"mute", KEY_BOOL, "no answer tells what a session was made from"},
	{"timeless", KEY_BOOL, "no answer tells any time"},
	{"forgetful", KEY_BOOL, "a token given again makes another session"},
	{"describe_ms", KEY_INT,
		"for how long described files are good (0: until a change)"},
	{NULL},
};

/* ---- what is asked for ---- */

static Record *record_asked(Memory *self, const char *workspace, const char *id,
	GError **error) REQUIRES(self->lock)
{
	Space *s = space_asked(self, workspace, error);
	Record *r = s ? g_hash_table_lookup(s->by_id, id) : NULL;

	if (s && !r)
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no session %s", id);
	if (r)
		record_finish(self, r);
	return r;
}

/* A changing call asks whether it may still be sent; not under the lock. */
static gboolean may_send(const Call *call, GError **error)
{
	if (!call->sending || call->sending(call->data))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CANCELLED,
		"dropped before anything was sent");
	return FALSE;
}

/* ---- slots: reading ---- */

static WorkspacePage *memory_list_workspaces(
	Backend *base, const char *token, const Call *call, GError **error)
{
	Memory *self = (Memory *)base;

	if (!action_begin(self, MEMORY_LIST_WORKSPACES, call, error))
		return NULL;
	WorkspacePage *page = workspace_page_new();
	for (guint i = 0; i < self->spaces->len; i++) {
		const Space *s = g_ptr_array_index(self->spaces, i);
		Workspace *w = g_new0(Workspace, 1);

		w->id = g_strdup(s->id);
		w->name = g_strdup(s->name);
		w->created_ms = s->made_ms;
		g_ptr_array_add(page->workspaces, w);
	}
	action_end(self, MEMORY_LIST_WORKSPACES, TRUE);
	return page;
}

static Session *memory_get(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	Memory *self = (Memory *)base;

	if (!action_begin(self, MEMORY_GET, call, error))
		return NULL;
	Record *r = record_asked(self, workspace, id, error);
	Session *session = r ? record_session(self, r, FALSE) : NULL;
	action_end(self, MEMORY_GET, session != NULL);
	return session;
}

/* ---- slots: changing ---- */

/* The session that a token made; *ret_clash when it was made otherwise. */
static Record *token_find(
	Space *s, const char *token, const char *spec, gboolean *ret_clash)
{
	Record *r = g_hash_table_lookup(s->by_token, token);

	if (r)
		*ret_clash = g_strcmp0(r->spec, spec) != 0;
	return r;
}

static char *create_locked(Memory *self, const char *workspace,
	const char *spec, const char *name, const char *token, GError **error)
	REQUIRES(self->lock)
{
	Space *s = space_asked(self, workspace, error);
	gboolean clash = FALSE;

	if (!s)
		return NULL;
	Record *r = self->forgetful ? NULL : token_find(s, token, spec, &clash);
	if (clash) {
		backend_error_set(error, BACKEND_ERROR_EXISTS,
			"this token has made another session");
		return NULL;
	}
	if (!r) {
		r = record_make(s, name, "Stopped");
		r->spec = g_strdup(spec);
		g_hash_table_insert(s->by_token, g_strdup(token), r);
		if (self->auto_start)
			record_set(self, r, "Starting");
	}
	if (self->losses > 0) {
		self->losses--;
		backend_error_set(error, BACKEND_ERROR_MAY_EXIST,
			"the answer was lost: the session may exist");
		return NULL;
	}
	return g_strdup(r->id);
}

static CreatePlan *memory_plan(Backend *base, const char *workspace, Json *spec,
	const char *token, const Call *call, GError **error)
{
	create_plan_token(base, spec, token);
	CreatePlan *plan = create_plan_of(base, spec);
	plan->repeatable = !((const Memory *)base)->forgetful;
	return plan;
}

static char *memory_create(Backend *base, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	Memory *self = (Memory *)base;
	g_autoptr(Json) body =
		json_parse(plan->body, strlen(plan->body), error);

	if (!body || !may_send(call, error))
		return NULL;
	g_autofree char *token = g_strdup(
		json_get_text(body, "clientToken", SESSION_ID_MAX, ""));
	json_remove(body, "clientToken");
	g_autofree char *kept = json_print(body, FALSE);
	const char *name = json_get_text(body, "name", SESSION_ID_MAX, "");

	if (!action_begin(self, MEMORY_CREATE, call, error))
		return NULL;
	char *id = create_locked(self, workspace, kept, name, token, error);
	action_end(self, MEMORY_CREATE, id != NULL);
	return id;
}

static gboolean control_locked(Memory *self, Space *s, Record *r,
	const char *verb, GError **error) REQUIRES(self->lock)
{
	const BackendVerb *row = backend_verb(self->base.class, verb, error);
	Phase phase = backend_phase(self->base.class, r->state);

	if (!row)
		return FALSE;
	if (!(row->from & (1u << phase))) {
		backend_error_set(error, BACKEND_ERROR_CONFLICT,
			"%s makes no sense while the session is %s", verb,
			r->state);
		return FALSE;
	}
	if (g_str_equal(verb, "delete")) {
		space_drop(s, r);
		return TRUE;
	}
	record_set(
		self, r, g_str_equal(verb, "start") ? "Starting" : "Stopping");
	record_finish(self, r);
	return TRUE;
}

static gboolean memory_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	Memory *self = (Memory *)base;

	if (!may_send(call, error) ||
		!action_begin(self, MEMORY_CONTROL, call, error))
		return FALSE;
	Record *r = record_asked(self, workspace, id, error);
	gboolean done = r && control_locked(self, space_find(self, workspace),
				     r, verb, error);
	action_end(self, MEMORY_CONTROL, done);
	return done;
}

/* ---- slots: pure ones ---- */

static void render_config(const Backend *self, const Json *body, GString *out)
{
	static const char *const except[] = {"clientToken", NULL};
	g_autoptr(Json) spec = spec_reduce(memory_spec, body, except);
	record_append_json(out, spec);
}

static void render_webui(const Backend *self, const Json *body, GString *out)
{
	const char *url = json_get_text(body, "webui", 4096, NULL);

	if (url)
		g_string_append_printf(out, "%s\n", url);
}

static const RecordRender renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
};

static gboolean memory_clock(Backend *base, gint64 *ret_ahead_ms)
{
	Memory *self = (Memory *)base;
	gboolean clocked;

	mutex_lock(&self->lock);
	clocked = self->clocked;
	if (clocked)
		*ret_ahead_ms = self->ahead_ms;
	mutex_unlock(&self->lock);
	return clocked;
}

static void memory_report(Backend *base, GString *out)
{
	g_string_append(out, "credentials: none needed\n");
}

static void memory_count(Backend *base,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	Memory *self = (Memory *)base;

	for (guint i = 0; i < N_MEMORY_ACTIONS; i++) {
		mutex_lock(&self->lock);
		Script copy = self->scripts[i];
		mutex_unlock(&self->lock);
		visit(action_name(i), copy.calls, copy.failed, data);
	}
}

static void memory_abort(Backend *base)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	self->aborted = TRUE;
	pthread_cond_broadcast(&self->news);
	mutex_unlock(&self->lock);
}

/* ---- opening ---- */

static gboolean key_int(GHashTable *keys, const char *name, gint64 least,
	gint64 most, gint64 fallback, gint64 *ret, GError **error)
{
	const char *text = g_hash_table_lookup(keys, name);

	*ret = fallback;
	if (!text || g_ascii_string_to_signed(text, 10, least, most, ret, NULL))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"%s must be a whole number from %" G_GINT64_FORMAT
		" to %" G_GINT64_FORMAT,
		name, least, most);
	return FALSE;
}

static gboolean key_bool(GHashTable *keys, const char *name)
{
	const char *text = g_hash_table_lookup(keys, name);

	return text && g_ascii_strcasecmp(text, "true") == 0;
}

/* The words of `fail`: those actions fail until memory_heal. */
static gboolean key_fail(Memory *self, const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text ? text : "", ";", -1);

	for (char **word = words; *word; word++) {
		gboolean known = !*g_strstrip(*word);

		for (guint i = 0; i < N_MEMORY_ACTIONS; i++)
			if (g_str_equal(*word, action_name(i))) {
				memory_fail(&self->base, i, 0, 0,
					BACKEND_ERROR_REMOTE);
				known = TRUE;
			}
		if (!known) {
			backend_error_set(error, BACKEND_ERROR_CONFIG,
				"fail names no action: %s", *word);
			return FALSE;
		}
	}
	return TRUE;
}

static void fill(Memory *self, gint64 spaces, gint64 sessions)
	REQUIRES(self->lock)
{
	for (gint64 i = 1; i <= spaces; i++) {
		g_autofree char *id = g_strdup_printf("m-%d", (int)i);
		Space *s = space_ensure(self, id);

		for (gint64 n = 0; n < sessions; n++) {
			Record *r = record_make(s, NULL, "Running");
			r->spec = g_strdup("{\"kind\":\"SQL\"}");
		}
	}
}

static gboolean configure(Memory *self, GHashTable *keys, GError **error)
	REQUIRES(self->lock)
{
	gint64 spaces, sessions, page, delay;

	if (!key_int(keys, "workspaces_made", 0, 1000, 1, &spaces, error) ||
		!key_int(keys, "sessions", 0, SESSIONS_MAX, 0, &sessions,
			error) ||
		!key_int(keys, "page", 1, SESSIONS_MAX, PAGE_DEFAULT, &page,
			error) ||
		!key_int(keys, "start_ms", 0, G_MAXINT, START_MS_DEFAULT,
			&self->start_ms, error) ||
		!key_int(keys, "delay_ms", 0, G_MAXINT, 0, &delay, error) ||
		!key_int(keys, "describe_ms", 0, G_MAXINT, 0,
			&self->describe_ms, error) ||
		!key_fail(self, g_hash_table_lookup(keys, "fail"), error))
		return FALSE;
	self->page = page;
	self->auto_start = key_bool(keys, "auto_start");
	self->partial_lists = key_bool(keys, "thin_lists");
	self->mute = key_bool(keys, "mute");
	self->timeless = key_bool(keys, "timeless");
	self->forgetful = key_bool(keys, "forgetful");
	for (guint i = 0; i < N_MEMORY_ACTIONS; i++)
		self->scripts[i].delay_ms = delay;
	fill(self, spaces, sessions);
	return TRUE;
}

static void memory_close(Backend *base)
{
	Memory *self = (Memory *)base;

	mutex_destroy(&self->lock);
	g_ptr_array_unref(self->spaces);
	g_free(self->loop);
	pthread_cond_destroy(&self->news);
}

static gboolean memory_open(Backend *base, GHashTable *keys, GError **error)
{
	Memory *self = (Memory *)base;

	mutex_init(&self->lock);
	self->account = "memory";

	thread_cond_init(&self->news);
	self->spaces =
		g_ptr_array_new_with_free_func((GDestroyNotify)space_free);
	return configure(self, keys, error);
}

static const char *const told_members[N_RECORD_MEMBERS] = {
	[RECORD_ID] = "id",
	[RECORD_NAME] = "name",
	[RECORD_STATE] = "state",
	[RECORD_CREATED] = "created",
	[RECORD_CHANGED] = "changed",
};
static const char *const told_users[] = {"user", NULL};
static const RecordKind told = {
	.class = &memory_class,
	.pick = {told_members, N_RECORD_MEMBERS, record_no_secrets},
	.users = told_users,
};

const BackendClass memory_class = {
	.name = "memory",
	.keys = memory_keys,
	.states = memory_states,
	.verbs = memory_verbs,
	.spec = memory_spec,
	.record = &told,
	.start_verb = "start",
	.end_verb = "stop",
	.token_member = "clientToken",
	.size = sizeof(Memory),
	.open = memory_open,
	.close = memory_close,
	.list_workspaces = memory_list_workspaces,
	.list_page = memory_list_page,
	.get = memory_get,
	.plan = memory_plan,
	.create = memory_create,
	.control = memory_control,
	.renders = renders,
	.report = memory_report,
	.clock = memory_clock,
	.count = memory_count,
	.abort = memory_abort,
};
