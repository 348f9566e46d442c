#pragma once

#include "emulator.h"

/* The parts of the Alibaba EMR Serverless Spark emulation. */

#define ALIBABA_VERSION "2023-08-08"

/* alibaba_gate.c: judges an ACS3-HMAC-SHA256 signature and what is around it. */
gboolean alibaba_admit(Exchange *x, const Route *route);

/* alibaba_record.c */
extern const StoreClass alibaba_session_class;
/* The record of a session as a create makes it, new string.  *ret_extra gets
 * the object of what only GetSessionCluster shows, NULL: none. */
char *alibaba_record_new(const char *id, const char *workspace,
	const Json *spec, gint64 now_ms, char **ret_extra);
/* Where a running session shows its UI, new string. */
char *alibaba_webui(const char *id);
char *alibaba_id_new(void); /* "sc-" and 16 hex digits */

/* alibaba_spec.c: what is wrong with the body of a create, new string, NULL:
 * nothing. */
char *alibaba_spec_check(const Json *spec);

/* alibaba_demo.c: two workspaces worth looking at. */
void alibaba_demo(Store *store, gint64 now_ms);

/* alibaba.c: {RequestId, HostId, Code, Message} and the id as a header. */
void alibaba_put_refusal(
	Exchange *x, guint status, const char *code, const char *message);
