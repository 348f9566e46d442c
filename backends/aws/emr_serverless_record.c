#include "backends/aws/emr_serverless_record.h"

#include "backends/aws/aws_spec.h"
#include "backends/base/json_members.h"
#include "backends/classes.h"
#include "backends/provider/spec.h"

#define REASON_MAX 4096
#define TAGS_MAX 200
#define PROPERTIES_MAX 100
#define PROPERTY_MAX 1024 /* characters */

/* ---- tables ---- */

/* Configurations hold configurations: the depth of JSON is what bounds them. */
static const SpecField spec_configuration[4];
static const SpecField spec_configurations[] = {
	{"", SPEC_OBJECT, .fields = spec_configuration},
	{NULL},
};
static const SpecField spec_configuration[4] = {
	{"classification", SPEC_STRING, TRUE, 1, 1024},
	{"properties", SPEC_STRING_MAP},
	{"configurations", SPEC_ARRAY, FALSE, 0, 100, spec_configurations},
	{NULL},
};
static const SpecField spec_overrides[] = {
	{"runtimeConfiguration", SPEC_ARRAY, FALSE, 0, 100,
		spec_configurations},
	{NULL},
};
const SpecField emr_serverless_spec[] = {
	{"name", SPEC_STRING, FALSE, 1, 256},
	{"executionRoleArn", SPEC_STRING, TRUE, 20, 2048},
	{"idleTimeoutMinutes", SPEC_INT, FALSE, 0, 1000000},
	{"tags", SPEC_STRING_MAP},
	{"configurationOverrides", SPEC_OBJECT, .fields = spec_overrides},
	{"clientToken", SPEC_STRING, FALSE, 1, 64},
	{"applicationId", SPEC_STRING, FALSE, 1, 64},
	{NULL},
};

/* Members that say where or how often, not what: a clone must not have them. */
static const char *const not_in_config[] = {
	"clientToken", "applicationId", NULL};

static const char *const secret_members[] = {"authToken", NULL};
static const char *const members[N_RECORD_MEMBERS] = {
	[RECORD_ID] = "sessionId",
	[RECORD_NAME] = "name",
	[RECORD_STATE] = "state",
	[RECORD_CREATED] = "createdAt",
	[RECORD_CHANGED] = "updatedAt",
};
static const char *const users[] = {"createdBy", NULL};

const RecordKind emr_serverless_record = {
	.class = &emr_serverless_class,
	.pick = {members, N_RECORD_MEMBERS, secret_members},
	.no_state = "UNKNOWN",
	.users = users,
};
const RecordKind emr_serverless_listed = {
	.class = &emr_serverless_class,
	.pick = {members, N_RECORD_MEMBERS, secret_members},
	.no_state = "UNKNOWN",
	.partial = TRUE,
};

/* ---- specs ---- */

static gboolean check_name(const Json *spec, GError **error)
{
	const char *name = json_text(json_get(spec, "name"));

	for (const char *c = name; c && *c; c = g_utf8_next_char(c))
		if (!g_unichar_isspace(g_utf8_get_char(c)))
			return TRUE;
	if (!name)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"name must not be blank throughout");
}

static gboolean check_size(
	const Json *value, const char *name, guint max, GError **error)
{
	guint size = value ? json_size(value) : 0;

	if (size <= max)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"%s must have at most %u entries, not %u", name, max, size);
}

static gboolean check_tags(const Json *tags, GError **error)
{
	static const char others[] = " /_.:=+@-";

	if (!check_size(tags, "tags", TAGS_MAX, error))
		return FALSE;
	json_foreach (tag, tags) {
		g_autoptr(Json) pair = json_object();

		if (!aws_spec_tag(json_name(tag), json_text(tag), error))
			return FALSE;
		json_set_text(pair, "a tag's key", json_name(tag));
		json_set_text(pair, "a tag's value", json_text(tag));
		if (!aws_spec_made_of(pair, "a tag's key", others, error) ||
			!aws_spec_made_of(pair, "a tag's value", others, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_lengths(const Json *properties, GError **error)
{
	json_foreach (property, properties) {
		glong name = g_utf8_strlen(json_name(property), -1);

		if (name > 0 && name <= PROPERTY_MAX &&
			g_utf8_strlen(json_text(property), -1) <= PROPERTY_MAX)
			continue;
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"properties must have names of 1 to %d characters and "
			"values of %d at most",
			PROPERTY_MAX, PROPERTY_MAX);
	}
	return TRUE;
}

/* As deep as the table let it be. */
static gboolean check_properties(const Json *configurations, GError **error)
{
	json_foreach (one, configurations)
		if (!check_size(json_get(one, "properties"), "properties",
			    PROPERTIES_MAX, error) ||
			!check_lengths(json_get(one, "properties"), error) ||
			!check_properties(
				json_get(one, "configurations"), error))
			return FALSE;
	return TRUE;
}

gboolean emr_serverless_check(const Json *spec, GError **error)
{
	const Json *overrides = json_get(spec, "configurationOverrides");

	return aws_spec_made_of(spec, "clientToken", "._-", error) &&
	       check_name(spec, error) &&
	       check_tags(json_get(spec, "tags"), error) &&
	       check_properties(
		       json_get(overrides, "runtimeConfiguration"), error);
}

/* ---- content files ---- */

/* Tags that only AWS sets are refused by `new`. */
static gboolean tag_is_users(const char *name)
{
	return !aws_tag_is_own(name);
}

static void render_config(const Backend *self, const Json *record, GString *out)
{
	g_autoptr(Json) spec =
		spec_reduce(emr_serverless_spec, record, not_in_config);
	g_autoptr(Json) tags =
		json_string_map(json_get(spec, "tags"), tag_is_users);

	json_remove(spec, "tags");
	if (json_size(tags) > 0)
		json_set_copy(spec, "tags", tags);
	record_append_json(out, spec);
}

static void render_reason(const Backend *self, const Json *record, GString *out)
{
	record_append_line(
		out, json_get_text(record, "stateDetails", REASON_MAX, ""));
}

const RecordRender emr_serverless_renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_REASON] = render_reason,
};
