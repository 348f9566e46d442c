#include "backends/dli/dli_error.h"

#include <string.h>

#include "backends/error.h"

static void header(HttpAnswer *answer, const char *name, const char *value)
{
	g_hash_table_insert(answer->headers, g_strdup(name), g_strdup(value));
}

static HttpAnswer *answer_new(guint status)
{
	HttpAnswer *answer = g_new0(HttpAnswer, 1);

	answer->status = status;
	answer->headers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->body = g_byte_array_new();
	return answer;
}

/* The error of an answer with that body; "" is none that is JSON. */
static GError *refusal(guint status, const char *text, const char *id)
{
	HttpAnswer *answer = answer_new(status);
	g_autoptr(Json) body =
		*text ? json_parse(text, strlen(text), NULL) : NULL;
	GError *error = NULL;

	if (id)
		header(answer, "x-request-id", id);
	dli_refuse(answer, body, &error);
	http_answer_free(answer);
	return error;
}

static void codes_count_before_statuses(void)
{
	static const struct {
		guint status;
		const char *code;
		BackendErrorCode means;
	} rows[] = {
		{400, "DLI.0001", BACKEND_ERROR_INVALID},
		{400, "DLI.0002", BACKEND_ERROR_GONE},
		{400, "DLI.0003", BACKEND_ERROR_DENIED},
		{400, "DLI.0006", BACKEND_ERROR_EXISTS},
		{400, "DLI.0007", BACKEND_ERROR_UNSUPPORTED},
		{400, "DLI.0008", BACKEND_ERROR_REMOTE},
		{400, "DLI.0009", BACKEND_ERROR_QUOTA},
		{400, "DLI.0011", BACKEND_ERROR_DENIED},
		{400, "DLI.0012", BACKEND_ERROR_CONFLICT},
		{401, "DLI.0013", BACKEND_ERROR_AUTH},
		{401, "DLI.0014", BACKEND_ERROR_AUTH},
		{400, "DLI.0015", BACKEND_ERROR_AUTH},
		{400, "DLI.0016", BACKEND_ERROR_DENIED},
		{400, "DLI.0018", BACKEND_ERROR_INVALID},
		{400, "DLI.0019", BACKEND_ERROR_REMOTE},
		{404, "DLI.0023", BACKEND_ERROR_GONE},
		{400, "DLI.0100", BACKEND_ERROR_INVALID},
		{400, "DLI.0999", BACKEND_ERROR_REMOTE},
		{400, "DLI.1028", BACKEND_ERROR_QUOTA},
		{404, "DLI.7777", BACKEND_ERROR_GONE},
		{404, "APIGW.0101", BACKEND_ERROR_UNSUPPORTED},
		{404, "APIG.0101", BACKEND_ERROR_UNSUPPORTED},
		{413, "APIGW.0201", BACKEND_ERROR_INVALID},
		{504, "APIG.0201", BACKEND_ERROR_REMOTE},
		{401, "APIGW.0301", BACKEND_ERROR_AUTH},
		{403, "APIG.0302", BACKEND_ERROR_DENIED},
		{401, "APIGW.0307", BACKEND_ERROR_AUTH_EXPIRED},
		{429, "APIGW.0308", BACKEND_ERROR_THROTTLED},
		{400, "APIG.0308", BACKEND_ERROR_THROTTLED},
		{429, "DLI.0001", BACKEND_ERROR_THROTTLED},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"{\"error_code\":\"%s\",\"error_msg\":\"said\"}",
			rows[i].code);
		g_autoptr(GError) error = refusal(rows[i].status, text, "rq-1");
		const BackendErrorDetail *detail = backend_error_detail(error);

		g_test_message("%s", rows[i].code);
		g_assert_error(error, BACKEND_ERROR, (int)rows[i].means);
		g_assert_cmpstr(detail->provider_code, ==, rows[i].code);
		g_assert_cmpstr(detail->request_id, ==, "rq-1");
	}
}

static void statuses_count_where_no_code_is_known(void)
{
	static const struct {
		guint status;
		BackendErrorCode means;
	} rows[] = {
		{400, BACKEND_ERROR_INVALID},
		{401, BACKEND_ERROR_AUTH},
		{403, BACKEND_ERROR_DENIED},
		{404, BACKEND_ERROR_UNSUPPORTED},
		{409, BACKEND_ERROR_CONFLICT},
		{418, BACKEND_ERROR_INVALID},
		{429, BACKEND_ERROR_THROTTLED},
		{500, BACKEND_ERROR_REMOTE},
		{503, BACKEND_ERROR_REMOTE},
		{600, BACKEND_ERROR_REMOTE},
	};
	static const char *const bodies[] = {
		"", "{}", "[]", "7", "{\"error_code\":\"Odd.1\"}"};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		for (gsize b = 0; b < G_N_ELEMENTS(bodies); b++) {
			g_autoptr(GError) error =
				refusal(rows[i].status, bodies[b], NULL);
			g_assert_error(
				error, BACKEND_ERROR, (int)rows[i].means);
		}
}

static void an_unknown_queue_is_gone(void)
{
	g_autoptr(GError) queue = refusal(400,
		"{\"error_code\":\"DLI.0008\",\"error_msg\":"
		"\"Queue q does NOT exist.\"}",
		NULL);
	g_autoptr(GError) found = refusal(400,
		"{\"error_code\":\"DLI.0008\",\"error_msg\":"
		"\"queue not found\"}",
		NULL);

	g_assert_error(queue, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_error(found, BACKEND_ERROR, BACKEND_ERROR_GONE);
}

static void other_shapes_are_read(void)
{
	static const struct {
		const char *text, *code, *say;
	} rows[] = {
		{"{\"code\":\"APIGW.0302\",\"message\":\"m\"}", "APIGW.0302",
			"m; ask for the permission in IAM"},
		{"{\"error\":{\"code\":403,\"message\":\"no\",\"title\":"
		 "\"Forbidden\"}}",
			"403", "no"},
		{"{\"x\":1,\"error\":{\"error_code\":\"IAM.0002\","
		 "\"error_msg\":\"m\",\"request_id\":\"inner\"}}",
			"IAM.0002", "m"},
		{"{\"error_msg\":\"alone\"}", NULL, "alone"},
		{"{\"error_code\":{},\"error_msg\":[]}", NULL,
			"this is not allowed"},
		{"{\"error_code\":\"\",\"error_msg\":\"\"}", NULL,
			"this is not allowed"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = refusal(403, rows[i].text, NULL);
		const BackendErrorDetail *detail = backend_error_detail(error);

		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_DENIED);
		g_assert_cmpstr(detail->provider_code, ==, rows[i].code);
		g_assert_cmpstr(error->message, ==, rows[i].say);
	}
}

static void what_was_signed_is_not_repeated(void)
{
	g_autoptr(GError) error = refusal(401,
		"{\"error_code\":\"APIGW.0301\",\"request_id\":\"rq\","
		"\"error_msg\":\"verify fail, canonicalRequest: "
		"x-security-token:ggpj\"}",
		NULL);

	g_assert_null(strstr(error->message, "ggpj"));
	g_assert_nonnull(strstr(error->message, "check the secret key"));
	g_assert_cmpstr(backend_error_detail(error)->request_id, ==, "rq");
	g_assert_true(dli_is_skew("APIGW.0301"));
	g_assert_true(dli_is_skew("APIG.0301"));
	g_assert_false(dli_is_skew("APIGW.0302"));
}

static void success_that_is_none_is_refused(void)
{
	static const struct {
		const char *text;
		gboolean fine;
	} rows[] = {
		{"{}", TRUE},
		{"[]", TRUE},
		{"{\"is_success\":true}", TRUE},
		{"{\"is_success\":\"true\"}", TRUE},
		{"{\"is_success\":7}", TRUE},
		{"{\"is_success\":false,\"message\":\"why\"}", FALSE},
		{"{\"is_success\":\"False\",\"message\":\"why\"}", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Json) answer =
			json_parse(rows[i].text, strlen(rows[i].text), NULL);

		g_assert_cmpint(dli_accept(answer, &error), ==, rows[i].fine);
		if (rows[i].fine)
			continue;
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
		g_assert_cmpstr(error->message, ==, "why");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dli-error/codes", codes_count_before_statuses);
	g_test_add_func(
		"/dli-error/statuses", statuses_count_where_no_code_is_known);
	g_test_add_func("/dli-error/queue", an_unknown_queue_is_gone);
	g_test_add_func("/dli-error/shapes", other_shapes_are_read);
	g_test_add_func(
		"/dli-error/signature", what_was_signed_is_not_repeated);
	g_test_add_func("/dli-error/success", success_that_is_none_is_refused);
	return g_test_run();
}
