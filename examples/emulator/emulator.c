#include "emulator.h"

#include <string.h>

/* The first is whose a request is that looks like nobody's. */
const Provider *const emulator_providers[] = {
	&alibaba_provider,
	&emr_serverless_provider,
	&emr_provider,
	&dli_provider,
	&dataproc_provider,
	&livy_provider,
	NULL,
};

#define PROVIDERS (G_N_ELEMENTS(emulator_providers) - 1)

Emulator *emulator_new(const Settings *settings)
{
	Emulator *self = g_new0(Emulator, 1);

	self->settings = *settings;
	demo_clock_init(&self->clock, settings->manual_clock);
	self->stores = g_new0(Store *, PROVIDERS);
	for (guint i = 0; i < PROVIDERS; i++)
		self->stores[i] = store_new(emulator_providers[i]->sessions,
			&settings->pace, &self->clock);
	self->faults = faults_new();
	self->ledger = ledger_new(emulator_providers);
	self->nonces = nonces_new();
	self->credentials = credentials_new(settings->access_key_id,
		secret_new(settings->access_key_secret, -1), NULL, 0,
		"emulator");
	return self;
}

void emulator_free(Emulator *emulator)
{
	if (!emulator)
		return;
	for (guint i = 0; i < PROVIDERS; i++)
		store_free(emulator->stores[i]);
	g_free(emulator->stores);
	faults_free(emulator->faults);
	ledger_free(emulator->ledger);
	nonces_free(emulator->nonces);
	credentials_unref(emulator->credentials);
	g_free(emulator);
}

static gint provider_index(const char *name)
{
	for (guint i = 0; i < PROVIDERS; i++)
		if (!strcmp(emulator_providers[i]->name, name))
			return (gint)i;
	return -1;
}

const Provider *emulator_provider(const char *name)
{
	gint i = provider_index(name);

	return i < 0 ? NULL : emulator_providers[i];
}

Store *emulator_store(Emulator *emulator, const char *provider)
{
	gint i = provider_index(provider);

	return i < 0 ? NULL : emulator->stores[i];
}

void emulator_demo(Emulator *emulator)
{
	gint64 now = demo_clock_now_ms(&emulator->clock);

	for (guint i = 0; i < PROVIDERS; i++)
		if (emulator_providers[i]->demo)
			emulator_providers[i]->demo(emulator->stores[i], now);
}

static void raw_body(const Fault *fault, Answer *answer)
{
	gsize len;

	if (fault->body) {
		g_string_assign(answer->body, fault->body);
	} else if (fault->body_base64) {
		g_autofree guchar *bytes =
			g_base64_decode(fault->body_base64, &len);

		g_string_append_len(answer->body, (char *)bytes, len);
	}
}

/* The answer that a fault puts in place of the true one. */
static void replace_answer(Exchange *x)
{
	const Fault *fault = x->fault;
	guint status = fault->status ? fault->status : 200;

	answer_reset(x->answer);
	if (fault->body || fault->body_base64 || fault->big >= 0) {
		x->answer->status = status;
		x->answer->big = fault->big;
		raw_body(fault, x->answer);
		return;
	}
	x->provider->refuse(x, status,
		fault->code ? fault->code : x->provider->code(status),
		fault->message ? fault->message : "The request was refused.");
}

/* What a fault does to the answer, be it the true one or its own. */
static void spoil_answer(Exchange *x)
{
	const Fault *fault = x->fault;

	if (fault_replaces(fault))
		replace_answer(x);
	x->answer->cut = fault->cut;
	x->answer->chunked = fault->chunked;
	x->answer->drop = fault->drop;
	if (fault->retry_after >= 0) {
		g_autofree char *seconds = g_strdup_printf(
			"%" G_GINT64_FORMAT, fault->retry_after);

		answer_header(x->answer, "Retry-After", seconds);
	}
	for (guint i = 0; fault->headers && i < fault->headers->len; i++)
		g_ptr_array_add(
			x->answer->headers, g_strdup(fault->headers->pdata[i]));
	if (!answer_has(x->answer, "Content-Type"))
		answer_header(x->answer, "Content-Type", "application/json");
}

static void answer_routed(Exchange *x, const Route *route)
{
	g_autoptr(Fault) fault = faults_take(
		x->emulator->faults, x->provider->name, route->action);
	gboolean acts = !fault || fault->after ||
			(!fault_replaces(fault) && !fault->drop);

	x->fault = fault;
	/* "after" means that the act comes first, before any waiting too. */
	if (fault && !fault->after &&
		!faults_wait(x->emulator->faults, fault)) {
		x->answer->drop = TRUE;
		return;
	}
	if (acts && x->provider->admit(x, route))
		route->handle(x);
	if (!fault)
		return;
	if (fault->after && !faults_wait(x->emulator->faults, fault))
		x->answer->drop = TRUE;
	else
		spoil_answer(x);
}

/* Whose a request is: the one's that has a route for it, else the one's that it
 * looks like. */
static guint find_provider(Request *request, const Route **ret_route)
{
	for (guint i = 0; i < PROVIDERS; i++) {
		*ret_route = route_find(emulator_providers[i], request);
		if (*ret_route)
			return i;
	}
	for (guint i = 0; i < PROVIDERS; i++)
		if (emulator_providers[i]->owns(request))
			return i;
	return 0;
}

static void answer_provider(
	Emulator *emulator, Request *request, Answer *answer)
{
	const Route *route;
	guint i = find_provider(request, &route);
	Exchange x = {
		.emulator = emulator,
		.provider = emulator_providers[i],
		.store = emulator->stores[i],
		.request = request,
		.answer = answer,
	};

	request->provider = x.provider->name;
	ledger_note(emulator->ledger, x.provider, route, request);
	if (route)
		answer_routed(&x, route);
	else
		x.provider->unknown(&x);
}

void emulator_answer(Emulator *emulator, Request *request, Answer *answer)
{
	g_autofree char *date =
		demo_clock_http_date(demo_clock_wall_ms(&emulator->clock));

	if (g_str_has_prefix(request->path, "/_control/"))
		control_answer(emulator, request, answer);
	else
		answer_provider(emulator, request, answer);
	if (!answer_has(answer, "Date"))
		answer_header(answer, "Date", date);
}
