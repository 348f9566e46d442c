#include "alibaba_record.h"

#include <string.h>

#include "classes.h"
#include "spec.h"

#define STATE_MAX 64
#define TIME_MAX 32

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

/* What a Session is made of. */
enum {
	PICKED_ID,
	PICKED_NAME,
	PICKED_STATE,
	PICKED_CREATED,
	PICKED_STARTED,
	N_PICKED,
};
static const char *const picked_members[N_PICKED] = {
	[PICKED_ID] = "sessionClusterId",
	[PICKED_NAME] = "name",
	[PICKED_STATE] = "state",
	[PICKED_CREATED] = "gmtCreate",
	[PICKED_STARTED] = "startTime",
};
static const JsonPick picked = {picked_members, N_PICKED, secret_members};

/* ---- records ---- */

char *alibaba_text(const Json *record, const char *name)
{
	const char *text = json_get_text(record, name, SESSION_ID_MAX, "");

	return g_utf8_make_valid(text, -1);
}

/* text may be NULL. */
static gint64 time_of(char *text)
{
	if (!text || strlen(text) < strlen("2024-09-01 06:23:01"))
		return 0;
	if (text[10] == ' ')
		text[10] = 'T';
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);
	return time ? MAX(0, g_date_time_to_unix(time) * 1000) : 0;
}

gint64 alibaba_time(const Json *record, const char *name)
{
	gint64 ms = json_get_int(record, name, 0, G_MAXINT64, -1);
	g_autofree char *text =
		ms < 0 ? g_strdup(json_get_text(record, name, TIME_MAX, NULL))
		       : NULL;

	return ms >= 0 ? ms : time_of(text);
}

static gint64 picked_time(const char *text, JsonSpan span)
{
	gint64 ms = json_span_int(text, span, 0, G_MAXINT64, -1);
	g_autofree char *word =
		ms < 0 ? json_span_text(text, span, TIME_MAX) : NULL;

	return ms >= 0 ? ms : time_of(word);
}

/* As valid UTF-8, fallback when there is none. */
static char *picked_text(
	const char *text, JsonSpan span, gsize max, const char *fallback)
{
	char *raw = json_span_text(text, span, max);
	char *valid;

	if (!raw || !*raw) {
		g_free(raw);
		return g_strdup(fallback);
	}
	if (g_utf8_validate(raw, -1, NULL))
		return raw;
	valid = g_utf8_make_valid(raw, -1);
	g_free(raw);
	return valid;
}

/* The state's word, fit for a file: printable and short. */
static char *picked_state(const char *text, JsonSpan span)
{
	char *state = picked_text(text, span, STATE_MAX, "Unknown");

	for (char *c = state; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	return state;
}

/* The session of the record at *at, which moves behind it. */
static Session *read_record(
	const char *text, gsize len, gsize *at, GString *masked)
{
	JsonSpan values[N_PICKED];
	gsize start = *at;

	*at = json_pick(text, len, start, &picked, values, masked);
	if (*at - start > SESSION_BODY_MAX)
		return NULL;
	g_autofree char *id =
		json_span_text(text, values[PICKED_ID], SESSION_ID_MAX);
	if (!id || !*id)
		return NULL;
	Session *session = session_new();
	gint64 started = picked_time(text, values[PICKED_STARTED]);

	session->id = g_steal_pointer(&id);
	session->name =
		picked_text(text, values[PICKED_NAME], SESSION_ID_MAX, "");
	session->state = picked_state(text, values[PICKED_STATE]);
	session->phase = backend_phase(&alibaba_class, session->state);
	session->created_ms = picked_time(text, values[PICKED_CREATED]);
	/* startTime is missing or 0 until it was started for the first time. */
	session->changed_ms = MAX(session->created_ms, started);
	session->body = g_strndup(masked->str, masked->len);
	session->body_len = masked->len;
	return session;
}

Session *alibaba_session(const char *text, const JsonSpan *span)
{
	g_autoptr(GString) masked = g_string_sized_new(span->len);
	gsize at = span->start;

	return read_record(text, span->start + span->len, &at, masked);
}

guint alibaba_sessions(
	const char *text, const JsonSpan *span, GPtrArray *sessions)
{
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize len = span->start + span->len;
	gsize at = span->start + 1;
	guint dropped = 0;

	while (json_element_next(text, len, &at)) {
		Session *session = read_record(text, len, &at, masked);

		if (session)
			g_ptr_array_add(sessions, session);
		else
			dropped++;
	}
	if (dropped > 0)
		g_debug("%u sessions without a usable id or body are left out",
			dropped);
	return dropped;
}

/* ---- content files ---- */

/* Answers show "esr-4.0.0 (Spark 3.5.2, Scala 2.12)", requests take the first
 * word. */
static void render_config(const Json *record, GString *out)
{
	g_autoptr(Json) spec = spec_reduce(alibaba_spec, record, not_in_config);
	const char *release = json_text(json_get(spec, "releaseVersion"));

	if (release) {
		g_autofree char *word =
			g_strndup(release, strcspn(release, " \t"));
		json_set_text(spec, "releaseVersion", word);
	}
	g_autofree char *text = json_print(spec, TRUE);
	g_string_append(out, text);
}

static void render_webui(const Json *record, GString *out)
{
	const char *url = json_get_text(record, "webUI", 8192, "");

	if (!g_str_has_prefix(url, "https://") &&
		!g_str_has_prefix(url, "http://"))
		return;
	for (const char *c = url; *c; c++)
		if (g_ascii_iscntrl(*c))
			return;
	g_string_append_printf(out, "%s\n", url);
}

static void append_clean(GString *out, const char *text)
{
	for (const char *c = text; *c; c++)
		g_string_append_c(out, g_ascii_iscntrl(*c) ? ' ' : *c);
}

static void render_reason(const Json *record, GString *out)
{
	const Json *reason = json_get(record, "stateChangeReason");
	const char *code = json_get_text(reason, "code", SESSION_BODY_MAX, "");
	const char *message =
		json_get_text(reason, "message", SESSION_BODY_MAX, "");

	if (!*code && !*message)
		return;
	append_clean(out, code);
	if (*code && *message)
		g_string_append(out, ": ");
	append_clean(out, message);
	g_string_append_c(out, '\n');
}

static void render_endpoint(const Json *record, GString *out)
{
	const char *outer = json_get_text(record, "domain", 1024, "");
	const char *inner = json_get_text(record, "domainInner", 1024, "");
	gboolean open = json_get_bool(record, "publicEndpointEnabled", FALSE);
	const char *host = *outer && (open || !*inner) ? outer : inner;

	if (!*host)
		return;
	append_clean(out, host);
	g_string_append_c(out, '\n');
}

static void (*const renders[N_SESSION_FILES])(const Json *, GString *) = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
	[SESSION_REASON] = render_reason,
	[SESSION_ENDPOINT] = render_endpoint,
};

void alibaba_render(Backend *self, SessionFile file, const char *text,
	gsize len, GString *out)
{
	if (!renders[file])
		return;
	g_autoptr(Json) record = json_parse(text, len, NULL);
	if (record)
		renders[file](record, out);
}
