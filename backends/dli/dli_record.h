#pragma once

#include "backends/dli/dli_spec.h"
#include "backends/provider/record.h"

/* DLI's record of a session, as list, get and create show it.  Pure. */

/* Each takes a DliHome as its data. */
extern const RecordKind dli_record;
extern const RecordRender dli_renders[N_SESSION_FILES];
