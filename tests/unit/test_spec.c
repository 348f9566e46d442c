#include "backends/provider/spec.h"

#include <string.h>

static const SpecField inner[] = {
	{"size", SPEC_INT, TRUE, 0, 10},
	{"flag", SPEC_BOOL},
	{NULL},
};
static const SpecField element[] = {
	{"", SPEC_OBJECT, .fields = inner},
	{NULL},
};
static const SpecField fields[] = {
	{"name", SPEC_STRING, TRUE, 1, 8},
	{"count", SPEC_INT},
	{"flag", SPEC_BOOL},
	{"inner", SPEC_OBJECT, .fields = inner},
	{"free", SPEC_OBJECT},
	{"list", SPEC_ARRAY, FALSE, 0, 3, element},
	{"any", SPEC_ARRAY},
	{"conf", SPEC_STRING_MAP},
	{"idleTimeoutMinutes", SPEC_INT},
	{NULL},
};

static void refused(const char *spec, gsize len, const char *sentence)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(spec_check(fields, spec, len, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	if (!strstr(error->message, sentence))
		g_error("\"%s\" does not say \"%s\"", error->message, sentence);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void accepted(const char *spec)
{
	g_autoptr(GError) error = NULL;
	gboolean fine = spec_check(fields, spec, strlen(spec), &error);

	g_assert_no_error(error);
	g_assert_true(fine);
}

static void what_the_table_allows_is_accepted(void)
{
	static const char *const specs[] = {
		"{\"name\":\"a\"}",
		" {\"name\":\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\xc3\xa4\"} \n",
		"{\"name\":\"a\",\"count\":-9007199254740991,\"flag\":false}",
		"{\"name\":\"a\",\"inner\":{\"size\":10},\"free\":{\"x\":[1]}}",
		"{\"name\":\"a\",\"list\":[{\"size\":0},{\"size\":1}],"
		"\"any\":[1,\"x\",null]}",
		"{\"name\":\"a\",\"conf\":{\"spark.x\":\"1\",\"\":\"\"}}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(specs); i++)
		accepted(specs[i]);
}

static void what_is_wrong_is_named_by_its_path(void)
{
	static const struct {
		const char *spec, *sentence;
	} rows[] = {
		{"{bad", "not valid JSON"},
		{"", "not valid JSON"},
		{"{\"name\":\"a\"} x", "not valid JSON"},
		{"[]", "must be a JSON object, not an array"},
		{"null", "must be a JSON object, not null"},
		{"{}", "name is missing"},
		{"{\"name\":5}", "name must be a string, not a number"},
		{"{\"name\":null}", "name must be a string, not null"},
		{"{\"name\":\"\"}", "name must have 1 to 8 characters, not 0"},
		{"{\"name\":\"123456789\"}",
			"name must have 1 to 8 characters, not 9"},
		{"{\"name\":\"a\",\"name\":\"b\"}", "name is given twice"},
		{"{\"name\":\"a\",\"count\":1.5}",
			"count must be a whole number"},
		{"{\"name\":\"a\",\"count\":1e300}",
			"count must be a whole number"},
		{"{\"name\":\"a\",\"flag\":\"true\"}",
			"flag must be true or false, not a string"},
		{"{\"name\":\"a\",\"inner\":{}}", "inner.size is missing"},
		{"{\"name\":\"a\",\"inner\":{\"size\":11}}",
			"inner.size must lie between 0 and 10, and 11"},
		{"{\"name\":\"a\",\"inner\":{\"size\":1,\"sise\":1}}",
			"inner.sise is not a member that is known here; did "
			"you mean size?"},
		{"{\"name\":\"a\",\"list\":[{\"size\":1},{\"size\":\"1\"}]}",
			"list[1].size must be a whole number, not a string"},
		{"{\"name\":\"a\",\"list\":[{\"size\":1},7]}",
			"list[1] must be an object, not a number"},
		{"{\"name\":\"a\",\"list\":[1,2,3,4]}",
			"list must have 0 to 3 elements, not 4"},
		{"{\"name\":\"a\",\"conf\":{\"k\":1}}",
			"conf.k must be a string, not a number"},
		{"{\"name\":\"a\",\"conf\":[]}",
			"conf must be an object of strings, not an array"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		refused(rows[i].spec, strlen(rows[i].spec), rows[i].sentence);
	refused("{\"name\":\"\xff\"}", 12, "not valid UTF-8");
	refused("{\"name\":\"a\0\"}", 13, "the spec is not valid");
}

static void a_slip_is_answered_with_the_nearest_name(void)
{
	g_assert_cmpstr(spec_nearest(fields, "nmae"), ==, "name");
	g_assert_cmpstr(spec_nearest(fields, "Name"), ==, "name");
	g_assert_cmpstr(spec_nearest(fields, "cuont"), ==, "count");
	g_assert_cmpstr(spec_nearest(fields, "idleTimeoutMinute"), ==,
		"idleTimeoutMinutes");
	g_assert_cmpstr(
		spec_nearest(fields, "idleTimeout"), ==, "idleTimeoutMinutes");
	g_assert_cmpstr(spec_nearest(fields, "zzzz"), ==, NULL);
	g_assert_cmpstr(spec_nearest(fields, ""), ==, NULL);
	g_autofree char *huge = g_strnfill(100000, 'n');
	g_assert_cmpstr(spec_nearest(fields, huge), ==, NULL);
}

static void an_endless_name_gives_a_short_sentence(void)
{
	g_autofree char *huge = g_strnfill(500000, 'x');
	g_autofree char *spec = g_strdup_printf("{\"%s\":1}", huge);
	g_autoptr(GError) error = NULL;

	g_assert_false(spec_check(fields, spec, strlen(spec), &error));
	g_assert_cmpuint(strlen(error->message), <, 200);
}

static void a_hundred_thousand_wrong_members_end_at_the_first(void)
{
	g_autoptr(GString) spec = g_string_new("{");
	gint64 before = g_get_monotonic_time();

	for (guint i = 0; i < 100000; i++)
		g_string_append(spec, "\"name\":\"a\",");
	g_string_append(spec, "\"flag\":true}");
	refused(spec->str, spec->len, "name is given twice");
	g_assert_cmpint(
		g_get_monotonic_time() - before, <, 20 * G_USEC_PER_SEC);
}

static void nesting_has_an_end(void)
{
	g_autofree char *open = g_strnfill(100000, '[');
	g_autofree char *spec =
		g_strdup_printf("{\"name\":\"a\",\"any\":%s", open);

	refused(spec, strlen(spec), "not valid JSON");
}

static char *reduce(const char *text)
{
	static const char *const except[] = {"count", NULL};
	g_autoptr(Json) object = json_parse(text, strlen(text), NULL);
	g_autoptr(Json) reduced = spec_reduce(fields, object, except);

	g_assert_nonnull(object);
	return json_print(reduced, FALSE);
}

static void a_reduced_record_is_what_would_be_accepted(void)
{
	static const struct {
		const char *record, *spec;
	} rows[] = {
		{"{\"id\":\"x\",\"flag\":null,\"name\":\"a\",\"count\":7}",
			"{\"name\":\"a\"}"},
		{"{\"name\":\"a\",\"inner\":{\"size\":3,\"more\":1}}",
			"{\"name\":\"a\",\"inner\":{\"size\":3}}"},
		{"{\"name\":\"a\",\"inner\":{\"size\":99}}",
			"{\"name\":\"a\"}"},
		{"{\"name\":\"a\",\"list\":[1,{\"size\":2,\"x\":0},{},null]}",
			"{\"name\":\"a\",\"list\":[{\"size\":2}]}"},
		{"{\"name\":\"a\",\"list\":[{\"size\":1},{\"size\":1},"
		 "{\"size\":1},{\"size\":1}]}",
			"{\"name\":\"a\"}"},
		{"{\"name\":\"a\",\"conf\":{\"k\":\"v\",\"n\":1}}",
			"{\"name\":\"a\",\"conf\":{\"k\":\"v\"}}"},
		{"{\"name\":\"a\",\"free\":{\"x\":{\"y\":[1]}},\"any\":[1]}",
			"{\"name\":\"a\",\"free\":{\"x\":{\"y\":[1]}},"
			"\"any\":[1]}"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *spec = reduce(rows[i].record);

		g_assert_cmpstr(spec, ==, rows[i].spec);
		accepted(spec);
	}
}

static void a_record_without_required_members_keeps_the_others(void)
{
	g_autofree char *spec =
		reduce("{\"name\":\"123456789\",\"flag\":true}");

	g_assert_cmpstr(spec, ==, "{\"flag\":true}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spec/accepts", what_the_table_allows_is_accepted);
	g_test_add_func("/spec/refuses", what_is_wrong_is_named_by_its_path);
	g_test_add_func(
		"/spec/nearest", a_slip_is_answered_with_the_nearest_name);
	g_test_add_func(
		"/spec/long-name", an_endless_name_gives_a_short_sentence);
	g_test_add_func("/spec/many-members",
		a_hundred_thousand_wrong_members_end_at_the_first);
	g_test_add_func("/spec/deep", nesting_has_an_end);
	g_test_add_func(
		"/spec/reduce", a_reduced_record_is_what_would_be_accepted);
	g_test_add_func("/spec/reduce-required",
		a_record_without_required_members_keeps_the_others);
	return g_test_run();
}
