#pragma once

#include "backends/provider/record.h"

/* EMR Serverless's record of a session, whole in GetSession and in part in
 * ListSessions, and the body of StartSession.  Pure. */
extern const SpecField emr_serverless_spec[];
extern const RecordKind emr_serverless_record;
extern const RecordKind emr_serverless_listed;
extern const RecordRender emr_serverless_renders[N_SESSION_FILES];

/* See AwsService.  Errors: INVALID. */
gboolean emr_serverless_check(
	const Json *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;
