#pragma once

#include "backends/provider/record.h"

/*
 * Alibaba's record of a session cluster, as List and Get show it, and the body
 * of CreateSessionCluster, which its members come back from.  Pure.
 */
extern const SpecField alibaba_spec[];
extern const RecordKind alibaba_record;
/* As Get alone shows it. */
extern const RecordKind alibaba_got;
extern const RecordRender alibaba_renders[N_SESSION_FILES];
