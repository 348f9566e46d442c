#include "alibaba.h"

#include <string.h>

/* The product's own checks of a create: the model's types, the console's rule
 * for names. */

#define NAME_MAX_CHARS 64

static const struct {
	const char *name;
	JsonType type;
} fields[] = {
	{"name", JSON_STRING},
	{"kind", JSON_STRING},
	{"queueName", JSON_STRING},
	{"releaseVersion", JSON_STRING},
	{"displayReleaseVersion", JSON_STRING},
	{"fusion", JSON_BOOL},
	{"envId", JSON_STRING},
	{"publicEndpointEnabled", JSON_BOOL},
	{"autoStartConfiguration", JSON_OBJECT},
	{"autoStopConfiguration", JSON_OBJECT},
	{"applicationConfigs", JSON_ARRAY},
	{"clientToken", JSON_STRING},
};

static char *wrong(const char *name, const char *why)
{
	return g_strdup_printf(
		"The specified parameter %s is not valid: %s.", name, why);
}

static char *check_types(const Json *spec)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		const Json *value = json_get(spec, fields[i].name);

		if (value && json_type(value) != fields[i].type)
			return g_strdup_printf(
				"The specified parameter %s is not "
				"valid: it must be %s.",
				fields[i].name, json_type_name(fields[i].type));
	}
	return NULL;
}

static char *check_name(const Json *spec)
{
	const char *name = json_text(json_get(spec, "name"));

	if (!name)
		return wrong("name", "it is mandatory");
	if (!g_utf8_validate(name, -1, NULL))
		return wrong("name", "it is not UTF-8");
	if (!*name || g_utf8_strlen(name, -1) > NAME_MAX_CHARS)
		return wrong("name", "it must have 1 to 64 characters");
	for (; *name; name++)
		if (g_ascii_iscntrl(*name))
			return wrong("name", "it holds a control character");
	return NULL;
}

static char *check_kind(const Json *spec)
{
	static const char *const kinds[] = {"SQL", "NOTEBOOK", "THRIFT", NULL};
	const char *kind = json_text(json_get(spec, "kind"));

	if (kind && !g_strv_contains(kinds, kind))
		return wrong("kind", "it must be SQL, NOTEBOOK or THRIFT");
	return NULL;
}

static char *check_configs(const Json *spec)
{
	static const char *const names[] = {
		"configFileName", "configItemKey", "configItemValue"};

	json_foreach (config, json_get(spec, "applicationConfigs")) {
		if (json_type(config) != JSON_OBJECT)
			return wrong(
				"applicationConfigs", "an item is no object");
		for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
			const Json *value = json_get(config, names[i]);

			if (value && json_type(value) != JSON_STRING)
				return wrong(names[i], "it must be a string");
		}
	}
	return NULL;
}

static char *check_switches(const Json *spec)
{
	static const char *const names[] = {
		"autoStartConfiguration", "autoStopConfiguration"};
	const Json *minutes =
		json_get(json_get(spec, names[1]), "idleTimeoutMinutes");
	gint64 whole;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		const Json *enable =
			json_get(json_get(spec, names[i]), "enable");

		if (enable && json_type(enable) != JSON_BOOL)
			return wrong(names[i], "enable must be a boolean");
	}
	if (minutes && (!json_whole(minutes, &whole) || whole < 0))
		return wrong(names[1], "idleTimeoutMinutes must be a number");
	return NULL;
}

char *alibaba_spec_check(const Json *spec)
{
	static char *(*const checks[])(const Json *) = {check_types, check_name,
		check_kind, check_configs, check_switches};

	if (json_type(spec) != JSON_OBJECT)
		return g_strdup("The request body must be a JSON object.");
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++) {
		char *problem = checks[i](spec);

		if (problem)
			return problem;
	}
	return NULL;
}
