#include "fs/base/say.h"

#include <stdio.h>

#include "fs/base/status_line.h"

static gboolean is_plain(gunichar c)
{
	/* The last two: it is no UTF-8. */
	return c == '\n' || (!g_unichar_iscntrl(c) && c != (gunichar)-1 &&
				    c != (gunichar)-2);
}

static char *plain(const char *text)
{
	GString *out = g_string_new(NULL);

	while (*text) {
		const char *next = g_utf8_next_char(text);

		if (is_plain(g_utf8_get_char_validated(text, -1))) {
			g_string_append_len(out, text, next - text);
			text = next;
		} else {
			g_string_append_printf(
				out, "\\x%02x", (guint)(guchar)*text++);
		}
	}
	return g_string_free(out, FALSE);
}

void say(const char *format, ...)
{
	g_autofree char *message = NULL;
	g_autofree char *shown = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	shown = plain(message);
	status_line_clear();
	fprintf(stderr, "sessionfs: %s\n", shown);
}
