#include <string.h>

#include <glib.h>

#include "backends/alibaba/alibaba_error.h"
#include "backends/aws/aws_error.h"
#include "backends/base/json_span.h"
#include "backends/dataproc/dataproc_error.h"
#include "backends/dli/dli_error.h"
#include "backends/error.h"
#include "backends/http/outcome.h"
#include "backends/livy/livy_error.h"
#include "backends/provider/answer.h"
#include "backends/provider/record.h"

typedef void (*Refuse)(
	const HttpAnswer *answer, const Json *body, GError **error);

static const Refuse providers[] = {alibaba_refuse, aws_refuse_rest,
	aws_refuse_json, dataproc_refuse, dli_refuse, livy_refuse};

static HttpAnswer *answer_of(guint status, const char *text, gssize len)
{
	HttpAnswer *answer = g_new0(HttpAnswer, 1);

	answer->status = status;
	answer->headers = g_hash_table_new(g_str_hash, g_str_equal);
	answer->body = g_byte_array_new();
	g_byte_array_append(answer->body, (const guint8 *)text,
		(guint)(len < 0 ? strlen(text) : (gsize)len) + 1);
	g_byte_array_set_size(answer->body, answer->body->len - 1);
	return answer;
}

static GError *refusal_of(Refuse refuse, guint status, const char *text)
{
	g_autoptr(HttpAnswer) answer = answer_of(status, text, -1);

	return outcome_refusal(refuse, answer, 0);
}

static void words_and_codes_arrive(void)
{
	static const struct {
		const char *body, *words, *code;
	} rows[] = {
		{"{\"error\":{\"code\":\"E77\",\"message\":\"no pears\"}}",
			"no pears", "E77"},
		{"{\"Message\":\"no pears\"}", "no pears", NULL},
		{"{\"error\":\"no pears\"}", "no pears", NULL},
		{"{\"error\":\"E77\",\"error_description\":\"no pears\"}",
			"no pears", "E77"},
		{"{\"detail\":\"no pears\"}", "no pears", NULL},
		{"{\"errors\":[{\"code\":\"E77\",\"message\":\"no pears\"}]}",
			"no pears", "E77"},
		{"{\"errors\":[\"no pears\"]}", "no pears", NULL},
		{"[{\"error\":{\"code\":77,\"message\":\"no pears\"}}]",
			"no pears", NULL},
		{"{\"fault\":{\"faultstring\":\"no pears\",\"detail\":"
		 "{\"errorcode\":\"x\"}}}",
			"no pears", NULL},
		{"\"no pears\"", "no pears", NULL},
		{"<E><Code>E77</Code><Message>no pears</Message></E>",
			"no pears", "E77"},
		{"no pears\n", "no pears", NULL},
		{"<html><TITLE lang=en>no\n pears</TITLE>", "no pears", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		for (gsize k = 0; k < G_N_ELEMENTS(providers); k++) {
			g_autoptr(GError) error =
				refusal_of(providers[k], 418, rows[i].body);
			const char *code =
				backend_error_detail(error)->provider_code;

			if (!strstr(error->message, rows[i].words))
				g_error("%s of %zu: %s", rows[i].body, k,
					error->message);
			if (rows[i].code)
				g_assert_cmpstr(code, ==, rows[i].code);
		}
}

static void a_page_of_a_gateway_tells_status_and_title(void)
{
	const char *page = "<html><head><title>Bad Gateway</title></head>";

	for (gsize k = 0; k < G_N_ELEMENTS(providers) - 1; k++) {
		g_autoptr(GError) error = refusal_of(providers[k], 502, page);

		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
		g_assert_nonnull(
			strstr(error->message, "(status 502): Bad Gateway"));
	}
}

static void texts_are_bounded(void)
{
	g_autofree char *fill = g_strnfill(100000, 'x');
	g_autofree char *json = g_strdup_printf(
		"{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", fill, fill);

	for (gsize k = 0; k < G_N_ELEMENTS(providers); k++) {
		g_autoptr(GError) plain = refusal_of(providers[k], 400, fill);
		g_autoptr(GError) error = refusal_of(providers[k], 400, json);
		g_autofree char *sentence = backend_error_sentence(error);

		g_assert_cmpuint(strlen(plain->message), <, 2000);
		g_assert_cmpuint(strlen(sentence), <, 3000);
	}
}

/* Who answers in the provider's place knows nothing of its sessions. */
static void a_gateways_404_is_no_verdict(void)
{
	static const char *const bodies[] = {
		"{\"error\":{\"code\":\"NotFound\",\"message\":\"no route\"}}",
		"{\"detail\":\"Not Found\"}", "not found", "<html>"};

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++)
		for (gsize k = 0; k < G_N_ELEMENTS(providers); k++) {
			g_autoptr(GError) error =
				refusal_of(providers[k], 404, bodies[i]);

			if (error->code == BACKEND_ERROR_GONE)
				g_error("%s of %zu", bodies[i], k);
		}
}

static void a_quota_is_known_by_its_words(void)
{
	static const char *const words[] = {
		"Insufficient 'CPUS' quota. Requested 12.0, available 2.0.",
		"The quota of sessions is exceeded",
		"You have reached your quota of 10 sessions"};
	static const char *const rates[] = {
		"Quota exceeded for requests per minute",
		"the request rate exceeds the quota"};

	for (gsize k = 0; k < G_N_ELEMENTS(providers); k++) {
		for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
			g_autofree char *body = g_strdup_printf(
				"{\"error\":{\"code\":400,\"message\":\"%s\","
				"\"status\":\"INVALID_ARGUMENT\"}}",
				words[i]);
			g_autoptr(GError) error =
				refusal_of(providers[k], 400, body);

			g_assert_error(
				error, BACKEND_ERROR, BACKEND_ERROR_QUOTA);
		}
		for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
			g_autofree char *body = g_strdup_printf(
				"{\"message\":\"%s\"}", rates[i]);
			g_autoptr(GError) error =
				refusal_of(providers[k], 400, body);

			g_assert_cmpint(error->code, !=, BACKEND_ERROR_QUOTA);
		}
	}
}

static Json *outline_of(
	HttpAnswer *answer, gboolean safe, GByteArray **text, GError **error)
{
	return outcome_json(answer, safe, TRUE, NULL, text, error);
}

static void nothing_is_no_answer_to_a_read(void)
{
	g_autoptr(HttpAnswer) read = answer_of(200, "", -1);
	g_autoptr(HttpAnswer) verb = answer_of(204, "", -1);
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) done = outline_of(verb, FALSE, NULL, NULL);

	g_assert_null(outline_of(read, TRUE, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	g_assert_nonnull(done);
}

static void no_array_is_an_empty_page(void)
{
	static const char *const empty[] = {"{}", "{\"a\":null}",
		"{\"a\":null,\"message\":\"\"}", "{\"a\":[]}"};
	static const char *const bad[] = {"{\"a\":{}}", "{\"a\":7}", "[]",
		"{\"message\":\"no\"}", "{\"error\":{\"code\":1}}"};

	for (gsize i = 0; i < G_N_ELEMENTS(empty); i++) {
		g_autoptr(HttpAnswer) answer = answer_of(200, empty[i], -1);
		g_autoptr(Json) json = outline_of(answer, TRUE, NULL, NULL);
		JsonSpan span;
		gsize at;

		g_assert_true(answer_find(json, "a", JSON_ARRAY, &span, NULL));
		at = span.start + 1;
		g_assert_false(json_element_next(
			empty[i], span.start + span.len, &at));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(HttpAnswer) answer = answer_of(200, bad[i], -1);
		g_autoptr(Json) json = outline_of(answer, TRUE, NULL, NULL);
		g_autoptr(GError) error = NULL;
		JsonSpan span;

		g_assert_false(
			answer_find(json, "a", JSON_ARRAY, &span, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
}

static void an_odd_record_does_not_spoil_the_page(void)
{
	static const char *const odd[] = {"{\"id\":NaN}", "Infinity",
		"{\"id\":\"a\nb\"}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]"
		"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};

	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *text = g_strdup_printf(
			"\xef\xbb\xbf{\"a\":[{\"id\":\"1\"},%s,{\"id\":\"2\"}],"
			"\"next\":\"t\"}",
			odd[i]);
		g_autoptr(HttpAnswer) answer = answer_of(200, text, -1);
		g_autoptr(GError) error = NULL;
		g_autoptr(GByteArray) bytes = NULL;
		g_autoptr(Json) json = outline_of(answer, TRUE, &bytes, &error);
		JsonSpan span;
		guint n = 0;

		g_assert_no_error(error);
		g_assert_cmpstr(json_get_text(json, "next", 9, NULL), ==, "t");
		g_assert_true(
			answer_find(json, "a", JSON_ARRAY, &span, &error));
		gsize at = span.start + 1;
		const char *body = (const char *)bytes->data;
		for (; json_element_next(body, span.start + span.len, &at); n++)
			at += strcspn(body + at, "}") + 1;
		g_assert_cmpuint(n, ==, 3);
	}
}

static void what_is_no_utf8_is_not_handed_on(void)
{
	const char *text = "{\"a\":[{\"name\":\"x\xff\"}]}";
	g_autoptr(HttpAnswer) answer = answer_of(200, text, -1);
	g_autoptr(GByteArray) bytes = NULL;
	g_autoptr(Json) json = outline_of(answer, TRUE, &bytes, NULL);

	g_assert_nonnull(json);
	g_assert_true(
		g_utf8_validate((const char *)bytes->data, bytes->len, NULL));
	g_assert_nonnull(strstr((const char *)bytes->data, "x\xef\xbf\xbd"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/foreign/words", words_and_codes_arrive);
	g_test_add_func(
		"/foreign/page", a_page_of_a_gateway_tells_status_and_title);
	g_test_add_func("/foreign/bounds", texts_are_bounded);
	g_test_add_func("/foreign/404", a_gateways_404_is_no_verdict);
	g_test_add_func("/foreign/quota", a_quota_is_known_by_its_words);
	g_test_add_func("/foreign/nothing", nothing_is_no_answer_to_a_read);
	g_test_add_func("/foreign/no_array", no_array_is_an_empty_page);
	g_test_add_func("/foreign/odd", an_odd_record_does_not_spoil_the_page);
	g_test_add_func("/foreign/utf8", what_is_no_utf8_is_not_handed_on);
	return g_test_run();
}
