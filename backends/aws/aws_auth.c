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

gboolean aws_header_fits(const char *text, GError **error)
{
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c) && *c != '\t')
			return backend_error_false(error, BACKEND_ERROR_AUTH,
				"the token holds a line break or control "
				"character");
	return TRUE;
}
