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

/* Appends the bytes of a content file; see BackendClass. */
void dataproc_record_render(const Json *record, SessionFile file,
	const char *project, GString *out);
