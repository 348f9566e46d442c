#include "order.h"

#include <string.h>

#include "refresh.h"

/* So long after an order a refresh is asked for as if something passed. */
#define HURRY_US (30 * G_USEC_PER_SEC)

/* ---- life ---- */

Order *order_ref(Order *order)
{
	__atomic_add_fetch(&order->refs, 1, __ATOMIC_RELAXED);
	return order;
}

void order_unref(Order *order)
{
	if (order == NULL ||
		__atomic_sub_fetch(&order->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	g_free(order->spec);
	g_free(order->verb);
	g_free(order->answer);
	g_clear_error(&order->error);
	g_free(order->what);
	g_free(order);
}

const char *order_answer(const Order *order)
{
	return order->answer;
}

GError *order_error(const Order *order)
{
	return order->error;
}

/* ---- whether it can still be dropped ---- */

static gboolean order_sending(void *data)
{
	Order *self = data;
	int state = ORDER_QUEUED;

	/* A second step, or the same bytes again, is part of what was sent. */
	return __atomic_compare_exchange_n(&self->state, &state, ORDER_SENT,
		       FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
	       state == ORDER_SENT;
}

gboolean order_drop(Order *order)
{
	int state = ORDER_QUEUED;

	return __atomic_compare_exchange_n(&order->state, &state, ORDER_DROPPED,
		       FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
	       state == ORDER_DROPPED;
}

Call order_call(Order *self)
{
	return (Call){.deadline_us = self->deadline_us,
		.interactive = TRUE,
		.sending = order_sending,
		.data = self};
}

/* ---- the answer ---- */

static void append_json(GString *out, const char *key, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	g_string_append_printf(
		out, "%s\"%s\":\"", out->len > 1 ? "," : "", key);
	for (const char *p = valid; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		if ((guchar)*p < 0x20 || *p == 0x7f)
			g_string_append_printf(out, "\\u%04x", (guint)*p);
		else
			g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
}

void order_answer_set(Order *self, const char *raw)
{
	Dir *dir = self->dir;
	g_autoptr(GString) out = g_string_new("{");
	g_autofree char *place = dir_path(dir);
	g_autofree char *path = NULL;
	const char *name = "", *state = "";
	const Row *row = NULL;
	const Id *id;

	pthread_mutex_lock(&dir->lock);
	id = ids_get(dir->ids, raw);
	if (id != NULL) {
		name = id_name(id);
		row = snapshot_find(dir->shown, id->number);
	}
	if (row != NULL)
		state = words_get(self->cache->words, row->word);
	pthread_mutex_unlock(&dir->lock);
	path = g_strdup_printf("%s/%s", place, name);
	append_json(out, "session", raw);
	append_json(out, "name", name);
	append_json(out, "provider", dir->parent->name);
	append_json(out, "workspace", dir->name);
	append_json(out, "state", state);
	append_json(out, "path", path);
	g_string_append(out, "}\n");
	g_free(self->answer);
	self->answer = g_string_free(g_steal_pointer(&out), FALSE);
}

void order_answer_workspace(Order *self, const char *verb)
{
	g_autoptr(GString) out = g_string_new("{");

	append_json(out, "workspace", self->dir->name);
	append_json(out, "provider", self->dir->parent->name);
	append_json(out, "verb", verb);
	g_string_append(out, "}\n");
	g_free(self->answer);
	self->answer = g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- the run ---- */

static gboolean order_check(Order *self, GError **error)
{
	Dir *dir = self->dir;

	if (dir == NULL || !dir_is_there(dir)) {
		backend_error_set(error, BACKEND_ERROR_GONE,
			self->spec != NULL
				? "there is no such workspace any more"
				: "there is no such session any more");
		return FALSE;
	}
	if (dir->provider->read_only) {
		backend_error_set(error, BACKEND_ERROR_READ_ONLY,
			"writing is switched off for %s (read_only = true)",
			dir->provider->dir->name);
		return FALSE;
	}
	if (cache_is_stopping(self->cache)) {
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"the file system is being unmounted");
		return FALSE;
	}
	return TRUE;
}

static gboolean order_carry_out(Order *self, GError **error)
{
	if (__atomic_load_n(&self->state, __ATOMIC_SEQ_CST) == ORDER_DROPPED) {
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"the caller was gone before anything was sent");
		return FALSE;
	}
	if (!order_check(self, error))
		return FALSE;
	if (self->spec != NULL)
		return order_create(self, error);
	return self->session != 0 ? order_control(self, error)
				  : order_steer(self, error);
}

/* What was ordered shows soon. */
static void hurry(Dir *dir)
{
	gint64 now = g_get_monotonic_time();

	pthread_mutex_lock(&dir->lock);
	dir->listing.hurry_us = now + HURRY_US;
	pthread_mutex_unlock(&dir->lock);
	__atomic_store_n(&dir->looked_us, now, __ATOMIC_RELAXED);
	refresh_poke(dir->cache->refresh);
}

void order_run(void *data)
{
	g_autoptr(Order) self = data;

	if (!order_carry_out(self, &self->error)) {
		g_clear_pointer(&self->answer, g_free);
		if (self->dir != NULL &&
			__atomic_load_n(&self->state, __ATOMIC_SEQ_CST) !=
				ORDER_DROPPED)
			dir_set_error(self->dir, self->what, self->error);
	}
	if (self->dir != NULL &&
		__atomic_load_n(&self->state, __ATOMIC_SEQ_CST) == ORDER_SENT)
		hurry(self->dir);
	news_deliver(self->cache->news);
	self->done(self, self->data);
}

/* ---- giving orders ---- */

static Order *order_give(Order *self)
{
	order_ref(self);
	/* After the end there is no worker: then it fails here and now. */
	if (!pool_push(self->cache->orders, order_run, self))
		order_run(self);
	return self;
}

static Order *order_new(
	Cache *cache, Dir *dir, gint64 deadline_us, OrderDone done, void *data)
{
	Order *self = g_new0(Order, 1);

	self->refs = 1;
	self->cache = cache;
	self->dir = dir;
	self->deadline_us = deadline_us;
	self->done = done;
	self->data = data;
	return self;
}

Order *cache_create(Cache *cache, guint32 workspace, const char *spec,
	gsize len, gint64 deadline_us, OrderDone done, void *data)
{
	Dir *dir = dir_find(cache, workspace);
	g_autofree char *place = NULL;
	Order *self;

	if (dir != NULL && dir->kind != DIR_WORKSPACE)
		dir = NULL;
	self = order_new(cache, dir, deadline_us, done, data);
	self->spec = g_malloc(len + 1);
	memcpy(self->spec, spec, len);
	self->spec[len] = '\0';
	self->spec_len = len;
	place = dir != NULL ? dir_path(dir) : g_strdup("?");
	self->what = g_strdup_printf("create in %s", place);
	return order_give(self);
}

Order *cache_control(Cache *cache, guint32 number, const char *verb,
	gint64 deadline_us, OrderDone done, void *data)
{
	Dir *dir = dir_around(cache, number);
	Order *self;

	if (dir != NULL && dir->kind != DIR_WORKSPACE)
		dir = NULL;
	self = order_new(cache, dir, deadline_us, done, data);
	self->verb = g_strdup(verb);
	if (dir != NULL && dir->number == number) {
		g_autofree char *place = dir_path(dir);

		self->what = g_strdup_printf(
			"%s of %s", verb != NULL ? verb : "rmdir", place);
	} else {
		self->session = number;
		self->what = g_strdup_printf("%s of session %u",
			verb != NULL ? verb : "rmdir", number);
	}
	return order_give(self);
}
