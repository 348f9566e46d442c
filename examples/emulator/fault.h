#pragma once

#include <glib.h>

#include "backends/base/json.h"

/*
 * Scripted faults: what the next calls of an action are to suffer.  The first
 * fault that fits and is not spent or skipping applies.  Thread-safe.
 */
typedef struct {
	gint refs; /* atomic */
	gint64 id;
	char *provider, *action; /* action "*": all of them */
	gint64 skip;             /* calls to let pass first */
	gint64 times;            /* calls to spoil; -1: all */
	gint64 delay_ms;
	gboolean hang; /* until the faults are cleared, then close */
	gboolean drop; /* close without any answer */

	/* In place of the answer. */
	gint64 status; /* 0: the answer's own, or 200 with a body or big */
	char *code, *message;
	char *body, *body_base64;
	gint64 big;     /* bytes of generated body; -1: none */
	gboolean after; /* act first */

	/* On top of either. */
	gint64 cut; /* bytes of body before closing; -1: all */
	gboolean chunked;
	gint64 retry_after; /* seconds; -1: none */
	GPtrArray *headers; /* "name: value"; NULL: none */

	/* In a listing. */
	gboolean repeat_token, endless, duplicate, empty;
} Fault;

void fault_unref(Fault *fault);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fault, fault_unref)

/* Whether it takes the place of the answer. */
gboolean fault_replaces(const Fault *fault);

typedef struct Faults Faults;

Faults *faults_new(void);
void faults_free(Faults *faults);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Faults, faults_free)

/* Adds one as an object describes it and sets *ret_id.  Errors: an unknown
 * member, a wrong type, no action. */
gboolean faults_add(Faults *faults, const Json *object, gint64 *ret_id,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void faults_clear(Faults *faults);

/* The fault that a call is to suffer, a new reference; NULL: none. */
Fault *faults_take(Faults *faults, const char *provider, const char *action);

/* Waits as the fault says.  FALSE: close the connection. */
gboolean faults_wait(Faults *faults, const Fault *fault);

/* Ends all waiting, now and for ever. */
void faults_close(Faults *faults);
