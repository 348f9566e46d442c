#include "backends/dli/dli_spec.h"

#include <string.h>

#include "backends/provider/spec.h"
#include "backends/provider/spec_rule.h"

/* ---- the table ---- */

static const SpecField spec_names[] = {
	{"", SPEC_STRING},
	{NULL},
};
static const SpecField spec_resource[] = {
	{"name", SPEC_STRING},
	{"type", SPEC_STRING},
	{NULL},
};
static const SpecField spec_resources[] = {
	{"", SPEC_OBJECT, .fields = spec_resource},
	{NULL},
};
static const SpecField spec_group[] = {
	{"name", SPEC_STRING},
	{"resources", SPEC_ARRAY, .fields = spec_resources},
	{NULL},
};
static const SpecField spec_groups[] = {
	{"", SPEC_OBJECT, .fields = spec_group},
	{NULL},
};
const SpecField dli_spec[] = {
	{"kind", SPEC_STRING, TRUE},
	{"name", SPEC_STRING, FALSE, 0, 128},
	{"queue", SPEC_STRING},
	{"cluster_name", SPEC_STRING},
	{"sc_type", SPEC_STRING},
	{"jars", SPEC_ARRAY, .fields = spec_names},
	{"pyFiles", SPEC_ARRAY, .fields = spec_names},
	{"files", SPEC_ARRAY, .fields = spec_names},
	{"modules", SPEC_ARRAY, .fields = spec_names},
	{"resources", SPEC_ANY}, /* names, or objects with a type */
	{"groups", SPEC_ARRAY, .fields = spec_groups},
	{"conf", SPEC_ANY}, /* a map, or an array of objects */
	{"heartbeatTimeoutInSecond", SPEC_INT, FALSE, 0, G_MAXINT32},
	{"driverMemory", SPEC_STRING},
	{"executorMemory", SPEC_STRING},
	{"driverCores", SPEC_INT, FALSE, 1, G_MAXINT32},
	{"executorCores", SPEC_INT, FALSE, 1, G_MAXINT32},
	{"numExecutors", SPEC_INT, FALSE, 1, G_MAXINT32},
	{"clientToken", SPEC_STRING, FALSE, 1, 64}, /* ours: it is not sent */
	{NULL},
};

/* ---- rules for single values ---- */

static gboolean refuse(const char *name, const char *rule, GError **error)
{
	return backend_error_false(
		error, BACKEND_ERROR_INVALID, "%s must be %s", name, rule);
}

static gboolean is_spark(const Json *value)
{
	return g_strcmp0(json_text(value), "spark") == 0;
}

static gboolean is_size(const Json *value)
{
	static const char *const sizes[] = {"A", "B", "C", NULL};
	const char *text = json_text(value);

	return text && g_strv_contains(sizes, text);
}

/* Without a unit the start fails, and only then. */
static gboolean is_memory(const Json *value)
{
	const char *text = json_text(value);
	gsize digits = text ? strspn(text, "0123456789") : 0;

	if (digits == 0 || !text[digits] || !strchr("kKmMgGtT", text[digits]))
		return FALSE;
	const char *rest = text + digits + 1;
	return !*rest || g_ascii_strcasecmp(rest, "b") == 0;
}

static gboolean is_conf(const Json *value)
{
	if (json_type(value) == JSON_OBJECT)
		return TRUE;
	if (json_type(value) != JSON_ARRAY)
		return FALSE;
	json_foreach (element, value)
		if (json_type(element) != JSON_OBJECT)
			return FALSE;
	return TRUE;
}

static gboolean is_resources(const Json *value)
{
	if (json_type(value) != JSON_ARRAY)
		return FALSE;
	json_foreach (element, value)
		if (json_type(element) != JSON_OBJECT &&
			json_type(element) != JSON_STRING)
			return FALSE;
	return TRUE;
}

static const struct {
	const char *name;
	gboolean (*fits)(const Json *value);
	const char *rule;
} rules[] = {
	{"kind", is_spark, "spark: there is no other"},
	{"sc_type", is_size, "A, B or C"},
	{"driverMemory", is_memory, "a number with a unit, such as 2G"},
	{"executorMemory", is_memory, "a number with a unit, such as 2G"},
	{"conf", is_conf, "an object, or an array of objects"},
	{"resources", is_resources, "an array of names or of objects"},
};

/* ---- checking and placing ---- */

gboolean dli_spec_check(const Json *spec, const DliHome *home, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		const Json *value = json_get(spec, rules[i].name);

		if (value && !rules[i].fits(value))
			return refuse(rules[i].name, rules[i].rule, error);
	}
	/* Each is an alias of the other, and `queue` wins. */
	return spec_agrees(spec, "queue", home->workspace, error) &&
	       spec_agrees(spec, "cluster_name", home->workspace, error);
}

void dli_spec_place(Json *spec, const DliHome *home)
{
	json_remove(spec, "queue");
	json_remove(spec, "cluster_name");
	json_set_text(spec, home->member, home->workspace);
}

/* ---- from a record ---- */

/* Members that say where or how often, not what: a clone may lie elsewhere. */
static const char *const not_in_config[] = {
	"queue", "cluster_name", "clientToken", NULL};

Json *dli_spec_of(const Json *record)
{
	Json *spec = spec_reduce(dli_spec, record, not_in_config);

	for (const SpecField *field = dli_spec; field->name; field++) {
		const Json *value = json_get(spec, field->name);

		if (value && spec_is_unset(value))
			json_remove(spec, field->name);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		const Json *value = json_get(spec, rules[i].name);

		if (value && !rules[i].fits(value))
			json_remove(spec, rules[i].name);
	}
	return spec;
}
