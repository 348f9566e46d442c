#include "backends/aws/aws_error.h"

#include <string.h>

#include "backends/error.h"

static void put(HttpAnswer *answer, const char *name, const char *value)
{
	g_hash_table_insert(answer->headers, (char *)name, (char *)value);
}

/* An answer; free with answer_clear. */
static HttpAnswer answer_of(guint status, const char *type)
{
	HttpAnswer answer = {.status = status,
		.headers = g_hash_table_new(g_str_hash, g_str_equal),
		.body = g_byte_array_new()};

	if (type)
		put(&answer, "x-amzn-errortype", type);
	return answer;
}

static void answer_clear(HttpAnswer *answer)
{
	g_hash_table_unref(answer->headers);
	g_byte_array_unref(answer->body);
}

typedef enum { REST, JSON11 } Protocol;

static GError *refuse(
	Protocol protocol, guint status, const char *type, const char *body)
{
	HttpAnswer answer = answer_of(status, type);
	g_autoptr(Json) json =
		body ? json_parse(body, strlen(body), NULL) : NULL;
	GError *error = NULL;

	if (protocol == REST)
		aws_refuse_rest(&answer, json, &error);
	else
		aws_refuse_json(&answer, json, &error);
	answer_clear(&answer);
	g_assert_nonnull(error);
	return error;
}

static void code_is(Protocol protocol, const char *type, const char *body,
	const char *wanted)
{
	g_autoptr(GError) error = refuse(protocol, 400, type, body);

	g_assert_cmpstr(backend_error_detail(error)->provider_code, ==, wanted);
}

static void the_code_is_where_the_protocol_says(void)
{
	static const char body[] = "{\"code\":\"B\",\"__type\":\"ns#T\"}";

	code_is(REST, "H", body, "H");
	code_is(REST, NULL, body, "B");
	code_is(REST, NULL, "{\"__type\":\"ns#T\"}", "T");
	code_is(JSON11, "H", body, "T");
	code_is(JSON11, "H", "{\"code\":\"B\"}", "B");
	code_is(JSON11, "H", "{}", "H");
	code_is(JSON11, "H", NULL, "H");
	code_is(REST, NULL, "[]", NULL);
	code_is(REST, NULL, NULL, NULL);
}

static void what_is_around_a_code_is_cut(void)
{
	static const char *const rows[][2] = {
		{"ValidationException:http://internal.amazon.com/coral/",
			"ValidationException"},
		{"aws.protocol#ValidationException:http://x/,more",
			"ValidationException"},
		{"ValidationException,Other", "ValidationException"},
		{" ns#ValidationException ", "ValidationException"},
		{"ns#", NULL},
		{":", NULL},
		{"", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		code_is(REST, rows[i][0], NULL, rows[i][1]);
	/* Some services number their errors in `code`. */
	code_is(REST, NULL, "{\"code\":7,\"__type\":\"T\"}", "T");
	code_is(REST, NULL, "{\"code\":{},\"__type\":[]}", NULL);
}

static void codes_count_before_statuses(void)
{
	static const struct {
		guint status;
		const char *code;
		BackendErrorCode wanted;
	} rows[] = {
		{400, "BandwidthLimitExceeded", BACKEND_ERROR_THROTTLED},
		{400, "EC2ThrottledException", BACKEND_ERROR_THROTTLED},
		{400, "LimitExceededException", BACKEND_ERROR_THROTTLED},
		{400, "PriorRequestNotComplete", BACKEND_ERROR_THROTTLED},
		{400, "ProvisionedThroughputExceededException",
			BACKEND_ERROR_THROTTLED},
		{503, "RequestLimitExceeded", BACKEND_ERROR_THROTTLED},
		{400, "RequestThrottled", BACKEND_ERROR_THROTTLED},
		{400, "RequestThrottledException", BACKEND_ERROR_THROTTLED},
		{503, "SlowDown", BACKEND_ERROR_THROTTLED},
		{400, "ThrottledException", BACKEND_ERROR_THROTTLED},
		{400, "Throttling", BACKEND_ERROR_THROTTLED},
		{400, "ThrottlingException", BACKEND_ERROR_THROTTLED},
		{400, "TooManyRequestsException", BACKEND_ERROR_THROTTLED},
		{400, "TransactionInProgressException",
			BACKEND_ERROR_THROTTLED},
		{429, "ValidationException", BACKEND_ERROR_THROTTLED},
		{400, "AccessDeniedException", BACKEND_ERROR_DENIED},
		{400, "ExpiredTokenException", BACKEND_ERROR_AUTH_EXPIRED},
		{403, "UnrecognizedClientException", BACKEND_ERROR_AUTH},
		{403, "InvalidSignatureException", BACKEND_ERROR_AUTH},
		{400, "RequestExpired", BACKEND_ERROR_AUTH},
		{403, "MissingAuthenticationTokenException",
			BACKEND_ERROR_AUTH},
		{402, "ServiceQuotaExceededException", BACKEND_ERROR_QUOTA},
		{409, "ConflictException", BACKEND_ERROR_CONFLICT},
		{404, "ResourceNotFoundException", BACKEND_ERROR_GONE},
		{404, "UnknownOperationException", BACKEND_ERROR_UNSUPPORTED},
		{400, "ValidationException", BACKEND_ERROR_INVALID},
		{400, "InternalServerError", BACKEND_ERROR_REMOTE},
		{400, "InternalServerException", BACKEND_ERROR_REMOTE},
		{400, "RequestTimeoutException", BACKEND_ERROR_REMOTE},
		{503, "ServiceUnavailable", BACKEND_ERROR_REMOTE},
		{409, "SomethingNew", BACKEND_ERROR_CONFLICT},
		{404, "SomethingNew", BACKEND_ERROR_GONE},
		{400, NULL, BACKEND_ERROR_INVALID},
		{401, NULL, BACKEND_ERROR_AUTH},
		{402, NULL, BACKEND_ERROR_QUOTA},
		{403, NULL, BACKEND_ERROR_DENIED},
		{409, NULL, BACKEND_ERROR_CONFLICT},
		{429, NULL, BACKEND_ERROR_THROTTLED},
		{502, NULL, BACKEND_ERROR_REMOTE},
		{999, NULL, BACKEND_ERROR_REMOTE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		for (Protocol p = REST; p <= JSON11; p++) {
			g_autoptr(GError) error =
				refuse(p, rows[i].status, rows[i].code, "{}");

			g_test_message("%u %s", rows[i].status, rows[i].code);
			g_assert_cmpint(error->code, ==, rows[i].wanted);
		}
}

/* A proxy's page, or a wrong endpoint: nothing is gone for that. */
static void a_404_of_somebody_else_takes_nothing_away(void)
{
	g_autoptr(GError) page = refuse(REST, 404, NULL, NULL);
	g_autoptr(GError) empty = refuse(JSON11, 404, NULL, "{}");

	g_assert_cmpint(page->code, ==, BACKEND_ERROR_REMOTE);
	g_assert_cmpint(empty->code, ==, BACKEND_ERROR_REMOTE);
}

static void gone_is_told_by_the_text_where_there_is_no_code(void)
{
	static const struct {
		const char *message;
		BackendErrorCode wanted;
	} rows[] = {
		{"Cluster id 'j-1' is not valid.", BACKEND_ERROR_GONE},
		{"Session s-1 does not exist", BACKEND_ERROR_GONE},
		{"The specified session was not found", BACKEND_ERROR_GONE},
		{"SESSION ID s-1 IS NOT VALID", BACKEND_ERROR_GONE},
		{"Cluster j-1 is not session enabled", BACKEND_ERROR_INVALID},
		{"MaxResults is not valid", BACKEND_ERROR_INVALID},
		{"The role of the session does not exist",
			BACKEND_ERROR_INVALID},
		{"Subnet of the cluster not found", BACKEND_ERROR_INVALID},
		{"", BACKEND_ERROR_INVALID},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *body = g_strdup_printf(
			"{\"__type\":\"InvalidRequestException\","
			"\"Message\":\"%s\"}",
			rows[i].message);
		g_autoptr(GError) error = refuse(JSON11, 400, NULL, body);

		g_test_message("%s", rows[i].message);
		g_assert_cmpint(error->code, ==, rows[i].wanted);
	}
	g_autoptr(GError) coded = refuse(JSON11, 400, NULL,
		"{\"__type\":\"InvalidRequestException\",\"Message\":\"no\","
		"\"ErrorCode\":\"SessionNotFound\"}");
	g_assert_cmpint(coded->code, ==, BACKEND_ERROR_GONE);
}

static void the_text_is_read_in_either_case(void)
{
	static const struct {
		Protocol protocol;
		const char *body, *text;
	} rows[] = {
		{REST, "{\"message\":\"a\",\"Message\":\"b\"}", "a"},
		{REST, "{\"Message\":\"b\"}", "b"},
		{JSON11, "{\"message\":\"a\",\"Message\":\"b\"}", "b"},
		{JSON11, "{\"message\":\"a\"}", "a"},
		{JSON11, "{\"Message\":7}", "the provider refused the request"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = refuse(rows[i].protocol, 400,
			"ValidationException", rows[i].body);

		g_assert_cmpstr(error->message, ==, rows[i].text);
	}
}

/* It quotes the session token. */
static void what_was_signed_is_not_repeated(void)
{
	static const char *const codes[] = {"InvalidSignatureException",
		"SignatureDoesNotMatch", "IncompleteSignatureException"};

	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(GError) error = refuse(REST, 403, codes[i],
			"{\"message\":\"x-amz-security-token:hush\"}");

		g_assert_null(strstr(error->message, "hush"));
		g_assert_cmpint(error->code, ==, BACKEND_ERROR_AUTH);
	}
}

static void the_request_id_is_found_under_three_names(void)
{
	static const char *const names[] = {
		"x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		HttpAnswer answer = answer_of(500, NULL);
		g_autoptr(GError) error = NULL;

		put(&answer, names[i], "r-1");
		aws_refuse_rest(&answer, NULL, &error);
		answer_clear(&answer);
		g_assert_cmpstr(
			backend_error_detail(error)->request_id, ==, "r-1");
	}
}

static void a_wrong_clock_is_known_by_its_codes(void)
{
	g_assert_true(aws_is_skew("RequestTimeTooSkewed"));
	g_assert_true(aws_is_skew("RequestExpired"));
	g_assert_true(aws_is_skew("RequestInTheFuture"));
	g_assert_true(aws_is_skew("InvalidSignatureException"));
	g_assert_true(aws_is_skew("SignatureDoesNotMatch"));
	g_assert_true(aws_is_skew("AuthFailure"));
	g_assert_false(aws_is_skew("ExpiredTokenException"));
	g_assert_false(aws_is_skew(""));
}

static void hostile_words_are_bounded(void)
{
	g_autofree char *long_word = g_strnfill(100000, 'x');
	g_autofree char *body = g_strdup_printf(
		"{\"code\":\"%s\",\"message\":\"%s\"}", long_word, long_word);
	g_autoptr(GError) huge = refuse(REST, 400, long_word, body);
	g_autoptr(GError) bytes =
		refuse(REST, 400, "\xff\xfe", "{\"message\":\"a\xff\\nb\"}");
	g_autofree char *sentence = backend_error_sentence(bytes);

	g_assert_null(backend_error_detail(huge)->provider_code);
	g_assert_cmpuint(strlen(huge->message), <, 2000);
	g_assert_true(g_utf8_validate(bytes->message, -1, NULL));
	g_assert_null(strchr(sentence, '\n'));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/aws-error/place", the_code_is_where_the_protocol_says);
	g_test_add_func("/aws-error/cut", what_is_around_a_code_is_cut);
	g_test_add_func("/aws-error/codes", codes_count_before_statuses);
	g_test_add_func(
		"/aws-error/404", a_404_of_somebody_else_takes_nothing_away);
	g_test_add_func("/aws-error/gone",
		gone_is_told_by_the_text_where_there_is_no_code);
	g_test_add_func("/aws-error/text", the_text_is_read_in_either_case);
	g_test_add_func("/aws-error/signed", what_was_signed_is_not_repeated);
	g_test_add_func("/aws-error/request-id",
		the_request_id_is_found_under_three_names);
	g_test_add_func("/aws-error/skew", a_wrong_clock_is_known_by_its_codes);
	g_test_add_func("/aws-error/hostile", hostile_words_are_bounded);
	return g_test_run();
}
