#include "backends/provider/record.h"

#include <string.h>

#include "backends/base/json_scan.h"
#include "backends/base/json_span.h"
#include "backends/base/utc.h"

#define STATE_MAX 64
/* Of a record that is too long: members that are longer are left out. */
#define LARGE_MEMBER 8192
#define TIME_MAX 40
#define DATE_LEAST "2024-09-01 06:23:01"
/*
 * Below this a number counts seconds, up to the year 5138, and from there on
 * milliseconds, from 1973 on: whatever is documented, servers are seen to send
 * the other.  Numbers from MS_MAX on, and those before the epoch, are no times.
 */
#define SECONDS_MAX 1e11
#define MS_MAX 1e14

const char *const record_no_secrets[] = {NULL};

/* ---- values ---- */

static gint64 date_of(const char *text, JsonSpan value)
{
	g_autofree char *date = json_span_text(text, value, TIME_MAX);

	if (!date || strlen(date) < strlen(DATE_LEAST))
		return 0;
	if (date[10] == ' ')
		date[10] = 'T';
	return utc_ms(date);
}

/* Written so that NaN is none either. */
static gint64 number_of(double time)
{
	if (!(time > 0 && time < MS_MAX))
		return 0;
	return (gint64)((time < SECONDS_MAX ? time * 1000 : time) + 0.5);
}

gint64 record_ms(const char *text, JsonSpan value)
{
	char number[TIME_MAX + 1];
	gint64 whole = json_span_int(text, value, 0, G_MAXINT64, -1);
	char *end;

	if (whole >= 0)
		return number_of((double)whole);
	if (value.len == 0 || value.len > TIME_MAX)
		return 0;
	if (text[value.start] == '"')
		return date_of(text, value);
	memcpy(number, text + value.start, value.len);
	number[value.len] = '\0';
	double time = g_ascii_strtod(number, &end);
	return *end ? 0 : number_of(time);
}

gint64 record_time(const Json *object, const char *name)
{
	const Json *value = json_get(object, name);
	g_autofree char *text = value ? json_print(value, FALSE) : NULL;

	return text ? record_ms(text, (JsonSpan){0, strlen(text)}) : 0;
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

static void append_clean(GString *out, const char *text, char instead)
{
	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (backend_is_control(letter))
			g_string_append_c(out, instead);
		else
			g_string_append_unichar(out, letter);
	}
}

/* The state's word, fit for a file: printable and short. */
static char *picked_state(
	const char *text, JsonSpan value, const char *fallback)
{
	g_autofree char *raw =
		record_picked_text(text, value, STATE_MAX, fallback);
	GString *state = g_string_new(NULL);

	append_clean(state, raw, '?');
	return g_string_free(state, FALSE);
}

/* ---- records ---- */

char *record_picked_id(const char *text, JsonSpan value)
{
	g_autofree char *id = json_span_text(text, value, SESSION_ID_MAX);
	gint64 number;

	if (id)
		return *id ? g_steal_pointer(&id) : NULL;
	number = json_span_int(text, value, 0, G_MAXINT64, -1);
	return number >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, number)
			   : NULL;
}

char *record_id(const Json *object, const char *name)
{
	const Json *value = json_get(object, name);
	g_autofree char *text = value ? json_print(value, FALSE) : NULL;

	return text ? record_picked_id(text, (JsonSpan){0, strlen(text)})
		    : NULL;
}

static char *id_of(const RecordKind *kind, const RawRecord *record)
{
	return kind->id ? kind->id(record)
			: record_picked_id(
				  record->text, record->values[RECORD_ID]);
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
	session->created_ms = record_ms(text, values[RECORD_CREATED]);
	session->changed_ms = record_ms(text, values[RECORD_CHANGED]);
	if (session->changed_ms > 0)
		session->changed_ms =
			MAX(session->created_ms, session->changed_ms);
	session->trimmed = masked->len > SESSION_BODY_MAX;
	session->body = session->trimmed
				? json_trim(masked->str, masked->len,
					  LARGE_MEMBER, SESSION_BODY_MAX)
				: g_strndup(masked->str, masked->len);
	session->body_len =
		session->trimmed ? strlen(session->body) : masked->len;
	session->partial = kind->partial;
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
	const RawRecord record = {text, {start, *at - start}, values, data};
	g_autofree char *id = id_of(kind, &record);
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

		page->tail = session ? 0 : page->tail + 1;
		if (session) {
			g_ptr_array_add(page->sessions, session);
			page->trimmed += session->trimmed;
		} else if (!elsewhere) {
			page->skipped++;
		}
	}
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

void backend_summarize(
	const Backend *self, const char *body, gsize len, SessionSummary *ret)
{
	const RecordKind *kind = self->class->record;
	const char *names[TOLD_MAX];
	JsonPick pick = {names, 0, record_no_secrets};
	JsonSpan values[TOLD_MAX];

	*ret = (SessionSummary){NULL};
	for (guint i = 0; kind && i < kind->pick.n; i++)
		names[pick.n++] = kind->pick.names[i];
	for (guint i = 0; kind && kind->users && kind->users[i]; i++)
		names[pick.n++] = kind->users[i];
	if (!kind) {
		ret->name = g_strdup("");
		ret->user = g_strdup("");
		return;
	}
	json_pick(
		body, len, json_scan_space(body, len, 0), &pick, values, NULL);
	const RawRecord record = {body, {0, len}, values, NULL};
	ret->name = record_name(kind, &record);
	ret->user =
		told_user(body, values + kind->pick.n, pick.n - kind->pick.n);
	ret->created_ms = record_ms(body, values[RECORD_CREATED]);
}

void session_summary_clear(SessionSummary *brief)
{
	g_clear_pointer(&brief->name, g_free);
	g_clear_pointer(&brief->user, g_free);
}

/* ---- times in two precisions ---- */

static gboolean is_respelt(
	const char *held, JsonSpan one, const char *now, JsonSpan two)
{
	gint64 before, after;

	if (one.len == 0 || two.len == 0 ||
		(one.len == two.len && memcmp(held + one.start, now + two.start,
					       one.len) == 0))
		return FALSE;
	before = record_ms(held, one);
	after = record_ms(now, two);
	return before > 0 && after > 0 && ABS(before - after) < 1000 &&
	       (before % 1000 == 0 || after % 1000 == 0);
}

char *backend_respell(const Backend *self, const char *held, gsize held_len,
	const char *now, gsize now_len, gsize *ret_len)
{
	const RecordKind *kind = self->class->record;
	JsonSpan old[2], new[2], *first = new, *second = new + 1;
	GString *out = NULL;

	if (!kind || !*kind->pick.names[RECORD_CREATED])
		return NULL;
	const JsonPick pick = {
		kind->pick.names + RECORD_CREATED, 2, record_no_secrets};
	json_pick(held, held_len, json_scan_space(held, held_len, 0), &pick,
		old, NULL);
	json_pick(now, now_len, json_scan_space(now, now_len, 0), &pick, new,
		NULL);
	/* From the end, since what is replaced moves the rest. */
	if (first->start > second->start) {
		first = new + 1;
		second = new;
	}
	for (JsonSpan *at = second; at; at = at == second ? first : NULL) {
		JsonSpan span = old[at - new];

		if (!is_respelt(held, span, now, *at))
			continue;
		if (!out)
			out = g_string_new_len(now, (gssize)now_len);
		g_string_erase(out, (gssize)at->start, (gssize)at->len);
		g_string_insert_len(out, (gssize)at->start, held + span.start,
			(gssize)span.len);
	}
	if (!out)
		return NULL;
	*ret_len = out->len;
	return g_string_free(out, FALSE);
}

/* ---- content files ---- */

void record_append_json(GString *out, const Json *document)
{
	g_autofree char *text = json_print(document, TRUE);

	g_string_append(out, text);
}

void record_append_clean(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	append_clean(out, valid, ' ');
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
	if (!g_utf8_validate(text, -1, NULL))
		return FALSE;
	for (const char *c = text; *c; c = g_utf8_next_char(c))
		if (backend_is_control(g_utf8_get_char(c)))
			return FALSE;
	return TRUE;
}

void record_append_url(GString *out, const char *text)
{
	if (record_is_url(text))
		g_string_append_printf(out, "%s\n", text);
}
