#pragma once

#include "aws.h"

/* The parts of the AWS EMR Serverless emulation. */

#define EMR_SERVERLESS_RELEASE "emr-7.13.0"

/* emr_serverless_record.c */
extern const StoreClass emr_serverless_session_class;
/* A session as StartSession makes it. */
typedef struct {
	const char *id, *application, *region, *release;
	const Json *spec;
	gint64 now_ms;
} EmrServerlessSession;
/* Its record, as a list shows it, new string; *ret_extra gets the object of what
 * only GetSession shows. */
char *emr_serverless_record_new(
	const EmrServerlessSession *session, char **ret_extra);
char *emr_serverless_id_new(void); /* "00f" and 13 of [0-9a-z] */
char *emr_serverless_arn(
	const char *region, const char *application, const char *session);

/* emr_serverless_spec.c: what is wrong with the body of a StartSession, new
 * string, NULL: nothing. */
char *emr_serverless_spec_check(const Json *spec);
/* Whether it may be an application's or a session's id. */
gboolean emr_serverless_id_valid(const char *id);

/* emr_serverless_session.c: calls about one session. */
void emr_serverless_start_session(Exchange *x);
void emr_serverless_get_session(Exchange *x);
void emr_serverless_terminate_session(Exchange *x);
void emr_serverless_get_endpoint(Exchange *x);
void emr_serverless_get_dashboard(Exchange *x);

/* emr_serverless.c.  FALSE: always, having refused. */
gboolean emr_serverless_refuse_invalid(Exchange *x, const char *message);
/* Refuses what is no success. */
void emr_serverless_refuse_result(Exchange *x, StoreResult result);
/* Whether the ids in the path may be some; FALSE: refused. */
gboolean emr_serverless_check_ids(Exchange *x);
/* How many sessions of an application have not ended. */
gsize emr_serverless_alive(Exchange *x, const char *application);
extern int emr_serverless_session_max; /* --emr-session-max; 0: none */

/* emr_serverless_demo.c */
void emr_serverless_demo(Store *store, gint64 now_ms);
