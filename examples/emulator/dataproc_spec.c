#include "dataproc.h"

#include <string.h>

/* The product's own checks of a create: the model's types and rules. */

static const struct {
	const char *name;
	JsonType type;
} members[] = {
	{"name", JSON_STRING},
	{"labels", JSON_OBJECT},
	{"sessionTemplate", JSON_STRING},
	{"jupyterSession", JSON_OBJECT},
	{"sparkConnectSession", JSON_OBJECT},
	{"runtimeConfig", JSON_OBJECT},
	{"environmentConfig", JSON_OBJECT},
	{"user", JSON_STRING},
};

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LABELS_MAX 32
#define TTL_LEAST_S 600
#define TTL_MOST_S 1209600

static char *unknown_member(const char *name)
{
	return g_strdup_printf("Invalid JSON payload received. Unknown name "
			       "\"%s\" at 'session': Cannot find field.",
		name);
}

static char *check_members(const Json *spec)
{
	json_foreach (member, spec) {
		gsize i = 0;

		while (i < G_N_ELEMENTS(members) &&
			strcmp(members[i].name, json_name(member)))
			i++;
		if (i == G_N_ELEMENTS(members))
			return unknown_member(json_name(member));
		if (json_type(member) != members[i].type)
			return g_strdup_printf(
				"Invalid value at 'session.%s': %s expected.",
				members[i].name,
				json_type_name(members[i].type));
	}
	return NULL;
}

static char *check_labels(const Json *labels)
{
	if (json_size(labels) > LABELS_MAX)
		return g_strdup("No more than 32 labels are permitted.");
	json_foreach (label, labels) {
		if (json_type(label) != JSON_STRING)
			return g_strdup("Invalid value at 'session.labels'.");
		if (g_str_has_prefix(json_name(label), "goog-"))
			return g_strdup("Labels must not begin with goog-.");
	}
	return NULL;
}

static char *check_kinds(const Json *spec)
{
	const Json *kernel =
		json_get(json_get(spec, "jupyterSession"), "kernel");
	const char *word = json_text(kernel);
	gint64 number = json_get_int(
		json_get(spec, "jupyterSession"), "kernel", 0, 2, -1);

	if (json_get(spec, "jupyterSession") &&
		json_get(spec, "sparkConnectSession"))
		return g_strdup("Invalid value at 'session': oneof field "
				"'session_config' is already set.");
	if (kernel && number < 0 &&
		(!word || (strcmp(word, "PYTHON") && strcmp(word, "SCALA"))))
		return g_strdup(
			"Invalid value at 'session.jupyter_session.kernel'.");
	return NULL;
}

static char *check_ttl(const Json *spec, const char *name)
{
	const Json *value =
		json_get(json_get(json_get(spec, "environmentConfig"),
				 "executionConfig"),
			name);
	const char *text = json_text(value);
	char *end = NULL;
	double seconds = text ? g_ascii_strtod(text, &end) : 0;

	if (!value || (end && !strcmp(end, "s") && seconds >= TTL_LEAST_S &&
			      seconds <= TTL_MOST_S))
		return NULL;
	return g_strdup_printf("%s must be from 10 minutes to 14 days.", name);
}

static char *check_name(const Json *spec, const char *workspace, const char *id)
{
	const char *given = json_text(json_get(spec, "name"));
	g_autofree char *name = dataproc_name(workspace, id);

	if (!given || !*given || !strcmp(given, name))
		return NULL;
	return g_strdup_printf("Session name must be %s.", name);
}

char *dataproc_spec_problem(
	const Json *spec, const char *workspace, const char *id)
{
	char *problem = check_members(spec);

	if (!problem)
		problem = check_labels(json_get(spec, "labels"));
	if (!problem)
		problem = check_kinds(spec);
	if (!problem)
		problem = check_ttl(spec, "idleTtl");
	if (!problem)
		problem = check_ttl(spec, "ttl");
	return problem ? problem : check_name(spec, workspace, id);
}

char *dataproc_ids_problem(const char *id, const char *request)
{
	gsize len = id ? strlen(id) : 0;

	if (len < 4 || len > 63 || strspn(id, LOWER DIGITS "-") != len ||
		!g_ascii_islower(*id) || id[len - 1] == '-')
		return g_strdup("Session ID must match the pattern "
				"[a-z][a-z0-9-]{2,61}[a-z0-9].");
	if (request &&
		(strlen(request) > 40 || strspn(request, LOWER UPPER DIGITS
						 "_-") != strlen(request)))
		return g_strdup("Request ID must match the pattern "
				"[a-zA-Z0-9_-]{1,40}.");
	return NULL;
}
