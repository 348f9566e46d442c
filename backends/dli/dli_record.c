#include "backends/dli/dli_record.h"

#include <string.h>

#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/dli/dli_log.h"
#include "backends/livy/livy_cause.h"

#define SIZE_MAX_LEN 32

/* Behind those of every record. */
enum {
	PICKED_QUEUE = N_RECORD_MEMBERS,
	PICKED_CLUSTER,
	PICKED_SIZE,
	N_PICKED,
};
G_STATIC_ASSERT(N_PICKED <= RECORD_MEMBERS_MAX);
static const char *const members[N_PICKED] = {
	[RECORD_ID] = "id",
	[RECORD_NAME] = "name",
	[RECORD_STATE] = "state",
	[RECORD_CREATED] = "create_time",
	[RECORD_CHANGED] = "update_time",
	[PICKED_QUEUE] = "queue",
	[PICKED_CLUSTER] = "cluster_name",
	[PICKED_SIZE] = "sc_type",
};

/* ---- records ---- */

/* A server that heeds no filter shows the whole project.  Which of the two
 * members it fills is its flavour's affair. */
static gboolean is_elsewhere(const RawRecord *record)
{
	const DliHome *home = record->data;
	gboolean by_queue = g_str_equal(home->member, "queue");
	g_autofree char *queue = record_picked_text(
		record->text, record->values[PICKED_QUEUE], SESSION_ID_MAX, "");
	g_autofree char *cluster = record_picked_text(record->text,
		record->values[PICKED_CLUSTER], SESSION_ID_MAX, "");
	const char *first = by_queue ? queue : cluster;
	const char *named = *first ? first : by_queue ? cluster : queue;

	return *named && g_ascii_strcasecmp(named, home->workspace) != 0;
}

/* Where the member of that value begins in the record, with the comma before or
 * behind it, and ends. */
static JsonSpan member_around(const char *text, JsonSpan record, JsonSpan value)
{
	gsize start = value.start, end = value.start + value.len;

	/* Back over the colon and both quotes of the key. */
	for (int quotes = 0; start > record.start && quotes < 2;)
		quotes += text[--start] == '"';
	while (start > record.start && g_ascii_isspace(text[start - 1]))
		start--;
	if (text[start - 1] == ',')
		return (JsonSpan){start - 1, end - start + 1};
	while (g_ascii_isspace(text[end]))
		end++;
	return (JsonSpan){start, end - start + (text[end] == ',')};
}

/*
 * Any size that a spec names besides single numbers reads CUSTOMIZED, which no
 * spec may say: it is left out, so that the remembered one stands, without which
 * a clone would be another.
 */
static void forget_size(const RawRecord *record, Session *session)
{
	JsonSpan size = record->values[PICKED_SIZE];
	g_autofree char *word =
		json_span_text(record->text, size, SIZE_MAX_LEN);

	if (g_strcmp0(word, "CUSTOMIZED") != 0 ||
		session->body_len != record->at.len)
		return;
	g_autofree char *old = session->body;
	JsonSpan member = member_around(record->text, record->at, size);
	gsize start = member.start - record->at.start;
	session->body = g_strdup_printf(
		"%.*s%s", (int)start, old, old + start + member.len);
	session->body_len -= member.len;
}

static const char *const users[] = {"owner", "proxyUser", NULL};

const RecordKind dli_record = {
	.class = &dli_class,
	.pick = {members, N_PICKED, record_no_secrets},
	.no_state = "unknown",
	.partial = TRUE,
	.users = users,
	.is_elsewhere = is_elsewhere,
	.finish = forget_size,
};

/* ---- content files ---- */

static void render_config(const Backend *self, const Json *record, GString *out)
{
	g_autoptr(Json) spec = dli_spec_of(record);
	record_append_json(out, spec);
}

/* Sessions of a cluster tell it in their log alone. */
static void render_webui(const Backend *self, const Json *record, GString *out)
{
	const char *url = json_get_text(
		json_get(record, "appInfo"), "sparkUiUrl", RECORD_URL_MAX, "");
	g_autofree char *told =
		*url ? NULL : dli_log_tracking(json_get(record, "log"));

	record_append_url(out, told ? told : url);
}

const RecordRender dli_renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
	[SESSION_REASON] = livy_cause_told,
};
