#pragma once

#include "emulator.h"

/* The parts of the Huawei DLI emulation. */

#define DLI_PROJECT "0123456789abcdef0123456789abcdef"

/* dli_gate.c: judges an SDK-HMAC-SHA256 signature and what is around it. */
gboolean dli_admit(Exchange *x, const Route *route);

/* dli_record.c */
extern const StoreClass dli_session_class;
/* Whether a workspace is a cluster, whose sessions are of the older flavour. */
gboolean dli_is_cluster(const char *workspace);
/* The record of a session as a create makes it, new string. */
char *dli_record_new(
	const char *id, const char *workspace, const Json *spec, gint64 now_ms);
/* What only a get shows, new string. */
char *dli_extra_new(gint64 update_ms);
/* How a record reads in a state: UI, log and all.  *record is replaced. */
void dli_record_tell(char **record, const char *id, const char *workspace,
	const char *state);

/* dli_log.c: so many lines of a session's log, from one on, as elements of an
 * array; the number that there are. */
guint dli_log_total(const Json *record, gint64 now_ms);
void dli_log_write(
	GString *out, const char *id, gint64 created_ms, guint from, guint n);

/* dli_spec.c: what is wrong with the body of a create, new string, NULL:
 * nothing; and whether what it makes can start. */
char *dli_spec_check(const Json *spec);
gboolean dli_spec_starts(const Json *spec);

/* dli_demo.c: two queues worth looking at, and a cluster. */
void dli_demo(Store *store, gint64 now_ms);

/* dli.c: {error_code, error_msg} and the id as a header. */
void dli_put_refusal(
	Exchange *x, guint status, const char *code, const char *message);
