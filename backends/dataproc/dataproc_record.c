#include "backends/dataproc/dataproc_record.h"

#include "backends/base/json_members.h"
#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/dataproc/dataproc_spec.h"
#include "backends/dataproc/dataproc_value.h"
#include "backends/http/http.h"
#include "backends/provider/api_backend.h"
#include "backends/provider/spec.h"

#define STATE_MAX 64
#define CONSOLE "https://console.cloud.google.com/dataproc/interactive/"
#define CONNECT "Spark Connect Server"
#define HISTORY "Spark History Server"
#define OWN_LABEL "goog-"

/* Spark's properties, among which people put passwords of databases. */
const char *const dataproc_private[] = {"properties", "endpoints", NULL};

/* Behind those of every record. */
enum {
	PICKED_JUPYTER = N_RECORD_MEMBERS,
	N_PICKED,
};
G_STATIC_ASSERT(N_PICKED <= RECORD_MEMBERS_MAX);
static const char *const members[N_PICKED] = {
	[RECORD_ID] = "name",
	[RECORD_NAME] = "",
	[RECORD_STATE] = "state",
	[RECORD_CREATED] = "createTime",
	[RECORD_CHANGED] = "stateTime",
	[PICKED_JUPYTER] = "jupyterSession",
};

/* ---- records ---- */

static gboolean picked_name(const RawRecord *record, DataprocName *ret)
{
	g_autofree char *name = json_span_text(
		record->text, record->values[RECORD_ID], SESSION_ID_MAX);

	return name && dataproc_name_parse(name, ret);
}

/* The id that a resource name tells. */
static char *picked_id(const RawRecord *record)
{
	g_auto(DataprocName) parts = {NULL};

	return picked_name(record, &parts) ? g_steal_pointer(&parts.id) : NULL;
}

/* What is left out for its place is no gap in the listing. */
static gboolean is_elsewhere(const RawRecord *record)
{
	const char *location = record->data;
	g_auto(DataprocName) parts = {NULL};

	return picked_name(record, &parts) &&
	       !g_str_equal(parts.location, location);
}

/* Sessions have no name of their own, but notebooks are shown with one. */
static char *picked_title(const RawRecord *record)
{
	JsonSpan jupyter = record->values[PICKED_JUPYTER], inner = {0, 0};
	const char *text = record->text + jupyter.start;

	if (jupyter.len > 0)
		(void)json_span_member(
			text, jupyter.len, "displayName", &inner);
	return record_picked_text(text, inner, SESSION_ID_MAX, "");
}

static const char *const users[] = {"creator", "user", NULL};

/* A state that is unspecified is left out of an answer. */
const RecordKind dataproc_record = {
	.class = &dataproc_class,
	.pick = {members, N_PICKED, record_no_secrets},
	.no_state = "STATE_UNSPECIFIED",
	.id = picked_id,
	.name = picked_title,
	.users = users,
	.is_elsewhere = is_elsewhere,
};

/* ---- content files ---- */

/* Labels that the provider sets by itself, and that nobody else may. */
static gboolean label_is_users(const char *name)
{
	return !g_str_has_prefix(name, OWN_LABEL);
}

static void drop_own_labels(Json *spec)
{
	const Json *labels = json_get(spec, "labels");
	g_autoptr(Json) kept = json_string_map(labels, label_is_users);

	if (!labels || json_size(kept) == json_size(labels))
		return;
	json_remove(spec, "labels");
	if (json_size(kept) > 0)
		json_set_copy(spec, "labels", kept);
}

static void render_config(const Backend *self, const Json *record, GString *out)
{
	g_autoptr(Json) spec =
		spec_reduce(dataproc_spec, record, dataproc_not_in_config);

	drop_own_labels(spec);
	record_append_json(out, spec);
}

static const char *url_of(const Json *value)
{
	const char *url = json_text(value);

	return record_is_url(url) ? url : NULL;
}

/* Name to URL; NULL when there are none. */
static const Json *endpoints_of(const Json *record)
{
	const Json *endpoints =
		json_get(json_get(record, "runtimeInfo"), "endpoints");

	return endpoints && json_type(endpoints) == JSON_OBJECT ? endpoints
								: NULL;
}

/* One line, so that $(cat endpoint) is a URL; session.json has them all, and goes
 * on telling them when nobody answers there any more. */
static void render_endpoint(
	const Backend *self, const Json *record, GString *out)
{
	const Json *endpoints = endpoints_of(record);
	const char *url = url_of(json_get(endpoints, CONNECT));
	const char *state = json_get_text(record, "state", STATE_MAX, "");

	if (backend_phase(&dataproc_class, state) >= PHASE_STOPPING)
		return;
	json_foreach (endpoint, endpoints)
		if (!url && !g_str_equal(json_name(endpoint), HISTORY))
			url = url_of(endpoint);
	if (url)
		g_string_append_printf(out, "%s\n", url);
}

/* The history server where one is attached, else the session's page of the
 * console, which is there from the first moment on. */
static void render_webui(const Backend *self, const Json *record, GString *out)
{
	const char *url = url_of(json_get(endpoints_of(record), HISTORY));
	const char *name = json_get_text(record, "name", SESSION_ID_MAX, "");
	g_auto(DataprocName) parts = {NULL};

	if (url) {
		g_string_append_printf(out, "%s\n", url);
		return;
	}
	if (!dataproc_name_parse(name, &parts))
		return;
	g_autofree char *region = http_encode(parts.location);
	g_autofree char *id = http_encode(parts.id);
	g_autofree char *owner = http_encode(self->project);
	g_string_append_printf(out,
		CONSOLE "%s/%s/sparkApplications/applications?project=%s\n",
		region, id, owner);
}

static void render_reason(const Backend *self, const Json *record, GString *out)
{
	record_append_line(out,
		json_get_text(record, "stateMessage", SESSION_BODY_MAX, ""));
}

const RecordRender dataproc_renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
	[SESSION_REASON] = render_reason,
	[SESSION_ENDPOINT] = render_endpoint,
};
