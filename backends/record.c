#include "record.h"

#include <string.h>

#include "net/json_scan.h"

#define STATE_MAX 64
#define TIME_MAX 40
#define DATE_LEAST "2024-09-01 06:23:01"
/* Year 5138; later ones, and those before the epoch, are no times of a record. */
#define SECONDS_MAX 1e11

const char *const record_no_secrets[] = {NULL};

/* ---- values ---- */

static gint64 date_of(const char *text, JsonSpan value)
{
	g_autofree char *date = json_span_text(text, value, TIME_MAX);

	if (!date || strlen(date) < strlen(DATE_LEAST))
		return 0;
	if (date[10] == ' ')
		date[10] = 'T';
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(date, utc);
	return time ? MAX(0, g_date_time_to_unix(time) * 1000) : 0;
}

gint64 record_ms(const char *text, JsonSpan value)
{
	gint64 ms = json_span_int(text, value, 0, G_MAXINT64, -1);

	return ms >= 0 ? ms : date_of(text, value);
}

gint64 record_seconds(const char *text, JsonSpan value)
{
	char number[TIME_MAX + 1];
	char *end;

	if (value.len == 0 || value.len > TIME_MAX)
		return 0;
	if (text[value.start] == '"')
		return date_of(text, value);
	memcpy(number, text + value.start, value.len);
	number[value.len] = '\0';
	double seconds = g_ascii_strtod(number, &end);
	/* Written so that NaN fails too. */
	if (*end || !(seconds > 0 && seconds < SECONDS_MAX))
		return 0;
	return (gint64)(seconds * 1000 + 0.5);
}

gint64 record_time(const RecordKind *kind, const Json *object, const char *name)
{
	const Json *value = json_get(object, name);
	g_autofree char *text = value ? json_print(value, FALSE) : NULL;

	return text ? kind->time(text, (JsonSpan){0, strlen(text)}) : 0;
}

char *record_text(const Json *object, const char *name)
{
	const char *text = json_get_text(object, name, SESSION_ID_MAX, "");

	return g_utf8_make_valid(text, -1);
}

char *record_picked_text(
	const char *text, JsonSpan value, gsize max, const char *fallback)
{
	g_autofree char *raw = json_span_text(text, value, max);

	if (!raw || !*raw)
		return g_strdup(fallback);
	return g_utf8_validate(raw, -1, NULL) ? g_steal_pointer(&raw)
					      : g_utf8_make_valid(raw, -1);
}

/* The state's word, fit for a file: printable and short. */
static char *picked_state(
	const char *text, JsonSpan value, const char *fallback)
{
	char *state = record_picked_text(text, value, STATE_MAX, fallback);

	for (char *c = state; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	return state;
}

/* ---- records ---- */

static char *record_id(const RecordKind *kind, const RawRecord *record)
{
	if (kind->id)
		return kind->id(record);
	g_autofree char *id = json_span_text(
		record->text, record->values[RECORD_ID], SESSION_ID_MAX);
	return id && *id ? g_steal_pointer(&id) : NULL;
}

static char *record_name(const RecordKind *kind, const RawRecord *record)
{
	if (kind->name)
		return kind->name(record);
	return record_picked_text(
		record->text, record->values[RECORD_NAME], SESSION_ID_MAX, "");
}

/* Takes the id. */
static Session *session_of(const RecordKind *kind, const RawRecord *record,
	char *id, const GString *masked)
{
	const char *text = record->text;
	const JsonSpan *values = record->values;
	Session *session = session_new();

	session->id = id;
	session->name = record_name(kind, record);
	session->state =
		picked_state(text, values[RECORD_STATE], kind->no_state);
	session->phase = backend_phase(kind->class, session->state);
	if (kind->time) {
		gint64 changed = kind->time(text, values[RECORD_CHANGED]);

		session->created_ms = kind->time(text, values[RECORD_CREATED]);
		if (changed > 0)
			session->changed_ms = MAX(session->created_ms, changed);
	}
	session->body = g_strndup(masked->str, masked->len);
	session->body_len = masked->len;
	session->thin = kind->thin;
	if (kind->finish)
		kind->finish(record, session);
	return session;
}

/* The session of the record at *at, which moves behind it. */
static Session *read_record(const RecordKind *kind, const char *text, gsize len,
	gsize *at, void *data, GString *masked, gboolean *ret_elsewhere)
{
	JsonSpan values[RECORD_MEMBERS_MAX];
	gsize start = *at;

	*ret_elsewhere = FALSE;
	*at = json_pick(text, len, start, &kind->pick, values, masked);
	if (*at - start > SESSION_BODY_MAX)
		return NULL;
	const RawRecord record = {text, {start, *at - start}, values, data};
	g_autofree char *id = record_id(kind, &record);
	if (!id)
		return NULL;
	*ret_elsewhere = kind->is_elsewhere && kind->is_elsewhere(&record);
	if (*ret_elsewhere)
		return NULL;
	return session_of(kind, &record, g_steal_pointer(&id), masked);
}

Session *record_read(const RecordKind *kind, const char *text,
	const JsonSpan *span, void *data, gboolean *ret_elsewhere)
{
	g_autoptr(GString) masked = g_string_sized_new(span->len);
	gsize at = span->start;
	gboolean elsewhere;
	Session *session = read_record(kind, text, span->start + span->len, &at,
		data, masked, &elsewhere);

	if (ret_elsewhere)
		*ret_elsewhere = elsewhere;
	return session;
}

guint record_read_all(const RecordKind *kind, const char *text,
	const JsonSpan *span, void *data, SessionPage *page)
{
	g_autoptr(GString) masked = g_string_new(NULL);
	gsize len = span->start + span->len;
	gsize at = span->start + 1;
	guint n = 0;

	for (; json_element_next(text, len, &at); n++) {
		gboolean elsewhere;
		Session *session = read_record(
			kind, text, len, &at, data, masked, &elsewhere);

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

/* ---- what is known of a session is a record too ---- */

#define TOLD_MAX (RECORD_MEMBERS_MAX + RECORD_USERS_MAX)

static char *told_user(const char *text, const JsonSpan *values, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autofree char *user =
			record_picked_text(text, values[i], SESSION_ID_MAX, "");

		if (*user)
			return g_steal_pointer(&user);
	}
	return g_strdup("");
}

void backend_tell(
	const Backend *self, const char *body, gsize len, SessionBrief *ret)
{
	const RecordKind *kind = self->class->record;
	const char *names[TOLD_MAX];
	JsonPick pick = {names, 0, record_no_secrets};
	JsonSpan values[TOLD_MAX];

	*ret = (SessionBrief){NULL};
	for (guint i = 0; kind && i < kind->pick.n; i++)
		names[pick.n++] = kind->pick.names[i];
	for (guint i = 0; kind && kind->users && kind->users[i]; i++)
		names[pick.n++] = kind->users[i];
	if (!kind) {
		ret->name = g_strdup("");
		ret->user = g_strdup("");
		return;
	}
	g_autoptr(GString) masked = g_string_sized_new(len);
	json_pick(body, len, json_scan_space(body, len, 0), &pick, values,
		masked);
	const RawRecord record = {body, {0, len}, values, NULL};
	ret->name = record_name(kind, &record);
	ret->user =
		told_user(body, values + kind->pick.n, pick.n - kind->pick.n);
	if (kind->time)
		ret->created_ms = kind->time(body, values[RECORD_CREATED]);
}

void session_brief_clear(SessionBrief *brief)
{
	g_clear_pointer(&brief->name, g_free);
	g_clear_pointer(&brief->user, g_free);
}

/* ---- content files ---- */

void record_append_clean(GString *out, const char *text)
{
	for (const char *c = text; *c; c++)
		g_string_append_c(out, g_ascii_iscntrl(*c) ? ' ' : *c);
}

void record_append_line(GString *out, const char *text)
{
	if (!*text)
		return;
	record_append_clean(out, text);
	g_string_append_c(out, '\n');
}

gboolean record_is_url(const char *text)
{
	if (!text || strlen(text) > RECORD_URL_MAX ||
		(!g_str_has_prefix(text, "https://") &&
			!g_str_has_prefix(text, "http://")))
		return FALSE;
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			return FALSE;
	return TRUE;
}

void record_append_url(GString *out, const char *text)
{
	if (record_is_url(text))
		g_string_append_printf(out, "%s\n", text);
}

void record_render(const RecordRender renders[N_SESSION_FILES],
	SessionFile file, const char *body, gsize len, GString *out)
{
	if (!renders[file])
		return;
	g_autoptr(Json) record = json_parse(body, len, NULL);
	if (record)
		renders[file](record, out);
}
