#pragma once

#include "backend.h"
#include "net/json.h"

/*
 * Alibaba's record of a session cluster, as List and Get show it, and the body
 * of CreateSessionCluster, which its members come back from.  Pure.
 */
extern const SpecField alibaba_spec[];

/* A member's text as valid UTF-8, "" when there is none.  New string. */
char *alibaba_text(const Json *record, const char *name);

/* Milliseconds since the epoch from a number, digits, or the text
 * "YYYY-MM-DD HH:MM:SS" (taken as UTC); 0 when it is none of these. */
gint64 alibaba_time(const Json *record, const char *name);

/* The session of the record that lies there in an answer; NULL for one that
 * cannot be shown: no usable id, or too long. */
Session *alibaba_session(const char *text, const JsonSpan *span);

/* Adds the sessions of the array that lies there.  Those that cannot be shown
 * are left out: returns how many. */
guint alibaba_sessions(
	const char *text, const JsonSpan *span, GPtrArray *sessions);

/* As the slot of BackendClass. */
void alibaba_render(Backend *self, SessionFile file, const char *text,
	gsize len, GString *out);
