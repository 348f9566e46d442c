/*
 * Each provider before a server that answers whatever it likes: all that a cache may
 * ask is asked, and what comes back keeps the promises of backend.h.
 */
#include "fuzz.h"

#include <string.h>

#include "backends/base/json_members.h"
#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/provider/spec.h"
#include "fuzz_answer.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

typedef struct {
	const BackendClass *class;
	const char *workspace;
	const char *keys[4]; /* name, value, ... */
	const char *spec;    /* one that its table accepts */
} Case;

static const Case cases[] = {
	{&alibaba_class, "w-1", {"region", "cn-test"},
		"{\"name\":\"n\",\"kind\":\"SQL\"}"},
	{&dataproc_class, "us-x1", {"project", "my-p", "region", "us-x1"},
		"{\"sparkConnectSession\":{}}"},
	{&dli_class, "q-1", {"region", "cn-test-1", "project", TOKEN},
		"{\"kind\":\"spark\",\"name\":\"n\"}"},
	{&emr_class, "j-1", {"region", "eu-test-1"}, "{\"Name\":\"n\"}"},
	{&emr_serverless_class, "a1", {"region", "eu-test-1"},
		"{\"executionRoleArn\":\"arn:aws:iam::123456789012:role/r\"}"},
	{&livy_class, "h.example", {"url", "https://h.example"},
		"{\"kind\":\"pyspark\",\"name\":\"n\"}"},
};

void fuzz_provider_set_up(void)
{
	static const char *const variables[] = {"HOME", "/nonexistent",
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "test-id",
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "test-secret",
		"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE000000001",
		"AWS_SECRET_ACCESS_KEY", "not-a-secret-but-long-enough",
		"HUAWEICLOUD_SDK_AK", "HWAKEXAMPLE000000001",
		"HUAWEICLOUD_SDK_SK", "not-a-secret-but-long-enough",
		"NO_GCE_CHECK", "true", "CLOUDSDK_AUTH_ACCESS_TOKEN",
		"emulator-token", NULL};

	for (const char *const *name = variables; *name; name += 2)
		g_setenv(name[0], name[1], TRUE);
}

static Backend *open_case(const Case *what)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;
	Backend *backend;

	for (guint i = 0; i < G_N_ELEMENTS(what->keys) && what->keys[i]; i += 2)
		g_hash_table_insert(
			keys, (char *)what->keys[i], (char *)what->keys[i + 1]);
	backend = backend_open(what->class, keys, &error);
	g_assert_no_error(error);
	return backend;
}

/* Somebody waits, so that a shut budget is an error and no pause. */
static Call call_now(void)
{
	return (Call){
		.deadline_us = g_get_monotonic_time() + 60 * G_USEC_PER_SEC,
		.interactive = TRUE};
}

static void failed(gboolean ok, GError **error)
{
	g_assert_true(ok == (*error == NULL));
	if (*error)
		fuzz_is_sentence(*error);
	g_clear_error(error);
}

/* ---- what a record says ---- */

static void is_document(const char *text, gsize len)
{
	g_autoptr(Json) value = json_parse(text, len, NULL);

	g_assert_true(value && json_type(value) == JSON_OBJECT);
}

/* What config.json tells is what `new` takes: it may lack what is required, and
 * nothing else is wrong with it. */
static void is_clonable(Backend *self, const char *text, gsize len)
{
	g_autoptr(Json) config = json_parse(text, len, NULL);
	g_autoptr(Json) reduced = NULL;

	g_assert_true(config && json_type(config) == JSON_OBJECT);
	reduced = spec_reduce(self->class->spec, config, NULL);
	g_assert_true(json_equal(config, reduced));
}

static void renders(Backend *self, const char *body, gsize len)
{
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		g_autoptr(GString) out = g_string_new(NULL);

		if (file == SESSION_STATE || file == SESSION_PHASE ||
			file == SESSION_JSON)
			continue;
		backend_render(self, file, body, len, out);
		g_assert_true(
			g_utf8_validate(out->str, (gssize)out->len, NULL));
		if (out->len > 0)
			g_assert_true(g_str_has_suffix(out->str, "\n"));
		if (file == SESSION_CONFIG && out->len > 0 &&
			!self->class->unique)
			is_clonable(self, out->str, out->len);
	}
}

static void masks(Backend *self, const char *body, gsize len)
{
	g_autoptr(GString) out = g_string_new(NULL);
	const char *const *private = self->class->private;

	backend_mask(self, body, len, out);
	is_document(out->str, out->len);
	g_autoptr(Json) shown = json_parse(out->str, out->len, NULL);
	for (; private && *private; private ++) {
		const Json *member = json_get(shown, *private);

		if (member)
			g_assert_cmpstr(json_text(member), ==, "***");
	}
}

static void summarizes(Backend *self, const char *body, gsize len)
{
	g_auto(SessionSummary) brief = {NULL};

	backend_summarize(self, body, len, &brief);
	g_assert_true(g_utf8_validate(brief.name, -1, NULL));
	g_assert_true(g_utf8_validate(brief.user, -1, NULL));
	g_assert_cmpuint(strlen(brief.name), <=, SESSION_ID_MAX);
	g_assert_cmpuint(strlen(brief.user), <=, SESSION_ID_MAX);
	g_assert_cmpint(brief.created_ms, >=, 0);
}

static void is_body(Backend *self, const char *body, gsize len)
{
	g_assert_cmpuint(len, <=, SESSION_BODY_MAX);
	is_document(body, len);
	renders(self, body, len);
	masks(self, body, len);
	summarizes(self, body, len);
}

static void is_session(Backend *self, const Session *session)
{
	g_assert_cmpuint(strlen(session->id), >, 0);
	g_assert_cmpuint(strlen(session->id), <=, SESSION_ID_MAX);
	g_assert_nonnull(session->name);
	g_assert_cmpuint(strlen(session->state), >, 0);
	fuzz_is_line(session->state);
	g_assert_cmpint(session->phase, <, N_PHASES);
	g_assert_cmpint(session->created_ms, >=, 0);
	g_assert_cmpint(session->changed_ms, >=, 0);
	g_assert_cmpuint(strlen(session->body), ==, session->body_len);
	is_body(self, session->body, session->body_len);
}

/* One record laid over another. */
static void is_renewed(
	Backend *self, const Session *held, const Session *partial)
{
	gsize len = 0;
	g_autofree char *renewed = backend_renew(self, held->body,
		held->body_len, partial->body, partial->body_len, &len);
	g_autofree char *merged = backend_merge(held->body, held->body_len,
		partial->body, partial->body_len, &len);

	is_document(renewed, strlen(renewed));
	is_document(merged, strlen(merged));
	backend_is_other(self, held, partial);
	g_assert_true(!self->class->fleeting ||
		      backend_is_steady(self, held->body, held->body_len,
			      held->body, held->body_len));
	backend_is_steady(self, held->body, held->body_len, partial->body,
		partial->body_len);
	g_assert_true(!self->class->chatter ||
		      backend_is_chatter(self, held->body, held->body_len,
			      held->body, held->body_len));
	backend_is_chatter(self, held->body, held->body_len, partial->body,
		partial->body_len);
	g_assert_true(backend_is_respelt(
		held->body, held->body_len, held->body, held->body_len));
	g_autofree char *respelt = backend_respell(self, held->body,
		held->body_len, partial->body, partial->body_len, &len);
	if (respelt)
		is_document(respelt, len);
}

/* ---- calls ---- */

static Session *is_page(Backend *self, SessionPage *page)
{
	for (guint i = 0; i < page->sessions->len; i++)
		is_session(self, g_ptr_array_index(page->sessions, i));
	g_assert_true(!page->next || *page->next);
	g_assert_cmpint(page->total, >=, -1);
	return page->sessions->len ? g_ptr_array_steal_index(page->sessions, 0)
				   : NULL;
}

/* The next page is asked for with the token that came: where that breaks out of its
 * place, fuzz_answer.c sees it. */
static Session *list(Backend *self, const char *workspace, GError **error)
{
	g_autofree char *token = NULL;
	Session *first = NULL;

	for (guint i = 0; i < 3; i++) {
		const Call call = call_now();
		g_autoptr(SessionPage) page =
			backend_list_page(self, workspace, token, &call, error);

		failed(page != NULL, error);
		if (!page)
			break;
		session_free(first);
		first = is_page(self, page);
		g_free(token);
		token = g_steal_pointer(&page->next);
		if (!token)
			break;
	}
	return first;
}

static void list_living(Backend *self, const char *workspace, GError **error)
{
	const Call call = call_now();
	g_autoptr(SessionPage) page =
		backend_list_living(self, workspace, NULL, &call, error);

	failed(page != NULL, error);
	if (page)
		session_free(is_page(self, page));
}

static void list_workspaces(Backend *self, GError **error)
{
	const Call call = call_now();
	WorkspacePage *page = backend_list_workspaces(self, NULL, &call, error);

	failed(page != NULL, error);
	for (guint i = 0; page && i < page->workspaces->len; i++) {
		const Workspace *one = g_ptr_array_index(page->workspaces, i);

		g_assert_cmpuint(strlen(one->id), >, 0);
		g_assert_cmpuint(strlen(one->id), <=, SESSION_ID_MAX);
		g_assert_true(g_utf8_validate(one->name, -1, NULL));
		g_assert_cmpint(one->created_ms, >=, 0);
	}
	if (page)
		workspace_page_free(page);
}

static void make(
	Backend *self, const Case *what, const Session *like, GError **error)
{
	const Call call = call_now();
	g_autoptr(CreatePlan) plan = backend_plan(self, what->workspace,
		what->spec, strlen(what->spec), TOKEN, &call, error);
	g_autofree char *id = NULL;

	failed(plan != NULL, error);
	if (!plan)
		return;
	is_document(plan->body, strlen(plan->body));
	id = backend_create(self, what->workspace, plan, &call, error);
	if (id) {
		g_assert_cmpuint(strlen(id), >, 0);
		g_assert_cmpuint(strlen(id), <=, SESSION_ID_MAX);
	}
	failed(id != NULL, error);
	if (!like)
		return;
	backend_made_of(self, plan, like->id, like->body, like->body_len);
	g_autofree char *objection = backend_objection(
		self, what->workspace, what->spec, like->body, like->body_len);
	fuzz_is_line(objection);
}

static void steer(Backend *self, const char *workspace, const char *id,
	const char *body, GError **error)
{
	for (const BackendVerb *verb = self->class->verbs; verb->name; verb++) {
		const Call call = call_now();

		failed(backend_control(self, workspace, id, body, verb->name,
			       &call, error),
			error);
	}
}

static void describe(Backend *self, const char *workspace, const char *id,
	const char *body, GError **error)
{
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		const Call call = call_now();
		gint64 until_ms = 0;
		g_autoptr(GBytes) bytes = NULL;

		if (!(self->class->described & 1u << file))
			continue;
		bytes = backend_describe(self, workspace, id, body, file, &call,
			&until_ms, error);
		failed(bytes != NULL, error);
		g_assert_cmpint(until_ms, >=, 0);
	}
}

static void ask_why(
	Backend *self, const char *workspace, const char *id, GError **error)
{
	const Call call = call_now();
	g_autofree char *cause =
		self->class->cause
			? backend_cause(self, workspace, id, &call, error)
			: NULL;

	if (self->class->cause)
		failed(cause != NULL, error);
	if (cause)
		g_assert_true(g_utf8_validate(cause, -1, NULL));
}

static void report_is(Backend *self)
{
	g_autoptr(GString) out = g_string_new(NULL);

	backend_report(self, out);
	g_assert_true(g_utf8_validate(out->str, -1, NULL));
}

/* The first byte says what is asked first, since that gets the first answers. */
static void play(const Case *what, const char *bytes, gsize len)
{
	g_autoptr(Backend) self = open_case(what);
	g_autoptr(Session) listed = NULL;
	g_autoptr(Session) got = NULL;
	g_autoptr(GError) error = NULL;
	guint first = len > 0 ? (guint)*bytes % 8 : 0;
	const Call call = call_now();

	fuzz_play(fuzz_parts(bytes + (len > 0), len - (len > 0)));
	for (guint i = 0; i < 8; i++) {
		const char *id = got ? got->id : "1";
		const char *body = got ? got->body : NULL;

		switch ((first + i) % 8) {
		case 0:
			list_workspaces(self, &error);
			break;
		case 1:
			session_free(listed);
			listed = list(self, what->workspace, &error);
			break;
		case 2:
			session_free(got);
			got = backend_get(
				self, what->workspace, "1", &call, &error);
			if (got)
				is_session(self, got);
			failed(got != NULL, &error);
			break;
		case 3:
			make(self, what, got, &error);
			break;
		case 4:
			describe(self, what->workspace, id, body, &error);
			break;
		case 5:
			steer(self, what->workspace, id, body, &error);
			break;
		case 6:
			ask_why(self, what->workspace, id, &error);
			break;
		default:
			list_living(self, what->workspace, &error);
			break;
		}
	}
	if (listed && got)
		is_renewed(self, got, listed);
	report_is(self);
}

void fuzz_alibaba(const char *bytes, gsize len)
{
	play(&cases[0], bytes, len);
}

void fuzz_dataproc(const char *bytes, gsize len)
{
	play(&cases[1], bytes, len);
}

void fuzz_dli(const char *bytes, gsize len)
{
	play(&cases[2], bytes, len);
}

void fuzz_emr(const char *bytes, gsize len)
{
	play(&cases[3], bytes, len);
}

void fuzz_emr_serverless(const char *bytes, gsize len)
{
	play(&cases[4], bytes, len);
}

void fuzz_livy(const char *bytes, gsize len)
{
	play(&cases[5], bytes, len);
}

/* ---- without calls ---- */

static const Case *any_case(const char *bytes, gsize len)
{
	return &cases[(len > 0 ? (guint8)*bytes : 0) % G_N_ELEMENTS(cases)];
}

static Backend *opened(const Case *what)
{
	static Backend *open[G_N_ELEMENTS(cases)];
	Backend **one = &open[what - cases];

	if (!*one)
		*one = open_case(what);
	return *one;
}

/* Two records of one session: the first byte says whose. */
void fuzz_record(const char *bytes, gsize len)
{
	const Case *what = any_case(bytes, len);
	Backend *self = opened(what);
	FuzzParts parts = fuzz_parts(bytes + (len > 0), len - (len > 0));
	Session held = {0}, partial = {0};

	held.id = partial.id = (char *)"1";
	held.name = partial.name = held.state = partial.state = (char *)"n";
	held.body = fuzz_part(&parts, &held.body_len);
	partial.body = fuzz_part(&parts, &partial.body_len);
	g_autoptr(Json) one =
		json_parse_outline(held.body, held.body_len, NULL);
	g_autoptr(Json) two =
		json_parse_outline(partial.body, partial.body_len, NULL);
	/* What comes from a provider has been made valid UTF-8. */
	if (one && json_type(one) == JSON_OBJECT && two &&
		json_type(two) == JSON_OBJECT &&
		g_utf8_validate(held.body, -1, NULL) &&
		g_utf8_validate(partial.body, -1, NULL)) {
		is_body(self, held.body, held.body_len);
		is_renewed(self, &held, &partial);
	} else {
		g_autoptr(GString) out = g_string_new(NULL);

		for (SessionFile file = 0; file < N_SESSION_FILES; file++)
			backend_render(
				self, file, held.body, held.body_len, out);
	}
	g_free(held.body);
	g_free(partial.body);
}

static void plan_is(
	Backend *self, const Case *what, const char *spec, gsize len)
{
	const Call call = call_now();
	g_autoptr(GError) error = NULL;
	g_autoptr(CreatePlan) plan = NULL;
	g_autoptr(CreatePlan) again = NULL;

	fuzz_play(fuzz_parts("404", 3));
	plan = backend_plan(
		self, what->workspace, spec, len, TOKEN, &call, &error);
	g_assert_true((plan != NULL) == (error == NULL));
	if (!plan) {
		fuzz_is_sentence(error);
		return;
	}
	again = backend_plan(
		self, what->workspace, spec, len, TOKEN, &call, NULL);
	g_assert_true(again && create_plan_equal(plan, again));
	is_document(plan->body, strlen(plan->body));
	g_assert_true(g_utf8_validate(plan->name, -1, NULL));
}

/* The first byte says whose spec the rest is. */
void fuzz_spec(const char *bytes, gsize len)
{
	const Case *what = any_case(bytes, len);
	Backend *self = opened(what);
	const char *spec = bytes + (len > 0);
	gsize n = len - (len > 0);
	g_autofree char *text = g_strndup(spec, n);
	g_autoptr(GError) error = NULL;

	if (!backend_check_spec(self, what->workspace, spec, n, &error)) {
		fuzz_is_sentence(error);
		return;
	}
	g_autoptr(Json) document = json_parse(spec, n, NULL);
	g_autoptr(Json) reduced =
		spec_reduce(self->class->spec, document, NULL);
	g_assert_true(json_equal(document, reduced));
	g_free(backend_spec_token(self, spec, n));
	g_autofree char *kept = backend_kept_spec(self, spec, n);
	if (kept)
		is_document(kept, strlen(kept));
	g_autofree char *objection =
		backend_objection(self, what->workspace, text, spec, n);
	fuzz_is_line(objection);
	plan_is(self, what, spec, n);
}
