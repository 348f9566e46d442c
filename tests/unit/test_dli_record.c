#include "backends/base/json_span.h"
#include "backends/dli/dli_record.h"

#include <string.h>

#include "backends/classes.h"

static const DliHome home = {"queue", "q-1"};

/* ---- records ---- */

static Session *read_one(const char *text)
{
	const JsonSpan span = {0, strlen(text)};
	gboolean elsewhere = FALSE;

	return record_read(&dli_record, text, &span, (void *)&home, &elsewhere);
}

static void a_record_is_kept_as_it_was_sent(void)
{
	static const char text[] =
		"{ \"id\":\"a\\u0062\", \"name\":\"n\\u00e4\",\"state\":"
		"\"SHUTTING_DOWN\",\"create_time\":1684115879955,\"update_"
		"time\":"
		"1684115880955,\"sc_type\":\"B\",  \"odd\":1.50 }";
	g_autoptr(Session) session = read_one(text);

	g_assert_cmpstr(session->id, ==, "ab");
	g_assert_cmpstr(session->name, ==, "n\xc3\xa4");
	g_assert_cmpstr(session->state, ==, "SHUTTING_DOWN");
	g_assert_cmpint(session->phase, ==, PHASE_STOPPING);
	g_assert_cmpint(session->created_ms, ==, 1684115879955);
	g_assert_cmpint(session->changed_ms, ==, 1684115880955);
	g_assert_cmpstr(session->body, ==, text);
	g_assert_cmpuint(session->body_len, ==, strlen(text));
	g_assert_true(session->partial);
}

/* A listing tells no time of change: how long a session has been over is then not
 * known, and not since it was made. */
static void a_change_is_not_made_up(void)
{
	static const char *const texts[] = {
		"{\"id\":\"a\",\"state\":\"dead\",\"create_time\":"
		"1684115879955}",
		"{\"id\":\"a\",\"state\":\"dead\",\"create_time\":"
		"1684115879955,"
		"\"update_time\":0}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(Session) session = read_one(texts[i]);

		g_assert_cmpint(session->created_ms, ==, 1684115879955);
		g_assert_cmpint(session->changed_ms, ==, 0);
	}
}

static void states_have_phases(void)
{
	static const struct {
		const char *state;
		Phase phase;
	} rows[] = {
		{"not_started", PHASE_PENDING},
		{"starting", PHASE_STARTING},
		{"recovering", PHASE_STARTING},
		{"idle", PHASE_IDLE},
		{"busy", PHASE_BUSY},
		{"shutting_down", PHASE_STOPPING},
		{"success", PHASE_STOPPED},
		{"dead", PHASE_STOPPED},
		{"error", PHASE_FAILED},
		{"invented", PHASE_PENDING},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"{\"id\":\"a\",\"state\":\"%s\"}", rows[i].state);
		g_autoptr(Session) session = read_one(text);

		g_assert_cmpint(session->phase, ==, rows[i].phase);
	}
}

/* null, empty and missing are the same. */
static void what_was_never_set_is_absent(void)
{
	static const char *const texts[] = {
		"{\"id\":\"a\"}",
		"{\"id\":\"a\",\"name\":null,\"state\":null,\"queue\":null,"
		"\"create_time\":null,\"update_time\":null,\"sc_type\":null}",
		"{\"id\":\"a\",\"name\":\"\",\"state\":\"\",\"queue\":\"\","
		"\"create_time\":\"\",\"update_time\":0,\"sc_type\":\"\"}",
		"{\"id\":\"a\",\"name\":7,\"state\":{},\"queue\":[],"
		"\"create_time\":-1,\"update_time\":1e300,\"sc_type\":5}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(Session) session = read_one(texts[i]);

		g_assert_cmpstr(session->name, ==, "");
		g_assert_cmpstr(session->state, ==, "unknown");
		g_assert_cmpint(session->created_ms, ==, 0);
		g_assert_cmpint(session->changed_ms, ==, 0);
		g_assert_cmpstr(session->body, ==, texts[i]);
	}
}

/* Else it would be asked about five times as often, for ever. */
static void an_unknown_state_is_not_passing(void)
{
	static const struct {
		const char *state;
		gboolean passes;
	} rows[] = {{"not_started", TRUE}, {"STARTING", TRUE}, {"idle", FALSE},
		{"ARCHIVED", FALSE}, {"unknown", FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(
			backend_is_transitional(&dli_class, rows[i].state,
				backend_phase(&dli_class, rows[i].state)),
			==, rows[i].passes);
}

static void hostile_records_are_skipped(void)
{
	g_autofree char *long_id = g_strnfill(SESSION_ID_MAX + 1, 'x');
	g_autofree char *padding = g_strnfill(SESSION_BODY_MAX, 'x');
	g_autofree char *text = g_strdup_printf(
		"[7,null,\"x\",[],{},{\"id\":\"\"},{\"id\":[5]},{\"id\":\"%s\"}"
		","
		"{\"id\":\"big\",\"extra\":\"%s\"},{\"id\":\"../..\","
		"\"state\":\"a\\nb\\u001b\\u009b\",\"name\":\"\xff\"},"
		"{\"id\":5}]",
		long_id, padding);
	const JsonSpan span = {0, strlen(text)};
	g_autoptr(SessionPage) page = session_page_new();

	g_assert_cmpuint(
		record_read_all(&dli_record, text, &span, (void *)&home, page),
		==, 11);
	g_assert_cmpuint(page->sessions->len, ==, 3);
	g_assert_cmpuint(page->skipped, ==, 8);
	g_assert_cmpuint(page->trimmed, ==, 1);
	g_assert_cmpuint(page->tail, ==, 0);
	const Session *big = g_ptr_array_index(page->sessions, 0);
	const Session *dots = g_ptr_array_index(page->sessions, 1);
	const Session *number = g_ptr_array_index(page->sessions, 2);
	g_assert_cmpstr(big->id, ==, "big");
	g_assert_cmpstr(big->body, ==, "{\"id\":\"big\"}");
	g_assert_cmpstr(number->id, ==, "5");
	g_assert_cmpstr(dots->id, ==, "../..");
	g_assert_cmpstr(dots->state, ==, "a?b??");
	g_assert_true(g_utf8_validate(dots->name, -1, NULL));
}

/* ---- the spec ---- */

static char *render(SessionFile file, const char *body)
{
	Backend dli = {&dli_class};
	GString *out = g_string_new(NULL);

	backend_render(&dli, file, body, strlen(body), out);
	return g_string_free(out, FALSE);
}

static char *compact(const char *text)
{
	g_autoptr(Json) parsed = json_parse(text, strlen(text), NULL);

	return json_print(parsed, FALSE);
}

static void a_config_is_the_remembered_spec_without_its_place(void)
{
	static const char spec[] =
		"{\"kind\":\"spark\",\"name\":\"n\",\"sc_type\":\"B\","
		"\"queue\":\"q-1\",\"conf\":{\"spark.a\":\"b\"},\"jars\":[],"
		"\"driverMemory\":\"2G\",\"heartbeatTimeoutInSecond\":60}";
	g_autoptr(Session) record = read_one(
		"{\"id\":\"a\",\"kind\":\"spark\",\"name\":\"n\",\"state\":"
		"\"idle\",\"queue\":\"q-1\",\"cluster_name\":\"\",\"owner\":"
		"\"o\",\"sc_type\":\"CUSTOMIZED\",\"log\":[\"x\"]}");
	gsize len;
	g_autofree char *merged = backend_merge(
		spec, strlen(spec), record->body, record->body_len, &len);
	g_autofree char *config = render(SESSION_CONFIG, merged);
	g_autofree char *text = compact(config);

	g_assert_true(g_str_has_suffix(config, "}\n"));
	g_assert_cmpstr(text, ==,
		"{\"kind\":\"spark\",\"name\":\"n\",\"sc_type\":\"B\","
		"\"conf\":{\"spark.a\":\"b\"},\"heartbeatTimeoutInSecond\":60,"
		"\"driverMemory\":\"2G\"}");
	g_assert_null(strstr(record->body, "sc_type"));
}

static void a_config_leaves_out_what_new_would_refuse(void)
{
	static const struct {
		const char *record, *config;
	} rows[] = {
		{"{\"kind\":\"spark\",\"name\":\"\",\"sc_type\":\"CUSTOMIZED\","
		 "\"queue\":\"q\",\"cluster_name\":\"c\",\"driverMemory\":"
		 "\"2048\",\"numExecutors\":0,\"conf\":\"x\",\"groups\":null}",
			"{\"kind\":\"spark\"}"},
		{"{\"kind\":null,\"conf\":[],\"resources\":{}}", "{}"},
		{"{\"kind\":\"pyspark\",\"conf\":[{\"a\":\"b\"}]}",
			"{\"conf\":[{\"a\":\"b\"}]}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *config =
			render(SESSION_CONFIG, rows[i].record);
		g_autofree char *text = compact(config);

		g_assert_cmpstr(text, ==, rows[i].config);
	}
}

static void check_spec(const char *spec, const char *sentence)
{
	Backend dli = {.class = &dli_class};
	g_autoptr(Json) document = json_parse(spec, strlen(spec), NULL);
	BackendClass table_only = dli_class;
	g_autoptr(GError) error = NULL;

	table_only.check_spec = NULL;
	dli.class = &table_only;
	gboolean fine =
		backend_check_spec(&dli, "q-1", spec, strlen(spec), &error) &&
		dli_spec_check(document, &home, &error);
	g_assert_cmpint(fine, ==, sentence == NULL);
	if (!sentence)
		return;
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	if (!strstr(error->message, sentence))
		g_error("\"%s\" does not say \"%s\"", error->message, sentence);
}

static void specs_are_checked(void)
{
	static const struct {
		const char *spec, *sentence;
	} rows[] = {
		{"{\"kind\":\"spark\"}", NULL},
		{"{\"kind\":\"spark\",\"queue\":\"q-1\",\"cluster_name\":"
		 "\"q-1\",\"sc_type\":\"C\",\"driverMemory\":\"2048M\","
		 "\"executorMemory\":\"4gb\",\"numExecutors\":1,"
		 "\"resources\":[\"a\",{\"name\":\"b\",\"type\":\"jar\"}],"
		 "\"groups\":[{\"name\":\"g\",\"resources\":[{\"name\":\"b\","
		 "\"type\":\"jar\"}]}],\"conf\":[{\"a\":\"b\"}]}",
			NULL},
		{"{}", "kind is missing"},
		{"{\"kind\":\"pyspark\"}", "kind must be spark"},
		{"{\"kind\":\"spark\",\"queue\":\"q-2\"}",
			"queue must be q-1 here, or be left out"},
		{"{\"kind\":\"spark\",\"cluster_name\":\"x\"}",
			"cluster_name must be q-1 here"},
		{"{\"kind\":\"spark\",\"sc_type\":\"CUSTOMIZED\"}",
			"sc_type must be A, B or C"},
		{"{\"kind\":\"spark\",\"driverMemory\":\"2048\"}",
			"driverMemory must be a number with a unit"},
		{"{\"kind\":\"spark\",\"executorMemory\":\"G\"}",
			"executorMemory must be a number with a unit"},
		{"{\"kind\":\"spark\",\"executorMemory\":\"2Gbx\"}",
			"executorMemory must be a number with a unit"},
		{"{\"kind\":\"spark\",\"driverMemory\":2}",
			"driverMemory must be a string, not a number"},
		{"{\"kind\":\"spark\",\"conf\":\"x\"}",
			"conf must be an object, or an array of objects"},
		{"{\"kind\":\"spark\",\"conf\":[7]}",
			"conf must be an object, or an array of objects"},
		{"{\"kind\":\"spark\",\"resources\":[7]}",
			"resources must be an array of names or of objects"},
		{"{\"kind\":\"spark\",\"numExecutors\":0}",
			"numExecutors must lie between 1"},
		{"{\"kind\":\"spark\",\"drivermemory\":\"2G\"}",
			"did you mean driverMemory?"},
		{"{\"kind\":\"spark\",\"jars\":[1]}",
			"jars[0] must be a string"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		check_spec(rows[i].spec, rows[i].sentence);
}

/* ---- content files ---- */

static void content_files_are_rendered_or_empty(void)
{
	static const struct {
		SessionFile file;
		const char *body, *text;
	} rows[] = {
		{SESSION_WEBUI,
			"{\"appInfo\":{\"sparkUiUrl\":\"https://ui:26001/x\"}}",
			"https://ui:26001/x\n"},
		{SESSION_WEBUI, "{\"appInfo\":{\"sparkUiUrl\":null}}", ""},
		{SESSION_WEBUI, "{\"appInfo\":null}", ""},
		{SESSION_WEBUI, "{\"appInfo\":{\"sparkUiUrl\":\"file:///x\"}}",
			""},
		{SESSION_WEBUI,
			"{\"appInfo\":{\"sparkUiUrl\":\"https://a\\nb\"}}", ""},
		{SESSION_WEBUI,
			"{\"log\":[\"\\t tracking URL: http://old/\",\"x\","
			"\"\\t tracking URL: http://rm:8088/proxy/a/ \\n user: "
			"x\"]}",
			"http://rm:8088/proxy/a/\n"},
		{SESSION_WEBUI, "{\"log\":[\"tracking URL: N/A\"]}", ""},
		{SESSION_WEBUI, "{\"log\":[\"tracking URL:\"]}", ""},
		{SESSION_REASON,
			"{\"state\":\"error\",\"log\":[\"stdout: \",\"26/01/02 "
			"INFO first\",\"ERROR\\tno memory\",\"\\nstderr: \"]}",
			"ERROR no memory\n"},
		{SESSION_REASON,
			"{\"state\":\"dead\",\"log\":[\"killed\\u001b[2J\"]}",
			"killed?[2J\n"},
		{SESSION_REASON, "{\"state\":\"idle\",\"log\":[\"x\"]}", ""},
		{SESSION_REASON, "{\"state\":\"success\",\"log\":[\"x\"]}", ""},
		{SESSION_REASON, "{\"state\":\"error\",\"log\":[]}", ""},
		{SESSION_REASON, "{\"state\":\"error\"}", ""},
		{SESSION_REASON, "{\"state\":\"error\",\"log\":\"x\"}", ""},
		{SESSION_ENDPOINT, "{\"endpoint\":\"x\"}", ""},
		{SESSION_CONFIG, "{bad", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = render(rows[i].file, rows[i].body);

		g_assert_cmpstr(text, ==, rows[i].text);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dli-record/bytes", a_record_is_kept_as_it_was_sent);
	g_test_add_func("/dli-record/change", a_change_is_not_made_up);
	g_test_add_func("/dli-record/phases", states_have_phases);
	g_test_add_func("/dli-record/unset", what_was_never_set_is_absent);
	g_test_add_func("/dli-record/hostile", hostile_records_are_skipped);
	g_test_add_func("/dli-record/passing", an_unknown_state_is_not_passing);
	g_test_add_func("/dli-record/config",
		a_config_is_the_remembered_spec_without_its_place);
	g_test_add_func("/dli-record/config-fits",
		a_config_leaves_out_what_new_would_refuse);
	g_test_add_func("/dli-record/spec", specs_are_checked);
	g_test_add_func(
		"/dli-record/render", content_files_are_rendered_or_empty);
	return g_test_run();
}
