#include "backends/alibaba/alibaba_record.h"
#include "backends/classes.h"

#include <string.h>

#include "backends/base/json_span.h"
#include "backends/provider/spec.h"

#define ROUNDS 20000

static const char page[] =
	"{\"requestId\":\"r\",\"sessionClusters\":[{\"sessionClusterId\":"
	"\"sc-1\",\"workspaceId\":\"w-1\",\"queueName\":\"root_queue\","
	"\"name\":\"adhoc \\u00e4\",\"kind\":\"SQL\",\"state\":\"Running\","
	"\"stateChangeReason\":{\"code\":\"200\",\"message\":\"fine\"},"
	"\"gmtCreate\":1684115879955,\"startTime\":\"2024-09-01 06:23:01\","
	"\"autoStartConfiguration\":{\"enable\":true},"
	"\"autoStopConfiguration\":{\"enable\":true,\"idleTimeoutMinutes\":30},"
	"\"applicationConfigs\":[{\"configFileName\":\"a\",\"configItemKey\":"
	"\"k\",\"configItemValue\":\"v\"},{\"configItemKey\":null}],"
	"\"releaseVersion\":\"esr-4.0.0 (Spark 3.5.2)\",\"fusion\":false,"
	"\"webUI\":\"https://ui.example/x\",\"domain\":\"d\","
	"\"domainInner\":\"i\",\"connectionToken\":\"hush\\u0021\","
	"\"publicEndpointEnabled\":true},{\"sessionClusterId\":\"sc-2\"}],"
	"\"nextToken\":\"1\",\"totalCount\":2}";

/* Changes, cuts or doubles a few bytes. */
static void mutate(GString *text)
{
	static const char odd[] = "{}[]\",:\\u0n1-e.\n\x01\x80\xff";
	gint32 times = g_test_rand_int_range(1, 5);

	for (gint32 i = 0; i < times && text->len > 1; i++) {
		gsize at = g_test_rand_int_range(0, text->len);
		gsize some = g_test_rand_int_range(1, 24);
		gsize len = MIN(text->len - at, some);

		switch (g_test_rand_int_range(0, 4)) {
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
				odd[g_test_rand_int_range(0, sizeof(odd) - 1)];
		}
	}
}

static char *render(SessionFile file, const Session *session)
{
	Backend alibaba = {&alibaba_class};
	GString *out = g_string_new(NULL);

	backend_render(&alibaba, file, session->body, session->body_len, out);
	return g_string_free(out, FALSE);
}

static void is_one_line_or_empty(const char *text)
{
	const char *end = strchr(text, '\n');

	g_assert_true(!*text || (end && !end[1]));
}

static void check_config(const Session *session)
{
	g_autofree char *config = render(SESSION_CONFIG, session);
	g_autoptr(Json) parsed = json_parse(config, strlen(config), NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(parsed);
	g_assert_null(json_get(parsed, "connectionToken"));
	if (!json_get(parsed, "name") || !json_get(parsed, "kind"))
		return;
	if (g_utf8_validate(config, -1, NULL))
		g_assert_true(spec_check(
			alibaba_spec, config, strlen(config), &error));
}

static void check_session(const Session *session)
{
	g_autoptr(Json) body =
		json_parse(session->body, session->body_len, NULL);
	g_autofree char *webui = render(SESSION_WEBUI, session);
	g_autofree char *reason = render(SESSION_REASON, session);
	g_autofree char *endpoint = render(SESSION_ENDPOINT, session);
	const Json *token = json_get(body, "connectionToken");

	g_assert_nonnull(body);
	if (token)
		g_assert_cmpstr(json_text(token), ==, "***");
	g_assert_cmpuint(strlen(session->id), >, 0);
	g_assert_true(g_utf8_validate(session->name, -1, NULL));
	g_assert_true(g_utf8_validate(session->state, -1, NULL));
	for (const char *c = session->state; *c; c++)
		g_assert_false(g_ascii_iscntrl(*c));
	g_assert_cmpint(session->created_ms, >=, 0);
	g_assert_true(session->changed_ms == 0 ||
		      session->changed_ms >= session->created_ms);
	is_one_line_or_empty(webui);
	is_one_line_or_empty(reason);
	is_one_line_or_empty(endpoint);
	check_config(session);
}

/* How many sessions came of it. */
static guint read_page(const GString *text)
{
	g_autoptr(Json) whole = json_parse(text->str, text->len, NULL);
	g_autoptr(Json) answer = json_parse_outline(text->str, text->len, NULL);
	const Json *list = json_get(answer, "sessionClusters");
	g_autoptr(SessionPage) made = session_page_new();
	JsonSpan span;

	if (!list || json_type(list) != JSON_ARRAY)
		return 0;
	g_assert_true(json_outline_span(list, &span));
	record_read_all(&alibaba_record, text->str, &span, NULL, made);
	g_assert_cmpuint(made->sessions->len, <=,
		json_size(json_get(whole, "sessionClusters")));
	for (guint i = 0; i < made->sessions->len; i++)
		check_session(g_ptr_array_index(made->sessions, i));
	return made->sessions->len;
}

static void mutated_pages_keep_every_promise(void)
{
	guint sessions = 0, empty = 0;

	for (guint i = 0; i < ROUNDS; i++) {
		g_autoptr(GString) text = g_string_new(page);

		mutate(text);
		guint n = read_page(text);
		sessions += n;
		empty += n == 0;
	}
	/* Else the mutations would be too weak or too strong to tell. */
	g_assert_cmpuint(sessions, >, ROUNDS / 10);
	g_assert_cmpuint(empty, >, ROUNDS / 10);
}

static void a_page_cut_anywhere_is_refused_or_whole(void)
{
	for (gsize len = 0; len < strlen(page); len++) {
		g_autoptr(GString) text = g_string_new_len(page, len);

		g_assert_cmpuint(read_page(text), ==, 0);
	}
	g_autoptr(GString) whole = g_string_new(page);
	g_assert_cmpuint(read_page(whole), ==, 2);
}

static void mutated_specs_are_accepted_or_named(void)
{
	static const char spec[] =
		"{\"name\":\"n\",\"kind\":\"SQL\",\"fusion\":true,"
		"\"applicationConfigs\":[{\"configItemKey\":\"k\"}],"
		"\"autoStopConfiguration\":{\"idleTimeoutMinutes\":30}}";
	guint accepted = 0;

	for (guint i = 0; i < ROUNDS; i++) {
		g_autoptr(GString) text = g_string_new(spec);
		g_autoptr(GError) error = NULL;

		mutate(text);
		if (spec_check(alibaba_spec, text->str, text->len, &error)) {
			accepted++;
			continue;
		}
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_cmpuint(strlen(error->message), <, 600);
	}
	g_assert_cmpuint(accepted, >, 0);
	g_assert_cmpuint(accepted, <, ROUNDS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/alibaba-record/mutated", mutated_pages_keep_every_promise);
	g_test_add_func(
		"/alibaba-record/cut", a_page_cut_anywhere_is_refused_or_whole);
	g_test_add_func(
		"/alibaba-record/specs", mutated_specs_are_accepted_or_named);
	return g_test_run();
}
