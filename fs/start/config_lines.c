#include "fs/start/config_lines.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

typedef struct {
	const char *origin;
	GPtrArray *problems;
	GPtrArray *lines;
	GHashTable *seen;    /* "[section]", "[section]key" -> number */
	const char *section; /* borrowed from its heading; NULL: none */
	gboolean passed;     /* what is below a heading that is wrong */
	guint number;
} Reading;

static void line_free(gpointer data)
{
	ConfigLine *line = data;

	g_free(line->section);
	g_free(line->key);
	g_free(line->value);
	g_free(line);
}

static G_GNUC_PRINTF(2, 3) void refuse(
	const Reading *reading, const char *format, ...)
{
	g_autofree char *what = NULL;
	GError *error = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	backend_error_set(&error, BACKEND_ERROR_CONFIG, "%s:%u: %s",
		reading->origin, reading->number, what);
	g_ptr_array_add(reading->problems, error);
}

/* The line where it stood before; 0: it is the first. */
static guint see(Reading *reading, const char *section, const char *key)
{
	char *head = g_strdup_printf("[%s]%s", section, key);
	guint before =
		GPOINTER_TO_UINT(g_hash_table_lookup(reading->seen, head));

	if (before)
		g_free(head);
	else
		g_hash_table_insert(
			reading->seen, head, GUINT_TO_POINTER(reading->number));
	return before;
}

static void add(Reading *reading, const char *section, const char *key,
	const char *value)
{
	ConfigLine *line = g_new0(ConfigLine, 1);

	line->number = reading->number;
	line->section = g_strdup(section);
	line->key = g_strdup(key);
	line->value = g_strdup(value);
	g_ptr_array_add(reading->lines, line);
	if (!key)
		reading->section = line->section;
}

/* It becomes the name of a directory. */
static gboolean name_is_plain(const char *name)
{
	if (!g_ascii_isalnum(*name) || strlen(name) >= 64)
		return FALSE;
	for (; *name; name++) {
		if (!g_ascii_isprint(*name) || *name == '/')
			return FALSE;
	}
	return TRUE;
}

/* Without the bracket that it begins with. */
static void read_heading(Reading *reading, char *name)
{
	char *end = strchr(name, ']');
	guint before;

	reading->passed = TRUE;
	if (!end) {
		refuse(reading, "the [ of a section has no ] in this line");
		return;
	}
	*end = '\0';
	if (end[1]) {
		refuse(reading,
			"something follows the ] of a section; comments "
			"stand on lines of their own");
		return;
	}
	if (!name_is_plain(name)) {
		refuse(reading,
			"a section's name begins with a letter or a digit, and "
			"has at most 63 printable ASCII characters and no "
			"slash");
		return;
	}
	before = see(reading, name, "");
	if (before) {
		refuse(reading, "the section [%s] stands in line %u already",
			name, before);
		return;
	}
	reading->passed = FALSE;
	add(reading, name, NULL, NULL);
}

static void read_pair(Reading *reading, char *line)
{
	char *sign = strchr(line, '=');
	guint before;

	if (!sign) {
		refuse(reading, "this is no [section], no KEY = VALUE and no "
				"comment, which begins with #");
		return;
	}
	*sign = '\0';
	g_strchomp(line);
	if (!*line)
		refuse(reading, "there is no key before the =");
	else if (!reading->section && !reading->passed)
		refuse(reading, "this key stands above the first [section]");
	if (!*line || !reading->section || reading->passed)
		return;
	before = see(reading, reading->section, line);
	if (before)
		refuse(reading, "[%s] %s stands in line %u already",
			reading->section, line, before);
	else
		add(reading, reading->section, line, g_strchug(sign + 1));
}

static void read_line(Reading *reading, char *line)
{
	g_strstrip(line);
	if (!g_utf8_validate(line, -1, NULL))
		refuse(reading, "this line is not UTF-8");
	else if (*line == '[')
		read_heading(reading, line + 1);
	else if (*line && *line != '#')
		read_pair(reading, line);
}

GPtrArray *config_lines(
	const char *text, const char *origin, GPtrArray *problems)
{
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Reading reading = {.origin = origin,
		.problems = problems,
		.lines = g_ptr_array_new_with_free_func(line_free),
		.seen = seen};
	g_auto(GStrv) lines = NULL;

	if (g_str_has_prefix(text, BYTE_ORDER_MARK))
		text += strlen(BYTE_ORDER_MARK);
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		reading.number++;
		read_line(&reading, *line);
	}
	return reading.lines;
}
