#include "dli.h"

#include <string.h>

/* The product's own checks of a create, as far as its documents tell them. */

#define NAME_MAX_CHARS 128

static const struct {
	const char *name;
	JsonType type;
} fields[] = {
	{"kind", JSON_STRING},
	{"name", JSON_STRING},
	{"queue", JSON_STRING},
	{"cluster_name", JSON_STRING},
	{"sc_type", JSON_STRING},
	{"jars", JSON_ARRAY},
	{"pyFiles", JSON_ARRAY},
	{"files", JSON_ARRAY},
	{"modules", JSON_ARRAY},
	{"resources", JSON_ARRAY},
	{"groups", JSON_ARRAY},
	{"heartbeatTimeoutInSecond", JSON_NUMBER},
	{"driverMemory", JSON_STRING},
	{"executorMemory", JSON_STRING},
	{"driverCores", JSON_NUMBER},
	{"executorCores", JSON_NUMBER},
	{"numExecutors", JSON_NUMBER},
};

static char *check_types(const Json *spec)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		const Json *value = json_get(spec, fields[i].name);

		if (value && json_type(value) != JSON_NULL &&
			json_type(value) != fields[i].type)
			return g_strdup_printf("The parameter %s must be %s.",
				fields[i].name, json_type_name(fields[i].type));
	}
	return NULL;
}

static gboolean is_conf(const Json *conf)
{
	JsonType type = conf ? json_type(conf) : JSON_NULL;

	return type == JSON_NULL || type == JSON_OBJECT || type == JSON_ARRAY;
}

char *dli_spec_check(const Json *spec)
{
	static const char *const sizes[] = {"A", "B", "C", "", NULL};
	const char *name = json_get_text(spec, "name", G_MAXINT32, "");
	const char *size = json_get_text(spec, "sc_type", 64, "");
	char *problem = check_types(spec);

	if (problem)
		return problem;
	if (strcmp(json_get_text(spec, "kind", 64, ""), "spark"))
		return g_strdup("The parameter kind must be spark.");
	if (!g_utf8_validate(name, -1, NULL) ||
		g_utf8_strlen(name, -1) > NAME_MAX_CHARS)
		return g_strdup("The parameter name is too long.");
	if (!g_strv_contains(sizes, size))
		return g_strdup("The parameter sc_type must be A, B or C.");
	if (!is_conf(json_get(spec, "conf")))
		return g_strdup("The parameter conf must be a map.");
	return NULL;
}

/* Without a unit the driver does not start. */
gboolean dli_spec_starts(const Json *spec)
{
	static const char *const names[] = {"driverMemory", "executorMemory"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *text = json_get_text(spec, names[i], 64, "1G");

		if (*text && strspn(text, "0123456789") == strlen(text))
			return FALSE;
	}
	return TRUE;
}
