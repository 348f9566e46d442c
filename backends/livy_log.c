#include "livy_log.h"

#include <string.h>

#define REASON_LINES 3
#define REASON_LINE_MAX 1024

static const char *const usual[] = {"stdout: ", "stderr: "};

/* A heading begins a paragraph, but for the first. */
static const char *skip_break(const char *line)
{
	return line + (*line == '\n');
}

/* What is left of a line behind a usual heading; NULL: it is none. */
static const char *behind_usual(const char *line)
{
	for (gsize i = 0; i < G_N_ELEMENTS(usual); i++)
		if (g_str_has_prefix(line, usual[i]))
			return line + strlen(usual[i]);
	return NULL;
}

static gboolean is_heading(const char *line)
{
	return *line == '\n' && g_str_has_suffix(line, ": ");
}

/*
 * Gives each line that is one to `take`.  A heading is kept back until it is
 * known that something follows it.
 */
static void each_line(const Json *log,
	void (*take)(const char *line, gsize len, void *data), void *data)
{
	const char *heading = NULL;

	json_foreach (element, log) {
		const char *raw = json_text(element);
		const char *rest = raw ? behind_usual(skip_break(raw)) : NULL;

		if (!raw)
			continue;
		if (rest)
			heading = NULL;
		if (rest && !*rest)
			continue;
		if (!rest && is_heading(raw)) {
			heading = skip_break(raw);
			continue;
		}
		if (heading)
			take(heading, strlen(heading) - 1, data);
		heading = NULL;
		const char *line = rest ? rest : raw;
		take(line, strlen(line), data);
	}
}

static void append_line(const char *line, gsize len, void *data)
{
	GString *out = data;

	g_string_append_len(out, line, len);
	if (len == 0 || line[len - 1] != '\n')
		g_string_append_c(out, '\n');
}

void livy_log_text(const Json *log, GString *out)
{
	each_line(log, append_line, out);
}

/* ---- reasons ---- */

typedef struct {
	const char *telling[REASON_LINES]; /* the last, oldest first */
	const char *any;                   /* the last of all */
} Last;

/* "\tat org.apache...", "\t... 12 more" */
static gboolean is_frame(const char *line)
{
	return g_ascii_isspace(*line) &&
	       (g_str_has_prefix(line + 1, "at ") ||
		       g_str_has_prefix(line + 1, "... "));
}

static gboolean is_chatter(const char *line)
{
	static const char *const levels[] = {" INFO ", " DEBUG ", " TRACE "};

	for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
		if (strstr(line, levels[i]))
			return TRUE;
	return FALSE;
}

static void note_line(const char *line, gsize len, void *data)
{
	Last *last = data;

	if (strspn(line, " \t\r\n") == strlen(line))
		return;
	last->any = line;
	if (is_frame(line) || is_chatter(line))
		return;
	memmove(last->telling, last->telling + 1,
		sizeof(last->telling) - sizeof(*last->telling));
	last->telling[REASON_LINES - 1] = line;
}

static void append_reason(GString *out, const char *line)
{
	g_autofree char *cut = g_strndup(line, REASON_LINE_MAX);
	g_autofree char *valid = g_utf8_make_valid(cut, -1);

	for (char *c = valid; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	g_string_append_printf(out, "%s\n", g_strstrip(valid));
}

void livy_log_reason(const Json *log, GString *out)
{
	Last last = {{NULL}};

	each_line(log, note_line, &last);
	for (guint i = 0; i < REASON_LINES; i++)
		if (last.telling[i])
			append_reason(out, last.telling[i]);
	if (!last.telling[REASON_LINES - 1] && last.any)
		append_reason(out, last.any);
}
