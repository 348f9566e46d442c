#include "backends/base/json_span.h"

#include <string.h>

#include "backends/base/json_scan.h"

/* A number of so many digits is surely exact. */
#define WHOLE_DIGITS 15

/* One step through an object: at the first byte after "{" or a value. */
static gboolean member_next(const char *text, gsize len, gsize *at,
	JsonSpan *ret_key, JsonSpan *ret_value)
{
	gsize key = json_scan_space(text, len, *at);
	gsize key_end, value, value_end;

	if (key < len && text[key] == ',')
		key = json_scan_space(text, len, key + 1);
	if (key >= len || text[key] != '"')
		return FALSE;
	key_end = json_scan_string(text, len, key);
	value = json_scan_space(text, len, key_end);
	if (value >= len || text[value] != ':')
		return FALSE;
	value = json_scan_space(text, len, value + 1);
	if (value >= len)
		return FALSE;
	value_end = json_scan_value(text, len, value);
	*ret_key = (JsonSpan){key, key_end - key};
	*ret_value = (JsonSpan){value, value_end - value};
	*at = value_end;
	return TRUE;
}

static gboolean has_escape(const char *text, JsonSpan span)
{
	return memchr(text + span.start, '\\', span.len) != NULL;
}

/* Whether a key without escapes is that name. */
static gboolean key_equals(const char *text, JsonSpan key, const char *name)
{
	const char *at = text + key.start + 1;
	gsize n = key.len - 2, i = 0;

	/* Nearly all differ in the first byte. */
	while (i < n && name[i] != '\0' && name[i] == at[i])
		i++;
	return i == n && name[i] == '\0';
}

static gboolean key_is(const char *text, JsonSpan key, const char *name)
{
	g_autoptr(Json) plain = NULL;

	if (key.len < 2)
		return FALSE;
	if (!has_escape(text, key))
		return key_equals(text, key, name);
	plain = json_parse(text + key.start, key.len, NULL);
	return g_strcmp0(json_text(plain), name) == 0;
}

/* A key that is spelt with escapes may spell a secret. */
static gboolean key_is_secret(
	const char *text, JsonSpan key, const char *const *secrets)
{
	if (key.len < 2 || has_escape(text, key))
		return TRUE;
	for (; *secrets; secrets++)
		if (key_equals(text, key, *secrets))
			return TRUE;
	return FALSE;
}

gboolean json_span_member(
	const char *text, gsize len, const char *name, JsonSpan *ret)
{
	gsize at = json_scan_space(text, len, 0);
	gboolean found = FALSE;
	JsonSpan key, value;

	if (at >= len || text[at++] != '{')
		return FALSE;
	while (member_next(text, len, &at, &key, &value)) {
		if (!key_is(text, key, name))
			continue;
		*ret = value;
		found = TRUE;
	}
	return found;
}

/* ---- an answer ---- */

static void append_span(GString *out, const char *text, JsonSpan span)
{
	g_string_append_len(out, text + span.start, (gssize)span.len);
}

static void append_outline(GString *out, const char *text, JsonSpan value)
{
	char first = text[value.start];

	if (first == '{')
		g_string_append_printf(out,
			"{\"start\":%" G_GSIZE_FORMAT //
			",\"len\":%" G_GSIZE_FORMAT "}",
			value.start, value.len);
	else if (first == '[')
		g_string_append_printf(out,
			"[%" G_GSIZE_FORMAT ",%" G_GSIZE_FORMAT "]",
			value.start, value.len);
	else
		append_span(out, text, value);
}

char *json_span_outline(const char *text, gsize len)
{
	gsize at = json_scan_space(text, len, 0);
	GString *out = g_string_new("{");
	JsonSpan key, value;

	if (at >= len || text[at] != '{') {
		g_string_free(out, TRUE);
		return NULL;
	}
	at++;
	while (member_next(text, len, &at, &key, &value)) {
		if (out->len > 1)
			g_string_append_c(out, ',');
		append_span(out, text, key);
		g_string_append_c(out, ':');
		append_outline(out, text, value);
	}
	g_string_append_c(out, '}');
	return g_string_free(out, FALSE);
}

Json *json_parse_outline(const char *text, gsize len, GError **error)
{
	g_autofree char *outline = NULL;

	if (!json_check(text, len, error))
		return NULL;
	outline = json_span_outline(text, len);
	return outline ? json_parse(outline, strlen(outline), error)
		       : json_parse(text, len, error);
}

/* As it stands two levels down. */
static gboolean is_sound(const char *text, gsize len)
{
	g_autofree char *box = g_strdup_printf("[[%.*s]]", (int)len, text);
	JsonScan scan;

	return json_scan(box, strlen(box), &scan);
}

static gboolean mend_array(char *text, gsize end, gsize at)
{
	gboolean mended = FALSE;

	while (json_element_next(text, end, &at)) {
		gsize next = json_scan_value(text, end, at);

		if (next - at >= 2 && !is_sound(text + at, next - at)) {
			memset(text + at, ' ', next - at);
			memcpy(text + at, "{}", 2);
			mended = TRUE;
		}
		at = next;
	}
	return mended;
}

gboolean json_mend(char *text, gsize len)
{
	gsize at = json_scan_space(text, len, 0);
	gboolean mended = FALSE;
	JsonSpan key, value;

	if (at >= len || text[at++] != '{')
		return FALSE;
	while (member_next(text, len, &at, &key, &value))
		if (text[value.start] == '[')
			mended |= mend_array(
				text, value.start + value.len, value.start + 1);
	return mended;
}

gboolean json_outline_span(const Json *value, JsonSpan *ret)
{
	const Json *start = json_first(value);
	gint64 at, len;

	if (!start || !json_next(start) || !json_whole(start, &at) ||
		!json_whole(json_next(start), &len))
		return FALSE;
	*ret = (JsonSpan){(gsize)at, (gsize)len};
	return TRUE;
}

/* ---- records ---- */

gboolean json_element_next(const char *text, gsize len, gsize *at)
{
	gsize next = json_scan_space(text, len, *at);

	if (next < len && text[next] == ',')
		next = json_scan_space(text, len, next + 1);
	*at = next;
	return next < len && text[next] != ']';
}

static void pick_value(const char *text, JsonSpan key, JsonSpan value,
	const JsonPick *pick, JsonSpan *ret_values)
{
	gboolean plain = key.len >= 2 && !has_escape(text, key);

	for (guint i = 0; i < pick->n; i++)
		if (*pick->names[i] &&
			(plain ? key_equals(text, key, pick->names[i])
			       : key_is(text, key, pick->names[i])))
			ret_values[i] = value;
}

gsize json_pick(const char *text, gsize len, gsize at, const JsonPick *pick,
	JsonSpan *ret_values, GString *ret_masked)
{
	gsize copied = at;
	JsonSpan key, value;

	memset(ret_values, 0, pick->n * sizeof(*ret_values));
	if (ret_masked)
		g_string_truncate(ret_masked, 0);
	if (at >= len || text[at] != '{')
		return json_scan_value(text, len, at);
	at++;
	while (member_next(text, len, &at, &key, &value)) {
		pick_value(text, key, value, pick, ret_values);
		if (!ret_masked || !key_is_secret(text, key, pick->secrets))
			continue;
		append_span(ret_masked, text,
			(JsonSpan){copied, value.start - copied});
		g_string_append(ret_masked, "\"***\"");
		copied = at;
	}
	at = MIN(json_scan_space(text, len, at) + 1, len);
	if (ret_masked)
		append_span(ret_masked, text, (JsonSpan){copied, at - copied});
	return at;
}

char *json_trim(const char *text, gsize len, gsize member_max, gsize max)
{
	gsize at = json_scan_space(text, len, 0);
	GString *out = g_string_new("{");
	JsonSpan key, value;

	if (at < len && text[at] == '{')
		at++;
	else
		at = len;
	while (member_next(text, len, &at, &key, &value)) {
		gsize end = value.start + value.len;
		gsize size = end - key.start;

		if (size > member_max || out->len + size + 2 > max)
			continue;
		if (out->len > 1)
			g_string_append_c(out, ',');
		append_span(out, text, (JsonSpan){key.start, size});
	}
	g_string_append_c(out, '}');
	return g_string_free(out, FALSE);
}

char *json_span_text(const char *text, JsonSpan span, gsize max)
{
	g_autoptr(Json) value = NULL;
	const char *plain;

	if (span.len < 2 || text[span.start] != '"')
		return NULL;
	if (!has_escape(text, span))
		return span.len - 2 <= max
			       ? g_strndup(text + span.start + 1, span.len - 2)
			       : NULL;
	value = json_parse(text + span.start, span.len, NULL);
	plain = json_text(value);
	return plain && strlen(plain) <= max ? g_strdup(plain) : NULL;
}

gint64 json_span_int(const char *text, JsonSpan span, gint64 min, gint64 max,
	gint64 fallback)
{
	g_autoptr(Json) value = NULL;
	gint64 number = 0;

	for (gsize i = 0; i < span.len && span.len <= WHOLE_DIGITS; i++) {
		char digit = text[span.start + i];

		if (!g_ascii_isdigit(digit))
			break;
		number = number * 10 + (digit - '0');
		if (i + 1 == span.len)
			return number < min || number > max ? fallback : number;
	}
	value = span.len > 0 ? json_parse(text + span.start, span.len, NULL)
			     : NULL;
	return json_int(value, min, max, fallback);
}
