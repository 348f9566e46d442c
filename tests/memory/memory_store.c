#include "memory_store.h"

#include <time.h>

#include "backends/base/thread.h"

static const char *const action_names[N_MEMORY_ACTIONS] = {
	[MEMORY_LIST_WORKSPACES] = "list_workspaces",
	[MEMORY_LIST_PAGE] = "list_page",
	[MEMORY_LIST_LIVING] = "list_living",
	[MEMORY_GET] = "get",
	[MEMORY_CREATE] = "create",
	[MEMORY_CONTROL] = "control",
	[MEMORY_CONTROL_WORKSPACE] = "control_workspace",
	[MEMORY_DESCRIBE] = "describe",
};

/* Which states end by themselves, and where. */
static const struct {
	const char *from, *to;
} transitional[] = {{"Starting", "Running"}, {"Stopping", "Stopped"}};

/* ---- records ---- */

static void record_free(Record *r)
{
	g_free(r->id);
	g_free(r->name);
	g_free(r->state);
	g_free(r->spec);
	g_free(r->text);
	g_free(r);
}

void space_free(Space *s)
{
	g_free(s->id);
	g_free(s->name);
	g_hash_table_unref(s->by_token);
	g_hash_table_unref(s->by_id);
	g_ptr_array_unref(s->records);
	g_free(s);
}

static gint64 now_ms(void)
{
	return g_get_real_time() / 1000;
}

Space *space_find(Memory *self, const char *id)
{
	for (guint i = 0; i < self->spaces->len; i++) {
		Space *s = g_ptr_array_index(self->spaces, i);

		if (g_str_equal(s->id, id))
			return s;
	}
	return NULL;
}

Space *space_asked(Memory *self, const char *workspace, GError **error)
{
	Space *s = space_find(self, workspace);

	if (!s)
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no workspace %s", workspace);
	return s;
}

Space *space_ensure(Memory *self, const char *id)
{
	Space *s = space_find(self, id);

	if (s)
		return s;
	s = g_new0(Space, 1);
	s->id = g_strdup(id);
	s->name = g_strdup("");
	s->made_ms = now_ms();
	s->records =
		g_ptr_array_new_with_free_func((GDestroyNotify)record_free);
	s->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	s->by_token =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_ptr_array_add(self->spaces, s);
	return s;
}

Record *record_add(
	Space *s, const char *id, const char *name, const char *state)
{
	Record *r = g_new0(Record, 1);

	r->id = g_strdup(id);
	r->name = g_strdup(name ? name : id);
	r->state = g_strdup(state);
	r->made_ms = r->changed_ms = now_ms();
	g_ptr_array_add(s->records, r);
	g_hash_table_insert(s->by_id, r->id, r);
	return r;
}

static gboolean is_record(gpointer key, gpointer value, gpointer record)
{
	return value == record;
}

void space_drop(Space *s, Record *r)
{
	g_hash_table_foreach_remove(s->by_token, is_record, r);
	g_hash_table_remove(s->by_id, r->id);
	g_ptr_array_remove(s->records, r);
}

Record *record_make(Space *s, const char *name, const char *state)
{
	g_autofree char *id = g_strdup_printf("s-%06u", ++s->made);

	return record_add(s, id, name, state);
}

static gint64 states_now_us(Memory *self) REQUIRES(self->lock)
{
	return g_get_monotonic_time() +
	       self->forward_ms * G_TIME_SPAN_MILLISECOND;
}

void record_set(Memory *self, Record *r, const char *state)
{
	r->moves_us = 0;
	for (guint i = 0; i < G_N_ELEMENTS(transitional); i++)
		if (g_str_equal(state, transitional[i].from))
			r->moves_us = states_now_us(self) +
				      self->start_ms * G_TIME_SPAN_MILLISECOND;
	g_free(r->state);
	r->state = g_strdup(state);
	/* Two changes within a millisecond are two. */
	r->changed_ms = MAX(now_ms(), r->changed_ms + 1);
}

void record_finish(Memory *self, Record *r)
{
	if (r->moves_us == 0 || states_now_us(self) < r->moves_us)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(transitional); i++)
		if (g_str_equal(r->state, transitional[i].from)) {
			record_set(self, r, transitional[i].to);
			return;
		}
}

/* ---- scripts: what each call goes through first ---- */

/* Lets the call's time pass.  The lock is held. */
static gboolean script_wait(Memory *self, Script *script, const Call *call,
	GError **error) REQUIRES(self->lock)
{
	gint64 ready = g_get_monotonic_time() +
		       script->delay_ms * G_TIME_SPAN_MILLISECOND;

	for (;;) {
		gint64 now = g_get_monotonic_time();

		if (self->aborted) {
			backend_error_set(error, BACKEND_ERROR_CANCELLED,
				"the provider is being closed");
			return FALSE;
		}
		if (!script->held && now >= ready)
			return TRUE;
		if (now >= call->deadline_us) {
			backend_error_set(error, BACKEND_ERROR_TIMEOUT,
				"no answer came in time");
			return FALSE;
		}
		thread_wait(&self->news, &self->lock,
			script->held ? call->deadline_us
				     : MIN(ready, call->deadline_us));
	}
}

static gboolean script_fails(Script *script, const char *action, GError **error)
{
	if (!script->failing)
		return FALSE;
	if (script->skip > 0) {
		script->skip--;
		return FALSE;
	}
	if (!script->for_ever && script->times-- <= 1)
		script->failing = FALSE;
	backend_error_set(
		error, script->code, "%s fails by its script", action);
	return TRUE;
}

/* Gives up the lock while the caller is told. */
static gboolean is_accepted(Memory *self, const char *account, const Call *call,
	GError **error) REQUIRES(self->lock)
{
	gboolean ok;

	mutex_unlock(&self->lock);
	ok = !call->accepted || call->accepted(account, call);
	mutex_lock(&self->lock);
	if (!ok)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the answer was dropped: it is of %s", account);
	return ok;
}

/* Takes the lock; on failure it is given back. */
gboolean action_begin(
	Memory *self, MemoryAction action, const Call *call, GError **error)
{
	Script *script = &self->scripts[action];
	const char *account;

	mutex_lock(&self->lock);
	account = self->account;
	mutex_unlock(&self->lock);
	if (call->owned && !call->owned(account, call, error))
		return FALSE;
	mutex_lock(&self->lock);
	script->calls++;
	script->running++;
	if (script_wait(self, script, call, error) &&
		!script_fails(script, action_names[action], error) &&
		is_accepted(self, account, call, error))
		return TRUE;
	/* As api.h has it: what changes something may have come to pass. */
	if (error && (*error)->code == BACKEND_ERROR_TIMEOUT &&
		(action == MEMORY_CREATE || action == MEMORY_CONTROL))
		(*error)->code = BACKEND_ERROR_MAY_EXIST;
	script->running--;
	script->failed++;
	mutex_unlock(&self->lock);
	return FALSE;
}

void action_end(Memory *self, MemoryAction action, gboolean done)
{
	self->scripts[action].running--;
	if (!done)
		self->scripts[action].failed++;
	mutex_unlock(&self->lock);
}

const char *action_name(MemoryAction action)
{
	return action_names[action];
}

/* ---- scripting, from tests ---- */

void memory_add_workspace(Backend *base, const char *id)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	space_ensure(self, id);
	mutex_unlock(&self->lock);
}

void memory_name_workspace(Backend *base, const char *id, const char *name)
{
	Memory *self = (Memory *)base;
	Space *s;

	mutex_lock(&self->lock);
	s = space_ensure(self, id);
	g_free(s->name);
	s->name = g_strdup(name);
	mutex_unlock(&self->lock);
}

void memory_remove_workspace(Backend *base, const char *id)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Space *s = space_find(self, id);
	if (s)
		g_ptr_array_remove(self->spaces, s);
	mutex_unlock(&self->lock);
}

void memory_put(Backend *base, const char *workspace, const char *id,
	const char *name, const char *state)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Space *s = space_ensure(self, workspace);
	Record *r = g_hash_table_lookup(s->by_id, id);
	if (r)
		record_set(self, r, state);
	else
		record_add(s, id, name, state);
	mutex_unlock(&self->lock);
}

gboolean memory_remove(Backend *base, const char *workspace, const char *id)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Space *s = space_find(self, workspace);
	Record *r = s ? g_hash_table_lookup(s->by_id, id) : NULL;
	if (r)
		space_drop(s, r);
	mutex_unlock(&self->lock);
	return r != NULL;
}

guint memory_size(Backend *base, const char *workspace)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	Space *s = space_find(self, workspace);
	guint size = s ? s->records->len : 0;
	mutex_unlock(&self->lock);
	return size;
}

void memory_fail(Backend *base, MemoryAction action, guint skip, guint times,
	BackendErrorCode code)
{
	Memory *self = (Memory *)base;
	Script *script = &self->scripts[action];

	mutex_lock(&self->lock);
	script->failing = TRUE;
	script->for_ever = times == 0;
	script->skip = skip;
	script->times = times;
	script->code = code;
	mutex_unlock(&self->lock);
}

void memory_set_clock(Backend *base, gint64 ahead_ms)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	self->clocked = TRUE;
	self->ahead_ms = ahead_ms;
	mutex_unlock(&self->lock);
}

void memory_forward(Backend *base, gint64 ms)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	self->forward_ms += ms;
	mutex_unlock(&self->lock);
}

void memory_lose_answers(Backend *base, guint times)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	self->losses = times;
	mutex_unlock(&self->lock);
}

void memory_heal(Backend *base)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	for (guint i = 0; i < N_MEMORY_ACTIONS; i++)
		self->scripts[i].failing = FALSE;
	self->losses = 0;
	mutex_unlock(&self->lock);
}

void memory_delay(Backend *base, MemoryAction action, gint64 ms)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	self->scripts[action].delay_ms = ms;
	mutex_unlock(&self->lock);
}

static void set_held(Memory *self, MemoryAction action, gboolean held)
{
	mutex_lock(&self->lock);
	self->scripts[action].held = held;
	pthread_cond_broadcast(&self->news);
	mutex_unlock(&self->lock);
}

void memory_hold(Backend *base, MemoryAction action)
{
	set_held((Memory *)base, action, TRUE);
}

void memory_release(Backend *base, MemoryAction action)
{
	set_held((Memory *)base, action, FALSE);
}

void memory_loop(Backend *base, const char *token)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	g_free(self->loop);
	self->loop = g_strdup(token);
	mutex_unlock(&self->lock);
}

guint64 memory_calls(Backend *base, MemoryAction action)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	guint64 calls = self->scripts[action].calls;
	mutex_unlock(&self->lock);
	return calls;
}

guint memory_running(Backend *base, MemoryAction action)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	guint running = self->scripts[action].running;
	mutex_unlock(&self->lock);
	return running;
}

void memory_set_account(Backend *base, const char *account)
{
	Memory *self = (Memory *)base;

	mutex_lock(&self->lock);
	self->account = g_intern_string(account);
	mutex_unlock(&self->lock);
}
