#include "backends/aws/aws_spec.h"

#include <string.h>

#include "backends/base/text.h"

#define SHOWN 64
#define ACCOUNT_LEN 12
#define TAG_KEY_MAX 128
#define TAG_VALUE_MAX 256

static gboolean wrong(
	GError **error, const char *name, const char *value, const char *wanted)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);
	g_autofree char *cut = g_utf8_strlen(valid, -1) > SHOWN
				       ? g_utf8_substring(valid, 0, SHOWN)
				       : g_strdup(valid);

	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"%s must %s, not %s", name, wanted, *cut ? cut : "empty");
}

gboolean aws_spec_made_of(
	const Json *spec, const char *name, const char *others, GError **error)
{
	const char *given = json_text(json_get(spec, name));
	g_autofree char *wanted = g_strdup_printf(
		"be made of letters, digits and any of %s", others);

	return !given || text_is_made_of(given, others) ||
	       wrong(error, name, given, wanted);
}

/* arn:aws*:iam::<12 digits>:role/... */
static gboolean role_legal(const char *arn)
{
	g_auto(GStrv) parts = g_strsplit(arn, ":", 6);

	if (g_strv_length(parts) != 6 || strcmp(parts[0], "arn") != 0 ||
		!g_str_has_prefix(parts[1], "aws") ||
		strcmp(parts[2], "iam") != 0 || *parts[3] ||
		strlen(parts[4]) != ACCOUNT_LEN ||
		strspn(parts[4], "0123456789") != ACCOUNT_LEN ||
		!g_str_has_prefix(parts[5], "role/"))
		return FALSE;
	const char *name = parts[5] + strlen("role/");
	return *name &&
	       text_is_made_of(name, "_+=,.@-/!\"#$%&'()*:;<>?[\\]^`{|}~");
}

gboolean aws_spec_role(const Json *spec, const char *name, GError **error)
{
	const char *given = json_text(json_get(spec, name));

	return !given || role_legal(given) ||
	       wrong(error, name, given,
		       "be a role's ARN such as "
		       "arn:aws:iam::123456789012:role/name");
}

gboolean aws_tag_is_own(const char *key)
{
	return g_ascii_strncasecmp(key, "aws:", 4) == 0;
}

gboolean aws_spec_tag(const char *key, const char *value, GError **error)
{
	glong len = key ? g_utf8_strlen(key, -1) : 1;

	if (len < 1 || len > TAG_KEY_MAX)
		return wrong(
			error, "a tag's key", key, "have 1 to 128 characters");
	if (key && aws_tag_is_own(key))
		return wrong(
			error, "a tag's key", key, "not begin with \"aws:\"");
	if (value && g_utf8_strlen(value, -1) > TAG_VALUE_MAX)
		return wrong(error, "a tag's value", value,
			"have at most 256 characters");
	return TRUE;
}
