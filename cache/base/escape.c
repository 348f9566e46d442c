#include "cache/base/escape.h"

#include <string.h>

#include "backends/error.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* A new string where it has to be mended; NULL: it is fine. */
static char *mended(const char *text)
{
	return g_utf8_validate(text, -1, NULL) ? NULL
					       : g_utf8_make_valid(text, -1);
}

static void append_hex(GString *out, guchar c)
{
	g_string_append_printf(out, "\\x%02x", c);
}

static gboolean is_plain(guchar c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

gsize text_plain_len(const char *text)
{
	gsize len = 0;

	while (is_plain((guchar)text[len]))
		len++;
	return len;
}

void tsv_append(GString *out, const char *text)
{
	static const char special[] = "\t\n\r\\", letters[] = "tnr\\";
	g_autofree char *valid = NULL;
	gsize plain = text_plain_len(text);

	if (*text == '\0') {
		g_string_append(out, TSV_NOTHING);
		return;
	}
	if (strcmp(text, TSV_NOTHING) == 0) {
		append_hex(out, (guchar)*text);
		return;
	}
	g_string_append_len(out, text, (gssize)plain);
	text += plain;
	if (*text == '\0')
		return;
	valid = mended(text);
	text = valid != NULL ? valid : text;
	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		const char *found = strchr(special, *text);
		gunichar c = g_utf8_get_char(text);

		if (found != NULL) {
			g_string_append_c(out, '\\');
			g_string_append_c(out, letters[found - special]);
		} else if (c < 0x80 && (g_ascii_iscntrl((char)c) || c == '"')) {
			append_hex(out, (guchar)c);
		} else if (backend_is_control(c)) {
			g_string_append_printf(out, "\\u%04x", c);
		} else {
			g_string_append_unichar(out, c);
		}
	}
}

static void append_char(GString *out, gunichar c)
{
	if (c == '"' || c == '\\')
		g_string_append_printf(out, "\\%c", (char)c);
	else if (backend_is_control(c))
		g_string_append_printf(out, "\\u%04x", c);
	else
		g_string_append_unichar(out, c);
}

void json_append(GString *out, const char *text, gsize room)
{
	g_autofree char *valid = NULL;
	gsize start = out->len + 1;

	if (text[text_plain_len(text)] != '\0')
		valid = mended(text);
	text = valid != NULL ? valid : text;
	g_string_append_c(out, '"');
	while (*text != '\0') {
		gsize before = out->len, plain = text_plain_len(text);

		g_string_append_len(out, text, (gssize)plain);
		text += plain;
		if (plain > 0) {
			before = MIN(out->len, start + room);
		} else {
			append_char(out, g_utf8_get_char(text));
			text = g_utf8_next_char(text);
		}
		if (out->len - start > room) {
			g_string_truncate(out, before);
			g_string_append(out, ELLIPSIS);
			break;
		}
	}
	g_string_append_c(out, '"');
}
