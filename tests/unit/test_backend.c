#include "backends/backend.h"
#include "backends/base/json.h"

#include <string.h>

/* A provider whose slots answer what the test puts here. */
static struct {
	SessionPage *page;
	Session *session;
	char *id;
	guint calls;
	gboolean agrees;
} next;

static const BackendState states[] = {
	{"Up", PHASE_IDLE},
	{"Down", PHASE_STOPPED},
	{NULL},
};
static const BackendVerb verbs[] = {
	{"raise", "", 1 << PHASE_STOPPED},
	{"lower", "", 1 << PHASE_IDLE},
	{NULL},
};
static const SpecField fields[] = {
	{"name", SPEC_STRING, TRUE},
	{NULL},
};

static SessionPage *list_page(Backend *self, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	next.calls++;
	return g_steal_pointer(&next.page);
}

static Session *get(Backend *self, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	next.calls++;
	return g_steal_pointer(&next.session);
}

static CreatePlan *plan(Backend *self, const char *workspace, Json *spec,
	const char *token, const Call *call, GError **error)
{
	next.calls++;
	return create_plan_new();
}

static char *create(Backend *self, const char *workspace,
	const CreatePlan *plan, const Call *call, GError **error)
{
	next.calls++;
	return g_steal_pointer(&next.id);
}

static gboolean control(Backend *self, const char *workspace, const char *id,
	const char *body, const char *verb, const Call *call, GError **error)
{
	next.calls++;
	return TRUE;
}

static gboolean check_spec(
	Backend *self, const char *workspace, const Json *spec, GError **error)
{
	if (!next.agrees)
		backend_error_set(error, BACKEND_ERROR_INVALID, "disagrees");
	return next.agrees;
}

static void render(const Backend *self, const Json *record, GString *out)
{
	g_string_append(out, json_get_text(record, "url", 64, "none"));
}

static const RecordRender renders[N_SESSION_FILES] = {
	[SESSION_WEBUI] = render,
};

static const BackendClass full = {
	.name = "full",
	.states = states,
	.verbs = verbs,
	.spec = fields,
	.list_page = list_page,
	.get = get,
	.plan = plan,
	.create = create,
	.control = control,
	.check_spec = check_spec,
	.renders = renders,
};
static const BackendClass bare = {.name = "bare", .states = states};

static Backend full_backend = {&full}, bare_backend = {&bare};
static const Call call;

static Session *session_of(const char *id, const char *state, gsize body_len)
{
	Session *session = session_new();

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup(state);
	session->body = g_strnfill(body_len, ' ');
	session->body_len = body_len;
	return session;
}

static void slots_that_are_missing_are_unsupported(void)
{
	g_autoptr(GError) a = NULL, b = NULL, c = NULL, d = NULL, e = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(CreatePlan) made = create_plan_new();

	g_assert_null(backend_list_workspaces(&bare_backend, NULL, &call, &a));
	g_assert_error(a, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_null(backend_get(&bare_backend, "w", "i", &call, &b));
	g_assert_error(b, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_null(
		backend_plan(&bare_backend, "w", "{}", 2, "t", &call, &c));
	g_assert_error(c, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_null(backend_create(&bare_backend, "w", made, &call, &e));
	g_assert_error(e, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_null(backend_verb(bare_backend.class, "start", &d));
	g_assert_error(d, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_false(backend_discover(&bare));
	backend_render(&bare_backend, SESSION_WEBUI, "x", 1, out);
	backend_report(&bare_backend, out);
	backend_count(&bare_backend, NULL, NULL);
	backend_abort(&bare_backend);
	g_assert_cmpuint(out->len, ==, 0);
}

static void unusable_sessions_are_left_out_of_a_page(void)
{
	g_autofree char *longest = g_strnfill(SESSION_ID_MAX, 'i');
	g_autofree char *longer = g_strnfill(SESSION_ID_MAX + 1, 'i');
	SessionPage *made = session_page_new();

	g_ptr_array_add(made->sessions, session_of("", "Up", 2));
	g_ptr_array_add(made->sessions, session_of("a", "Up", 2));
	g_ptr_array_add(made->sessions, session_of(longer, "Up", 2));
	g_ptr_array_add(made->sessions, session_of("b", "", 2));
	g_ptr_array_add(
		made->sessions, session_of("c", "Up", SESSION_BODY_MAX + 1));
	g_ptr_array_add(
		made->sessions, session_of(longest, "Up", SESSION_BODY_MAX));
	g_ptr_array_add(made->sessions, session_new());
	made->next = g_strdup("");
	next.page = made;

	g_autoptr(SessionPage) page =
		backend_list_page(&full_backend, "w", NULL, &call, NULL);
	g_assert_cmpuint(page->sessions->len, ==, 2);
	const Session *first = g_ptr_array_index(page->sessions, 0);
	const Session *second = g_ptr_array_index(page->sessions, 1);
	g_assert_cmpstr(first->id, ==, "a");
	g_assert_cmpstr(second->id, ==, longest);
	g_assert_null(page->next);
}

static void ids_that_would_name_another_path_are_not_asked(void)
{
	g_autofree char *longer = g_strnfill(SESSION_ID_MAX + 1, 'i');
	const char *const ids[] = {"", ".", "..", longer};
	g_autoptr(CreatePlan) made = create_plan_new();

	next.calls = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autoptr(GError) a = NULL, b = NULL, c = NULL, d = NULL;
		g_autoptr(GError) e = NULL;

		g_assert_null(
			backend_get(&full_backend, "w", ids[i], &call, &a));
		g_assert_error(a, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
		g_assert_null(backend_list_page(
			&full_backend, ids[i], NULL, &call, &b));
		g_assert_error(b, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
		g_assert_false(backend_control(
			&full_backend, "w", ids[i], NULL, "raise", &call, &c));
		g_assert_error(c, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
		g_assert_null(
			backend_create(&full_backend, ids[i], made, &call, &d));
		g_assert_error(d, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
		g_assert_null(backend_plan(
			&full_backend, ids[i], "{}", 2, "t", &call, &e));
		g_assert_error(e, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	}
	g_assert_cmpuint(next.calls, ==, 0);
}

static void an_answer_on_another_session_is_refused(void)
{
	g_autoptr(GError) error = NULL;

	next.session = session_of("other", "Up", 2);
	g_assert_null(backend_get(&full_backend, "w", "one", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	next.session = session_of("one", "Up", 2);
	g_autoptr(Session) session =
		backend_get(&full_backend, "w", "one", &call, NULL);
	g_assert_nonnull(session);
}

static void a_create_without_usable_id_may_exist(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CreatePlan) made = create_plan_new();

	next.id = g_strnfill(SESSION_ID_MAX + 1, 'i');
	g_assert_null(backend_create(&full_backend, "w", made, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
}

static void a_verb_is_of_the_table_or_the_table_is_told(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(backend_verb(full_backend.class, "lower", NULL)->name,
		==, "lower");
	next.calls = 0;
	g_assert_false(backend_control(
		&full_backend, "w", "i", NULL, "explode", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_nonnull(strstr(error->message, "raise, lower"));
	g_assert_cmpuint(next.calls, ==, 0);
	g_assert_true(backend_control(
		&full_backend, "w", "i", NULL, "raise", &call, NULL));
}

static void states_are_compared_without_case(void)
{
	g_assert_cmpint(backend_phase(&full, "Up"), ==, PHASE_IDLE);
	g_assert_cmpint(backend_phase(&full, "DOWN"), ==, PHASE_STOPPED);
	g_assert_cmpint(backend_phase(&full, "Sideways"), ==, PHASE_PENDING);
	g_assert_cmpint(backend_phase(&full, ""), ==, PHASE_PENDING);
}

static void a_spec_passes_the_table_and_the_provider(void)
{
	g_autoptr(GError) table = NULL, provider = NULL;

	next.agrees = TRUE;
	g_assert_true(backend_check_spec(
		&full_backend, "w", "{\"name\":\"\"}", 11, NULL));
	g_assert_false(backend_check_spec(&full_backend, "w", "{}", 2, &table));
	g_assert_error(table, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	next.agrees = FALSE;
	g_assert_false(backend_check_spec(
		&full_backend, "w", "{\"name\":\"\"}", 11, &provider));
	g_assert_cmpstr(provider->message, ==, "disagrees");
}

static void only_files_that_a_provider_knows_are_rendered(void)
{
	g_autoptr(GString) out = g_string_new(NULL);

	backend_render(&full_backend, SESSION_REASON, "{}", 2, out);
	backend_render(&full_backend, SESSION_WEBUI, "{", 1, out);
	g_assert_cmpstr(out->str, ==, "");
	backend_render(
		&full_backend, SESSION_WEBUI, "{\"url\":\"u\"}", 11, out);
	g_assert_cmpstr(out->str, ==, "u");
	g_assert_cmpuint(backend_files(full_backend.class), ==,
		1 << SESSION_STATE | 1 << SESSION_PHASE | 1 << SESSION_JSON |
			1 << SESSION_WEBUI);
}

static void check_table(const SpecField *table)
{
	for (; table && table->name; table++) {
		g_assert_cmpint(table->min, <=, table->max);
		if (table->type != SPEC_OBJECT && table->type != SPEC_ARRAY)
			g_assert_null(table->fields);
		if (table->type == SPEC_OBJECT)
			check_table(table->fields);
	}
}

/* A caller may name his token wherever he creates; no clone has it. */
static void check_token_member(const BackendClass *class)
{
	const SpecField *field = class->spec;

	g_assert_nonnull(class->token_member);
	while (field->name && !g_str_equal(field->name, class->token_member))
		field++;
	g_assert_nonnull(field->name);
	g_assert_cmpint(field->type, ==, SPEC_STRING);
	g_assert_cmpint(class->list_lag_ms, >=, 0);
}

static void every_class_is_complete(void)
{
	for (const BackendClass *const *at = backend_classes; *at; at++) {
		const BackendClass *class = *at;

		g_assert_true(backend_class_find(class->name) == class);
		g_assert_nonnull(class->open);
		g_assert_nonnull(class->list_page);
		g_assert_nonnull(class->states);
		g_assert_nonnull(class->spec);
		g_assert_nonnull(class->keys);
		g_assert_nonnull(class->renders);
		for (SessionFile file = 0; file < N_SESSION_FILES; file++)
			g_assert_false(class->renders[file] &&
				       class->described & 1u << file);
		g_assert_nonnull(class->plan);
		g_assert_nonnull(class->create);
		check_token_member(class);
		if (class->start_verb)
			g_assert_nonnull(
				backend_verb(class, class->start_verb, NULL));
		if (class->end_verb)
			g_assert_nonnull(
				backend_verb(class, class->end_verb, NULL));
		check_table(class->spec);
	}
	g_assert_null(backend_class_find("nobody"));
}

/* ---- records as text ---- */

static void check_merge(const char *base, const char *over, const char *want)
{
	gsize len = 0;
	g_autofree char *all =
		backend_merge(base, strlen(base), over, strlen(over), &len);

	g_assert_cmpstr(all, ==, want);
	g_assert_cmpuint(strlen(all), ==, len);
}

static void a_record_is_laid_over_another(void)
{
	check_merge("{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":4}",
		"{\"a\":1,\"b\":3,\"c\":4}");
	/* What the provider tells wins, null too. */
	check_merge("{\"a\":1,\"b\":null}", "{\"a\":null,\"b\":2}",
		"{\"a\":null,\"b\":2}");
	check_merge("{}", "{\"a\":null}", "{\"a\":null}");
	check_merge("", "{\"a\":1}", "{\"a\":1}");
	check_merge("{rubbish", "{\"a\":1}", "{\"a\":1}");
	check_merge("[1]", "{\"a\":1}", "{\"a\":1}");
	check_merge("{\"a\":1}", "", "{\"a\":1}");
	/* Of members given twice the last counts. */
	check_merge(
		"{\"a\":1,\"a\":2}", "{\"b\":3,\"b\":4}", "{\"a\":2,\"b\":4}");
	check_merge("{\"a\\nb\":\"x\"}", "{\"\":\"y\"}",
		"{\"a\\nb\":\"x\",\"\":\"y\"}");
}

static void nested_values_stay_as_they_were_sent(void)
{
	check_merge("{\"a\":{\"n\":12345678901234567890, \"z\":1.50}}",
		"{\"b\":[ 9007199254740993 ]}",
		"{\"a\":{\"n\":12345678901234567890, \"z\":1.50},"
		"\"b\":[ 9007199254740993 ]}");
	/* Not merged in depth. */
	check_merge(
		"{\"a\":{\"x\":1}}", "{\"a\":{\"y\":2}}", "{\"a\":{\"y\":2}}");
}

static void records_of_many_members_are_merged_soon(void)
{
	g_autoptr(GString) base = g_string_new("{\"a\":0");
	gint64 start = g_get_monotonic_time();
	gsize len = 0;

	for (guint i = 0; base->len < SESSION_BODY_MAX - 20; i++)
		g_string_append_printf(base, ",\"%x\":%u", i, i % 10);
	g_string_append_c(base, '}');
	g_autofree char *all =
		backend_merge(base->str, base->len, base->str, base->len, &len);
	g_assert_cmpuint(len, ==, strlen(all));
	g_assert_cmpuint(len, <=, base->len);
	g_assert_cmpuint(len, >, base->len / 2);
	g_test_message(
		"%.1f ms", (double)(g_get_monotonic_time() - start) / 1000);
}

static char *mask(const char *body)
{
	static const char *const private[] = {"conf", "Properties", NULL};
	BackendClass class = full;
	Backend backend = {&class};
	GString *out = g_string_new(NULL);

	class.private = private;
	backend_mask(&backend, body, strlen(body), out);
	return g_string_free(out, FALSE);
}

static void check_mask(const char *body, const char *want)
{
	g_autofree char *masked = mask(body);

	g_assert_cmpstr(masked, ==, want);
}

static void private_members_are_masked_at_any_depth(void)
{
	check_mask("{\"a\": 1, \"conf\" : {\"x\": [1, \"}\"]}, \"b\":2}",
		"{\"a\": 1, \"conf\" : \"***\", \"b\":2}");
	check_mask("{\"a\":[{\"b\":{\"Properties\":{\"p\":\"secret\"}}},"
		   "{\"Properties\":null}]}",
		"{\"a\":[{\"b\":{\"Properties\":\"***\"}},"
		"{\"Properties\":\"***\"}]}");
	check_mask("{\"a\":\"conf\",\"Conf\":[\"conf\"],\"confs\":1}",
		"{\"a\":\"conf\",\"Conf\":[\"conf\"],\"confs\":1}");
	/* It may spell any name. */
	check_mask("{\"c\\u006fnf\":\"secret\"}", "{\"c\\u006fnf\":\"***\"}");
	check_mask("{\"a\":\"x\\\",\\\"conf\\\":1\"}",
		"{\"a\":\"x\\\",\\\"conf\\\":1\"}");
	check_mask("", "");
}

static void what_is_no_record_is_masked_within_its_bounds(void)
{
	static const char body[] = "{\"conf\": {\"a\": \"b\\\"\", [1, 2]}";

	for (gsize len = 0; len < sizeof(body); len++) {
		g_autofree char *cut = g_strndup(body, len);

		g_free(mask(cut));
	}
}

static void a_remembered_spec_lacks_what_is_unique(void)
{
	static const char *const unique[] = {"name", "token", NULL};
	static const char spec[] =
		"{\"name\":\"n\",\"token\":\"t\",\"kind\":\"k\"}";
	BackendClass class = full;
	Backend backend = {&class};
	g_autofree char *kept = NULL;

	g_assert_null(backend_kept_spec(&backend, spec, strlen(spec)));
	class.unique = unique;
	kept = backend_kept_spec(&backend, spec, strlen(spec));
	g_assert_cmpstr(kept, ==, "{\"kind\":\"k\"}");
	g_assert_null(backend_kept_spec(&backend, "{", 1));
}

/* ---- plans ---- */

static void plans_are_equal_in_every_member(void)
{
	for (guint i = 0; i < 8; i++) {
		g_autoptr(CreatePlan) a = create_plan_new();
		g_autoptr(CreatePlan) b = create_plan_new();
		char **const texts[] = {&b->query, &b->body, &b->name, &b->id};

		if (i < G_N_ELEMENTS(texts)) {
			g_free(*texts[i]);
			*texts[i] = g_strdup("x");
		}
		b->repeatable = i == 4;
		b->unique = i == 5;
		b->fresh = i == 6;
		g_assert_true(create_plan_equal(a, b) == (i == 7));
		g_assert_true(create_plan_equal(b, b));
	}
	create_plan_free(NULL);
}

static void a_token_is_a_text_at_the_top_of_a_spec(void)
{
	static const struct {
		const char *spec, *token;
	} rows[] = {{"{\"t\":\"x\"}", "x"}, {"{\"t\":1}", NULL},
		{"{\"a\":{\"t\":\"x\"}}", NULL}, {"{\"t\":", NULL}, {"", NULL},
		{"[]", NULL}};
	BackendClass class = full;
	Backend backend = {&class};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *spec = rows[i].spec;

		class.token_member = "t";
		g_autofree char *token =
			backend_spec_token(&backend, spec, strlen(spec));
		g_assert_cmpstr(token, ==, rows[i].token);
		class.token_member = NULL;
		g_assert_null(backend_spec_token(&backend, spec, strlen(spec)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/backend/merge", a_record_is_laid_over_another);
	g_test_add_func(
		"/backend/merge-nested", nested_values_stay_as_they_were_sent);
	g_test_add_func(
		"/backend/merge-many", records_of_many_members_are_merged_soon);
	g_test_add_func(
		"/backend/mask", private_members_are_masked_at_any_depth);
	g_test_add_func("/backend/mask-rubbish",
		what_is_no_record_is_masked_within_its_bounds);
	g_test_add_func(
		"/backend/kept-spec", a_remembered_spec_lacks_what_is_unique);
	g_test_add_func("/backend/plans", plans_are_equal_in_every_member);
	g_test_add_func(
		"/backend/spec-token", a_token_is_a_text_at_the_top_of_a_spec);
	g_test_add_func("/backend/missing-slots",
		slots_that_are_missing_are_unsupported);
	g_test_add_func(
		"/backend/page", unusable_sessions_are_left_out_of_a_page);
	g_test_add_func(
		"/backend/ids", ids_that_would_name_another_path_are_not_asked);
	g_test_add_func(
		"/backend/get-other", an_answer_on_another_session_is_refused);
	g_test_add_func(
		"/backend/create-id", a_create_without_usable_id_may_exist);
	g_test_add_func(
		"/backend/verbs", a_verb_is_of_the_table_or_the_table_is_told);
	g_test_add_func("/backend/phase", states_are_compared_without_case);
	g_test_add_func(
		"/backend/spec", a_spec_passes_the_table_and_the_provider);
	g_test_add_func("/backend/render",
		only_files_that_a_provider_knows_are_rendered);
	g_test_add_func("/backend/classes", every_class_is_complete);
	return g_test_run();
}
