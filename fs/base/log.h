#pragma once

#include <glib.h>

/*
 * Where g_message and friends go: stderr while in the foreground, syslog
 * afterwards, and in both cases the last LOG_KEPT bytes into memory, for
 * .sessionfs/log.  Control characters are replaced, since parts of messages
 * come from the network.
 */
#define LOG_KEPT (64 * 1024)

/* debug: show g_debug too.  To be called before any thread starts. */
void log_init(gboolean debug);
/* From now on nobody reads stderr. */
void log_to_syslog(void);
/* The kept lines; new string. */
char *log_text(void);
