#pragma once

#include <glib.h>

/* What a line of the log is about, as far as that is known: fields of the journal,
 * beside the sentence.  All may be NULL. */
typedef struct {
	const char *provider;  /* the section */
	const char *workspace; /* its id */
	const char *session;   /* its id */
	const char
		*request_id; /* the provider's of a call, or ours of a create */
} LogAbout;

/* As g_log: G_LOG_LEVEL_WARNING, G_LOG_LEVEL_MESSAGE or G_LOG_LEVEL_DEBUG.  Any
 * thread. */
void log_about(GLogLevelFlags level, const LogAbout *about, const char *format,
	...) G_GNUC_PRINTF(3, 4);

/* The names of these fields, in the order of LogAbout; ends with NULL. */
extern const char *const log_about_fields[];
