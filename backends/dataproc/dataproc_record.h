#pragma once

#include "backends/provider/record.h"

/*
 * Google's record of a session, the same message in List and Get.  Pure.
 */

/* Members that are shown to the owner only; see BackendClass. */
extern const char *const dataproc_private[];

/*
 * Takes the location as its data: a record cannot be shown whose name is none of
 * a session there.  What project the name tells is not looked at: it may be an
 * id or a number.
 */
extern const RecordKind dataproc_record;
extern const RecordRender dataproc_renders[N_SESSION_FILES];
