#include "livy.h"

#include <string.h>

/* A create as 0.9.0 judges it: first its parser, then the server. */

#define REQUEST "org.apache.livy.server.interactive.CreateInteractiveRequest"

static const struct {
	const char *name;
	JsonType type;
} fields[] = {
	{"executorCores", JSON_NUMBER},
	{"conf", JSON_OBJECT},
	{"driverMemory", JSON_STRING},
	{"name", JSON_STRING},
	{"driverCores", JSON_NUMBER},
	{"idleTimeout", JSON_STRING},
	{"pyFiles", JSON_ARRAY},
	{"archives", JSON_ARRAY},
	{"kind", JSON_STRING},
	{"files", JSON_ARRAY},
	{"jars", JSON_ARRAY},
	{"proxyUser", JSON_STRING},
	{"numExecutors", JSON_NUMBER},
	{"heartbeatTimeoutInSecond", JSON_NUMBER},
	{"ttl", JSON_STRING},
	{"queue", JSON_STRING},
	{"executorMemory", JSON_STRING},
};

void livy_problem_clear(LivyProblem *problem)
{
	g_free(problem->message);
}

/* ---- the parser ---- */

static void unknown_field(const char *name, LivyProblem *ret)
{
	GString *text = g_string_new(NULL);

	g_string_printf(text,
		"Unrecognized field \"%s\" (class " REQUEST
		"), not marked as ignorable (%zu known properties: ",
		name, G_N_ELEMENTS(fields));
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
		g_string_append_printf(
			text, "%s\"%s\"", i ? ", " : "", fields[i].name);
	g_string_append_printf(text,
		"])\n at [Source: (org.eclipse.jetty.server.HttpInputOverHTTP);"
		" line: 1, column: 34] (through reference chain: " REQUEST
		"[\"%s\"])",
		name);
	*ret = (LivyProblem){400, TRUE, FALSE, g_string_free(text, FALSE)};
}

/* Numbers are unboxed only when they are used, which is a failure then. */
static void wrong_type(gsize field, const Json *value, LivyProblem *ret)
{
	if (fields[field].type == JSON_NUMBER)
		*ret = (LivyProblem){500, TRUE, TRUE,
			g_strdup("java.lang.ClassCastException: class "
				 "java.lang.String cannot be cast to class "
				 "java.lang.Integer")};
	else if (fields[field].type != JSON_STRING ||
		 json_type(value) == JSON_OBJECT ||
		 json_type(value) == JSON_ARRAY)
		*ret = (LivyProblem){400, TRUE, FALSE,
			g_strdup_printf("Cannot construct instance of the type "
					"of %s: no %s-argument "
					"constructor/factory method",
				fields[field].name,
				json_type_name(json_type(value)))};
}

static void check_member(const Json *member, LivyProblem *ret)
{
	const char *name = json_name(member);
	gsize i = 0;

	while (i < G_N_ELEMENTS(fields) && strcmp(fields[i].name, name))
		i++;
	if (i == G_N_ELEMENTS(fields))
		unknown_field(name, ret);
	else if (json_type(member) != JSON_NULL &&
		 json_type(member) != fields[i].type)
		wrong_type(i, member, ret);
}

static void check_kind(const Json *spec, LivyProblem *ret)
{
	static const char *const kinds[] = {
		"spark", "pyspark", "sparkr", "shared", "sql", NULL};
	const char *kind = json_text(json_get(spec, "kind"));

	if (kind && !g_strv_contains(kinds, kind))
		*ret = (LivyProblem){400, TRUE, FALSE,
			g_strdup_printf("Invalid kind: %s (through reference "
					"chain: " REQUEST "[\"kind\"])",
				kind)};
}

/* ---- the server ---- */

static void reject(LivyProblem *ret, const char *what, const char *value)
{
	*ret = (LivyProblem){400, FALSE, TRUE,
		g_strdup_printf("Rejected, Reason: %s%s", what, value)};
}

static void check_name(const Json *spec, LivyProblem *ret)
{
	const Json *value = json_get(spec, "name");
	gint64 number;
	const char *name = json_text(value);

	if (json_whole(value, &number)) {
		g_autofree char *text =
			g_strdup_printf("%" G_GINT64_FORMAT, number);
		reject(ret, "Invalid session name: ", text);
	} else if (name && strspn(name, "0123456789") == strlen(name))
		reject(ret, "Invalid session name: ", name);
}

static gboolean is_duration(const char *text)
{
	static const char *const units[] = {
		"", "us", "ms", "s", "m", "min", "h", "d", NULL};
	gsize digits = strspn(text, "0123456789");

	return digits > 0 && g_strv_contains(units, text + digits);
}

static void check_durations(const Json *spec, LivyProblem *ret)
{
	static const char *const names[] = {"ttl", "idleTimeout"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *text = json_text(json_get(spec, names[i]));

		if (text && !is_duration(text) && !ret->message)
			reject(ret, "Invalid time string: ", text);
	}
}

static void check_files(const Json *spec, LivyProblem *ret)
{
	static const char *const names[] = {
		"jars", "pyFiles", "files", "archives"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		json_foreach (file, json_get(spec, names[i])) {
			const char *path = json_text(file);

			if (path && g_str_has_prefix(path, "file://"))
				path += strlen("file://");
			if (!path || *path != '/' || ret->message)
				continue;
			g_autofree char *why = g_strconcat(path,
				" cannot be added to user sessions.", NULL);
			reject(ret, "requirement failed: Local path ", why);
		}
}

static void check_conf(const Json *spec, LivyProblem *ret)
{
	if (json_get(json_get(spec, "conf"), "spark.submit.deployMode") &&
		!ret->message)
		reject(ret,
			"Blacklisted configuration values in session config: ",
			"spark.submit.deployMode");
}

void livy_spec_check(const Json *spec, LivyProblem *ret)
{
	*ret = (LivyProblem){0};
	json_foreach (member, spec)
		if (!ret->message)
			check_member(member, ret);
	if (!ret->message)
		check_kind(spec, ret);
	if (!ret->message)
		check_name(spec, ret);
	check_durations(spec, ret);
	check_files(spec, ret);
	check_conf(spec, ret);
}

static gboolean is_memory(const char *text)
{
	gsize digits = strspn(text, "0123456789");

	return digits > 0 && strlen(text + digits) <= 1 &&
	       strspn(text + digits, "kKmMgGtT") == strlen(text + digits);
}

gboolean livy_spec_starts(const Json *spec)
{
	const Json *conf = json_get(spec, "conf");
	const char *const memory[] = {
		json_get_text(spec, "driverMemory", 64, "1g"),
		json_get_text(spec, "executorMemory", 64, "1g"),
		json_get_text(conf, "spark.driver.memory", 64, "1g"),
		json_get_text(conf, "spark.executor.memory", 64, "1g"),
	};

	for (gsize i = 0; i < G_N_ELEMENTS(memory); i++)
		if (!is_memory(memory[i]) || !strcmp(memory[i], "1m"))
			return FALSE;
	return TRUE;
}
