#include "emr_serverless.h"

#include <string.h>

/* The model's own limits for StartSession. */

#define CONFIGS_MAX 100
#define DEPTH_MAX 16

static char *wrong(const char *name, const char *why)
{
	return g_strdup_printf("1 validation error detected: Value at '%s' "
			       "failed to satisfy constraint: Member must %s",
		name, why);
}

static gboolean all_of(const char *text, const char *more)
{
	for (; *text; text++)
		if (!g_ascii_isalnum(*text) && !strchr(more, *text))
			return FALSE;
	return TRUE;
}

gboolean emr_serverless_id_valid(const char *id)
{
	gsize len = strlen(id);

	for (const char *at = id; *at; at++)
		if (g_ascii_isupper(*at))
			return FALSE;
	return len >= 1 && len <= 64 && all_of(id, "");
}

static gboolean between(const char *text, glong min, glong max)
{
	glong n =
		g_utf8_validate(text, -1, NULL) ? g_utf8_strlen(text, -1) : -1;

	return n >= min && n <= max;
}

static char *check_token(const Json *spec)
{
	const char *token = json_text(json_get(spec, "clientToken"));

	if (!token)
		return wrong("clientToken", "not be null");
	if (!between(token, 1, 64) || !all_of(token, "._-"))
		return wrong("clientToken",
			"satisfy regular expression pattern: "
			"[A-Za-z0-9._-]{1,64}");
	return NULL;
}

static char *check_role(const Json *spec)
{
	const char *role = json_text(json_get(spec, "executionRoleArn"));

	if (!role)
		return wrong("executionRoleArn", "not be null");
	if (!between(role, 20, 2048) || !g_str_has_prefix(role, "arn:aws") ||
		!strstr(role, ":iam::") || !strstr(role, ":role/"))
		return wrong("executionRoleArn",
			"satisfy regular expression pattern: arn:(aws[a-zA-Z0-9"
			"-]*):iam::(\\d{12})?:(role((\\u002F)|(\\u002F[\\u0021-"
			"\\u007F]+\\u002F))[\\w+=,.@-]+)");
	return NULL;
}

static char *check_name(const Json *spec)
{
	const Json *value = json_get(spec, "name");
	const char *name = json_text(value);

	if (!value)
		return NULL;
	if (!name || !between(name, 1, 256) ||
		strspn(name, " \t\r\n") == strlen(name))
		return wrong("name", "satisfy regular expression pattern: "
				     ".*\\S.*, and have length of at most 256");
	return NULL;
}

static char *check_idle(const Json *spec)
{
	const Json *value = json_get(spec, "idleTimeoutMinutes");
	gint64 minutes;

	if (value && (json_type(value) != JSON_NUMBER ||
			     !json_whole(value, &minutes) || minutes < 0 ||
			     minutes > 1000000))
		return wrong("idleTimeoutMinutes",
			"have value less than or equal to 1000000 and be no "
			"less than 0");
	return NULL;
}

static char *check_tags(const Json *spec)
{
	const Json *tags = json_get(spec, "tags");

	if (tags && (json_type(tags) != JSON_OBJECT || json_size(tags) > 200))
		return wrong("tags", "be a map of at most 200");
	json_foreach (tag, tags) {
		const char *value = json_text(tag);

		if (!value || !between(value, 0, 256) ||
			!between(json_name(tag), 1, 128) ||
			!all_of(value, " /_.:=+@-") ||
			!all_of(json_name(tag), " /_.:=+@-"))
			return wrong("tags",
				"satisfy regular expression pattern: "
				"[A-Za-z0-9 /_.:=+@-]+");
	}
	return NULL;
}

static char *check_configs(const Json *configs, guint depth)
{
	static const char where[] =
		"configurationOverrides.runtimeConfiguration";

	if (configs &&
		(json_type(configs) != JSON_ARRAY ||
			json_size(configs) > CONFIGS_MAX || depth > DEPTH_MAX))
		return wrong(where, "be a list of at most 100");
	json_foreach (config, configs) {
		const char *name =
			json_text(json_get(config, "classification"));
		const Json *properties = json_get(config, "properties");
		char *problem;

		if (!name || !between(name, 1, 1024))
			return wrong(where, "have a classification");
		if (properties && (json_type(properties) != JSON_OBJECT ||
					  json_size(properties) > CONFIGS_MAX))
			return wrong(where, "have a map of at most 100");
		json_foreach (property, properties) {
			if (!json_text(property))
				return wrong(where, "have texts only");
		}
		problem = check_configs(
			json_get(config, "configurations"), depth + 1);
		if (problem)
			return problem;
	}
	return NULL;
}

static char *check_overrides(const Json *spec)
{
	const Json *overrides = json_get(spec, "configurationOverrides");

	if (overrides && json_type(overrides) != JSON_OBJECT)
		return wrong("configurationOverrides", "be a structure");
	return check_configs(json_get(overrides, "runtimeConfiguration"), 0);
}

char *emr_serverless_spec_check(const Json *spec)
{
	static char *(*const checks[])(const Json *) = {check_token, check_role,
		check_name, check_idle, check_tags, check_overrides};

	for (guint i = 0; i < G_N_ELEMENTS(checks); i++) {
		char *problem = checks[i](spec);

		if (problem)
			return problem;
	}
	return NULL;
}
