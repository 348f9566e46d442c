#include "fault.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "backends/error.h"

struct Faults {
	Mutex lock;
	pthread_cond_t changed;
	GPtrArray *list GUARDED_BY(lock); /* Fault *, a reference each */
	gint64 last_id GUARDED_BY(lock);
	/* of the list: what hangs waits for the next */
	guint generation GUARDED_BY(lock);
	gboolean closed GUARDED_BY(lock);
};

typedef enum { FIELD_TEXT, FIELD_INT, FIELD_BOOL } FieldType;

/* The members of a fault that are copied as they are. */
static const struct {
	const char *name;
	FieldType type;
	gsize offset;
} fields[] = {
	{"provider", FIELD_TEXT, G_STRUCT_OFFSET(Fault, provider)},
	{"action", FIELD_TEXT, G_STRUCT_OFFSET(Fault, action)},
	{"skip", FIELD_INT, G_STRUCT_OFFSET(Fault, skip)},
	{"times", FIELD_INT, G_STRUCT_OFFSET(Fault, times)},
	{"delay_ms", FIELD_INT, G_STRUCT_OFFSET(Fault, delay_ms)},
	{"hang", FIELD_BOOL, G_STRUCT_OFFSET(Fault, hang)},
	{"drop", FIELD_BOOL, G_STRUCT_OFFSET(Fault, drop)},
	{"status", FIELD_INT, G_STRUCT_OFFSET(Fault, status)},
	{"code", FIELD_TEXT, G_STRUCT_OFFSET(Fault, code)},
	{"message", FIELD_TEXT, G_STRUCT_OFFSET(Fault, message)},
	{"body", FIELD_TEXT, G_STRUCT_OFFSET(Fault, body)},
	{"body_base64", FIELD_TEXT, G_STRUCT_OFFSET(Fault, body_base64)},
	{"big", FIELD_INT, G_STRUCT_OFFSET(Fault, big)},
	{"after", FIELD_BOOL, G_STRUCT_OFFSET(Fault, after)},
	{"cut", FIELD_INT, G_STRUCT_OFFSET(Fault, cut)},
	{"chunked", FIELD_BOOL, G_STRUCT_OFFSET(Fault, chunked)},
	{"retry_after", FIELD_INT, G_STRUCT_OFFSET(Fault, retry_after)},
	{"repeat_token", FIELD_BOOL, G_STRUCT_OFFSET(Fault, repeat_token)},
	{"endless", FIELD_BOOL, G_STRUCT_OFFSET(Fault, endless)},
	{"duplicate", FIELD_BOOL, G_STRUCT_OFFSET(Fault, duplicate)},
	{"empty", FIELD_BOOL, G_STRUCT_OFFSET(Fault, empty)},
};

void fault_unref(Fault *self)
{
	if (!self || !g_atomic_int_dec_and_test(&self->refs))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (fields[i].type == FIELD_TEXT)
			g_free(G_STRUCT_MEMBER(char *, self, fields[i].offset));
	g_clear_pointer(&self->headers, g_ptr_array_unref);
	g_free(self);
}

gboolean fault_replaces(const Fault *fault)
{
	return fault->status || fault->body || fault->body_base64 ||
	       fault->big >= 0;
}

Faults *faults_new(void)
{
	Faults *self = g_new0(Faults, 1);

	mutex_init(&self->lock);
	self->list =
		g_ptr_array_new_with_free_func((GDestroyNotify)fault_unref);
	thread_cond_init(&self->changed);
	return self;
}

void faults_free(Faults *faults)
{
	if (!faults)
		return;
	mutex_destroy(&faults->lock);
	g_ptr_array_unref(faults->list);
	pthread_cond_destroy(&faults->changed);
	g_free(faults);
}

static gboolean field_set(Fault *self, guint i, const Json *object)
{
	const Json *value = json_get(object, fields[i].name);
	void *at = G_STRUCT_MEMBER_P(self, fields[i].offset);

	switch (fields[i].type) {
	case FIELD_TEXT:
		if (json_type(value) != JSON_STRING)
			return FALSE;
		g_free(*(char **)at);
		*(char **)at = g_strdup(json_text(value));
		return TRUE;
	case FIELD_INT:
		return json_type(value) == JSON_NUMBER && json_whole(value, at);
	case FIELD_BOOL:
		if (json_type(value) != JSON_BOOL)
			return FALSE;
		*(gboolean *)at = json_get_bool(object, fields[i].name, FALSE);
		return TRUE;
	}
	return FALSE;
}

static gboolean headers_set(Fault *self, const Json *object)
{
	if (json_type(object) != JSON_OBJECT)
		return FALSE;
	g_clear_pointer(&self->headers, g_ptr_array_unref);
	self->headers = g_ptr_array_new_with_free_func(g_free);
	json_foreach (item, object) {
		if (!json_text(item))
			return FALSE;
		g_ptr_array_add(self->headers,
			g_strdup_printf(
				"%s: %s", json_name(item), json_text(item)));
	}
	return TRUE;
}

static gboolean member_set(
	Fault *self, const Json *object, const char *name, GError **error)
{
	gboolean known = !strcmp(name, "headers"), good = FALSE;

	if (known)
		good = headers_set(self, json_get(object, name));
	for (guint i = 0; !known && i < G_N_ELEMENTS(fields); i++) {
		if (strcmp(fields[i].name, name))
			continue;
		known = TRUE;
		good = field_set(self, i, object);
	}
	if (!good)
		backend_error_set(error, BACKEND_ERROR_INVALID,
			known ? "a fault's \"%s\" has the wrong type"
			      : "a fault has no \"%s\"",
			name);
	return good;
}

gboolean faults_add(
	Faults *faults, const Json *object, gint64 *ret_id, GError **error)
{
	g_autoptr(Fault) fault = g_new0(Fault, 1);

	fault->refs = 1;
	fault->times = 1;
	fault->cut = fault->big = fault->retry_after = -1;
	fault->provider = g_strdup("alibaba");
	json_foreach (member, object) {
		if (!member_set(fault, object, json_name(member), error))
			return FALSE;
	}
	if (!fault->action) {
		backend_error_set(error, BACKEND_ERROR_INVALID,
			"a fault needs an \"action\", or \"*\" for all");
		return FALSE;
	}
	mutex_lock(&faults->lock);
	*ret_id = fault->id = ++faults->last_id;
	g_ptr_array_add(faults->list, g_steal_pointer(&fault));
	mutex_unlock(&faults->lock);
	return TRUE;
}

void faults_clear(Faults *faults)
{
	mutex_lock(&faults->lock);
	g_ptr_array_set_size(faults->list, 0);
	faults->generation++;
	pthread_cond_broadcast(&faults->changed);
	mutex_unlock(&faults->lock);
}

void faults_close(Faults *faults)
{
	mutex_lock(&faults->lock);
	faults->closed = TRUE;
	faults->generation++;
	pthread_cond_broadcast(&faults->changed);
	mutex_unlock(&faults->lock);
}

/* Counts the call; whether this fault is its. */
static gboolean fault_strikes(
	Fault *fault, const char *provider, const char *action)
{
	if (strcmp(fault->provider, provider) ||
		(strcmp(fault->action, "*") && strcmp(fault->action, action)))
		return FALSE;
	if (fault->skip > 0) {
		fault->skip--;
		return FALSE;
	}
	if (!fault->times)
		return FALSE;
	if (fault->times > 0)
		fault->times--;
	return TRUE;
}

Fault *faults_take(Faults *faults, const char *provider, const char *action)
{
	Fault *found = NULL;

	mutex_lock(&faults->lock);
	for (guint i = 0; !found && i < faults->list->len; i++) {
		Fault *fault = faults->list->pdata[i];

		if (!fault_strikes(fault, provider, action))
			continue;
		found = fault;
		g_atomic_int_inc(&fault->refs);
		if (!fault->times)
			g_ptr_array_remove_index(faults->list, i);
	}
	mutex_unlock(&faults->lock);
	return found;
}

gboolean faults_wait(Faults *faults, const Fault *fault)
{
	gint64 until_us = fault->hang ? G_MAXINT64
				      : clock_now_us(&clock_real) +
						fault->delay_ms * 1000;
	gboolean released;
	guint generation;
	gboolean late = FALSE;

	if (!fault->hang && fault->delay_ms <= 0)
		return TRUE;
	mutex_lock(&faults->lock);
	generation = faults->generation;
	while (!faults->closed && generation == faults->generation && !late)
		late = !thread_wait(&faults->changed, &faults->lock, until_us);
	released = fault->hang || faults->closed;
	mutex_unlock(&faults->lock);
	return !released;
}
