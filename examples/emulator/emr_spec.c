#include "emr.h"

#include <string.h>

/* The model's own limits for StartSession. */

#define DEPTH_MAX 16
#define IDLE_MAX G_GINT64_CONSTANT(1000000)

static const struct {
	const char *name;
	JsonType type;
	glong min, max; /* of a text, in characters */
	gboolean needed;
} fields[] = {
	{"ClusterId", JSON_STRING, 1, 256, TRUE},
	{"Name", JSON_STRING, 0, 256, FALSE},
	{"ExecutionRoleArn", JSON_STRING, 20, 2048, FALSE},
	{"ClientRequestToken", JSON_STRING, 1, 36, FALSE},
	{"EngineConfigurations", JSON_ARRAY, 0, 0, FALSE},
	{"MonitoringConfiguration", JSON_OBJECT, 0, 0, FALSE},
	{"SessionIdleTimeoutInMinutes", JSON_NUMBER, 0, 0, FALSE},
	{"Tags", JSON_ARRAY, 0, 0, FALSE},
};

static char *wrong(const char *name, const char *why)
{
	return g_strdup_printf("1 validation error detected: Value at '%s' "
			       "failed to satisfy constraint: Member must %s",
		name, why);
}

static gboolean long_enough(const char *text, glong min, glong max)
{
	glong n =
		g_utf8_validate(text, -1, NULL) ? g_utf8_strlen(text, -1) : -1;

	return n >= min && n <= max;
}

static char *check_fields(const Json *spec)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		const Json *value = json_get(spec, fields[i].name);

		if (!value && fields[i].needed)
			return wrong(fields[i].name, "not be null");
		if (!value)
			continue;
		if (json_type(value) != fields[i].type)
			return wrong(fields[i].name, "be of another type");
		if (json_text(value) && !long_enough(json_text(value),
						fields[i].min, fields[i].max))
			return wrong(
				fields[i].name, "have a length within limits");
	}
	return NULL;
}

static char *check_configs(const Json *configs, guint depth)
{
	json_foreach (config, configs) {
		const Json *inner = json_get(config, "Configurations");
		char *problem;

		if (!json_text(json_get(config, "Classification")))
			return wrong("EngineConfigurations",
				"have a Classification");
		json_foreach (property, json_get(config, "Properties")) {
			if (!json_text(property))
				return wrong("EngineConfigurations",
					"have texts for properties");
		}
		if (inner &&
			(json_type(inner) != JSON_ARRAY || depth > DEPTH_MAX))
			return wrong("EngineConfigurations", "be lists");
		problem = check_configs(inner, depth + 1);
		if (problem)
			return problem;
	}
	return NULL;
}

char *emr_spec_check(const Json *spec)
{
	const Json *idle = json_get(spec, "SessionIdleTimeoutInMinutes");
	char *problem = check_fields(spec);
	gint64 minutes;

	if (problem)
		return problem;
	if (idle && (!json_whole(idle, &minutes) || minutes < 0 ||
			    minutes > IDLE_MAX))
		return wrong("SessionIdleTimeoutInMinutes",
			"have value greater than or equal to 0");
	json_foreach (tag, json_get(spec, "Tags")) {
		if (!json_text(json_get(tag, "Key")))
			return wrong("Tags", "have a Key");
	}
	return check_configs(json_get(spec, "EngineConfigurations"), 0);
}
