#include "backends/aws/emr_record.h"

#include "backends/aws/aws_spec.h"
#include "backends/classes.h"
#include "backends/provider/spec.h"

#define REASON_MAX 4096

/* ---- tables ---- */

/* Configurations hold configurations: the depth of JSON is what bounds them. */
static const SpecField spec_configuration[4];
static const SpecField spec_configurations[] = {
	{"", SPEC_OBJECT, .fields = spec_configuration},
	{NULL},
};
static const SpecField spec_configuration[4] = {
	{"Classification", SPEC_STRING},
	{"Properties", SPEC_STRING_MAP},
	{"Configurations", SPEC_ARRAY, .fields = spec_configurations},
	{NULL},
};
static const SpecField spec_cloud_watch[] = {
	{"Enabled", SPEC_BOOL},
	{"LogGroup", SPEC_STRING},
	{"LogStreamNamePrefix", SPEC_STRING},
	{"EncryptionKeyArn", SPEC_STRING},
	{"LogTypes", SPEC_OBJECT}, /* component to names of streams */
	{NULL},
};
static const SpecField spec_managed[] = {
	{"Enabled", SPEC_BOOL},
	{"EncryptionKeyArn", SPEC_STRING},
	{NULL},
};
static const SpecField spec_s3[] = {
	{"Enabled", SPEC_BOOL},
	{"LogUri", SPEC_STRING},
	{"EncryptionKeyArn", SPEC_STRING},
	{"LogTypes", SPEC_OBJECT},
	{NULL},
};
static const SpecField spec_monitoring[] = {
	{"CloudWatchLoggingConfiguration", SPEC_OBJECT,
		.fields = spec_cloud_watch},
	{"ManagedLoggingConfiguration", SPEC_OBJECT, .fields = spec_managed},
	{"S3LoggingConfiguration", SPEC_OBJECT, .fields = spec_s3},
	{NULL},
};
static const SpecField spec_tag[] = {
	{"Key", SPEC_STRING},
	{"Value", SPEC_STRING},
	{NULL},
};
static const SpecField spec_tags[] = {
	{"", SPEC_OBJECT, .fields = spec_tag},
	{NULL},
};
const SpecField emr_spec[] = {
	{"Name", SPEC_STRING, FALSE, 0, 256},
	{"ExecutionRoleArn", SPEC_STRING, FALSE, 20, 2048},
	{"EngineConfigurations", SPEC_ARRAY, .fields = spec_configurations},
	{"MonitoringConfiguration", SPEC_OBJECT, .fields = spec_monitoring},
	{"SessionIdleTimeoutInMinutes", SPEC_INT, FALSE, 0, G_MAXINT32},
	{"Tags", SPEC_ARRAY, .fields = spec_tags},
	{"ClientRequestToken", SPEC_STRING, FALSE, 1, 36},
	{"ClusterId", SPEC_STRING, FALSE, 1, 256},
	{NULL},
};

/* Members that say where or how often, not what: a clone must not have them. */
static const char *const not_in_config[] = {
	"ClientRequestToken", "ClusterId", NULL};

static const char *const secret_members[] = {"AuthToken", "Credentials", NULL};
static const char *const members[N_RECORD_MEMBERS] = {
	[RECORD_ID] = "Id",
	[RECORD_NAME] = "Name",
	[RECORD_STATE] = "State",
	[RECORD_CREATED] = "CreatedAt",
	[RECORD_CHANGED] = "UpdatedAt",
};
const RecordKind emr_record = {
	.class = &emr_class,
	.pick = {members, N_RECORD_MEMBERS, secret_members},
	.no_state = "UNKNOWN",
};

/* ---- specs ---- */

gboolean emr_check(const Json *spec, GError **error)
{
	json_foreach (tag, json_get(spec, "Tags"))
		if (!aws_spec_tag(json_text(json_get(tag, "Key")),
			    json_text(json_get(tag, "Value")), error))
			return FALSE;
	return TRUE;
}

/* ---- content files ---- */

/* Without the tags that only AWS sets, which `new` would refuse. */
static void append_tags(GString *out, const Json *tags)
{
	json_foreach (tag, tags) {
		const char *key = json_text(json_get(tag, "Key"));
		g_autofree char *text = NULL;

		if (key && aws_tag_is_own(key))
			continue;
		text = json_print(tag, FALSE);
		g_string_append_printf(
			out, "%s%s", out->len > 1 ? "," : "", text);
	}
}

static void render_config(const Backend *self, const Json *record, GString *out)
{
	g_autoptr(Json) spec = spec_reduce(emr_spec, record, not_in_config);
	g_autoptr(GString) list = g_string_new("[");

	append_tags(list, json_get(spec, "Tags"));
	g_string_append_c(list, ']');
	g_autoptr(Json) tags = json_parse(list->str, list->len, NULL);
	json_remove(spec, "Tags");
	if (tags && json_size(tags) > 0)
		json_set_copy(spec, "Tags", tags);
	record_append_json(out, spec);
}

static void render_reason(const Backend *self, const Json *record, GString *out)
{
	record_append_line(out,
		json_get_text(record, "StateChangeReason", REASON_MAX, ""));
}

const RecordRender emr_renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_REASON] = render_reason,
};
