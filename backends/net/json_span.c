#include "net/json.h"

#include <string.h>

#include "net/json_scan.h"

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
	value_end = json_scan_value(text, len, value);
	*ret_key = (JsonSpan){key, key_end - key};
	*ret_value = (JsonSpan){value, value_end - value};
	*at = value_end;
	return TRUE;
}

/* The offset after the bracket that opens the text's value; len: none. */
static gsize inside(const char *text, gsize len, char bracket)
{
	gsize at = json_scan_space(text, len, 0);

	return at < len && text[at] == bracket ? at + 1 : len;
}

static gboolean has_escape(const char *text, JsonSpan span)
{
	return memchr(text + span.start, '\\', span.len) != NULL;
}

static gboolean key_is(const char *text, JsonSpan key, const char *name)
{
	g_autoptr(Json) plain = NULL;

	if (!has_escape(text, key))
		return key.len == strlen(name) + 2 &&
		       memcmp(text + key.start + 1, name, key.len - 2) == 0;
	plain = json_parse(text + key.start, key.len, NULL);
	return g_strcmp0(json_text(plain), name) == 0;
}

gboolean json_span_member(
	const char *text, gsize len, const char *name, JsonSpan *ret)
{
	gsize at = inside(text, len, '{');
	gboolean found = FALSE;
	JsonSpan key, value;

	while (member_next(text, len, &at, &key, &value)) {
		if (!key_is(text, key, name))
			continue;
		*ret = value;
		found = TRUE;
	}
	return found;
}

GArray *json_span_elements(const char *text, gsize len)
{
	GArray *spans = g_array_new(FALSE, FALSE, sizeof(JsonSpan));
	gsize at = json_scan_space(text, len, inside(text, len, '['));

	while (at < len && text[at] != ']') {
		gsize end = json_scan_value(text, len, at);
		JsonSpan span = {at, end - at};

		g_array_append_val(spans, span);
		at = json_scan_space(text, len, end);
		if (at >= len || text[at] != ',')
			break;
		at = json_scan_space(text, len, at + 1);
	}
	return spans;
}

static gboolean key_is_secret(
	const char *text, JsonSpan key, const char *const *secrets)
{
	if (has_escape(text, key))
		return TRUE;
	for (; *secrets; secrets++)
		if (key_is(text, key, *secrets))
			return TRUE;
	return FALSE;
}

char *json_mask(
	const char *text, gsize len, const char *const *secrets, gsize *ret_len)
{
	GString *out = g_string_sized_new(len);
	gsize at = inside(text, len, '{');
	gsize copied = 0;
	JsonSpan key, value;

	while (member_next(text, len, &at, &key, &value)) {
		if (!key_is_secret(text, key, secrets))
			continue;
		g_string_append_len(
			out, text + copied, (gssize)(value.start - copied));
		g_string_append(out, "\"***\"");
		copied = value.start + value.len;
	}
	g_string_append_len(out, text + copied, (gssize)(len - copied));
	*ret_len = out->len;
	return g_string_free(out, FALSE);
}
