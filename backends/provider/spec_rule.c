#include "backends/provider/spec_rule.h"

#include "backends/error.h"

const char *const spec_identity[] = {"owner", "proxyUser", "queue", NULL};

gboolean spec_agrees(
	const Json *spec, const char *name, const char *implied, GError **error)
{
	const char *given = json_text(json_get(spec, name));

	if (!given || g_str_equal(given, implied))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"%s must be %s here, or be left out", name, implied);
}

gboolean spec_is_unset(const Json *value)
{
	switch (json_type(value)) {
	case JSON_NULL:
		return TRUE;
	case JSON_STRING:
		return *json_text(value) == '\0';
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_size(value) == 0;
	default:
		return FALSE;
	}
}
