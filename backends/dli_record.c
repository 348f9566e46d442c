#include "dli_record.h"

#include <string.h>

#include "classes.h"
#include "dli_log.h"
#include "livy_log.h"

#define STATE_MAX 64
#define SIZE_MAX_LEN 32
#define URL_MAX 8192

/* What a Session is made of. */
enum {
	PICKED_ID,
	PICKED_NAME,
	PICKED_STATE,
	PICKED_CREATED,
	PICKED_UPDATED,
	PICKED_QUEUE,
	PICKED_CLUSTER,
	PICKED_SIZE,
	N_PICKED,
};
static const char *const picked_members[N_PICKED] = {
	[PICKED_ID] = "id",
	[PICKED_NAME] = "name",
	[PICKED_STATE] = "state",
	[PICKED_CREATED] = "create_time",
	[PICKED_UPDATED] = "update_time",
	[PICKED_QUEUE] = "queue",
	[PICKED_CLUSTER] = "cluster_name",
	[PICKED_SIZE] = "sc_type",
};
static const char *const no_secrets[] = {NULL};
static const JsonPick picked = {picked_members, N_PICKED, no_secrets};

/* ---- records ---- */

char *dli_text(const Json *record, const char *name)
{
	const char *text = json_get_text(record, name, SESSION_ID_MAX, "");

	return g_utf8_make_valid(text, -1);
}

gint64 dli_time(const Json *record, const char *name)
{
	return json_get_int(record, name, 0, G_MAXINT64, 0);
}

/* As valid UTF-8, fallback when there is none. */
static char *picked_text(
	const char *text, JsonSpan span, gsize max, const char *fallback)
{
	g_autofree char *raw = json_span_text(text, span, max);

	return raw && *raw ? g_utf8_make_valid(raw, -1) : g_strdup(fallback);
}

/* The state's word, fit for a file: printable and short. */
static char *picked_state(const char *text, JsonSpan span)
{
	char *state = picked_text(text, span, STATE_MAX, "unknown");

	for (char *c = state; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	return state;
}

/* A server that heeds no filter shows the whole project.  Which of the two
 * members it fills is its flavour's affair. */
static gboolean is_elsewhere(
	const char *text, const JsonSpan *values, const DliHome *home)
{
	gboolean by_queue = g_str_equal(home->member, "queue");
	g_autofree char *queue =
		picked_text(text, values[PICKED_QUEUE], SESSION_ID_MAX, "");
	g_autofree char *cluster =
		picked_text(text, values[PICKED_CLUSTER], SESSION_ID_MAX, "");
	const char *first = by_queue ? queue : cluster;
	const char *named = *first ? first : by_queue ? cluster : queue;

	return *named && g_ascii_strcasecmp(named, home->workspace) != 0;
}

/*
 * Any size that a spec names besides single numbers reads CUSTOMIZED, which no
 * spec may say: as null it leaves the remembered one standing, without which a
 * clone would be another.
 */
static void forget_size(const char *text, gsize start, JsonSpan size,
	GString *body, gsize record_len)
{
	g_autofree char *word = json_span_text(text, size, SIZE_MAX_LEN);

	if (g_strcmp0(word, "CUSTOMIZED") != 0 || body->len != record_len)
		return;
	g_string_erase(body, size.start - start, size.len);
	g_string_insert(body, size.start - start, "null");
}

/* The session of the record at *at, which moves behind it. */
static Session *read_record(const char *text, gsize len, gsize *at,
	const DliHome *home, GString *masked, gboolean *ret_elsewhere)
{
	JsonSpan values[N_PICKED];
	gsize start = *at;

	*at = json_pick(text, len, start, &picked, values, masked);
	if (*at - start > SESSION_BODY_MAX)
		return NULL;
	g_autofree char *id =
		json_span_text(text, values[PICKED_ID], SESSION_ID_MAX);
	*ret_elsewhere = id && *id && is_elsewhere(text, values, home);
	if (!id || !*id || *ret_elsewhere)
		return NULL;
	forget_size(text, start, values[PICKED_SIZE], masked, *at - start);
	Session *session = session_new();
	gint64 updated =
		json_span_int(text, values[PICKED_UPDATED], 0, G_MAXINT64, 0);

	session->id = g_steal_pointer(&id);
	session->name =
		picked_text(text, values[PICKED_NAME], SESSION_ID_MAX, "");
	session->state = picked_state(text, values[PICKED_STATE]);
	session->phase = backend_phase(&dli_class, session->state);
	session->created_ms =
		json_span_int(text, values[PICKED_CREATED], 0, G_MAXINT64, 0);
	session->changed_ms = MAX(session->created_ms, updated);
	session->body = g_strndup(masked->str, masked->len);
	session->body_len = masked->len;
	session->thin = TRUE;
	return session;
}

Session *dli_session(const char *text, const JsonSpan *span,
	const DliHome *home, gboolean *ret_elsewhere)
{
	g_autoptr(GString) masked = g_string_sized_new(span->len);
	gsize at = span->start;
	gboolean elsewhere = FALSE;
	Session *session = read_record(
		text, span->start + span->len, &at, home, masked, &elsewhere);

	*ret_elsewhere = elsewhere;
	return session;
}

guint dli_sessions(const char *text, const JsonSpan *span, const DliHome *home,
	SessionPage *page)
{
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize len = span->start + span->len;
	gsize at = span->start + 1;
	guint n = 0;

	for (; json_element_next(text, len, &at); n++) {
		gboolean elsewhere = FALSE;
		Session *session =
			read_record(text, len, &at, home, masked, &elsewhere);

		if (session)
			g_ptr_array_add(page->sessions, session);
		else if (!elsewhere)
			page->skipped++;
	}
	if (page->skipped > 0)
		g_debug("%u sessions without a usable id or body are left out",
			page->skipped);
	return n;
}

/* ---- content files ---- */

static void render_config(const Json *record, GString *out)
{
	g_autoptr(Json) spec = dli_spec_of(record);
	g_autofree char *text = json_print(spec, TRUE);

	g_string_append(out, text);
}

static gboolean is_url(const char *text)
{
	if (!g_str_has_prefix(text, "https://") &&
		!g_str_has_prefix(text, "http://"))
		return FALSE;
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			return FALSE;
	return TRUE;
}

/* Sessions of a cluster tell it in their log alone. */
static void render_webui(const Json *record, GString *out)
{
	const char *url = json_get_text(
		json_get(record, "appInfo"), "sparkUiUrl", URL_MAX, "");
	g_autofree char *told =
		*url ? NULL : dli_log_tracking(json_get(record, "log"));

	if (told)
		url = told;
	if (is_url(url))
		g_string_append_printf(out, "%s\n", url);
}

/* No state comes with a reason: the driver's last words are the nearest. */
static void render_reason(const Json *record, GString *out)
{
	const char *state = json_get_text(record, "state", STATE_MAX, "");

	if (backend_phase(&dli_class, state) == PHASE_FAILED ||
		g_ascii_strcasecmp(state, "dead") == 0)
		livy_log_reason(json_get(record, "log"), out);
}

static void (*const renders[N_SESSION_FILES])(const Json *, GString *) = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
	[SESSION_REASON] = render_reason,
};

void dli_render(Backend *self, SessionFile file, const char *text, gsize len,
	GString *out)
{
	if (!renders[file])
		return;
	g_autoptr(Json) record = json_parse(text, len, NULL);
	if (record)
		renders[file](record, out);
}
