#include <string.h>

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/classes.h"
#include "tests/memory/memory.h"

/* Rendering needs no more of these than their class. */
static Backend alibaba = {&alibaba_class};
static Backend dli = {&dli_class};
static Backend livy = {&livy_class};

/* What is not NULL is set. */
static CreatePlan *plan_of(const char *id, const char *name, const char *body)
{
	CreatePlan *plan = create_plan_new();

	g_free(plan->id);
	g_free(plan->name);
	g_free(plan->body);
	plan->id = g_strdup(id);
	plan->name = g_strdup(name);
	plan->body = g_strdup(body);
	return plan;
}

static Made made(
	const Backend *backend, const CreatePlan *plan, const char *record)
{
	return backend_made_of(backend, plan, "i", record, strlen(record));
}

static void an_id_that_was_chosen_decides(void)
{
	g_autoptr(CreatePlan) same = plan_of("i", "n", "{\"kind\":\"SQL\"}");
	g_autoptr(CreatePlan) other = plan_of("j", "n", "{}");

	g_assert_cmpint(made(&alibaba, same, "{\"name\":\"x\"}"), ==, MADE_SO);
	g_assert_cmpint(made(&alibaba, same, "rubbish"), ==, MADE_SO);
	other->unique = TRUE;
	g_assert_cmpint(
		made(&alibaba, other, "{\"name\":\"n\"}"), ==, MADE_OTHERWISE);
}

static void names_that_differ_are_of_others(void)
{
	static const struct {
		const char *name, *record;
		Made made;
	} rows[] = {
		{"n", "{\"name\":\"n\"}", MADE_SO},
		{"n", "{\"name\":\"N\"}", MADE_OTHERWISE},
		{"n", "{\"name\":null}", MADE_OTHERWISE},
		{"n", "{}", MADE_OTHERWISE},
		{"", "{\"name\":\"n\"}", MADE_OTHERWISE},
		{"", "{\"name\":\"\"}", MADE_SO},
		{"", "{}", MADE_SO},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(CreatePlan) plan = plan_of("", rows[i].name, "{}");

		for (plan->unique = 0; plan->unique < 2; plan->unique++)
			g_assert_cmpint(made(&livy, plan, rows[i].record), ==,
				rows[i].made);
	}
}

static void a_unique_name_decides(void)
{
	g_autoptr(CreatePlan) plan = plan_of("", "n", "{\"kind\":\"sql\"}");
	static const char record[] =
		"{\"name\":\"n\",\"kind\":\"spark\",\"state\":\"idle\"}";

	g_assert_cmpint(made(&livy, plan, record), ==, MADE_UNSURE);
	plan->unique = TRUE;
	g_assert_cmpint(made(&livy, plan, record), ==, MADE_SO);
}

static void members_of_both_are_compared(void)
{
	static const struct {
		const char *sent, *told;
		Made made;
	} rows[] = {
		{"\"kind\":\"SQL\"", "\"kind\":\"SQL\"", MADE_SO},
		{"\"kind\":\"SQL\"", "\"kind\":\"sql\"", MADE_UNSURE},
		/* What but one of them has, or has unset. */
		{"\"kind\":\"SQL\",\"clientToken\":\"t\"", "\"fusion\":true",
			MADE_SO},
		{"\"kind\":\"SQL\"", "\"kind\":\"\"", MADE_SO},
		{"\"queueName\":\"\"", "\"queueName\":\"root\"", MADE_SO},
		{"\"applicationConfigs\":[]",
			"\"applicationConfigs\":[{\"configItemKey\":\"k\"}]",
			MADE_SO},
		/* By what they say, not by how it is written. */
		{"\"autoStopConfiguration\":{\"enable\":true,"
		 "\"idleTimeoutMinutes\":45}",
			"\"autoStopConfiguration\": {\"idleTimeoutMinutes\":"
			" 45.0, \"enable\": true}",
			MADE_SO},
		{"\"autoStopConfiguration\":{\"idleTimeoutMinutes\":45}",
			"\"autoStopConfiguration\":{\"idleTimeoutMinutes\":30}",
			MADE_UNSURE},
		/* As config.json tells it: fit for another create. */
		{"\"releaseVersion\":\"esr-4.0.0\"",
			"\"releaseVersion\":\"esr-4.0.0 (Spark 3.5.2)\"",
			MADE_SO},
		/* What is no part of a spec. */
		{"\"state\":\"x\"", "\"state\":\"Running\"", MADE_SO},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *sent =
			g_strdup_printf("{\"name\":\"n\",%s}", rows[i].sent);
		g_autofree char *told =
			g_strdup_printf("{\"name\":\"n\",%s}", rows[i].told);
		g_autoptr(CreatePlan) plan = plan_of("", "n", sent);

		g_test_message("%s", told);
		g_assert_cmpint(made(&alibaba, plan, told), ==, rows[i].made);
	}
}

/* A clone may lie elsewhere, so that config.json does not say where. */
static void where_a_session_lies_is_not_compared(void)
{
	g_autoptr(CreatePlan) plan = plan_of(
		"", "n", "{\"kind\":\"spark\",\"name\":\"n\",\"queue\":\"Q\"}");

	g_assert_cmpint(
		made(&dli, plan,
			"{\"id\":\"i\",\"name\":\"n\",\"kind\":\"spark\","
			"\"queue\":\"q\",\"sc_type\":\"CUSTOMIZED\"}"),
		==, MADE_SO);
}

static void what_cannot_be_read_is_unsure(void)
{
	static const char *const rows[] = {
		"", "{", "[]", "7", "{\"name\":\"n\"", "{\"name\":\"n\"}x"};
	g_autoptr(CreatePlan) plan = plan_of("", "n", "{}");
	g_autoptr(CreatePlan) broken = plan_of("", "n", "{");

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		for (plan->unique = 0; plan->unique < 2; plan->unique++)
			g_assert_cmpint(
				made(&alibaba, plan, rows[i]), ==, MADE_UNSURE);
	g_assert_cmpint(
		made(&alibaba, broken, "{\"name\":\"n\"}"), ==, MADE_UNSURE);
}

static char *objection(
	const Backend *backend, const char *spec, const char *record)
{
	return backend_objection(
		backend, "there", spec, record, strlen(record));
}

static void what_is_told_otherwise_is_said(void)
{
	static const struct {
		const Backend *backend;
		const char *spec, *record, *text;
	} rows[] = {
		{&livy, "{\"proxyUser\":\"alice\"}", "{\"proxyUser\":null}",
			"the provider says proxyUser null where the spec said "
			"\"alice\""},
		{&livy, "{\"proxyUser\":\"alice\",\"numExecutors\":4}",
			"{\"proxyUser\":\"bob\",\"numExecutors\":2}",
			"the provider says proxyUser \"bob\" where the spec "
			"said "
			"\"alice\"; numExecutors 2 where the spec said 4"},
		{&livy, "{\"queue\":\"etl\"}", "{\"queue\":null}",
			"the provider says queue null where the spec said "
			"\"etl\""},
		{&livy, "{\"conf\":{\"a\":\"hush\"}}",
			"{\"conf\":{\"a\":\"other\"}}",
			"the provider says conf otherwise than the spec"},
		{&livy, "{\"jars\":[\"a\"]}", "{\"jars\":[\"b\"]}",
			"the provider says jars otherwise than the spec"},
		{&livy, "{\"driverMemory\":\"1g\"}",
			"{\"driverMemory\":\"2g\"}",
			"the provider says driverMemory \"2g\" where the spec "
			"said \"1g\""},
		{&alibaba, "{\"kind\":\"SQL\"}", "{\"kind\":\"NOTEBOOK\"}",
			"the provider says kind \"NOTEBOOK\" where the spec "
			"said \"SQL\""},
		{&dli, "{\"proxyUser\":\"a\"}", "{\"proxyUser\":null}",
			"the provider says proxyUser null where the spec said "
			"\"a\""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = objection(
			rows[i].backend, rows[i].spec, rows[i].record);

		g_assert_cmpstr(text, ==, rows[i].text);
	}
}

static void another_spelling_is_no_objection(void)
{
	static const char *const rows[][2] = {
		{"{\"driverMemory\":\"1g\"}", "{\"driverMemory\":\"1024m\"}"},
		{"{\"driverMemory\":\"1G\"}", "{\"driverMemory\":\"1g\"}"},
		{"{\"driverCores\":2}", "{\"driverCores\":\"2\"}"},
		{"{\"ttl\":\"1h\"}", "{\"ttl\":\"3600s\"}"},
		{"{\"kind\":\"pyspark3\"}", "{\"kind\":\"pyspark\"}"},
		{"{\"jars\":[\"/a/x\",\"y\"]}",
			"{\"jars\":[\"y\",\"hdfs://n/a/x\",\"z\"]}"},
		{"{\"conf\":{\"a\":\"1\",\"b\":\"true\"}}",
			"{\"conf\":{\"b\":true,\"a\":1,\"added\":\"x\"}}"},
		{"{\"conf\":{\"a.password\":\"x\"}}",
			"{\"conf\":{\"a.password\":\"*********\"}}"},
		/* Not told, or never set. */
		{"{\"proxyUser\":\"a\"}", "{\"kind\":\"spark\"}"},
		{"{\"proxyUser\":null}", "{\"proxyUser\":\"a\"}"},
		{"{\"proxyUser\":\"\"}", "{\"proxyUser\":null}"},
		{"{\"ttl\":\"1h\"}", "{\"ttl\":null}"},
		{"{\"kind\":\"spark\"}", "{\"kind\":\"spark\",\"owner\":\"o\","
					 "\"conf\":{\"default\":\"1\"}}"},
		/* Of the workspace. */
		{"{\"queue\":\"there\"}", "{\"queue\":null}"},
		/* What cannot be read. */
		{"{", "{\"proxyUser\":null}"},
		{"{\"proxyUser\":\"a\"}", ""},
		{"{\"proxyUser\":\"a\"}", "[]"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			objection(&livy, rows[i][0], rows[i][1]);

		g_test_message("%s", rows[i][1]);
		g_assert_cmpstr(text, ==, "");
	}
}

static void an_objection_is_one_bounded_line(void)
{
	g_autoptr(GString) spec = g_string_new("{\"name\":\"");
	g_autofree char *text = NULL;

	for (guint i = 0; i < 5000; i++)
		g_string_append(spec, "\xc3\xa4\\n\xc2\x9b");
	g_string_append(spec, "\"}");
	text = objection(&livy, spec->str, "{\"name\":\"other\"}");
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_cmpuint(strlen(text), <, 300);
	g_assert_null(strchr(text, '\n'));
	g_assert_null(strstr(text, "\xc2\x9b"));
}

/* What memory makes of a plan reads so, whatever its records leave out. */
static void check_memory(const char *key)
{
	static const char spec[] =
		"{\"name\":\"n\",\"kind\":\"SQL\",\"limits\":{\"cores\":2}}";
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	const Call call = {
		.deadline_us = g_get_monotonic_time() + 5 * G_USEC_PER_SEC};

	g_hash_table_insert(keys, (char *)key, (char *)"true");
	g_autoptr(Backend) memory = backend_open(&memory_class, keys, NULL);
	g_autoptr(CreatePlan) plan = backend_plan(
		memory, "m-1", spec, strlen(spec), "t", &call, NULL);
	g_autofree char *id = backend_create(memory, "m-1", plan, &call, NULL);
	g_autoptr(SessionPage) page =
		backend_list_page(memory, "m-1", NULL, &call, NULL);
	const Session *session = g_ptr_array_index(page->sessions, 0);

	g_assert_cmpstr(session->id, ==, id);
	g_assert_cmpint(made(memory, plan, session->body), ==, MADE_SO);
}

static void a_plan_that_was_sent_reads_so(void)
{
	static const char *const keys[] = {
		"auto_start", "thin_lists", "mute", "timeless", "forgetful"};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		check_memory(keys[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/made/id", an_id_that_was_chosen_decides);
	g_test_add_func("/made/name", names_that_differ_are_of_others);
	g_test_add_func("/made/unique", a_unique_name_decides);
	g_test_add_func("/made/members", members_of_both_are_compared);
	g_test_add_func("/made/place", where_a_session_lies_is_not_compared);
	g_test_add_func("/made/rubbish", what_cannot_be_read_is_unsure);
	g_test_add_func("/made/objection", what_is_told_otherwise_is_said);
	g_test_add_func(
		"/made/objection/none", another_spelling_is_no_objection);
	g_test_add_func(
		"/made/objection/bounded", an_objection_is_one_bounded_line);
	g_test_add_func("/made/memory", a_plan_that_was_sent_reads_so);
	return g_test_run();
}
