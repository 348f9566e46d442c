#pragma once

#include "backends/error.h"

/*
 * The lines of a configuration:
 *
 *   [section]
 *   key = value      nothing is unquoted, and nothing behind a value is a comment
 *   # comment         only on a line of its own
 *
 * A section or a key that stands twice is an error, since one of them would be
 * forgotten unsaid.  A byte order mark at the beginning is passed over.
 */
typedef struct {
	guint number; /* from 1 */
	char *section;
	char *key, *value; /* NULL: it is the section's heading */
} ConfigLine;

/* Those that are right, in their order: ConfigLine *, an array that frees them.  Adds
 * to `problems` (GError *) what is wrong with each other one.  origin names the text
 * in errors, which are CONFIG and quote no line: it may be half of a secret. */
GPtrArray *config_lines(const char *text, const char *origin,
	GPtrArray *problems) G_GNUC_WARN_UNUSED_RESULT;
