#include "dli_log.h"

#include <string.h>

#define TRACKING "tracking URL:"

/* C1 included, which some terminals obey as well. */
static gboolean is_control(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static void append_clean(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (letter == '\r' && (c[1] == '\n' || !c[1]))
			continue;
		if (letter == '\t' || letter == '\n' || !is_control(letter))
			g_string_append_unichar(out, letter);
		else
			g_string_append_c(out, '?');
	}
}

static void append_lines(const Json *lines, GString *out)
{
	json_foreach (line, lines) {
		const char *text = json_text(line);
		gsize before = out->len;

		if (!text)
			continue;
		append_clean(out, text);
		if (out->len == before || out->str[out->len - 1] != '\n')
			g_string_append_c(out, '\n');
	}
}

void dli_log_append(const Json *lines, GString *out)
{
	g_autoptr(GString) all = g_string_new(NULL);
	const char *start;

	append_lines(lines, all);
	start = all->str;
	if (all->len > DLI_LOG_MAX)
		start = strchr(all->str + all->len - DLI_LOG_MAX - 1, '\n') + 1;
	g_string_append(out, start);
}

char *dli_log_tracking(const Json *lines)
{
	g_autoptr(GString) all = g_string_new(NULL);
	const char *found;

	append_lines(lines, all);
	found = g_strrstr(all->str, TRACKING);
	if (!found)
		return NULL;
	found += strlen(TRACKING);
	found += strspn(found, " \t");
	gsize len = strcspn(found, " \t\n");
	return len > 0 ? g_strndup(found, len) : NULL;
}
