#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/provider/record.h"

#include <string.h>

#include "backends/aws/aws_content.h"
#include "backends/aws/emr_record.h"
#include "backends/aws/emr_serverless_record.h"
#include "backends/provider/spec.h"

#define ROUNDS 10000
#define ROLE "arn:aws:iam::123456789012:role/r"

/* One of the two services, with a page that uses all it knows. */
typedef struct {
	const RecordKind *record;
	const SpecField *spec;
	const char *role; /* the spec's member of that */
	gboolean role_needed;
	Backend backend;
	const char *list, *page;
} Service;

static const Service serverless = {
	.record = &emr_serverless_record,
	.spec = emr_serverless_spec,
	.role = "executionRoleArn",
	.role_needed = TRUE,
	.backend = {&emr_serverless_class},
	.list = "sessions",
	.page = "{\"sessions\":[{\"applicationId\":\"a\",\"sessionId\":\"s1\","
		"\"name\":\"n \\u00e4\",\"state\":\"BUSY\",\"stateDetails\":"
		"\"two\\nlines\",\"executionRoleArn\":\"" ROLE "\","
		"\"createdAt\":1773500966.123,\"updatedAt\":1.7735E9,"
		"\"authToken\":\"hush\",\"idleTimeoutMinutes\":60,\"tags\":{"
		"\"aws:x\":\"y\",\"k\":\"v\"},\"configurationOverrides\":{"
		"\"runtimeConfiguration\":[{\"classification\":\"c\","
		"\"properties\":{\"p\":\"q\"},\"configurations\":[{"
		"\"classification\":\"d\"}]}]}},{\"sessionId\":\"s2\"}],"
		"\"nextToken\":\"x\"}",
};

static const Service emr = {
	.record = &emr_record,
	.spec = emr_spec,
	.role = "ExecutionRoleArn",
	.backend = {&emr_class},
	.list = "Sessions",
	.page = "{\"Sessions\":[{\"Id\":\"s1\",\"ClusterId\":\"j-1\","
		"\"Name\":\"n \\u00e4\",\"State\":\"IDLE\","
		"\"StateChangeReason\":\"two\\nlines\",\"ExecutionRoleArn\":"
		"\"" ROLE "\",\"CreatedAt\":1773500966.5,\"UpdatedAt\":"
		"1773500967,\"authToken\":1,\"AuthToken\":\"hush\",\"Tags\":[{"
		"\"Key\":\"aws:x\",\"Value\":\"y\"},{\"Key\":\"k\",\"Value\":"
		"\"v\"}],\"EngineConfigurations\":[{\"Classification\":\"c\","
		"\"Configurations\":[{\"Classification\":\"d\",\"Properties\":"
		"{\"p\":\"q\"}}]}],\"MonitoringConfiguration\":{"
		"\"S3LoggingConfiguration\":{\"Enabled\":true}},"
		"\"SessionIdleTimeoutInMinutes\":60},{\"Id\":\"s2\"}]}",
};

/* The same in each run. */
static GRand *dice;

/* Changes, cuts or doubles a few bytes. */
static void mutate(GString *text)
{
	static const char odd[] = "{}[]\",:\\u0n1-e.\n\x01\x80\xff";
	gint32 times = g_rand_int_range(dice, 1, 5);

	for (gint32 i = 0; i < times && text->len > 1; i++) {
		gsize at = g_rand_int_range(dice, 0, text->len);
		gsize some = g_rand_int_range(dice, 1, 24);
		gsize len = MIN(text->len - at, some);

		switch (g_rand_int_range(dice, 0, 4)) {
		case 0:
			g_string_erase(text, at, len);
			break;
		case 1: {
			g_autofree char *twice = g_strndup(text->str + at, len);
			g_string_insert(text, at, twice);
			break;
		}
		default:
			text->str[at] =
				odd[g_rand_int_range(dice, 0, sizeof(odd) - 1)];
		}
	}
}

static char *render(
	const Service *service, SessionFile file, const Session *session)
{
	GString *out = g_string_new(NULL);

	Backend backend = service->backend;

	backend_render(&backend, file, session->body, session->body_len, out);
	return g_string_free(out, FALSE);
}

/* AWS's own cannot be given back: an object of them, or an array of pairs. */
static void check_tags(const Json *tags)
{
	json_foreach (tag, tags) {
		const char *key = json_text(json_get(tag, "Key"));

		if (!key)
			key = json_name(tag);
		g_assert_false(key && g_str_has_prefix(key, "aws:"));
	}
}

static void check_config(const Service *service, const Session *session)
{
	g_autofree char *config = render(service, SESSION_CONFIG, session);
	g_autoptr(Json) parsed = json_parse(config, strlen(config), NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(parsed);
	check_tags(json_get(parsed, "tags"));
	check_tags(json_get(parsed, "Tags"));
	if (service->role_needed && !json_get(parsed, service->role))
		return;
	if (!g_utf8_validate(config, -1, NULL))
		return;
	g_assert_true(
		spec_check(service->spec, config, strlen(config), &error));
	g_assert_no_error(error);
}

static void check_session(const Service *service, const Session *session)
{
	g_autoptr(Json) body =
		json_parse(session->body, session->body_len, NULL);
	g_autofree char *reason = render(service, SESSION_REASON, session);
	const char *end = strchr(reason, '\n');

	g_assert_nonnull(body);
	g_assert_null(strstr(session->body, "\"AuthToken\":\"hush\""));
	g_assert_true(!*reason || (end && !end[1]));
	g_assert_cmpuint(strlen(session->id), >, 0);
	g_assert_true(g_utf8_validate(session->name, -1, NULL));
	g_assert_true(g_utf8_validate(session->state, -1, NULL));
	for (const char *c = session->state; *c; c++)
		g_assert_false(g_ascii_iscntrl(*c));
	g_assert_cmpint(session->created_ms, >=, 0);
	g_assert_true(session->changed_ms == 0 ||
		      session->changed_ms >= session->created_ms);
	check_config(service, session);
}

/* How many sessions came of it. */
static guint read_page(const Service *service, const GString *text)
{
	g_autoptr(Json) answer = json_parse_outline(text->str, text->len, NULL);
	const Json *list = json_get(answer, service->list);
	g_autoptr(SessionPage) made = session_page_new();
	JsonSpan span;

	if (!list || json_type(list) != JSON_ARRAY)
		return 0;
	g_assert_true(json_outline_span(list, &span));
	record_read_all(service->record, text->str, &span, NULL, made);
	for (guint i = 0; i < made->sessions->len; i++)
		check_session(service, g_ptr_array_index(made->sessions, i));
	return made->sessions->len;
}

static void mutated_pages_keep_every_promise(const void *data)
{
	const Service *service = data;
	guint sessions = 0, empty = 0;

	dice = g_rand_new_with_seed(4711);
	for (guint i = 0; i < ROUNDS; i++) {
		g_autoptr(GString) text = g_string_new(service->page);

		mutate(text);
		guint n = read_page(service, text);
		sessions += n;
		empty += n == 0;
	}
	g_rand_free(dice);
	/* Else the mutations would be too weak or too strong to tell. */
	g_assert_cmpuint(sessions, >, ROUNDS / 10);
	g_assert_cmpuint(empty, >, ROUNDS / 10);
}

static void a_page_is_read_whole(const void *data)
{
	const Service *service = data;
	g_autoptr(GString) text = g_string_new(service->page);

	g_assert_cmpuint(read_page(service, text), ==, 2);
}

static void times_are_read_in_every_spelling(void)
{
	static const struct {
		const char *text;
		gint64 ms;
	} rows[] = {
		{"1773500966", 1773500966000},
		{"1773500966.123", 1773500966123},
		{"1.773500966123E9", 1773500966123},
		{"1773500966.9999", 1773500967000},
		{"\"2026-03-14T15:09:26Z\"", 1773500966000},
		{"\"2026-03-14T15:09:26\"", 1773500966000},
		{"\"soon\"", 0},
		{"\"1969-01-01T00:00:00Z\"", 0},
		{"-5", 0},
		{"0", 0},
		{"1e11", 100000000000},
		{"1773500966123", 1773500966123},
		{"1e14", 0},
		{"\"2026-03-14T20:39:26.123+0530\"", 1773500966123},
		{"null", 0},
		{"true", 0},
		{"[1]", 0},
		{"{}", 0},
		{"\"\"", 0},
		{"\"\\u0031\"", 1000},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *page = g_strdup_printf(
			"{\"Sessions\":[{\"Id\":\"a\",\"CreatedAt\":%s}]}",
			rows[i].text);
		g_autoptr(Json) answer =
			json_parse_outline(page, strlen(page), NULL);
		g_autoptr(Json) whole = json_parse(page, strlen(page), NULL);
		g_autoptr(SessionPage) made = session_page_new();
		JsonSpan span;

		g_test_message("%s", rows[i].text);
		g_assert_true(
			json_outline_span(json_get(answer, "Sessions"), &span));
		record_read_all(&emr_record, page, &span, NULL, made);
		const Session *session = g_ptr_array_index(made->sessions, 0);
		g_assert_cmpint(session->created_ms, ==, rows[i].ms);
		const Json *record = json_first(json_get(whole, "Sessions"));
		g_assert_cmpint(
			record_time(record, "CreatedAt"), ==, rows[i].ms);
	}
}

static void connect_urls_are_made_of_what_is_told(void)
{
	static const struct {
		const char *url, *token, *first;
	} rows[] = {
		{"https://h", NULL, "sc://h:443/;use_ssl=true"},
		{"https://h:8443/x?y", "t",
			"sc://h:8443/;use_ssl=true;x-aws-proxy-auth=t"},
		{"h.example", "t",
			"sc://h.example:443/;use_ssl=true;x-aws-proxy-auth=t"},
		{"sc://h", "t", "sc://h:443/;use_ssl=true;x-aws-proxy-auth=t"},
		{"sc://h:1/;a=b", "t", "sc://h:1/;a=b;x-aws-proxy-auth=t"},
		{"sc://h:1/;x-aws-proxy-auth=own", "t",
			"sc://h:1/;x-aws-proxy-auth=own"},
		{"https://[::1]", NULL, "sc://[::1]:443/;use_ssl=true"},
		{"https://[::1]:9", NULL, "sc://[::1]:9/;use_ssl=true"},
		{"http://127.0.0.1:8", "", "sc://127.0.0.1:8/;use_ssl=false"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const AwsAccess access = {
			.url = rows[i].url, .token = rows[i].token};
		g_autoptr(GBytes) bytes = aws_access_text(&access, NULL);
		gsize len;
		const char *text = g_bytes_get_data(bytes, &len);
		g_autofree char *wanted = g_strdup_printf(
			"%s\nendpoint: %s\n", rows[i].first, rows[i].url);
		g_autofree char *made = g_strndup(text, len);

		g_assert_cmpstr(made, ==, wanted);
	}
}

static void what_has_expired_is_asked_for_again_but_not_at_once(void)
{
	const AwsAccess old = {.expires_ms = 1000}, unknown = {.url = "h"};
	gint64 now_ms = g_get_real_time() / 1000;

	g_assert_cmpint(aws_access_until_ms(&old), >, now_ms);
	g_assert_cmpint(aws_access_until_ms(&old), <, now_ms + 60000);
	g_assert_cmpint(aws_access_until_ms(&unknown), >, now_ms + 60000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/aws-record/serverless/whole", &serverless,
		a_page_is_read_whole);
	g_test_add_data_func("/aws-record/serverless/mutated", &serverless,
		mutated_pages_keep_every_promise);
	g_test_add_data_func(
		"/aws-record/emr/whole", &emr, a_page_is_read_whole);
	g_test_add_data_func("/aws-record/emr/mutated", &emr,
		mutated_pages_keep_every_promise);
	g_test_add_func("/aws-record/times", times_are_read_in_every_spelling);
	g_test_add_func(
		"/aws-record/connect", connect_urls_are_made_of_what_is_told);
	g_test_add_func("/aws-record/expired",
		what_has_expired_is_asked_for_again_but_not_at_once);
	return g_test_run();
}
