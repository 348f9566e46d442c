#include "backends/dataproc/dataproc_value.h"

static void names_are_taken_apart(void)
{
	g_auto(DataprocName) name = {NULL};

	g_assert_true(dataproc_name_parse(
		"projects/p:q/locations/us-central1/sessions/s-1", &name));
	g_assert_cmpstr(name.project, ==, "p:q");
	g_assert_cmpstr(name.location, ==, "us-central1");
	g_assert_cmpstr(name.id, ==, "s-1");
}

static void other_texts_are_no_names(void)
{
	static const char *const odd[] = {
		"",
		"s-1",
		"/projects/p/locations/l/sessions/s",
		"projects/p/locations/l/sessions/",
		"projects//locations/l/sessions/s",
		"projects/p/locations//sessions/s",
		"projects/p/locations/l/sessions/s/",
		"projects/p/locations/l/sessions/s/t",
		"projects/p/locations/l/batches/s",
		"projects/p/regions/l/sessions/s",
		"Projects/p/locations/l/sessions/s",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		DataprocName name = {NULL};

		g_assert_false(dataproc_name_parse(odd[i], &name));
		g_assert_null(name.id);
	}
}

static void ids_follow_googles_rule(void)
{
	g_autofree char *longest = g_strnfill(63, 'a');
	g_autofree char *longer = g_strnfill(64, 'a');
	static const char *const good[] = {"abcd", "a--b", "a123"};
	static const char *const odd[] = {"", "abc", "1abc", "-abc", "abc-",
		"Abcd", "ab_d", "ab.d", "ab d"};

	g_assert_true(dataproc_id_legal(longest));
	g_assert_false(dataproc_id_legal(longer));
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(dataproc_id_legal(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++)
		g_assert_false(dataproc_id_legal(odd[i]));
}

static void requests_follow_googles_rule(void)
{
	g_autofree char *longest = g_strnfill(40, 'Z');
	g_autofree char *longer = g_strnfill(41, 'Z');

	g_assert_true(dataproc_request_legal(longest));
	g_assert_false(dataproc_request_legal(longer));
	g_assert_true(dataproc_request_legal("_-9"));
	g_assert_false(dataproc_request_legal(""));
	g_assert_false(dataproc_request_legal("a.b"));
	g_assert_false(dataproc_request_legal("a\n"));
}

static void durations_are_seconds_with_any_fraction(void)
{
	static const struct {
		const char *text;
		gint64 ms;
	} rows[] = {
		{"0s", 0},
		{"3600s", 3600000},
		{"1.5s", 1500},
		{"0.000000001s", 0},
		{"2.123456789s", 2123},
		{"999999999999s", 999999999999000},
		{"9999999999999s", -1},
		{"1.0123456789s", -1},
		{"1.s", -1},
		{".5s", -1},
		{"-1s", -1},
		{"+1s", -1},
		{" 1s", -1},
		{"1", -1},
		{"1ss", -1},
		{"1.5", -1},
		{"60m", -1},
		{"s", -1},
		{"", -1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(
			dataproc_duration(rows[i].text), ==, rows[i].ms);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dataproc-value/names", names_are_taken_apart);
	g_test_add_func("/dataproc-value/names-odd", other_texts_are_no_names);
	g_test_add_func("/dataproc-value/ids", ids_follow_googles_rule);
	g_test_add_func(
		"/dataproc-value/requests", requests_follow_googles_rule);
	g_test_add_func("/dataproc-value/durations",
		durations_are_seconds_with_any_fraction);
	return g_test_run();
}
