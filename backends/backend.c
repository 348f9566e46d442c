#include "backends/backend.h"

#include <string.h>

#include "backends/api/api.h"
#include "backends/api/api_settings.h"
#include "backends/auth/chain.h"
#include "backends/base/nearest.h"
#include "backends/classes.h"
#include "backends/provider/record.h"
#include "backends/provider/spec.h"

const BackendClass *const backend_classes[] = {
	&alibaba_class,
	&dataproc_class,
	&dli_class,
	&emr_class,
	&emr_serverless_class,
	&livy_class,
	NULL,
};

const BackendClass *backend_class_find(const char *name)
{
	for (const BackendClass *const *class = backend_classes; *class;
		class ++)
		if (g_str_equal((*class)->name, name))
			return *class;
	return NULL;
}

static const BackendKey *key_find(const BackendKey *keys, const char *name)
{
	for (; keys && keys->name; keys++)
		if (g_str_equal(keys->name, name))
			return keys;
	return NULL;
}

const BackendKey *backend_key_find(const BackendClass *class, const char *name)
{
	const BackendKey *own = key_find(class->keys, name);

	return own ? own : key_find(api_keys, name);
}

/* ---- what may pass ---- */

/* An id that can stand in a URL: dot segments would name something else. */
static gboolean id_askable(const char *id, const char *what, GError **error)
{
	gsize len = strlen(id);

	if (len > 0 && len <= SESSION_ID_MAX && !g_str_equal(id, ".") &&
		!g_str_equal(id, ".."))
		return TRUE;
	/* Not GONE, which is the provider's word. */
	return backend_error_false(error, BACKEND_ERROR_UNSUPPORTED,
		"a %s of such an id cannot be asked about", what);
}

static gboolean id_legal(const char *id)
{
	return id && *id && strlen(id) <= SESSION_ID_MAX;
}

static gboolean session_legal(const Session *session)
{
	return id_legal(session->id) && session->name && session->state &&
	       *session->state && session->phase < N_PHASES && session->body &&
	       session->body_len <= SESSION_BODY_MAX;
}

/* From the end, since what is removed moves the rest up. */
static void page_clean(SessionPage *page)
{
	for (guint i = page->sessions->len; i-- > 0;)
		if (!session_legal(g_ptr_array_index(page->sessions, i))) {
			g_ptr_array_remove_index(page->sessions, i);
			page->skipped++;
		}
	if (page->next && !*page->next)
		g_clear_pointer(&page->next, g_free);
}

static void *unsupported(const Backend *self, const char *what, GError **error)
{
	return backend_error_null(error, BACKEND_ERROR_UNSUPPORTED,
		"%s cannot %s", self->class->name, what);
}

/* ---- the wrappers ---- */

Backend *backend_open(
	const BackendClass *class, GHashTable *keys, GError **error)
{
	Backend *self = g_malloc0(class->size ? class->size : sizeof(Backend));

	self->class = class;
	if (class->open(self, keys, error))
		return self;
	backend_close(self);
	return NULL;
}

void backend_close(Backend *self)
{
	if (!self)
		return;
	g_clear_pointer(&self->api, api_free);
	if (self->class->close)
		self->class->close(self);
	api_free(self->iam);
	g_free(self->region);
	g_free(self->project);
	g_free(self);
}

gboolean backend_discover(const BackendClass *class)
{
	if (class->discover)
		return class->discover();
	return class->chain && chain_in_sight(class->chain);
}

/* Somebody's own endpoint may have regions of its own. */
char *backend_doubt(const BackendClass *class, GHashTable *keys)
{
	const char *region = g_hash_table_lookup(keys, "endpoint")
				     ? NULL
				     : g_hash_table_lookup(keys, "region");
	const char *file = g_hash_table_lookup(keys, "credentials_file");

	/* It takes the place of all that the environment names. */
	if (!file)
		file = g_hash_table_lookup(keys, "access_token_file");
	return class->chain ? chain_doubt(class->chain,
				      g_hash_table_lookup(keys, "profile"),
				      file, region)
			    : NULL;
}

/* What is known for a key; NULL: nothing. */
static const char *known(const Backend *self, const BackendKey *key)
{
	if (g_str_equal(key->name, "region"))
		return self->region;
	return g_str_equal(key->name, "project") ? self->project : NULL;
}

/* Those of its keys for which something is known, in their order. */
#define foreach_known(key, self)                                               \
	for (const BackendKey *key = (self)->class->keys; key && key->name;    \
		key++)                                                         \
		if (known(self, key))

void backend_identify(Backend *self, GString *place, GString *source)
{
	g_string_append(place, self->class->name);
	foreach_known(key, self) g_string_append_printf(
		place, ", %s %s", key->name, known(self, key));
	if (self->api)
		api_identify(self->api, place, source);
}

void backend_found(Backend *self, BackendFound tell, void *data)
{
	if (self->class->found)
		self->class->found(self, tell, data);
	else
		foreach_known(key, self)
			tell(key->name, known(self, key), data);
}

WorkspacePage *backend_list_workspaces(
	Backend *self, const char *token, const Call *call, GError **error)
{
	if (!self->class->list_workspaces)
		return unsupported(self, "list its workspaces", error);
	g_autoptr(WorkspacePage) page =
		self->class->list_workspaces(self, token, call, error);
	if (!page)
		return NULL;
	for (guint i = page->workspaces->len; i-- > 0;) {
		const Workspace *w = g_ptr_array_index(page->workspaces, i);

		if (!id_legal(w->id)) {
			g_ptr_array_remove_index(page->workspaces, i);
			page->skipped++;
		}
	}
	if (page->next && !*page->next)
		g_clear_pointer(&page->next, g_free);
	return g_steal_pointer(&page);
}

SessionPage *backend_list_page(Backend *self, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	if (!id_askable(workspace, "workspace", error))
		return NULL;
	SessionPage *page =
		self->class->list_page(self, workspace, token, call, error);
	if (page)
		page_clean(page);
	return page;
}

SessionPage *backend_list_living(Backend *self, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	if (!self->class->list_living)
		return unsupported(
			self, "list its living sessions alone", error);
	if (!id_askable(workspace, "workspace", error))
		return NULL;
	SessionPage *page =
		self->class->list_living(self, workspace, token, call, error);
	if (page)
		page_clean(page);
	return page;
}

Session *backend_get(Backend *self, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	if (!self->class->get)
		return unsupported(self, "tell of one session", error);
	if (!id_askable(workspace, "workspace", error) ||
		!id_askable(id, "session", error))
		return NULL;
	g_autoptr(Session) session =
		self->class->get(self, workspace, id, call, error);
	if (!session)
		return NULL;
	/* An answer on another session would be shown under the wrong name. */
	if (!session_legal(session) || !g_str_equal(session->id, id))
		return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer does not tell of the session asked for");
	return g_steal_pointer(&session);
}

CreatePlan *backend_plan(Backend *self, const char *workspace, const char *spec,
	gsize spec_len, const char *token, const Call *call, GError **error)
{
	if (!self->class->plan)
		return unsupported(self, "create sessions", error);
	if (!id_askable(workspace, "workspace", error))
		return NULL;
	g_autoptr(Json) document = json_parse(spec, spec_len, error);
	return document ? self->class->plan(
				  self, workspace, document, token, call, error)
			: NULL;
}

char *backend_create(Backend *self, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	if (!self->class->create)
		return unsupported(self, "create sessions", error);
	if (!id_askable(workspace, "workspace", error))
		return NULL;
	g_autofree char *id =
		self->class->create(self, workspace, plan, call, error);
	if (!id)
		return NULL;
	if (!id_legal(id))
		return backend_error_null(error, BACKEND_ERROR_MAY_EXIST,
			"the answer to the create names no usable id: the "
			"session may exist");
	return g_steal_pointer(&id);
}

gboolean backend_control(Backend *self, const char *workspace, const char *id,
	const char *body, const char *verb, const Call *call, GError **error)
{
	if (!backend_verb(self->class, verb, error))
		return FALSE;
	if (!id_askable(workspace, "workspace", error) ||
		!id_askable(id, "session", error))
		return FALSE;
	return self->class->control(
		self, workspace, id, body, verb, call, error);
}

gboolean backend_control_workspace(Backend *self, const char *workspace,
	const char *verb, const Call *call, GError **error)
{
	if (!backend_workspace_verb(self->class, verb, error) ||
		!id_askable(workspace, "workspace", error))
		return FALSE;
	return self->class->control_workspace(
		self, workspace, verb, call, error);
}

GBytes *backend_describe(Backend *self, const char *workspace, const char *id,
	const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error)
{
	if (!(self->class->described & (1u << file)))
		return unsupported(self, "tell more of a session", error);
	if (!id_askable(workspace, "workspace", error) ||
		!id_askable(id, "session", error))
		return NULL;
	return self->class->describe(
		self, workspace, id, body, file, call, ret_until_ms, error);
}

gboolean backend_has_cause(const Backend *self, const char *state)
{
	const char *const *word = self->class->bad_ends;

	for (; self->class->cause && word && *word; word++)
		if (g_ascii_strcasecmp(*word, state) == 0)
			return TRUE;
	return FALSE;
}

char *backend_cause(Backend *self, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	if (!self->class->cause)
		return unsupported(self, "say why a session ended", error);
	if (!id_askable(workspace, "workspace", error) ||
		!id_askable(id, "session", error))
		return NULL;
	return self->class->cause(self, workspace, id, call, error);
}

gboolean backend_is_other(
	const Backend *self, const Session *before, const Session *now)
{
	if (before->created_ms > 0 && now->created_ms > 0 &&
		ABS(before->created_ms - now->created_ms) > SESSION_GRAIN_MS)
		return TRUE;
	return self->class->is_other && self->class->is_other(before, now);
}

gboolean backend_check_spec(Backend *self, const char *workspace,
	const char *spec, gsize spec_len, GError **error)
{
	const BackendClass *class = self->class;

	if (!spec_check(class->spec, spec, spec_len, error))
		return FALSE;
	if (!class->check_spec)
		return TRUE;
	g_autoptr(Json) document = json_parse(spec, spec_len, error);
	return document && class->check_spec(self, workspace, document, error);
}

static const BackendVerb *verb_find(const BackendVerb *verbs, const char *owner,
	const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);
	Nearest nearest = {.name = name};

	for (const BackendVerb *verb = verbs; verb && verb->name; verb++) {
		if (g_str_equal(verb->name, name))
			return verb;
		nearest_try(&nearest, verb->name);
		g_string_append_printf(
			known, "%s%s", known->len ? ", " : "", verb->name);
	}
	g_autofree char *cut = g_strndup(name, 64);
	g_autofree char *shown = g_utf8_make_valid(cut, -1);
	g_autofree char *hint = nearest_hint(&nearest);
	if (*name == '\0' && known->len > 0)
		backend_error_set(error, BACKEND_ERROR_INVALID,
			"there is no verb in it; %s has: %s", owner,
			known->str);
	else if (known->len > 0)
		backend_error_set(error, BACKEND_ERROR_UNSUPPORTED,
			"%s is not a verb of %s%s; it has: %s", shown, owner,
			hint, known->str);
	else
		backend_error_set(error, BACKEND_ERROR_UNSUPPORTED,
			"%s has no verbs", owner);
	return NULL;
}

const BackendVerb *backend_verb(
	const BackendClass *class, const char *name, GError **error)
{
	return verb_find(class->verbs, class->name, name, error);
}

const BackendVerb *backend_workspace_verb(
	const BackendClass *class, const char *name, GError **error)
{
	g_autofree char *owner =
		g_strdup_printf("a workspace of %s", class->name);

	return verb_find(class->workspace_verbs, owner, name, error);
}

gboolean backend_state_has_ended(const BackendState *state)
{
	return state->phase == PHASE_STOPPED || state->phase == PHASE_FAILED;
}

static const BackendState *state_find(
	const BackendClass *class, const char *state)
{
	for (const BackendState *row = class->states; row->word; row++)
		if (g_ascii_strcasecmp(row->word, state) == 0)
			return row;
	return NULL;
}

Phase backend_phase(const BackendClass *class, const char *state)
{
	const BackendState *row = state_find(class, state);

	return row ? row->phase : PHASE_PENDING;
}

gboolean backend_state_is_documented(
	const BackendClass *class, const char *state)
{
	const RecordKind *kind = class->record;

	if (!class->states)
		return TRUE;
	return state_find(class, state) &&
	       !(kind && kind->no_state &&
		       g_ascii_strcasecmp(kind->no_state, state) == 0);
}

guint backend_files(const BackendClass *class)
{
	const RecordRender *renders = class->renders;
	guint files = class->described | 1u << SESSION_STATE |
		      1u << SESSION_PHASE | 1u << SESSION_JSON;

	for (SessionFile file = 0; renders && file < N_SESSION_FILES; file++)
		if (renders[file])
			files |= 1u << file;
	return files;
}

gboolean backend_is_transitional(
	const BackendClass *class, const char *state, Phase phase)
{
	return phase_is_transitional(phase) &&
	       (phase != PHASE_PENDING ||
		       backend_state_is_documented(class, state));
}

void backend_render(const Backend *self, SessionFile file, const char *body,
	gsize body_len, GString *out)
{
	const RecordRender *renders = self->class->renders;

	if (!renders || !renders[file])
		return;
	g_autoptr(Json) record = json_parse(body, body_len, NULL);
	if (record)
		renders[file](self, record, out);
}

void backend_report(Backend *self, GString *out)
{
	if (self->class->report) {
		self->class->report(self, out);
		return;
	}
	foreach_known(key, self) g_string_append_printf(
		out, "%s: %s\n", key->name, known(self, key));
	if (self->api)
		api_report(self->api, out);
}

gboolean backend_clock(Backend *self, gint64 *ret_ahead_ms)
{
	*ret_ahead_ms = 0;
	if (self->class->clock)
		return self->class->clock(self, ret_ahead_ms);
	return self->api && api_clock(self->api, ret_ahead_ms);
}

void backend_count(Backend *self,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	if (self->class->count)
		self->class->count(self, visit, data);
	if (self->iam)
		api_count(self->iam, visit, data);
	if (self->api)
		api_count(self->api, visit, data);
}

void backend_observe(Backend *self, CallObserver observer, void *data)
{
	if (self->iam)
		api_observe(self->iam, observer, data);
	if (self->api)
		api_observe(self->api, observer, data);
}

void backend_rest(Backend *self)
{
	if (self->iam)
		http_client_rest(api_http(self->iam));
	if (self->api)
		http_client_rest(api_http(self->api));
}

void backend_abort(Backend *self)
{
	if (self->class->abort)
		self->class->abort(self);
	if (self->iam)
		api_abort(self->iam);
	if (self->api)
		api_abort(self->api);
}
