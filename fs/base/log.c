#include "fs/base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "backends/base/secret.h"
#include "cache/base/clock.h"

static struct {
	pthread_mutex_t lock; /* of kept */
	GString *kept;
	gboolean debug;
	gint to_syslog; /* atomic */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

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

static const char *message_of(const GLogField *fields, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (!strcmp(fields[i].key, "MESSAGE"))
			return fields[i].value;
	}
	return "";
}

static void keep(const char *line)
{
	pthread_mutex_lock(&state.lock);
	g_string_append(state.kept, line);
	if (state.kept->len > LOG_KEPT) {
		const char *text = state.kept->str;
		const char *cut =
			strchr(text + state.kept->len - LOG_KEPT / 2, '\n');

		g_string_erase(state.kept, 0, cut ? cut + 1 - text : -1);
	}
	pthread_mutex_unlock(&state.lock);
}

static GLogWriterOutput write_log(
	GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	if ((level & G_LOG_LEVEL_DEBUG) && !state.debug)
		return G_LOG_WRITER_HANDLED;
	g_autofree char *time = time_text(now_ms());
	g_autofree char *message = secret_mask(message_of(fields, n));

	for (char *c = message; *c; c++) {
		if ((guchar)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	g_autofree char *line = g_strdup_printf(
		"%s %s: %s\n", time, level_name(level), message);

	keep(line);
	if (g_atomic_int_get(&state.to_syslog))
		syslog(priority_of(level), "%s", message);
	else
		fputs(line, stderr);
	return G_LOG_WRITER_HANDLED;
}

void log_init(gboolean debug)
{
	state.debug = debug;
	state.kept = g_string_new(NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
}

void log_to_syslog(void)
{
	openlog("sessionfs", LOG_PID, LOG_DAEMON);
	g_atomic_int_set(&state.to_syslog, TRUE);
}

char *log_text(void)
{
	char *text;

	pthread_mutex_lock(&state.lock);
	text = g_strndup(state.kept->str, state.kept->len);
	pthread_mutex_unlock(&state.lock);
	return text;
}
