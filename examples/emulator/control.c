#include "emulator.h"

#include <string.h>

#include "backends/error.h"
#include "text.h"

#define DUMP_MAX 100000
#define CHURN_MAX 1000000
#define CLOCK_MAX G_GINT64_CONSTANT(10000000000000)

typedef struct {
	Emulator *emulator;
	const Request *request;
	const Json *body; /* an object, empty when none was sent */
	Answer *answer;
} Control;

static void complain(Control *c, guint status, const char *message)
{
	g_autoptr(Json) body = json_object();

	json_set_text(body, "error", message);
	answer_take(c->answer, status, json_print(body, TRUE));
}

static void done(Control *c)
{
	answer_take(c->answer, 200, g_strdup("{}\n"));
}

static void get_counts(Control *c)
{
	ledger_counts(c->emulator->ledger, c->answer->body);
}

static void get_requests(Control *c)
{
	ledger_requests(c->emulator->ledger, c->answer->body);
}

static void reset(Control *c)
{
	faults_clear(c->emulator->faults);
	ledger_reset(c->emulator->ledger);
	done(c);
}

static void clock_set(Control *c)
{
	DemoClock *clock = &c->emulator->clock;

	demo_clock_advance(clock,
		json_get_int(c->body, "advance_ms", -CLOCK_MAX, CLOCK_MAX, 0));
	if (json_get(c->body, "skew_ms"))
		demo_clock_set_skew(clock, json_get_int(c->body, "skew_ms",
						   -CLOCK_MAX, CLOCK_MAX, 0));
	g_string_append_printf(c->answer->body,
		"{\"now_ms\":%" G_GINT64_FORMAT ",\"wall_ms\":%" G_GINT64_FORMAT
		"}\n",
		demo_clock_now_ms(clock), demo_clock_wall_ms(clock));
}

/* Whether a fault can ever strike; a misspelt one would make a test idle. */
static gboolean action_known(const Json *body)
{
	const char *name = json_get_text(body, "provider", 64, "alibaba");
	const char *action = json_get_text(body, "action", 64, "*");
	const Provider *provider = emulator_provider(name);

	for (guint i = 0; provider && i < provider->n_routes; i++)
		if (!strcmp(provider->routes[i].action, action))
			return TRUE;
	return provider && !strcmp(action, "*");
}

static void add_fault(Control *c)
{
	g_autoptr(GError) error = NULL;
	gint64 id;

	if (!action_known(c->body)) {
		complain(c, 400, "no such provider or action");
		return;
	}
	if (!faults_add(c->emulator->faults, c->body, &id, &error)) {
		complain(c, 400, error->message);
		return;
	}
	g_string_append_printf(
		c->answer->body, "{\"id\":%" G_GINT64_FORMAT "}\n", id);
}

static void clear_faults(Control *c)
{
	faults_clear(c->emulator->faults);
	done(c);
}

/* A parameter from the query or the body, new string; NULL: complained. */
static char *parameter(Control *c, const char *name)
{
	char *value = request_query(c->request, name);

	if (!value)
		value = g_strdup(json_get_text(c->body, name, 4096, NULL));
	if (!value) {
		g_autofree char *message =
			g_strdup_printf("\"%s\" is missing", name);

		complain(c, 400, message);
	}
	return value;
}

static Store *store_of(Control *c)
{
	g_autofree char *provider = request_query(c->request, "provider");
	Store *store = emulator_store(c->emulator,
		provider ? provider
			 : json_get_text(c->body, "provider", 64, "alibaba"));

	if (!store)
		complain(c, 404, "no such provider");
	return store;
}

static void answer_result(Control *c, StoreResult result)
{
	switch (result) {
	case STORE_NO_WORKSPACE:
		complain(c, 404, "no such workspace");
		break;
	case STORE_NO_SESSION:
		complain(c, 404, "no such session");
		break;
	default:
		if (!c->answer->body->len)
			done(c);
		break;
	}
}

/* A member of the body that is an object, byte for byte, new string; else
 * NULL. */
static char *object_member(Control *c, const char *name)
{
	if (json_type(json_get(c->body, name)) != JSON_OBJECT)
		return NULL;
	return text_member((const char *)c->request->body->data, name);
}

static void add_workspace(Control *c)
{
	g_autofree char *id = parameter(c, "workspace");
	g_autofree char *record = object_member(c, "record");
	g_autofree char *extra = object_member(c, "extra");
	Store *store = id ? store_of(c) : NULL;

	if (!store)
		return;
	store_add_workspace(store, id, record, extra);
	done(c);
}

static void remove_workspace(Control *c)
{
	g_autofree char *id = parameter(c, "workspace");
	Store *store = id ? store_of(c) : NULL;

	if (store)
		answer_result(c, store_remove_workspace(store, id)
					 ? STORE_OK
					 : STORE_NO_WORKSPACE);
}

/* The record to plant, byte for byte, new string; NULL: complained. */
static char *planted_record(Control *c)
{
	const char *coded = json_text(json_get(c->body, "session_base64"));
	char *record = NULL;

	if (coded) {
		gsize len;
		g_autofree guchar *bytes = g_base64_decode(coded, &len);

		record = g_strstrip(g_strndup((char *)bytes, len));
		if (*record != '{' || !g_str_has_suffix(record, "}"))
			g_clear_pointer(&record, g_free);
	} else {
		record = object_member(c, "session");
	}
	if (!record)
		complain(c, 400, "\"session\" must be an object");
	return record;
}

static void add_session(Control *c)
{
	g_autofree char *workspace = parameter(c, "workspace");
	Store *store = workspace ? store_of(c) : NULL;
	g_autofree char *record = store ? planted_record(c) : NULL;
	g_autofree char *extra = object_member(c, "extra");
	g_autoptr(Json) body = json_object();
	g_autofree char *id = NULL, *valid = NULL;

	if (!record)
		return;
	store_plant(store, workspace, record, extra, 0, &id);
	valid = g_utf8_make_valid(id, -1);
	json_set_text(body, "id", valid);
	answer_take(c->answer, 200, json_print(body, TRUE));
}

static void remove_session(Control *c)
{
	g_autofree char *workspace = parameter(c, "workspace");
	g_autofree char *id = workspace ? parameter(c, "id") : NULL;
	Store *store = id ? store_of(c) : NULL;

	if (store)
		answer_result(c, store_remove(store, workspace, id));
}

static void restart(Control *c)
{
	g_autofree char *workspace = parameter(c, "workspace");
	Store *store = workspace ? store_of(c) : NULL;

	if (store)
		answer_result(c, store_restart(store, workspace));
}

static void dump_sessions(Control *c)
{
	g_autofree char *workspace = parameter(c, "workspace");
	g_autofree char *text = request_query(c->request, "limit");
	Store *store = workspace ? store_of(c) : NULL;
	guint64 limit = DUMP_MAX;
	StoreResult result;

	if (!store)
		return;
	if (text && !g_ascii_string_to_unsigned(
			    text, 10, 0, DUMP_MAX, &limit, NULL)) {
		complain(c, 400, "\"limit\" is out of range");
		return;
	}
	g_string_append_c(c->answer->body, '{');
	result = store_dump(store, workspace, limit, c->answer->body);
	g_string_append(c->answer->body, "}\n");
	answer_result(c, result);
}

static void churn(Control *c)
{
	g_autofree char *workspace = parameter(c, "workspace");
	Store *store = workspace ? store_of(c) : NULL;
	StoreChurn churn = {
		.change = json_get_int(c->body, "change", 0, CHURN_MAX, 0),
		.add = json_get_int(c->body, "add", 0, CHURN_MAX, 0),
		.remove = json_get_int(c->body, "remove", 0, CHURN_MAX, 0),
	};
	StoreResult result;

	if (!store)
		return;
	g_string_append_c(c->answer->body, '{');
	result = store_churn(store, workspace, &churn, c->answer->body);
	g_string_append(c->answer->body, "}\n");
	answer_result(c, result);
}

static const struct {
	const char *method, *path;
	void (*handle)(Control *c);
} controls[] = {
	{"GET", "/_control/counts", get_counts},
	{"GET", "/_control/requests", get_requests},
	{"POST", "/_control/reset", reset},
	{"POST", "/_control/clock", clock_set},
	{"POST", "/_control/fault", add_fault},
	{"DELETE", "/_control/faults", clear_faults},
	{"POST", "/_control/workspace", add_workspace},
	{"DELETE", "/_control/workspace", remove_workspace},
	{"POST", "/_control/session", add_session},
	{"DELETE", "/_control/session", remove_session},
	{"GET", "/_control/sessions", dump_sessions},
	{"POST", "/_control/restart", restart},
	{"POST", "/_control/churn", churn},
};

void control_answer(Emulator *emulator, Request *request, Answer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) body =
		request->body->len
			? json_parse((const char *)request->body->data,
				  request->body->len, &error)
			: json_object();
	Control c = {.emulator = emulator,
		.request = request,
		.body = body,
		.answer = answer};

	answer_header(answer, "Content-Type", "application/json");
	if (!body || json_type(body) != JSON_OBJECT) {
		complain(&c, 400, error ? error->message : "not an object");
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(controls); i++) {
		if (strcmp(controls[i].method, request->method) ||
			strcmp(controls[i].path, request->path))
			continue;
		controls[i].handle(&c);
		return;
	}
	complain(&c, 404, "no such control");
}
