#pragma once

#include <glib.h>

/*
 * Where g_message and friends go: stderr while in the foreground, syslog
 * afterwards, and in both cases the last LOG_KEPT bytes into memory, for
 * .sessionfs/log.  Control characters are replaced, since parts of messages
 * come from the network.
 *
 * Where stderr leads to the journal, and in place of syslog, a line goes to the
 * journal by its own protocol, with a priority and what it is about (log_about.h),
 * and without a time, which the journal has.
 *
 * Where the log has a file (log_file.h), lines go there instead of to all of these,
 * as they would look on stderr.
 */
#define LOG_KEPT (64 * 1024)

/* debug: show g_debug too.  To be called before any thread starts. */
void log_init(gboolean debug);
/* The least that is shown and kept: G_LOG_LEVEL_WARNING, _INFO or _DEBUG.  Any
 * thread. */
void log_set_level(GLogLevelFlags level);
/* Whether g_debug is. */
gboolean log_debugs(void);
/* Whether a line on stderr or in the file is a JSON object: time, level, message, and what it is
 * about by the names of log_about.h in small letters.  Any thread. */
void log_set_json(gboolean json);
/* A line of the trace, whose level is "trace": to stderr or the file only.  Any thread. */
void log_trace(const char *time, const char *message);
/* From now on nobody reads stderr. */
void log_to_syslog(void);
/* The kept lines; new string. */
char *log_text(void);
