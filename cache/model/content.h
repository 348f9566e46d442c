#pragma once

#include "backends/backend.h"

/* Appends the bytes of any content file of a session: its state word, phase
 * and body are given.  Pure. */
void content_append(Backend *backend, SessionFile file, const char *word,
	Phase phase, const char *body, gsize len, GString *out);

/* Whether it is one that only ever grows. */
gboolean content_grows(const BackendClass *class, guint file);

/* Of the files that come from the body, so not of the described ones, those whose
 * bytes differ between two bodies: a bit set of 1 << SessionFile. */
guint content_diff(Backend *backend, const char *old, gsize old_len,
	const char *new, gsize new_len);
