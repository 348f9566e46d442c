#include "backends/livy/livy_cause.h"

#include <string.h>

#include "backends/backend.h"
#include "backends/livy/livy_log.h"

#define STATE_MAX 64
#define CAUSE_LINES 3
#define CAUSE_LINE_MAX 1024
/* Where in a line its level stands at the latest. */
#define LEVEL_WITHIN 48

typedef enum {
	KIND_PLAIN,
	KIND_BLANK,
	KIND_FRAME,
	KIND_INDENTED,
	KIND_CAUSED,
	KIND_THREAD,
	KIND_ERROR,
	KIND_WARN,
	KIND_INFO,
} Kind;

/* An exception: borrowed lines, or NULL. */
typedef struct {
	const char *head, *detail, *root;
} Trouble;

typedef struct {
	const char *said[CAUSE_LINES]; /* YARN's diagnostics */
	guint n_said;
	Trouble thread, error, bare;
	const char
		*last[CAUSE_LINES]; /* plain lines at the end, oldest first */
	Trouble *current;           /* whose lines follow; NULL: nobody's */
	Kind before;                /* of the line before */
	gboolean warned; /* the plain lines before belong to a warning */
	gboolean yarn;   /* below that heading */
	gboolean more;   /* it is not the first line of its text */
} Search;

static gboolean begins_with_any(const char *line, const char *const *texts)
{
	for (; *texts; texts++)
		if (g_str_has_prefix(line, *texts))
			return TRUE;
	return FALSE;
}

static gboolean has_any(const char *line, const char *const *texts)
{
	for (; *texts; texts++)
		if (strstr(line, *texts))
			return TRUE;
	return FALSE;
}

/* ---- lines ---- */

static gboolean is_frame(const char *line)
{
	const char *text = line + strspn(line, " \t");

	if (g_str_has_prefix(text, "at "))
		return text > line || strchr(text, '(');
	return text > line && g_str_has_prefix(text, "... ");
}

static gboolean is_word(const char *line, gsize at, const char *word)
{
	gsize len = strlen(word);

	return strncmp(line + at, word, len) == 0 &&
	       (at == 0 || !g_ascii_isalnum(line[at - 1])) &&
	       !g_ascii_isalnum(line[at + len]);
}

/* What a logger calls it; PLAIN: it is no logger's line. */
static Kind level_of(const char *line)
{
	static const struct {
		const char *word;
		Kind kind;
	} levels[] = {
		{"INFO", KIND_INFO},
		{"DEBUG", KIND_INFO},
		{"TRACE", KIND_INFO},
		{"WARN", KIND_WARN},
		{"WARNING", KIND_WARN},
		{"ERROR", KIND_ERROR},
		{"FATAL", KIND_ERROR},
		{"CRITICAL", KIND_ERROR},
	};

	for (gsize at = 0; at < LEVEL_WITHIN && line[at]; at++)
		for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
			if (is_word(line, at, levels[i].word))
				return levels[i].kind;
	return KIND_PLAIN;
}

/* What starts with every driver, and says nothing of its end. */
static gboolean is_preamble(const char *line)
{
	static const char *const texts[] = {"SLF4J:", "Picked up ",
		"Setting default log level", "To adjust logging level",
		"Using Spark's default log4j", "Ivy Default Cache",
		"The jars for the packages",
		":: ", "Spark Command:", "=====", "Traceback (most recent",
		"log4j:", "Warning: ", "Welcome to", NULL};

	return begins_with_any(line, texts) || strstr(line, "VM warning:");
}

static Kind kind_of(const char *line)
{
	Kind level;

	if (line[strspn(line, " \t\r\n")] == '\0')
		return KIND_BLANK;
	if (is_frame(line))
		return KIND_FRAME;
	if (g_str_has_prefix(line, "Caused by:"))
		return KIND_CAUSED;
	if (g_str_has_prefix(line, "Exception in thread"))
		return KIND_THREAD;
	if (g_ascii_isspace(*line))
		return KIND_INDENTED;
	level = level_of(line);
	if (level == KIND_PLAIN && is_preamble(line))
		return KIND_INFO;
	return level;
}

/* A task, or an executor, may fail, and the driver goes on. */
static gboolean is_of_a_task(const char *line)
{
	static const char *const loggers[] = {"Executor: Exception in task",
		"TaskSetManager:", "Lost executor", NULL};

	return has_any(line, loggers);
}

/* Whatever went wrong before was not the end. */
static gboolean is_up(const char *line)
{
	static const char *const texts[] = {"Created Spark session",
		"Spark context finished initialization",
		"Executor: Running task", NULL};

	return has_any(line, texts);
}

/* ---- diagnostics ---- */

static gboolean says_nothing(const char *line)
{
	static const char *const texts[] = {"spark-submit start failed",
		"No YARN application is found with tag",
		"Application is added to the scheduler",
		"AM container is launched", "waiting for AM container",
		"Shutdown hook called before final status", NULL};

	return !*line || !g_ascii_strcasecmp(line, "N/A") ||
	       !g_ascii_strcasecmp(line, "null") || has_any(line, texts);
}

static void note_diagnosis(Search *self, const char *line)
{
	const char *text = line + strspn(line, " \t");

	if (self->n_said < CAUSE_LINES && !is_frame(line) &&
		!says_nothing(text))
		self->said[self->n_said++] = text;
}

/* spark-submit's report of an application: "\t diagnostics: N/A". */
static void note_report(Search *self, const char *line)
{
	const char *text = line + strspn(line, " \t");

	if (g_str_has_prefix(text, "diagnostics:"))
		note_diagnosis(self, text + strlen("diagnostics:"));
}

/* ---- the driver's lines ---- */

static void forget_last(Search *self)
{
	memset(self->last, 0, sizeof(self->last));
}

static void note_last(Search *self, const char *line)
{
	memmove(self->last, self->last + 1,
		sizeof(self->last) - sizeof(*self->last));
	self->last[CAUSE_LINES - 1] = line;
}

static void note_quiet(Search *self, const char *line, Kind kind)
{
	self->current = NULL;
	self->warned = kind == KIND_WARN;
	forget_last(self);
	if (kind == KIND_INFO && is_up(line))
		self->thread = self->error = self->bare = (Trouble){NULL};
}

static void note_error(Search *self, const char *line)
{
	self->current = NULL;
	self->warned = is_of_a_task(line);
	forget_last(self);
	if (self->warned || self->error.head)
		return;
	self->error.head = line;
	self->current = &self->error;
}

static void note_thread(Search *self, const char *line)
{
	self->warned = FALSE;
	forget_last(self);
	self->thread = (Trouble){.head = line};
	self->current = &self->thread;
}

static gboolean tells_trouble(const char *line)
{
	static const char *const words[] = {
		"Error", "Exception", "Killed", "killed", NULL};

	return has_any(line, words);
}

static void note_plain(Search *self, const char *line)
{
	Trouble *current = self->current;

	if (current == &self->error && self->before == KIND_ERROR) {
		current->detail = line;
		return;
	}
	self->current = NULL;
	/* What a warning says further. */
	if (self->warned && self->before == KIND_WARN && !tells_trouble(line))
		return;
	note_last(self, line);
}

/* The line before is an exception, if it is nobody's. */
static void note_frame(Search *self)
{
	const char *line = self->last[CAUSE_LINES - 1];

	if (self->current || self->before != KIND_PLAIN || !line)
		return;
	/* It stood below a warning, and is its own. */
	if (self->warned && !self->last[CAUSE_LINES - 2]) {
		forget_last(self);
		return;
	}
	self->bare = (Trouble){.head = line};
	self->current = &self->bare;
	forget_last(self);
}

static void note_line(Search *self, const char *line)
{
	Kind kind = kind_of(line);

	if (self->yarn) {
		note_diagnosis(self, line);
		return;
	}
	/* What a logger says further. */
	if (self->more && kind == KIND_PLAIN &&
		(self->before == KIND_INFO || self->before == KIND_WARN ||
			self->before == KIND_INDENTED))
		kind = KIND_INDENTED;
	switch (kind) {
	case KIND_PLAIN:
		note_plain(self, line);
		break;
	case KIND_FRAME:
		note_frame(self);
		break;
	case KIND_CAUSED:
		if (self->current)
			self->current->root = line;
		break;
	case KIND_THREAD:
		note_thread(self, line);
		break;
	case KIND_ERROR:
		note_error(self, line);
		break;
	case KIND_WARN:
	case KIND_INFO:
		note_quiet(self, line, kind);
		break;
	case KIND_INDENTED:
		note_report(self, line);
		break;
	case KIND_BLANK:
		break;
	}
	self->before = kind;
}

/* ---- the answer ---- */

static void append_line(GString *out, const char *line)
{
	g_autofree char *cut = g_strndup(line, CAUSE_LINE_MAX);
	g_autofree char *valid = g_utf8_make_valid(cut, -1);
	g_autoptr(GString) clean = g_string_new(NULL);

	livy_log_append_line(clean, g_strstrip(valid));
	g_strdelimit(clean->str, "\t", ' ');
	g_string_append_len(out, clean->str, (gssize)clean->len);
}

static gboolean append_trouble(GString *out, const Trouble *trouble)
{
	const char *line = trouble->detail ? trouble->detail : trouble->head;

	if (!line)
		return FALSE;
	append_line(out, line);
	if (trouble->root)
		append_line(out, trouble->root);
	return TRUE;
}

static void append_all(GString *out, const char *const lines[CAUSE_LINES])
{
	for (guint i = 0; i < CAUSE_LINES; i++)
		if (lines[i])
			append_line(out, lines[i]);
}

static void take_line(const char *line, const char *heading, gboolean usual,
	gboolean more, void *data)
{
	Search *self = data;

	self->yarn = !usual && strstr(heading, "Diagnostics");
	self->more = more;
	note_line(self, line);
}

void livy_cause(const Json *log, GString *out)
{
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
	Search search = {{NULL}};

	livy_log_each(log, kept, take_line, &search);
	if (search.n_said > 0)
		append_all(out, search.said);
	else if (!append_trouble(out, &search.thread) &&
		 !append_trouble(out, &search.error) &&
		 !append_trouble(out, &search.bare))
		append_all(out, search.last);
}

char *livy_cause_of(Json *answer)
{
	g_autoptr(Json) owned G_GNUC_UNUSED = answer;
	GString *out;

	if (!answer)
		return NULL;
	out = g_string_new(NULL);
	livy_cause(json_get(answer, "log"), out);
	return g_string_free(out, FALSE);
}

void livy_cause_told(const Backend *self, const Json *record, GString *out)
{
	const char *kept = json_text(json_get(record, BACKEND_CAUSE));
	const char *state = json_get_text(record, "state", STATE_MAX, "");
	g_auto(GStrv) lines = kept ? g_strsplit(kept, "\n", -1) : NULL;

	if (!backend_has_cause(self, state))
		return;
	for (guint i = 0; lines && lines[i]; i++)
		if (*lines[i])
			append_line(out, lines[i]);
	if (!kept || !*kept)
		livy_cause(json_get(record, "log"), out);
}
