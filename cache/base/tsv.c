#include "cache/base/tsv.h"

#include <string.h>

#include "backends/error.h"

#define NOTHING "-"

static void append_hex(GString *out, guchar c)
{
	g_string_append_printf(out, "\\x%02x", c);
}

void tsv_append(GString *out, const char *text)
{
	static const char special[] = "\t\n\r\\", letters[] = "tnr\\";
	g_autofree char *valid = NULL;

	if (*text == '\0') {
		g_string_append(out, NOTHING);
		return;
	}
	if (strcmp(text, NOTHING) == 0) {
		append_hex(out, (guchar)*text);
		return;
	}
	if (!g_utf8_validate(text, -1, NULL))
		text = valid = g_utf8_make_valid(text, -1);
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
