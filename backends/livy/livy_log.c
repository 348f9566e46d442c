#include "backends/livy/livy_log.h"

#include <string.h>

#include "backends/backend.h"
#include "backends/base/clock.h"

const char *const livy_private[] = {
	"conf", "log", "sparkUiUrl", "driverLogUrl", NULL};
const char *const livy_bad_ends[] = {"error", "dead", "killed", NULL};
const char *const livy_chatter[] = {"log", NULL};

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

/* ---- texts ---- */

/* C1 included, which some terminals obey as well. */
static void append_clean(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (letter == '\r' && (c[1] == '\n' || !c[1]))
			continue;
		if (letter == '\t' || letter == '\n' ||
			!backend_is_control(letter))
			g_string_append_unichar(out, letter);
		else
			g_string_append_c(out, '?');
	}
}

void livy_log_append_line(GString *out, const char *line)
{
	gsize before = out->len;

	append_clean(out, line);
	if (out->len == before || out->str[out->len - 1] != '\n')
		g_string_append_c(out, '\n');
}

/* ---- windows ---- */

#define STDOUT 0
#define STDERR 1

/* Which of the usual sections a line begins; -1: none. */
static int usual_of(const char *line)
{
	for (gsize i = 0; i < G_N_ELEMENTS(usual); i++)
		if (g_str_has_prefix(skip_break(line), usual[i]))
			return (int)i;
	return -1;
}

static void append_section(
	GString *out, char kind, const char *heading, gsize len)
{
	g_string_append_printf(
		out, "%c%c%.*s\n", WINDOW_MARK, kind, (int)len, heading);
}

static void append_usual(GString *out, int which, gboolean titled)
{
	append_section(out, titled ? WINDOW_TITLED : WINDOW_LINES, usual[which],
		strlen(usual[which]) - 2);
}

/* What the first lines belong to, where no heading is before them: all come in the
 * same order. */
static int first_of(const Json *log)
{
	json_foreach (element, log) {
		const char *raw = json_text(element);

		if (raw && usual_of(raw) >= 0)
			return usual_of(raw) == STDERR ? STDOUT : STDERR;
	}
	return STDERR;
}

static void append_element(GString *out, const char *raw, gboolean titled)
{
	int which = usual_of(raw);
	const char *rest = raw;

	if (which >= 0) {
		append_usual(out, which, titled);
		rest = behind_usual(skip_break(raw));
	} else if (is_heading(raw)) {
		g_autofree char *name = g_strdup(skip_break(raw));
		g_autoptr(GString) line = g_string_new(NULL);

		name[strlen(name) - 2] = '\0';
		livy_log_append_line(line, name);
		append_section(
			out, WINDOW_TEXT, line->str, strcspn(line->str, "\n"));
		return;
	}
	if (which < 0 || *rest)
		livy_log_append_line(out, rest);
}

/* The last lines, below the heading that they stood below. */
static void append_last(GString *out, const GString *all)
{
	const char *start = all->str, *mark;

	if (all->len <= LIVY_LOG_MAX) {
		g_string_append(out, start);
		return;
	}
	start = strchr(start + all->len - LIVY_LOG_MAX - 1, '\n') + 1;
	mark = g_strrstr_len(
		all->str, start - all->str, (const char[]){WINDOW_MARK, '\0'});
	if (*start != WINDOW_MARK && mark)
		g_string_append_len(
			out, mark, (gssize)(strchr(mark, '\n') + 1 - mark));
	g_string_append(out, start);
}

void livy_log_window(const Json *log, gboolean titled, GString *out)
{
	g_autoptr(GString) all = g_string_new(NULL);
	gboolean begun = FALSE;

	json_foreach (element, log) {
		const char *raw = json_text(element);

		if (!raw)
			continue;
		if (!begun && usual_of(raw) < 0 && !is_heading(raw))
			append_usual(all, first_of(log), FALSE);
		begun = TRUE;
		append_element(all, raw, titled);
	}
	append_last(out, all);
}

#define WORTH_MS 5000

GBytes *livy_log_file(const Backend *self, Json *answer, gboolean titled,
	const char *body, gint64 *ret_until_ms)
{
	g_autoptr(Json) owned G_GNUC_UNUSED = answer;
	g_autoptr(Json) record =
		body ? json_parse(body, strlen(body), NULL) : NULL;
	Phase phase = backend_phase(
		self->class, json_get_text(record, "state", 64, ""));
	gboolean ended = phase == PHASE_STOPPED || phase == PHASE_FAILED;
	GString *out;

	if (!answer)
		return NULL;
	out = g_string_new(NULL);
	livy_log_window(json_get(answer, "log"), titled, out);
	*ret_until_ms = ended ? 0 : clock_wall_ms(&clock_real) + WORTH_MS;
	return g_string_free_to_bytes(out);
}

/* ---- lines ---- */

/* The last of a text that is longer than all of a log may be: each line of it costs
 * some memory of ours. */
static const char *bounded(const char *text)
{
	gsize len = strlen(text);

	return len > LIVY_LOG_MAX ? text + len - LIVY_LOG_MAX : text;
}

typedef struct {
	GPtrArray *kept; /* char * */
	const char *heading;
	gboolean usual;
	LivyLogTake take;
	void *data;
} Each;

static void each_line(const Each *self, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(bounded(text), "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		char *line = g_strchomp(g_strdup(lines[i]));

		g_ptr_array_add(self->kept, line);
		self->take(line, self->heading, self->usual, i > 0, self->data);
	}
}

void livy_log_each(
	const Json *log, GPtrArray *kept, LivyLogTake take, void *data)
{
	Each self = {kept, "", TRUE, take, data};

	json_foreach (element, log) {
		const char *raw = json_text(element);
		int which = raw ? usual_of(raw) : -1;

		if (!raw)
			continue;
		if (which >= 0) {
			self.heading = usual[which];
			self.usual = TRUE;
			if (*behind_usual(skip_break(raw)))
				each_line(&self, behind_usual(skip_break(raw)));
		} else if (is_heading(raw)) {
			self.heading = skip_break(raw);
			self.usual = FALSE;
		} else {
			each_line(&self, raw);
		}
	}
}
