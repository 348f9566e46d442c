#include <string.h>

#include "backends/backend.h"
#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/livy/livy_log.h"
#include "backends/livy/livy_record.h"

static Session *session_of(const char *body)
{
	const JsonSpan span = {0, strlen(body)};
	guint members;

	return record_read(&livy_record, body, &span, &members, NULL);
}

static char *rendered(SessionFile file, const char *body)
{
	Backend livy = {&livy_class};
	GString *out = g_string_new(NULL);

	backend_render(&livy, file, body, strlen(body), out);
	return g_string_free(out, FALSE);
}

/* ---- ids used again ---- */

static void a_session_is_told_from_the_next_of_its_id(void)
{
	static const struct {
		const char *before, *now;
		gboolean other;
	} rows[] = {
		/* Going on. */
		{"\"state\":\"starting\"", "\"state\":\"idle\"", FALSE},
		{"\"state\":\"not_started\"", "\"state\":\"starting\"", FALSE},
		{"\"state\":\"idle\"", "\"state\":\"recovering\"", FALSE},
		{"\"state\":\"recovering\"", "\"state\":\"starting\"", FALSE},
		{"\"state\":\"busy\"", "\"state\":\"idle\"", FALSE},
		{"\"state\":\"idle\"", "\"state\":\"hibernating\"", FALSE},
		/* Becoming known, or not being told. */
		{"\"appId\":null", "\"appId\":\"application_1\"", FALSE},
		{"\"owner\":null", "\"owner\":\"bob\"", FALSE},
		{"\"appId\":\"application_1\"", "\"appId\":null", FALSE},
		{"\"name\":\"a\"", "\"kind\":\"spark\"", FALSE},
		/* Remembered from a spec that the server did not heed. */
		{"\"proxyUser\":\"bob\"", "\"proxyUser\":null", FALSE},
		/* Beginning again. */
		{"\"state\":\"idle\"", "\"state\":\"starting\"", TRUE},
		{"\"state\":\"busy\"", "\"state\":\"not_started\"", TRUE},
		{"\"state\":\"dead\"", "\"state\":\"Starting\"", TRUE},
		{"\"state\":\"shutting_down\"", "\"state\":\"starting\"", TRUE},
		/* Contradicting. */
		{"\"name\":\"a\"", "\"name\":\"b\"", TRUE},
		{"\"name\":\"a\"", "\"name\":null", TRUE},
		{"\"kind\":\"sql\"", "\"kind\":\"spark\"", TRUE},
		{"\"owner\":\"ann\"", "\"owner\":\"bob\"", TRUE},
		{"\"proxyUser\":\"ann\"", "\"proxyUser\":\"bob\"", TRUE},
		{"\"appId\":\"application_1\"", "\"appId\":\"application_2\"",
			TRUE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *old =
			g_strdup_printf("{\"id\":1,%s}", rows[i].before);
		g_autofree char *new =
			g_strdup_printf("{\"id\":1,%s}", rows[i].now);
		g_autoptr(Session) before = session_of(old);
		g_autoptr(Session) now = session_of(new);

		if (livy_is_other(before, now) != rows[i].other)
			g_error("%s, %s", old, new);
	}
}

static gboolean is_other(const char *before, const char *now)
{
	g_autofree char *old =
		g_strdup_printf("{\"id\":1,\"state\":\"idle\"%s}", before);
	g_autofree char *new =
		g_strdup_printf("{\"id\":1,\"state\":\"idle\"%s}", now);
	g_autoptr(Session) one = session_of(old);
	g_autoptr(Session) two = session_of(new);

	return livy_is_other(one, two);
}

/* What a session was made with never changes, in whatever spelling and order it
 * is told. */
static void other_settings_are_of_another_session(void)
{
	static const struct {
		const char *name, *value, *same, *other;
	} rows[] = {
		{"conf", "{\"a\":\"1\",\"b\":\"2g\"}",
			"{\"b\":\"2048m\",\"a\":1}", "{\"a\":\"1\"}"},
		{"conf", "{\"a\":\"1\"}", "{\"a\":\"1\",\"b\":null}",
			"{\"a\":\"2\"}"},
		{"conf", "{}", "null", "{\"a\":\"\u00e4\"}"},
		{"driverMemory", "\"1g\"", "\"1024m\"", "\"2g\""},
		{"executorMemory", "\"1024\"", "\"1GB\"", "\"1025\""},
		{"driverCores", "2", "\"2\"", "3"},
		{"executorCores", "0", "null", "1"},
		{"numExecutors", "4", "4.0", "5"},
		{"queue", "\"etl\"", "\"etl\"", "\"adhoc\""},
		{"jars", "[\"a\",\"b\"]", "[\"b\",\"a\"]", "[\"a\",\"a\"]"},
		{"files", "[]", "null", "[\"a\"]"},
		{"pyFiles", "[\"a\"]", "[\"a\"]", "[]"},
		{"archives", "[\"a\"]", "[\"a\"]", "[\"b\"]"},
		{"heartbeatTimeoutInSecond", "60", "\"60\"", "61"},
		{"ttl", "\"1h\"", "\"60m\"", "\"2h\""},
		{"idleTimeout", "\"10m\"", "\"600s\"", "null"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *name = rows[i].name;
		g_autofree char *old =
			g_strdup_printf(",\"%s\":%s", name, rows[i].value);
		g_autofree char *same =
			g_strdup_printf(",\"%s\":%s", name, rows[i].same);
		g_autofree char *new =
			g_strdup_printf(",\"%s\":%s", name, rows[i].other);

		g_test_message("%s, %s", old, new);
		g_assert_false(is_other(old, old));
		g_assert_false(is_other(old, same));
		g_assert_false(is_other(same, old));
		g_assert_true(is_other(old, new));
		g_assert_true(is_other(same, new));
		/* Before 0.8 a server tells none of them once it recovered. */
		g_assert_false(is_other(old, ""));
		g_assert_false(is_other("", old));
	}
}

/* A session that nobody has seen yet stands there without a body. */
static void a_session_without_a_body_contradicts_none(void)
{
	g_autoptr(Session) before = session_new();
	g_autoptr(Session) now = session_of("{\"id\":1,\"name\":\"a\"}");

	before->state = g_strdup("");
	before->body = g_strdup("");
	before->phase = PHASE_PENDING;
	g_assert_false(livy_is_other(before, now));
}

/* ---- versions ---- */

static void versions_tell_what_is_known(void)
{
	static const struct {
		const char *text;
		gboolean good;
		guint members;
	} rows[] = {
		{"0.5.0-incubating", TRUE, 0},
		{"0.6.0-incubating", TRUE, LIVY_NAME},
		{"0.7.1-incubating", TRUE, LIVY_NAME},
		{"0.8.0-incubating-SNAPSHOT", TRUE, LIVY_NAME | LIVY_TTL},
		{"0.9.0", TRUE, LIVY_MEMBERS},
		{"0.10.0", TRUE, LIVY_MEMBERS},
		{"1.0", TRUE, LIVY_MEMBERS},
		{"", FALSE, 0},
		{"seven", FALSE, 0},
		{"0", FALSE, 0},
		{"0.x.1", FALSE, 0},
		{"-1.2.3", FALSE, 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint members = 99;

		g_assert_true(livy_version_members(rows[i].text, &members) ==
			      rows[i].good);
		g_assert_cmpuint(
			members, ==, rows[i].good ? rows[i].members : 99);
	}
}

/* ---- content files ---- */

static void config_holds_what_was_set(void)
{
	g_autofree char *config = rendered(SESSION_CONFIG,
		"{\"id\":4,\"name\":\"alpha\",\"appId\":\"a\",\"owner\":\"o\","
		"\"proxyUser\":null,\"state\":\"idle\",\"kind\":\"spark\","
		"\"log\":[\"x\"],\"ttl\":null,\"idleTimeout\":\"20m\","
		"\"driverMemory\":null,\"driverCores\":0,\"executorCores\":2,"
		"\"conf\":{\"spark.x\":\"hush\"},\"archives\":[],"
		"\"files\":[\"hdfs:///f\"],\"heartbeatTimeoutInSecond\":0,"
		"\"queue\":\"\",\"numExecutors\":0,\"future\":true}");
	g_autoptr(Json) spec = json_parse(config, strlen(config), NULL);

	g_assert_cmpuint(json_size(spec), ==, 5);
	g_assert_cmpstr(json_text(json_get(spec, "kind")), ==, "spark");
	g_assert_cmpstr(json_text(json_get(spec, "idleTimeout")), ==, "20m");
	g_assert_cmpint(json_get_int(spec, "executorCores", 0, 9, -1), ==, 2);
	g_assert_cmpstr(json_text(json_get(json_get(spec, "conf"), "spark.x")),
		==, "hush");
	g_assert_cmpstr(json_text(json_first(json_get(spec, "files"))), ==,
		"hdfs:///f");
}

static void a_url_is_shown_when_it_is_one(void)
{
	static const char *const rows[][2] = {
		{"{\"appInfo\":{\"sparkUiUrl\":\"http://rm:8088/proxy/a/\"}}",
			"http://rm:8088/proxy/a/\n"},
		{"{\"appInfo\":{\"sparkUiUrl\":null}}", ""},
		{"{\"appInfo\":{\"sparkUiUrl\":\"javascript:x\"}}", ""},
		{"{\"appInfo\":{\"sparkUiUrl\":\"http://a\\nb\"}}", ""},
		{"{\"appInfo\":7}", ""},
		{"nonsense", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *url = rendered(SESSION_WEBUI, rows[i][0]);
		g_assert_cmpstr(url, ==, rows[i][1]);
	}
}

static void a_reason_is_the_cause_that_a_record_tells(void)
{
	static const char *const rows[][2] = {
		{"{\"state\":\"dead\",\"log\":[\"stdout: \",\"\\nstderr: \","
		 "\"Invalid maximum heap size: -Xmxbanana\","
		 "\"Error: Could not create the Java Virtual Machine.\","
		 "\"Error: A fatal exception has occurred.\"]}",
			"Invalid maximum heap size: -Xmxbanana\n"
			"Error: Could not create the Java Virtual Machine.\n"
			"Error: A fatal exception has occurred.\n"},
		{"{\"state\":\"error\",\"log\":[\"26/11/20 INFO a: b\","
		 "\"java.lang.IllegalArgumentException: too small\","
		 "\"\\tat org.apache.x(y.java:1)\",\"\\t... 12 more\","
		 "\"26/11/20 17:33:30 INFO Shutdown: done\"]}",
			"java.lang.IllegalArgumentException: too small\n"},
		{"{\"state\":\"dead\",\"log\":[\"26/11/20 INFO a: b\",\" \"]}",
			""},
		{"{\"state\":\"dead\",\"log\":[\"\\nYARN Diagnostics: \","
		 "\"AM killed\"]}",
			"AM killed\n"},
		{"{\"state\":\"dead\",\"log\":[\"a\\u0007b\\u001b[1m\"]}",
			"a?b?[1m\n"},
		{"{\"state\":\"dead\",\"log\":[]}", ""},
		{"{\"state\":\"idle\",\"log\":[\"Error: none\"]}", ""},
		{"{\"state\":\"killed\",\"log\":[\"Error: one\"]}",
			"Error: one\n"},
		{"{\"state\":\"killed\",\"log\":[\"Error: one\"],"
		 "\"sessionfs.cause\":\"two\\n\"}",
			"two\n"},
		{"{\"state\":\"dead\",\"log\":{\"a\":1}}", ""},
		{"{\"state\":\"dead\",\"log\":[1,null,[\"x\"]]}", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *reason = rendered(SESSION_REASON, rows[i][0]);
		g_assert_cmpstr(reason, ==, rows[i][1]);
	}
}

/* ---- logs ---- */

#define OUT "\x1d-stdout\n"
#define ERR "\x1d-stderr\n"
#define YARN "\x1d=YARN Diagnostics\n"

static void a_log_is_a_window_of_sections(void)
{
	static const char *const rows[][2] = {
		{"[\"stdout: \",\"\\nstderr: \"]", OUT ERR},
		{"[\"stdout: \",\"a\",\"\\nstderr: \",\"b\"]",
			OUT "a\n" ERR "b\n"},
		{"[\"stdout: hello\",\"\\nstderr: world\"]",
			OUT "hello\n" ERR "world\n"},
		{"[\"a\",\"\\nstderr: \",\"b\"]", OUT "a\n" ERR "b\n"},
		{"[\"a\",\"\\nYARN Diagnostics: \"]", ERR "a\n" YARN},
		{"[\"\\nYARN Diagnostics: \",\"\\nstderr: \",\"b\"]",
			YARN ERR "b\n"},
		{"[\"\\nYARN Diagnostics: \",\"late\"]", YARN "late\n"},
		{"[\"\",\"\\tat x\",\"two\\nlines\\n\"]",
			ERR "\n\tat x\ntwo\nlines\n"},
		{"[\"a\\u001b[2Jb\\u0007\",\"c\\u009bd\\r\\n\",\"\\u00e4\"]",
			ERR "a?[2Jb?\nc?d\n\xc3\xa4\n"},
		{"[\"\\nYARN \\u001b[1m\\n: \",\"late\"]",
			"\x1d=YARN ?[1m\nlate\n"},
		{"[\"\\u001d-stdout\"]", ERR "?-stdout\n"},
		{"[1,null,{\"a\":\"b\"},\"c\"]", ERR "c\n"},
		{"{\"a\":\"b\"}", ERR "b\n"},
		{"7", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Json) log =
			json_parse(rows[i][0], strlen(rows[i][0]), NULL);
		g_autoptr(GString) out = g_string_new(NULL);

		livy_log_window(log, FALSE, out);
		g_assert_cmpstr(out->str, ==, rows[i][1]);
	}
}

static void of_a_huge_log_the_last_lines_stay(void)
{
	g_autofree char *line = g_strnfill(1023, 'x');
	g_autoptr(GString) text = g_string_new("[\"first\"");
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < LIVY_LOG_MAX / 1024; i++)
		g_string_append_printf(text, ",\"%s\"", line);
	g_string_append_c(text, ']');
	g_autoptr(Json) log = json_parse(text->str, text->len, NULL);
	livy_log_window(log, FALSE, out);
	g_assert_cmpuint(out->len, ==, LIVY_LOG_MAX + strlen(ERR));
	g_assert_true(g_str_has_prefix(out->str, ERR "xxx"));
}

/* ---- names ---- */

/* The server's digits are those of any script. */
static void names_that_leak_a_driver_are_known(void)
{
	static const struct {
		const char *name;
		gboolean legal;
	} rows[] = {
		{"a", TRUE},
		{"7a", TRUE},
		{" 7", TRUE},
		{"-7", TRUE},
		{"7.5", TRUE},
		{"\xc2\xbd", TRUE},         /* a half is no digit */
		{"\xf0\x9d\x9f\x8e", TRUE}, /* nor are two surrogates */
		{"", FALSE},
		{"0", FALSE},
		{"4294967296", FALSE},
		{"\xd9\xa3\xd9\xa4", FALSE},
		{"1\xef\xbc\x92", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(livy_name_legal(rows[i].name) == rows[i].legal);
}

/* ---- phases ---- */

static void all_states_have_their_phase(void)
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
		{"running", PHASE_BUSY},
		{"shutting_down", PHASE_STOPPING},
		{"success", PHASE_STOPPED},
		{"killed", PHASE_STOPPED},
		{"error", PHASE_FAILED},
		{"dead", PHASE_FAILED},
		{"DEAD", PHASE_FAILED},
		{"of tomorrow", PHASE_PENDING},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(backend_phase(&livy_class, rows[i].state), ==,
			rows[i].phase);
}

/* ---- a record laid over the one that is held ---- */

#define UI "{\"driverLogUrl\":\"http://n/log\",\"sparkUiUrl\":\"http://n/ui\"}"
#define NO_UI "{\"driverLogUrl\":null,\"sparkUiUrl\":null}"

static void a_recovered_session_keeps_its_pages(void)
{
	static const struct {
		const char *held, *now, *want;
	} rows[] = {
		{"\"appId\":\"a_1\",\"appInfo\":" UI,
			"\"appId\":\"a_1\",\"appInfo\":" NO_UI,
			"http://n/ui\n"},
		{"\"appId\":\"a_1\",\"appInfo\":" UI,
			"\"appId\":\"a_1\",\"appInfo\":{}", "http://n/ui\n"},
		{"\"appId\":\"a_1\",\"appInfo\":" UI,
			"\"appId\":\"a_1\",\"appInfo\":{\"sparkUiUrl\":"
			"\"http://other/\"}",
			"http://other/\n"},
		/* Another application, or none that is known. */
		{"\"appId\":\"a_1\",\"appInfo\":" UI,
			"\"appId\":\"a_2\",\"appInfo\":" NO_UI, ""},
		{"\"appId\":null,\"appInfo\":" UI,
			"\"appId\":null,\"appInfo\":" NO_UI, ""},
		{"\"appInfo\":" UI, "\"appInfo\":" NO_UI, ""},
		{"\"appId\":\"a_1\",\"appInfo\":7",
			"\"appId\":\"a_1\",\"appInfo\":" NO_UI, ""},
	};
	const Backend livy = {&livy_class};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *held = g_strdup_printf("{%s}", rows[i].held);
		g_autofree char *now = g_strdup_printf("{%s}", rows[i].now);
		gsize len = 0;
		g_autofree char *all = backend_renew(
			&livy, held, strlen(held), now, strlen(now), &len);
		g_autofree char *url = rendered(SESSION_WEBUI, all);

		g_assert_cmpuint(len, ==, strlen(all));
		g_assert_cmpstr(url, ==, rows[i].want);
	}
}

static void what_the_driver_says_is_no_other_record(void)
{
	static const struct {
		const char *held, *now;
		gboolean chatter;
	} rows[] = {
		{"{\"id\":1,\"log\":[\"a\"]}", "{\"id\":1,\"log\":[\"b\"]}",
			TRUE},
		{"{\"id\":1}", "{\"id\":1,\"log\":[\"b\"]}", TRUE},
		{"{\"id\":1,\"log\":[]}", "{\"id\":2,\"log\":[]}", FALSE},
		{"{\"id\":1,\"log\":[\"a\"],\"appId\":null}",
			"{\"id\":1,\"log\":[\"b\"],\"appId\":\"x\"}", FALSE},
		{"", "{\"id\":1}", FALSE},
	};
	const Backend livy = {&livy_class}, dli = {&dli_class};
	const Backend emr = {&emr_class};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *held = rows[i].held, *now = rows[i].now;

		g_assert_cmpint(backend_is_chatter(&livy, held, strlen(held),
					now, strlen(now)),
			==, rows[i].chatter);
		g_assert_cmpint(backend_is_chatter(&dli, held, strlen(held),
					now, strlen(now)),
			==, rows[i].chatter);
		g_assert_false(backend_is_chatter(
			&emr, held, strlen(held), now, strlen(now)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/livy_record/is-other",
		a_session_is_told_from_the_next_of_its_id);
	g_test_add_func("/livy_record/is-other/settings",
		other_settings_are_of_another_session);
	g_test_add_func("/livy_record/is-other/no-body",
		a_session_without_a_body_contradicts_none);
	g_test_add_func("/livy_record/versions", versions_tell_what_is_known);
	g_test_add_func("/livy_record/config", config_holds_what_was_set);
	g_test_add_func("/livy_record/webui", a_url_is_shown_when_it_is_one);
	g_test_add_func("/livy_record/reason",
		a_reason_is_the_cause_that_a_record_tells);
	g_test_add_func("/livy_record/log", a_log_is_a_window_of_sections);
	g_test_add_func(
		"/livy_record/log/huge", of_a_huge_log_the_last_lines_stay);
	g_test_add_func(
		"/livy_record/names", names_that_leak_a_driver_are_known);
	g_test_add_func(
		"/livy_record/recovered", a_recovered_session_keeps_its_pages);
	g_test_add_func("/livy_record/chatter",
		what_the_driver_says_is_no_other_record);
	g_test_add_func("/livy_record/phases", all_states_have_their_phase);
	return g_test_run();
}
