#include "backends/http/outcome.h"

#include <string.h>

#include "backends/base/json_span.h"
#include "backends/base/secret.h"
#include "backends/error.h"
#include "backends/http/html.h"
#include "backends/http/retry.h"

static Json *parse(const HttpAnswer *answer, gboolean outline, GError **error)
{
	const char *text = (const char *)answer->body->data;

	return outline ? json_parse_outline(text, answer->body->len, error)
		       : json_parse(text, answer->body->len, error);
}

/* As parse; a page for people is told by its title. */
static Json *parse_told(
	const HttpAnswer *answer, gboolean outline, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *words = NULL;
	Json *json = parse(answer, outline, &cause);

	if (!json && outline &&
		json_mend((char *)answer->body->data, answer->body->len))
		json = parse(answer, outline, NULL);
	if (json)
		return json;
	words = html_is(answer) ? html_words(answer->body) : NULL;
	if (words)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"a page for people (%s, status %u) where JSON was "
			"expected: check the section's url or endpoint",
			*words ? words : "without a title", answer->status);
	else
		g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

GError *outcome_refusal(void (*refuse)(const HttpAnswer *answer,
				const Json *body, GError **error),
	const HttpAnswer *answer, gint64 now)
{
	g_autoptr(Json) body = parse(answer, FALSE, NULL);
	BackendErrorDetail *detail;
	GError *problem = NULL;

	refuse(answer, body, &problem);
	if (!problem)
		backend_error_set(&problem, BACKEND_ERROR_REMOTE,
			"the provider answered with status %u", answer->status);
	detail = backend_error_detail(problem);
	if (detail && detail->retry_after_ms == 0)
		detail->retry_after_ms = retry_after_ms(answer, now);
	return problem;
}

/* Fit to be handed on. */
static void clean_body(GByteArray *body)
{
	g_autofree char *valid = NULL;

	if (body->len >= 3 && memcmp(body->data, "\xef\xbb\xbf", 3) == 0)
		g_byte_array_remove_range(body, 0, 3);
	if (g_utf8_validate((const char *)body->data, body->len, NULL))
		return;
	valid = g_utf8_make_valid((const char *)body->data, body->len);
	secret_wipe(body->data, body->len);
	g_byte_array_set_size(body, 0);
	g_byte_array_append(
		body, (const guint8 *)valid, (guint)strlen(valid) + 1);
	g_byte_array_set_size(body, body->len - 1);
	secret_wipe(valid, strlen(valid));
}

Json *outcome_json(HttpAnswer *answer, gboolean safe, gboolean outline,
	gboolean (*accept)(const Json *answer, GError **error),
	GByteArray **ret_text, GError **error)
{
	g_autoptr(Json) json = NULL;

	if (answer->status < 200 || answer->status > 299)
		return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
			"status %u where an answer was expected",
			answer->status);
	if (answer->body->len == 0 && safe)
		return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
			"an empty answer (status %u) where JSON was expected",
			answer->status);
	if (answer->body->len == 0)
		g_byte_array_append(answer->body, (const guint8 *)"{}", 2);
	clean_body(answer->body);
	json = parse_told(answer, outline, error);
	if (!json || (accept && !accept(json, error)))
		return NULL;
	if (ret_text)
		*ret_text = g_steal_pointer(&answer->body);
	return g_steal_pointer(&json);
}

void outcome_clear_up(GError *problem, gboolean safe)
{
	if (!safe && (problem->code == BACKEND_ERROR_BAD_ANSWER ||
			     problem->code == BACKEND_ERROR_REMOTE ||
			     problem->code == BACKEND_ERROR_TIMEOUT))
		problem->code = BACKEND_ERROR_MAY_EXIST;
}

char *outcome_request_id(const HttpAnswer *answer, GError *problem)
{
	static const char *const headers[] = {"x-acs-request-id",
		"x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id",
		"x-request-id"};
	const BackendErrorDetail *detail = backend_error_detail(problem);

	if (detail && detail->request_id)
		return g_strdup(detail->request_id);
	for (gsize i = 0; answer && i < G_N_ELEMENTS(headers); i++) {
		const char *id = http_answer_get(answer, headers[i]);

		if (id && *id)
			return g_utf8_make_valid(id, -1);
	}
	return NULL;
}
