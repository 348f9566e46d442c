#include "text.h"

#include <string.h>

#include "backends/base/json_span.h"

void text_quote(GString *out, const char *text)
{
	const char *plain = text;

	g_string_append_c(out, '"');
	for (const char *at = text; *at; at++) {
		guchar c = (guchar)*at;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		g_string_append_len(out, plain, at - plain);
		if (c >= 0x20)
			g_string_append_printf(out, "\\%c", c);
		else
			g_string_append_printf(out, "\\u%04x", c);
		plain = at + 1;
	}
	g_string_append(out, plain);
	g_string_append_c(out, '"');
}

void text_put(char **text, const char *name, const char *value)
{
	g_autofree char *old = *text;
	gsize len = strlen(old);
	GString *out =
		g_string_sized_new(len + strlen(name) + strlen(value) + 8);
	JsonSpan span;

	if (json_span_member(old, len, name, &span)) {
		g_string_append_len(out, old, span.start);
		g_string_append(out, value);
		g_string_append(out, old + span.start + span.len);
	} else {
		const char *brace = strchr(old, '{');
		gsize start = (gsize)(brace - old) + 1;
		gsize blank = strspn(old + start, " \t\r\n");

		/* In front, since what follows the first brace is known. */
		g_string_append_len(out, old, start);
		text_quote(out, name);
		g_string_append_c(out, ':');
		g_string_append(out, value);
		if (old[start + blank] != '}')
			g_string_append_c(out, ',');
		g_string_append(out, old + start);
	}
	*text = g_string_free(out, FALSE);
}

void text_put_string(char **text, const char *name, const char *value)
{
	g_autoptr(GString) quoted = g_string_new(NULL);

	text_quote(quoted, value);
	text_put(text, name, quoted->str);
}

void text_put_int(char **text, const char *name, gint64 value)
{
	g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, value);

	text_put(text, name, digits);
}

void text_cut(char **text, const char *name)
{
	g_autoptr(GString) out = g_string_new(*text);
	gsize start, end;
	JsonSpan span;

	if (!json_span_member(out->str, out->len, name, &span))
		return;
	end = span.start + span.len;
	/* A key's own quotes are escaped within it: the one before the colon's
	 * opening partner begins the member. */
	start = (gsize)(g_strrstr_len(out->str, span.start, ":") - out->str);
	start = (gsize)(g_strrstr_len(out->str, start, "\"") - out->str);
	start = (gsize)(g_strrstr_len(out->str, start, "\"") - out->str);
	end += strspn(out->str + end, " \t\r\n");
	if (out->str[end] == ',') {
		end++;
	} else {
		while (start > 0 && strchr(" \t\r\n", out->str[start - 1]))
			start--;
		if (out->str[start - 1] == ',')
			start--;
	}
	g_string_erase(out, start, end - start);
	g_free(*text);
	*text = g_strdup(out->str);
}

char *text_member(const char *text, const char *name)
{
	JsonSpan span;

	if (!json_span_member(text, strlen(text), name, &span))
		return NULL;
	return g_strndup(text + span.start, span.len);
}

gboolean text_member_is(const char *text, const char *name, const char *wanted)
{
	g_autoptr(GString) quoted = NULL;
	JsonSpan span;

	if (!wanted)
		return TRUE;
	if (!json_span_member(text, strlen(text), name, &span))
		return FALSE;
	quoted = g_string_new(NULL);
	text_quote(quoted, wanted);
	return span.len == quoted->len &&
	       !memcmp(text + span.start, quoted->str, span.len);
}

void text_merge(char **text, const char *patch)
{
	g_autoptr(Json) document = json_parse(patch, strlen(patch), NULL);

	json_foreach (member, document) {
		g_autofree char *value = text_member(patch, json_name(member));

		if (value)
			text_put(text, json_name(member), value);
	}
}

void text_slice(GString *out, const Json *array, guint64 from, guint64 n)
{
	guint64 i = 0, end = from + n;

	json_foreach (element, array) {
		g_autofree char *text = NULL;

		if (i >= from && i < end)
			text = json_print(element, FALSE);
		if (text)
			g_string_append_printf(
				out, "%s%s", i > from ? "," : "", text);
		i++;
	}
}
