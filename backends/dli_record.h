#pragma once

#include "dli_spec.h"

/* DLI's record of a session, as list, get and create show it.  Pure. */

/* A member's text as valid UTF-8, "" when there is none.  New string. */
char *dli_text(const Json *record, const char *name);
/* Milliseconds since the epoch; 0 when there are none. */
gint64 dli_time(const Json *record, const char *name);

/* The session of the record that lies there in an answer; NULL for one that
 * cannot be shown (no usable id, or too long) or, with *ret_elsewhere TRUE, is
 * of another queue or cluster. */
Session *dli_session(const char *text, const JsonSpan *span,
	const DliHome *home, gboolean *ret_elsewhere);

/* Adds the sessions of the array that lies there, and counts those that cannot
 * be shown as skipped.  Returns the number of its elements. */
guint dli_sessions(const char *text, const JsonSpan *span, const DliHome *home,
	SessionPage *page);

/* As the slot of BackendClass. */
void dli_render(Backend *self, SessionFile file, const char *text, gsize len,
	GString *out);
