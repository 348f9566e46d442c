#include "backends/alibaba/alibaba_record.h"

#include <string.h>

#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/provider/spec.h"

/* ---- tables ---- */

static const SpecField spec_auto_start[] = {
	{"enable", SPEC_BOOL},
	{NULL},
};
static const SpecField spec_auto_stop[] = {
	{"enable", SPEC_BOOL},
	{"idleTimeoutMinutes", SPEC_INT, FALSE, 0, G_MAXINT32},
	{NULL},
};
static const SpecField spec_config[] = {
	{"configFileName", SPEC_STRING},
	{"configItemKey", SPEC_STRING},
	{"configItemValue", SPEC_STRING},
	{NULL},
};
static const SpecField spec_configs[] = {
	{"", SPEC_OBJECT, .fields = spec_config},
	{NULL},
};
const SpecField alibaba_spec[] = {
	{"name", SPEC_STRING, TRUE, 1, 64},
	{"kind", SPEC_STRING, TRUE},
	{"queueName", SPEC_STRING},
	{"releaseVersion", SPEC_STRING},
	{"displayReleaseVersion", SPEC_STRING},
	{"fusion", SPEC_BOOL},
	{"envId", SPEC_STRING},
	{"publicEndpointEnabled", SPEC_BOOL},
	{"autoStartConfiguration", SPEC_OBJECT, .fields = spec_auto_start},
	{"autoStopConfiguration", SPEC_OBJECT, .fields = spec_auto_stop},
	{"applicationConfigs", SPEC_ARRAY, .fields = spec_configs},
	{"clientToken", SPEC_STRING, FALSE, 1, 64},
	{"workspaceId", SPEC_STRING},
	{"regionId", SPEC_STRING},
	{NULL},
};

/* Members that say where or how often, not what: a clone must not have them. */
static const char *const not_in_config[] = {
	"clientToken", "workspaceId", "regionId", NULL};

static const char *const secret_members[] = {"connectionToken", NULL};

static const char *const members[N_RECORD_MEMBERS] = {
	[RECORD_ID] = "sessionClusterId",
	[RECORD_NAME] = "name",
	[RECORD_STATE] = "state",
	[RECORD_CREATED] = "gmtCreate",
	/* Missing or 0 until it was started for the first time. */
	[RECORD_CHANGED] = "startTime",
};

/* When it was started does not tell for how long it has been over. */
static void forget_start(const RawRecord *record, Session *session)
{
	if (session->phase == PHASE_STOPPED || session->phase == PHASE_FAILED)
		session->changed_ms = 0;
}

/* A get may write the date that a listing has as a number: without a zone, and
 * to the second, by which it would be taken for another session's. */
static void forget_date(const RawRecord *record, Session *session)
{
	JsonSpan date = record->values[RECORD_CREATED];

	forget_start(record, session);
	if (json_span_int(record->text, date, 0, G_MAXINT64, -1) < 0)
		session->created_ms = 0;
}

static const char *const users[] = {"userName", "userId", NULL};

const RecordKind alibaba_record = {
	.class = &alibaba_class,
	.pick = {members, N_RECORD_MEMBERS, secret_members},
	.no_state = "Unknown",
	.users = users,
	.finish = forget_start,
};
const RecordKind alibaba_got = {
	.class = &alibaba_class,
	.pick = {members, N_RECORD_MEMBERS, secret_members},
	.no_state = "Unknown",
	.finish = forget_date,
};

/* ---- content files ---- */

/* Answers show "esr-4.0.0 (Spark 3.5.2, Scala 2.12)", requests take the first
 * word. */
static void render_config(const Backend *self, const Json *record, GString *out)
{
	g_autoptr(Json) spec = spec_reduce(alibaba_spec, record, not_in_config);
	const char *release = json_text(json_get(spec, "releaseVersion"));

	if (release) {
		g_autofree char *word =
			g_strndup(release, strcspn(release, " \t"));
		json_set_text(spec, "releaseVersion", word);
	}
	record_append_json(out, spec);
}

static void render_webui(const Backend *self, const Json *record, GString *out)
{
	record_append_url(out, json_text(json_get(record, "webUI")));
}

static void render_reason(const Backend *self, const Json *record, GString *out)
{
	const Json *reason = json_get(record, "stateChangeReason");
	const char *code = json_get_text(reason, "code", SESSION_BODY_MAX, "");
	const char *message =
		json_get_text(reason, "message", SESSION_BODY_MAX, "");

	if (!*code && !*message)
		return;
	record_append_clean(out, code);
	if (*code && *message)
		g_string_append(out, ": ");
	record_append_clean(out, message);
	g_string_append_c(out, '\n');
}

static void render_endpoint(
	const Backend *self, const Json *record, GString *out)
{
	const char *outer = json_get_text(record, "domain", 1024, "");
	const char *inner = json_get_text(record, "domainInner", 1024, "");
	gboolean open = json_get_bool(record, "publicEndpointEnabled", FALSE);
	const char *host = *outer && (open || !*inner) ? outer : inner;

	record_append_line(out, host);
}

const RecordRender alibaba_renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
	[SESSION_REASON] = render_reason,
	[SESSION_ENDPOINT] = render_endpoint,
};
