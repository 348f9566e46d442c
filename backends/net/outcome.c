#include "net/outcome.h"

#include <string.h>

#include "error.h"
#include "net/retry.h"

static Json *parse(const HttpAnswer *answer, GError **error)
{
	return json_parse(
		(const char *)answer->body->data, answer->body->len, error);
}

GError *outcome_refusal(void (*refuse)(const HttpAnswer *answer,
				const Json *body, GError **error),
	const HttpAnswer *answer, gboolean safe, gint64 now,
	gint64 *ret_server_s)
{
	const char *date = http_answer_get(answer, "date");
	g_autoptr(Json) body = parse(answer, NULL);
	BackendErrorDetail *detail;
	GError *problem = NULL;

	if (date)
		(void)retry_http_date(date, ret_server_s);
	refuse(answer, body, &problem);
	if (!problem)
		backend_error_set(&problem, BACKEND_ERROR_REMOTE,
			"the provider answered with status %u", answer->status);
	detail = backend_error_detail(problem);
	if (detail && detail->retry_after_ms == 0)
		detail->retry_after_ms = retry_after_ms(answer, now);
	if (answer->status >= 500 && !safe &&
		!(detail && detail->provider_code))
		problem->code = BACKEND_ERROR_TIMEOUT;
	return problem;
}

Json *outcome_json(HttpAnswer *answer, GByteArray **ret_text, GError **error)
{
	Json *json;

	/* A redirect, which is never followed. */
	if (answer->status < 200 || answer->status > 299) {
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"status %u where an answer was expected",
			answer->status);
		return NULL;
	}
	if (answer->body->len == 0)
		g_byte_array_append(answer->body, (const guint8 *)"{}", 2);
	json = parse(answer, error);
	if (json && ret_text)
		*ret_text = g_steal_pointer(&answer->body);
	return json;
}

static void mask(char **text, const Secret *secret)
{
	GString *out;

	if (!*text || !secret || secret_len(secret) == 0 ||
		!strstr(*text, secret_peek(secret)))
		return;
	out = g_string_new(*text);
	g_string_replace(out, secret_peek(secret), "***", 0);
	g_free(*text);
	*text = g_string_free(out, FALSE);
}

static void mask_all(char **text, const Credentials *credentials)
{
	mask(text, credentials->secret);
	mask(text, credentials->token);
}

void outcome_clear_up(
	GError *problem, gboolean safe, const Credentials *credentials)
{
	BackendErrorDetail *detail = backend_error_detail(problem);

	if (!safe && problem->code == BACKEND_ERROR_BAD_ANSWER)
		problem->code = BACKEND_ERROR_TIMEOUT;
	mask_all(&problem->message, credentials);
	if (!detail)
		return;
	mask_all(&detail->provider_code, credentials);
	mask_all(&detail->request_id, credentials);
}
