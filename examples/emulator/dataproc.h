#pragma once

#include "emulator.h"

/* The parts of the Google Dataproc emulation. */

#define DATAPROC_PROJECT "emulator-project"

/* dataproc_gate.c: judges the bearer token and the project. */
gboolean dataproc_admit(Exchange *x, const Route *route);
/* The route of the token endpoint, which nobody has to be admitted to. */
void dataproc_token(Exchange *x);

/* dataproc_filter.c: what a listing is asked to show. */
typedef struct {
	GPtrArray *clauses; /* all of which must hold */
} DataprocFilter;

/* text may be NULL.  FALSE, *ret_problem a new string: it cannot be obeyed. */
gboolean dataproc_filter_read(
	DataprocFilter *filter, const char *text, char **ret_problem);
void dataproc_filter_clear(DataprocFilter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DataprocFilter, dataproc_filter_clear)
gboolean dataproc_filter_keeps(const char *record, const void *filter);

/* dataproc_record.c */
extern const StoreClass dataproc_session_class;
/* The record of a session as a create makes it, new string. */
char *dataproc_record_new(
	const char *id, const char *workspace, const Json *spec, gint64 now_ms);
/* How a record reads in a state that it came to then: times, history, run-time
 * information and all.  *record is replaced. */
void dataproc_record_tell(
	char **record, const char *id, const char *state, gint64 moved_ms);
/* "2026-03-14T15:09:26.123000Z", new string. */
char *dataproc_time_text(gint64 ms);
/* The full name of a session, new string. */
char *dataproc_name(const char *workspace, const char *id);

/* dataproc_spec.c: what is wrong with the body of a create, new string, NULL:
 * nothing; and with the ids in its query, which may be NULL. */
char *dataproc_spec_problem(
	const Json *spec, const char *workspace, const char *id);
char *dataproc_ids_problem(const char *id, const char *request);

/* dataproc_demo.c: two regions worth looking at. */
void dataproc_demo(Store *store, gint64 now_ms);

/* dataproc.c: {error: {code, message, status}}. */
void dataproc_put_refusal(
	Exchange *x, guint status, const char *code, const char *message);
