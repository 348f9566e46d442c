/* What few providers have, for tests of those who use it. */
#include <string.h>

#include "backends/base/json.h"
#include "backends/base/secret.h"
#include "memory_store.h"

#define ANY ((1 << N_PHASES) - 1)

static const BackendVerb rich_verbs[] = {
	{"start", "start it again", 1 << PHASE_STOPPED | 1 << PHASE_FAILED},
	{"stop", "stop it",
		1 << PHASE_STARTING | 1 << PHASE_IDLE | 1 << PHASE_BUSY},
	{"delete", "stop it and forget it", ANY},
	{NULL},
};

static const BackendVerb rich_workspace_verbs[] = {
	{"start", "start all its sessions"},
	{"stop", "stop all its sessions"},
	{NULL},
};

static const char *const rich_private[] = {"conf", NULL};
static const char *const rich_unique[] = {"kind", NULL};

static gboolean rich_control_workspace(Backend *base, const char *workspace,
	const char *verb, const Call *call, GError **error)
{
	Memory *self = (Memory *)base;

	if (call->sending && !call->sending(call->data)) {
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"dropped before anything was sent");
		return FALSE;
	}
	if (!action_begin(self, MEMORY_CONTROL_WORKSPACE, call, error))
		return FALSE;
	Space *s = space_find(self, workspace);
	if (!s)
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no workspace %s", workspace);
	for (guint i = 0; s && i < s->records->len; i++)
		record_set(self, g_ptr_array_index(s->records, i),
			g_str_equal(verb, "start") ? "Running" : "Stopped");
	action_end(self, MEMORY_CONTROL_WORKSPACE, s != NULL);
	return s != NULL;
}

static GBytes *rich_describe(Backend *base, const char *workspace,
	const char *id, const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error)
{
	Memory *self = (Memory *)base;
	char *text = NULL;

	if (!action_begin(self, MEMORY_DESCRIBE, call, error))
		return NULL;
	Space *s = space_find(self, workspace);
	const Record *r = s ? g_hash_table_lookup(s->by_id, id) : NULL;
	if (r) {
		text = g_strdup_printf("%s of %s: %s\n",
			file == SESSION_LOG ? "log" : "endpoint", id,
			r->text ? r->text : r->state);
		*ret_until_ms =
			self->describe_ms > 0
				? g_get_real_time() / 1000 + self->describe_ms
				: 0;
	} else {
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no session %s", id);
	}
	action_end(self, MEMORY_DESCRIBE, text != NULL);
	return text ? secret_bytes(text, strlen(text)) : NULL;
}

static gint64 serial_of(const Session *session)
{
	g_autoptr(Json) body =
		json_parse(session->body, session->body_len, NULL);

	return json_get_int(body, "serial", 0, G_MAXINT, 0);
}

static gboolean rich_is_other(const Session *before, const Session *now)
{
	gint64 one = serial_of(before), two = serial_of(now);

	return one > 0 && two > 0 && one != two;
}

BackendClass memory_rich_class(gboolean remembers)
{
	BackendClass class = memory_class;

	class.verbs = rich_verbs;
	class.workspace_verbs = rich_workspace_verbs;
	class.whole_files = remembers ? 0 : 1 << SESSION_CONFIG;
	class.described = 1 << SESSION_LOG | 1 << SESSION_ENDPOINT;
	class.secret_files = 1 << SESSION_ENDPOINT;
	class.private = rich_private;
	class.unique = remembers ? rich_unique : NULL;
	class.control_workspace = rich_control_workspace;
	class.describe = rich_describe;
	class.is_other = rich_is_other;
	return class;
}

/* ---- scripting, from tests ---- */

static Record *record_ensure(Memory *self, const char *workspace,
	const char *id, const char *state) REQUIRES(self->lock)
{
	Space *s = space_ensure(self, workspace);
	Record *r = g_hash_table_lookup(s->by_id, id);

	return r ? r : record_add(s, id, NULL, state);
}

void memory_put_at(Backend *base, const char *workspace, const char *id,
	const char *state, gint64 made_ms, gint64 changed_ms)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Record *r = record_ensure(self, workspace, id, state);
	record_set(self, r, state);
	r->made_ms = made_ms;
	r->changed_ms = changed_ms;
	mutex_unlock(&self->lock);
}

void memory_rename(
	Backend *base, const char *workspace, const char *id, const char *name)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Record *r = record_ensure(self, workspace, id, "Running");
	g_free(r->name);
	r->name = g_strdup(name);
	mutex_unlock(&self->lock);
}

void memory_replace(Backend *base, const char *workspace, const char *id)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Record *r = record_ensure(self, workspace, id, "Running");
	record_set(self, r, "Running");
	r->made_ms += 60000;
	r->serial = ++self->serials;
	g_clear_pointer(&r->spec, g_free);
	g_clear_pointer(&r->text, g_free);
	mutex_unlock(&self->lock);
}

void memory_say(
	Backend *base, const char *workspace, const char *id, const char *text)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Record *r = record_ensure(self, workspace, id, "Running");
	g_free(r->text);
	r->text = g_strdup(text);
	mutex_unlock(&self->lock);
}

void memory_respec(
	Backend *base, const char *workspace, const char *id, const char *spec)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Record *r = record_ensure(self, workspace, id, "Running");
	g_free(r->spec);
	r->spec = g_strdup(spec);
	mutex_unlock(&self->lock);
}
