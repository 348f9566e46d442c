#include "ledger.h"

#include <string.h>

#include "backends/base/mutex.h"
#include "text.h"

struct Ledger {
	const Provider *const *providers;
	Mutex lock;
	/* guint64 per route, an array per provider */
	GPtrArray *counts GUARDED_BY(lock);
	Request *log[LEDGER_LOG] GUARDED_BY(lock);
	guint64 n_logged GUARDED_BY(lock);
};

Ledger *ledger_new(const Provider *const *providers)
{
	Ledger *self = g_new0(Ledger, 1);

	self->providers = providers;
	mutex_init(&self->lock);
	self->counts = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; providers[i]; i++)
		g_ptr_array_add(
			self->counts, g_new0(guint64, providers[i]->n_routes));
	return self;
}

static void log_clear(Ledger *ledger) REQUIRES(ledger->lock)
{
	for (guint i = 0; i < LEDGER_LOG; i++)
		g_clear_pointer(&ledger->log[i], request_unref);
	ledger->n_logged = 0;
}

void ledger_free(Ledger *ledger)
{
	if (!ledger)
		return;
	mutex_destroy(&ledger->lock);
	log_clear(ledger);
	g_ptr_array_unref(ledger->counts);
	g_free(ledger);
}

/* The first row of an action, which counts for all of them. */
static guint first_of(const Provider *provider, const char *action)
{
	guint i = 0;

	while (strcmp(provider->routes[i].action, action))
		i++;
	return i;
}

static guint64 *count_of(Ledger *ledger, const Provider *provider,
	const Route *route) REQUIRES(ledger->lock)
{
	guint i = 0;

	while (ledger->providers[i] != provider)
		i++;
	return (guint64 *)ledger->counts->pdata[i] +
	       first_of(provider, route->action);
}

/* A request as it is kept: the log of long ones would have no bound. */
static Request *request_kept(Request *request)
{
	Request *copy;

	if (request->body->len <= LEDGER_BODY_MAX)
		return request_ref(request);
	copy = request_new(request->target);
	copy->method = g_strdup(request->method);
	copy->provider = request->provider;
	copy->action = request->action;
	for (guint i = 0; i < request->headers->len; i++)
		g_ptr_array_add(
			copy->headers, g_strdup(request->headers->pdata[i]));
	g_byte_array_append(copy->body, request->body->data, LEDGER_BODY_MAX);
	return copy;
}

void ledger_note(Ledger *ledger, const Provider *provider, const Route *route,
	Request *request)
{
	Request *kept = request_kept(request);
	Request **slot, *old;

	mutex_lock(&ledger->lock);
	if (route)
		++*count_of(ledger, provider, route);
	slot = &ledger->log[ledger->n_logged++ % LEDGER_LOG];
	old = *slot;
	*slot = kept;
	mutex_unlock(&ledger->lock);
	request_unref(old);
}

void ledger_reset(Ledger *ledger)
{
	mutex_lock(&ledger->lock);
	for (guint i = 0; ledger->providers[i]; i++)
		for (guint j = 0; j < ledger->providers[i]->n_routes; j++)
			((guint64 *)ledger->counts->pdata[i])[j] = 0;
	log_clear(ledger);
	mutex_unlock(&ledger->lock);
}

static void append_counts(
	GString *out, const Provider *provider, const guint64 *counts)
{
	for (guint i = 0; i < provider->n_routes; i++) {
		const char *action = provider->routes[i].action;

		if (first_of(provider, action) == i)
			g_string_append_printf(out,
				"%s\"%s\":%" G_GUINT64_FORMAT, i ? "," : "",
				action, counts[i]);
	}
}

void ledger_counts(Ledger *ledger, GString *out)
{
	mutex_lock(&ledger->lock);
	for (guint i = 0; ledger->providers[i]; i++) {
		g_string_append_printf(out, "%s\"%s\":{", i ? "," : "{",
			ledger->providers[i]->name);
		append_counts(
			out, ledger->providers[i], ledger->counts->pdata[i]);
		g_string_append_c(out, '}');
	}
	g_string_append_c(out, '}');
	mutex_unlock(&ledger->lock);
}

static void quote_valid(GString *out, const char *text, gssize len)
{
	g_autofree char *valid = g_utf8_make_valid(text, len);

	text_quote(out, valid);
}

static void append_header(GString *out, const char *header)
{
	const char *colon = strchr(header, ':');
	g_autofree char *name = g_ascii_strdown(header, colon - header);

	quote_valid(out, name, -1);
	g_string_append_c(out, ':');
	quote_valid(out, colon + 2, -1);
}

static void append_request(GString *out, guint64 number, const Request *request)
{
	g_string_append_printf(
		out, "{\"number\":%" G_GUINT64_FORMAT ",\"method\":", number);
	text_quote(out, request->method);
	g_string_append(out, ",\"target\":");
	quote_valid(out, request->target, -1);
	g_string_append(out, ",\"headers\":{");
	for (guint i = 0; i < request->headers->len; i++) {
		if (i)
			g_string_append_c(out, ',');
		append_header(out, request->headers->pdata[i]);
	}
	g_string_append(out, "},\"body\":");
	quote_valid(out, (const char *)request->body->data, request->body->len);
	g_string_append(out, ",\"provider\":");
	text_quote(out, request->provider);
	g_string_append(out, ",\"action\":");
	if (request->action)
		text_quote(out, request->action);
	else
		g_string_append(out, "null");
	g_string_append_c(out, '}');
}

void ledger_requests(Ledger *ledger, GString *out)
{
	guint64 first;

	mutex_lock(&ledger->lock);
	first = ledger->n_logged > LEDGER_LOG ? ledger->n_logged - LEDGER_LOG
					      : 0;
	g_string_append_c(out, '[');
	for (guint64 i = first; i < ledger->n_logged; i++) {
		if (i > first)
			g_string_append_c(out, ',');
		append_request(out, i, ledger->log[i % LEDGER_LOG]);
	}
	g_string_append_c(out, ']');
	mutex_unlock(&ledger->lock);
}
