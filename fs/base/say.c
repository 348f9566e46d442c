#include "fs/base/say.h"

#include <stdio.h>
#include <string.h>

#include "fs/base/status_line.h"

/* In bytes.  Most paths are shorter. */
#define WORD_MAX 1024
#define WORD_HEAD 100
#define WORD_TAIL 50

static gboolean is_plain(gunichar c)
{
	/* The last two: it is no UTF-8. */
	return c == '\n' || (!g_unichar_iscntrl(c) && c != (gunichar)-1 &&
				    c != (gunichar)-2);
}

/* New string: the text with words that nobody reads to the end cut in their middle. */
static char *with_short_words(const char *text)
{
	GString *out = g_string_new(NULL);

	while (*text) {
		gsize len = strcspn(text, " \n");
		gsize whole = len + (text[len] != '\0');

		if (len > WORD_MAX)
			g_string_append_printf(out, "%.*s...%.*s", WORD_HEAD,
				text, (int)(whole - len) + WORD_TAIL,
				text + len - WORD_TAIL);
		else
			g_string_append_len(out, text, (gssize)whole);
		text += whole;
	}
	return g_string_free(out, FALSE);
}

static char *plain(const char *whole)
{
	g_autofree char *short_text = with_short_words(whole);
	const char *text = short_text;
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
