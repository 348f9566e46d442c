#include "fs/base/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/json.h"
#include "backends/base/mutex.h"
#include "backends/base/secret.h"
#include "cache/base/locked.h"
#include "cache/base/log_about.h"
#include "fs/base/log_file.h"
#include "fs/base/status_line.h"

typedef enum { TO_STDERR, TO_SYSLOG, TO_JOURNAL } Sink;

static struct {
	Mutex lock;
	GString *kept GUARDED_BY(lock);
	gint level; /* GLogLevelFlags: the least that is shown; atomic */
	gint sink;  /* Sink; atomic */
	gint json;  /* lines on stderr are; atomic */
} state = {.lock = MUTEX_INIT};

static const char *level_name(GLogLevelFlags level)
{
	if (level & G_LOG_LEVEL_ERROR)
		return "fatal";
	if (level & G_LOG_LEVEL_CRITICAL)
		return "CRITICAL";
	if (level & G_LOG_LEVEL_WARNING)
		return "warning";
	return level & G_LOG_LEVEL_DEBUG ? "debug" : "note";
}

static int priority_of(GLogLevelFlags level)
{
	if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
		return LOG_ERR;
	if (level & G_LOG_LEVEL_WARNING)
		return LOG_WARNING;
	return level & G_LOG_LEVEL_DEBUG ? LOG_DEBUG : LOG_INFO;
}

static const char *value_of(const GLogField *fields, gsize n, const char *name)
{
	for (gsize i = 0; i < n; i++) {
		if (!strcmp(fields[i].key, name))
			return fields[i].value;
	}
	return NULL;
}

/* As it may be shown: new string; NULL stays NULL. */
static char *clean(const char *text)
{
	char *shown = text ? secret_mask(text) : NULL;

	for (char *c = shown; c && *c; c++) {
		if ((guchar)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	return shown;
}

static void keep(const char *line)
{
	mutex_lock(&state.lock);
	g_string_append(state.kept, line);
	if (state.kept->len > LOG_KEPT) {
		const char *text = state.kept->str;
		const char *cut =
			strchr(text + state.kept->len - LOG_KEPT / 2, '\n');

		g_string_erase(state.kept, 0, cut ? cut + 1 - text : -1);
	}
	mutex_unlock(&state.lock);
}

/* What the line is about becomes fields, by which journalctl selects. */
static gboolean to_journal(GLogLevelFlags level, const GLogField *fields,
	gsize n, const char *message)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *priority = g_strdup_printf("%d", priority_of(level));
	g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
	g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(GLogField));
	const GLogField own[] = {{"MESSAGE", message, -1},
		{"PRIORITY", priority, -1},
		{"SYSLOG_IDENTIFIER", "sessionfs", -1},
		{"SYSLOG_PID", pid, -1}};

	g_array_append_vals(out, own, G_N_ELEMENTS(own));
	for (gsize i = 0; log_about_fields[i]; i++) {
		char *text = clean(value_of(fields, n, log_about_fields[i]));
		GLogField field = {log_about_fields[i], text, -1};

		if (!text)
			continue;
		g_ptr_array_add(texts, text);
		g_array_append_val(out, field);
	}
	return g_log_writer_journald(level, (GLogField *)(void *)out->data,
		       out->len, NULL) == G_LOG_WRITER_HANDLED;
}

/* ---- stderr, or the file in its place ---- */

/* "PROVIDER" is called "provider". */
static void add_field(Json *object, const char *name, const char *value)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);

	json_add_text(object, lower, value);
}

/* New string: the members that a line always has, and those of what it is about. */
static char *json_line(const char *time, const char *level, const char *message,
	const GLogField *fields, gsize n)
{
	g_autoptr(Json) object = json_object();
	g_autofree char *text = NULL;

	json_add_text(object, "time", time);
	add_field(object, "level", level);
	json_add_text(object, "message", message);
	for (gsize i = 0; log_about_fields[i]; i++) {
		g_autofree char *value =
			clean(value_of(fields, n, log_about_fields[i]));

		if (value)
			add_field(object, log_about_fields[i], value);
	}
	text = json_print(object, FALSE);
	return g_strconcat(text, "\n", NULL);
}

static void to_stderr(const char *line)
{
	if (log_file_write(line))
		return;
	status_line_clear();
	fputs(line, stderr); /* whole, from any thread: stdio has a lock */
}

void log_trace(const char *time, const char *message)
{
	g_autofree char *line =
		g_atomic_int_get(&state.json)
			? json_line(time, "trace", message, NULL, 0)
			: g_strdup_printf("%s %s\n", time, message);

	to_stderr(line);
}

static GLogWriterOutput write_log(
	GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	Sink sink = (Sink)g_atomic_int_get(&state.sink);

	if ((level & G_LOG_LEVEL_MASK) > g_atomic_int_get(&state.level))
		return G_LOG_WRITER_HANDLED;
	g_autofree char *time = time_text(clock_wall_ms(&clock_real));
	g_autofree char *message = clean(value_of(fields, n, "MESSAGE"));
	g_autofree char *line = g_strdup_printf(
		"%s %s: %s\n", time, level_name(level), message);

	keep(line);
	if (g_atomic_int_get(&state.json)) {
		g_free(line);
		line = json_line(time, level_name(level), message, fields, n);
	}
	if (sink == TO_STDERR)
		to_stderr(line);
	else if (!log_file_write(line) &&
		 !to_journal(level, fields, n, message) && sink == TO_SYSLOG)
		syslog(priority_of(level), "%s", message);
	return G_LOG_WRITER_HANDLED;
}

/* systemd.exec(5): the device and inode of the stream that leads to the journal. */
static gboolean stderr_is_journal(void)
{
	const char *stream = g_getenv("JOURNAL_STREAM");
	g_autofree char *own = NULL;
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return FALSE;
	own = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
		(guint64)st.st_dev, (guint64)st.st_ino);
	return !strcmp(stream, own);
}

void log_init(gboolean debug)
{
	log_set_level(debug ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_INFO);
	if (stderr_is_journal())
		g_atomic_int_set(&state.sink, TO_JOURNAL);
	mutex_lock(&state.lock);
	state.kept = g_string_new(NULL);
	mutex_unlock(&state.lock);
	g_log_set_writer_func(write_log, NULL, NULL);
}

gboolean log_debugs(void)
{
	return g_atomic_int_get(&state.level) >= G_LOG_LEVEL_DEBUG;
}

void log_set_level(GLogLevelFlags level)
{
	g_atomic_int_set(&state.level, (gint)level);
}

void log_set_json(gboolean json)
{
	g_atomic_int_set(&state.json, json);
}

void log_to_syslog(void)
{
	openlog("sessionfs", LOG_PID, LOG_DAEMON);
	g_atomic_int_set(&state.sink, TO_SYSLOG);
}

char *log_text(void)
{
	return LOCKED(&state.lock, g_strndup(state.kept->str, state.kept->len));
}
