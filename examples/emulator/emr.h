#pragma once

#include "aws.h"

/* The parts of the Amazon EMR on EC2 emulation. */

#define EMR_RELEASE "emr-spark-8.0.0"

/* emr_record.c */
extern const StoreClass emr_session_class;
/* A session as StartSession makes it. */
typedef struct {
	const char *id, *cluster, *region, *release;
	const Json *spec;
	gint64 now_ms;
} EmrSession;
char *emr_record_new(const EmrSession *session); /* new string */
char *emr_id_new(void);                          /* "ss-" and 13 of [0-9A-Z] */
char *emr_arn(const char *region, const char *cluster, const char *session);

/* emr_spec.c: what is wrong with the input of a StartSession, new string, NULL:
 * nothing. */
char *emr_spec_check(const Json *spec);

/* emr_ui.c: addresses of user interfaces, and of the session's own server. */
void emr_get_endpoint(Exchange *x, const Json *input);
void emr_get_cluster_ui(Exchange *x, const Json *input);
void emr_create_ui(Exchange *x, const Json *input);
void emr_get_ui(Exchange *x, const Json *input);

/* emr.c.  FALSE: always, having refused. */
gboolean emr_refuse_invalid(Exchange *x, const char *message);
void emr_refuse_result(Exchange *x, StoreResult result, const char *cluster,
	const char *session);
/* A member that must be a text, borrowed; NULL: refused. */
const char *emr_text(Exchange *x, const Json *input, const char *name);

/* emr_demo.c */
void emr_demo(Store *store, gint64 now_ms);
