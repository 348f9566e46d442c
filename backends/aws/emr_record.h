#pragma once

#include "backends/provider/record.h"

/* EMR's record of a session, the same in GetSession and ListSessions, and the
 * body of StartSession.  Pure. */
extern const SpecField emr_spec[];
extern const RecordKind emr_record;
extern const RecordRender emr_renders[N_SESSION_FILES];

/* See AwsService.  Errors: INVALID. */
gboolean emr_check(const Json *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;
