#pragma once

#include <glib.h>

/*
 * The texts in which Google's JSON holds what JSON has no type for: names of
 * resources, durations.  Pure.
 */

/* "projects/P/locations/L/sessions/S".  Owned. */
typedef struct {
	char *project; /* its id or its number */
	char *location;
	char *id;
} DataprocName;

/* FALSE, and *ret is untouched, for a text that is no such name. */
gboolean dataproc_name_parse(const char *text, DataprocName *ret);
void dataproc_name_clear(DataprocName *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DataprocName, dataproc_name_clear)

/* Whether a session may have that id: 4 to 63 of a-z, 0-9 and "-", a letter
 * first, no "-" last. */
gboolean dataproc_id_legal(const char *id);
/* Whether a request may have that id: 1 to 40 letters, digits, "_" and "-". */
gboolean dataproc_request_legal(const char *id);

/* Milliseconds of a duration such as "3600s" or "1.5s"; -1 for what is none. */
gint64 dataproc_duration(const char *text);
