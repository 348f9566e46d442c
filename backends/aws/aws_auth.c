#include "backends/aws/aws_auth.h"

#include <string.h>

#include "backends/base/utc.h"

const AuthKeyNames aws_token_names = {
	"AccessKeyId", "SecretAccessKey", "Token", "Expiration", TRUE};
const AuthKeyNames aws_session_names = {
	"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", FALSE};

gint64 aws_time_ms(const char *text)
{
	g_autofree char *copy = g_strdup(text);

	if (g_str_has_suffix(copy, "UTC"))
		strchr(copy, 'U')[0] = '\0';
	return utc_ms(copy);
}

SecretText *aws_word_of(const HttpAnswer *answer)
{
	g_autoptr(SecretText) text =
		g_strndup((const char *)answer->body->data, answer->body->len);

	g_strstrip(text);
	for (const char *c = text; *c; c++)
		if (!g_ascii_isgraph(*c))
			return NULL;
	return *text ? g_steal_pointer(&text) : NULL;
}

gboolean aws_header_fits(const char *text, GError **error)
{
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c) && *c != '\t') {
			backend_error_set(error, BACKEND_ERROR_AUTH,
				"the token holds a line break or control "
				"character");
			return FALSE;
		}
	return TRUE;
}

Credentials *aws_answer_keys(const HttpAnswer *answer,
	const AuthKeyNames *names, const char *origin, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const char *code = json_get_text(body, "Code", 256, "Success");
	Credentials *credentials = NULL;

	if (!body)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"%s: the answer is not JSON", origin);
	else if (!g_str_equal(code, "Success"))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: the answer's Code is not Success", origin);
	else
		credentials = auth_keys_read(body, names, origin, error);
	auth_correct_expiry(credentials, answer);
	return credentials;
}
