#pragma once

#include "backends/backend.h"

/* Each provider file's one export; backend.c lists them. */
extern const BackendClass alibaba_class;
extern const BackendClass dataproc_class;
extern const BackendClass dli_class;
extern const BackendClass emr_class;
extern const BackendClass emr_serverless_class;
extern const BackendClass livy_class;
